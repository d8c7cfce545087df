"""`ingest`, `sessions` and `session` as a person runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from git_ai_trail import places
from tests.support.codex_log import CodexLog
from tests.support.repo import Repo

AT = 1_790_000_000.0
PROGRAM = [sys.executable, "-m", "git_ai_trail"]


def run(*args: str, code: int = 0, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([*PROGRAM, *args], capture_output=True, text=True, check=False, cwd=cwd)
    assert done.returncode == code, done
    return done


def listed(*args: str, cwd: Path | None = None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("sessions", "--json", *args, cwd=cwd).stdout)
    return found


def a_log(
    home: Path, number: int, cwd: Path | str = "/srv/project", say: str = "done", model: str = "gpt-5.5"
) -> CodexLog:
    log = CodexLog(
        home / ".codex",
        cwd,
        at=AT + number * 86_400,
        session_id=f"019a000{number}-0000-7000-8000-000000000000",
        model=model,
    )
    log.prompt("make fetch retry on timeouts\nand test it")
    log.shell("cat fetch.py", "".join(f"line {n}\n" for n in range(30)))
    log.add_file("src/fetch.py", "import time\n\ndef fetch(): ...\n")
    log.shell("lint", "bad\n", exit=3)
    log.tokens(100, 100)
    content = [{"type": "output_text", "text": say}]
    log.line("response_item", {"type": "message", "role": "assistant", "content": content})
    return log


def test_ingest_sums_up_and_says_nothing_else(home: Path) -> None:
    a_log(home, 1)
    done = run("ingest")
    assert done.stderr == ""
    lines = {line.split()[0]: line.split(maxsplit=1)[1] for line in done.stdout.splitlines()}
    assert lines["sessions"] == "1"
    assert (lines["prompts"], lines["calls"], lines["tokens"], lines["skipped"]) == ("1", "3", "110", "0 lines")
    assert "1 found, 0 unchanged" in lines["logs"]
    assert "1 found, 1 unchanged, 0 B read" in run("ingest").stdout


def test_ingest_as_json_has_the_figures_of_the_summary(home: Path) -> None:
    log = a_log(home, 1)
    with log.path.open("ab") as file:
        file.write(b"not json\n")
    done = json.loads(run("ingest", "--json").stdout)
    assert (done["logs"], done["sessions"], done["prompts"], done["calls"], done["tokens"]) == (1, 1, 1, 3, 110)
    assert [(one["where"], one["count"]) for one in done["skipped"]] == [("", 1)]


def test_verbose_names_each_log_with_the_home_folder_shortened(home: Path) -> None:
    log = a_log(home, 1)
    said = run("ingest", "-v").stderr
    assert said.startswith("~/.codex/sessions/")
    assert log.path.name in said


@pytest.mark.parametrize("since", ["soon", "7x", "", "-1d", "2026-13-01"])
def test_a_time_nobody_can_read_is_a_usage_error(since: str) -> None:
    assert "2026-11-01" in run("ingest", f"--since={since}", code=2).stderr


@pytest.mark.parametrize("since", ["7d", "12h", "2 weeks", "3 months ago", "2000-01-01", "2000-01-01T10:30"])
def test_times_are_given_as_dates_or_as_how_long_ago(home: Path, since: str) -> None:
    a_log(home, 1)
    assert "1 found" in run("ingest", "--since", since).stdout


def test_logs_older_than_since_are_left_alone(home: Path) -> None:
    os.utime(a_log(home, 1).path, (AT, AT))
    a_log(home, 2)
    assert run("ingest", "--since", "2100-01-01").stdout.startswith("logs       0 found")
    done = json.loads(run("ingest", "--since", "20000h", "--json").stdout)
    assert done["logs"] >= 1


def test_sessions_are_listed_newest_first_with_stable_keys(home: Path) -> None:
    a_log(home, 1)
    a_log(home, 2)
    run("ingest")
    found = listed()
    assert [one["id"][:8] for one in found] == ["019a0002", "019a0001"]
    assert list(found[0]) == [
        "id", "agent", "agent_version", "models", "source", "cwd", "git_url", "git_branch", "started_at", "ended_at",
        "prompts", "calls", "edits", "tokens", "cost_usd", "redactions", "parent_id", "tags",
    ]  # fmt: skip
    assert len(listed("--limit", "1")) == 1
    assert listed("--since", "2026-09-23") == found[:1]
    assert listed("--until", "2026-09-23") == found[1:]
    assert listed("--tag", "none-such") == []
    table = run("sessions")
    assert [line.split()[0] for line in table.stdout.splitlines()] == ["session", "019a0002-0000", "019a0001-0000"]
    assert table.stderr == "2 sessions\n"


def test_repo_means_all_its_worktrees_and_nothing_beside_it(home: Path, repo: Repo) -> None:
    repo.commit("first")
    side = repo.root.parent / "side"
    repo.git("worktree", "add", "-q", str(side))
    (repo.root / "sub").mkdir()
    for number, cwd in enumerate([repo.root, repo.root / "sub", side, f"{repo.root}-other"], 1):
        a_log(home, number, cwd)
    run("ingest")
    for path in (repo.root, repo.root / "sub", side):
        assert [one["id"][7] for one in listed("--repo", str(path))] == ["3", "2", "1"]
    assert len(listed("--repo", ".", cwd=side)) == 3


def test_a_repository_in_the_home_folder_is_found_though_its_path_is_kept_shortened(home: Path) -> None:
    repo = Repo.init(home / "src" / "project")
    a_log(home, 1, repo.root)
    run("ingest")
    assert [one["cwd"] for one in listed("--repo", str(repo.root))] == ["~/src/project"]


def test_session_shows_what_happened_grouped_by_prompt(home: Path) -> None:
    log = a_log(home, 1)
    log.prompt("now commit")
    log.shell("git commit -m x", "[main abcdef1] x\n 1 file changed\n")
    run("ingest")
    text = run("session", "019a0001", "--limit-lines", "5").stdout
    lines = text.splitlines()
    assert lines[0] == f"session    {log.session_id}"
    first, second = lines.index("  > make fetch retry on timeouts"), lines.index("  > now commit")
    assert lines[first + 1] == "  > and test it"
    between = lines[first:second]
    assert "  $ cat fetch.py" in between
    assert "    │ line 4" in between
    assert "    │ line 5" not in between
    assert "    │ … 25 more lines" in between
    assert "    failed (exit 3)" in between
    assert "  add /srv/project/src/fetch.py  +3 −0" in between
    assert "  commit abcdef1 on main" in lines[second:]
    assert "    │ line 29" in run("session", "019a0001", "--limit-lines", "0").stdout


def test_session_as_json_holds_every_entry_below_its_prompt(home: Path, tmp_path: Path) -> None:
    a_log(home, 1)
    run("ingest")
    run("session", "019a", "--json", "-o", str(tmp_path / "out.json"))
    found = json.loads((tmp_path / "out.json").read_text())
    (turn,) = found["turns"]
    assert turn["text"] == "make fetch retry on timeouts\nand test it"
    kinds = [entry["kind"] for entry in turn["entries"]]
    assert (kinds.count("call"), kinds.count("edit")) == (3, 1)
    assert "message" in kinds
    assert found["other_entries"] == []


def test_what_a_log_says_does_not_reach_the_terminal_as_control_characters(home: Path) -> None:
    a_log(home, 1, cwd="/srv/\x1b]0;owned\x07x", say="\x1b[2J\u202e\x9b and more")
    run("ingest", "-v")
    for args in (["sessions"], ["session", "019a0001"], ["--color=always", "session", "019a0001"]):
        shown = run(*args).stdout
        for unsafe in ("\x1b]", "\x1b[2J", "\x07", "\u202e", "\x9b"):
            assert unsafe not in shown
    assert "\\x1b[2J" in shown


def test_colour_is_there_when_asked_for(home: Path) -> None:
    a_log(home, 1)
    run("ingest")
    for args in (["sessions"], ["session", "019a0001"]):
        assert "\x1b[" in run("--color=always", *args).stdout
        assert "\x1b[" not in run(*args).stdout


def test_a_cost_needs_the_price_of_every_model(home: Path) -> None:
    a_log(home, 1, model="gpt-0-unheard-of")
    run("ingest")
    assert [one["cost_usd"] for one in listed()] == [None]
    folder = Path(places.config_dir(os.environ))
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('[prices."gpt-0-unheard-of"]\ninput = 10.0\noutput = 100.0\n')
    assert [one["cost_usd"] for one in listed()] == [pytest.approx((100 * 10 + 10 * 100) / 1e6)]
    (folder / "config.toml").write_text('[prices."another"]\ninput = 10.0\n')
    assert [one["cost_usd"] for one in listed()] == [None]


def test_a_cost_comes_from_the_bundled_table_unless_the_person_says_otherwise(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_log(home, 1)
    run("ingest")
    assert [one["cost_usd"] for one in listed()] == [pytest.approx((100 * 5 + 10 * 30) / 1e6)]
    for columns, shown in (("120", True), ("100", False)):
        monkeypatch.setenv("COLUMNS", columns)
        lines = run("sessions").stdout.splitlines()
        assert ("cost" in lines[0], "$0.00" in lines[1]) == (shown, shown)
        assert "/srv" in lines[1]
    folder = Path(places.config_dir(os.environ))
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('[prices."gpt-5.5"]\ninput = 10.0\noutput = 100.0\n')
    assert [one["cost_usd"] for one in listed()] == [pytest.approx((100 * 10 + 10 * 100) / 1e6)]


def test_the_run_after_a_commit_says_nothing_and_gives_way_to_one_that_is_running(home: Path, repo: Repo) -> None:
    filelock = pytest.importorskip("filelock")
    repo.commit("first")
    a_log(home, 1, repo.root)
    data = Path(places.data_dir(os.environ))
    data.mkdir(parents=True)
    with filelock.FileLock(data / "ingest.lock"):
        done = run("ingest", "--after-commit", str(repo.root), "HEAD", cwd=repo.root)
        assert (done.stdout, done.stderr) == ("", "")
        assert not Path(places.trail_path(os.environ)).exists()
    done = run("ingest", "--after-commit", str(repo.root), "HEAD", cwd=repo.root)
    assert (done.stdout, done.stderr) == ("", "")
    assert len(listed()) == 1
