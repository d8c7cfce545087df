"""`git ai-trail report` as a person runs it: what may be published, where it goes, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.codex_log import CodexLog
from tests.support.repo import Repo
from tests.test_canaries import canaries, needles, planted

PROGRAM = (sys.executable, "-m", "git_ai_trail")
CODE = "def add_numbers(first, second):\n    total = first + second\n    return total\n"


def run(repo: Repo, *args: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    return repo.run(*PROGRAM, *args, exit=code)


def report(repo: Repo, *args: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(repo, "report", "--format", "json", *args).stdout)
    return found


@pytest.fixture
def worked(repo: Repo, home: Path) -> Repo:
    """One release; a session wrote a file in its second commit, for a prompt full of secrets."""
    repo.git("config", "ai-log-trail.ingest", "false")
    repo.commit_file("README.md", "Title\n", "Start")
    log = CodexLog(home / ".codex", repo.root)
    log.prompt(f"Add numbers, please.\n{planted()}")
    summary = [{"type": "summary_text", "text": f"thinking about {planted()}"}]
    log.line("response_item", {"type": "reasoning", "summary": summary})
    log.shell(f"cat <<'X'\n{planted()}\nX", planted())
    log.add_file("src/numbers.py", CODE)
    log.tokens(5000, 5000)
    repo.write("src/numbers.py", CODE)
    return repo


def matched(repo: Repo, message: str = "Add numbers") -> Repo:
    repo.commit(message)
    run(repo, "ingest")
    run(repo, "backfill")
    repo.git("tag", "v1.0.0")
    return repo


def allow(repo: Repo, home: Path, policy: str, consent: str) -> None:
    repo.write(".git-ai-trail.toml", f'[policy]\npublish = "{policy}"\n')
    folder = home / ".config" / "git-ai-trail"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(f'[consent]\npublish = "{consent}"\n')


def prompts(found: dict[str, Any]) -> list[str]:
    return [p["text"] for c in found["commits"] for s in c["sessions"] for p in s["prompts"] if p["text"]]


def test_a_release_is_reported(worked: Repo) -> None:
    found = report(matched(worked), "--release", "v1.0.0")
    assert found["totals"]["with_evidence"] == 1
    assert found["totals"]["lines"]["generated"] == 3
    assert found["totals"]["tokens"]["input"] == 5000
    assert found["subject"]["tag"] == "v1.0.0"


def test_without_a_range_it_is_what_came_since_the_last_release(worked: Repo) -> None:
    matched(worked)
    worked.commit_file("more", "x\n", "More")
    found = report(worked)
    assert found["subject"]["revisions"] == "v1.0.0..HEAD"
    assert found["totals"]["commits"] == 1


@pytest.mark.parametrize(
    ("policy", "consent", "shown"),
    [
        ("none", "redacted", 0),
        ("redacted", "none", 0),
        ("first-line", "redacted", 1),
        ("redacted", "first-line", 1),
        ("redacted", "redacted", 9),
    ],
)
def test_of_prompts_the_least_of_policy_and_consent_is_shown(
    worked: Repo, home: Path, policy: str, consent: str, shown: int
) -> None:
    allow(worked, home, policy, consent)
    found = prompts(report(matched(worked), "--release", "v1.0.0", "--mode", "prompts"))
    if not shown:
        assert not found
    else:
        assert found[0].startswith("Add numbers, please.")
        assert (found[0].count("\n") == 0) == (shown == 1)


def test_a_stricter_policy_of_today_cuts_what_was_allowed_before(worked: Repo, home: Path) -> None:
    allow(worked, home, "redacted", "redacted")
    matched(worked)
    worked.write(".git-ai-trail.toml", '[policy]\npublish = "first-line"\n')
    found = prompts(report(worked, "--release", "v1.0.0", "--mode", "prompts", "--no-store"))
    assert found == ["Add numbers, please."]


def test_the_environment_can_only_lower_the_level(worked: Repo, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    allow(worked, home, "redacted", "redacted")
    matched(worked)
    monkeypatch.setenv("GIT_AI_TRAIL_PUBLISH", "none")
    assert not prompts(report(worked, "--release", "v1.0.0", "--mode", "full"))


def test_a_worktrees_policy_does_not_count_where_another_is_named(worked: Repo, home: Path) -> None:
    matched(worked)
    worked.git("branch", "base")
    allow(worked, home, "redacted", "redacted")
    assert not prompts(report(worked, "--release", "v1.0.0", "--mode", "prompts", "--policy-from", "base"))
    assert prompts(report(worked, "--release", "v1.0.0", "--mode", "prompts"))


def test_a_policy_that_cannot_be_read_publishes_nothing(worked: Repo) -> None:
    matched(worked)
    worked.write(".git-ai-trail.toml", '[policy]\npublsh = "redacted"\n')
    done = run(worked, "report", "--release", "v1.0.0", code=2)
    assert "did you mean policy.publish?" in done.stderr
    assert not done.stdout


@pytest.mark.parametrize("mode", ["prompts", "actions", "full"])
@pytest.mark.parametrize("form", ["md", "html", "json", "csv", "txt"])
def test_no_planted_secret_is_in_any_form(worked: Repo, home: Path, mode: str, form: str) -> None:
    allow(worked, home, "redacted", "redacted")
    secret = canaries()
    worked.write(f"src/{secret['token']}.txt", "x\n")
    matched(worked, f"Add {secret['token']} for {secret['email']} in {secret['home']}")
    out = run(worked, "report", "--release", "v1.0.0", "--mode", mode, "--format", form, "--authors").stdout.encode()
    assert out
    assert not [needle for needle in needles() if needle in out]
    if form == "md" and mode != "prompts":
        assert "thought: thinking about" in out.decode()


def test_what_the_second_look_finds_is_not_printed(worked: Repo, tmp_path: Path) -> None:
    folder = tmp_path / "templates" / "report"
    folder.mkdir(parents=True)
    (folder / "report.md.j2").write_text("fine\nask someone@private-company.io\n")
    matched(worked)
    target = tmp_path / "out.md"
    done = run(worked, "report", "--release", "v1.0.0", "--templates", str(folder.parent), "-o", str(target), code=1)
    assert "what rule email catches (line 2" in done.stderr
    assert "private-company" not in done.stderr + done.stdout
    assert not target.exists()


def test_repository_rules_add_to_what_is_redacted(worked: Repo) -> None:
    matched(worked, "Add the codename bluebird")
    rules = "rules:\n  - id: codename\n    type: literal\n    pattern: bluebird\n    replacement: '[codename]'\n"
    worked.write(".git-ai-trail/redactions.yml", rules)
    found = report(worked, "--release", "v1.0.0")
    assert [one["subject"] for one in found["commits"]] == ["Add the codename [codename]", "Start"]
    assert found["redactions"]["report"] == {"codename": 1}


def test_into_a_file_twice_changes_nothing(worked: Repo, tmp_path: Path) -> None:
    matched(worked)
    page = tmp_path / "CHANGELOG.md"
    page.write_bytes(b"---\r\ntitle: x\r\n---\r\n\r\n# Changes\r\n")
    args = ("report", "--release", "v1.0.0", "--into", str(page))
    assert "up to date" in run(worked, *args, "--check", code=1).stderr
    assert page.read_bytes().endswith(b"# Changes\r\n")
    assert "written" in run(worked, *args).stderr
    once = page.read_bytes()
    assert once.startswith(b"---\r\ntitle: x\r\n---\r\n\r\n# Changes\r\n")
    assert b"\n" not in once.replace(b"\r\n", b"")
    assert "up to date" in run(worked, *args).stderr
    run(worked, *args, "--check")
    assert page.read_bytes() == once


def test_a_report_is_rendered_again_from_its_json(worked: Repo, tmp_path: Path) -> None:
    matched(worked)
    saved = tmp_path / "report.json"
    run(worked, "report", "--release", "v1.0.0", "--format", "json", "-o", str(saved))
    again = run(worked, "report", "--from-json", str(saved), "--format", "txt").stdout
    assert again == run(worked, "report", "--release", "v1.0.0", "--format", "txt").stdout


def test_filters_choose_commits_and_are_named(worked: Repo) -> None:
    matched(worked)
    found = report(worked, "--release", "v1.0.0", "--path", "src")
    assert found["totals"]["commits"] == 1
    assert found["filters"] == {"path": "src"}
    assert report(worked, "--release", "v1.0.0", "--agent", "claude")["totals"]["commits"] == 0
    assert report(worked, "--release", "v1.0.0", "--author", "nobody")["totals"]["commits"] == 0
    assert report(worked, "--release", "v1.0.0", "--since", "2100-01-01")["totals"]["commits"] == 0


def test_authors_are_named_only_when_asked(worked: Repo) -> None:
    matched(worked)
    assert "A. Person" not in run(worked, "report", "--release", "v1.0.0").stdout
    assert "A. Person" in run(worked, "report", "--release", "v1.0.0", "--authors").stdout


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("no-such..range",), "git knows no such range"),
        (("--release", "v9"), "v9"),
        (("--release", "v1.0.0", "--previous", "nope"), "nope"),
        (("--from-json", "/nonexistent"), "nonexistent"),
        (("--policy-from", "nope"), "to take the policy from"),
        (("--release", "v1.0.0", "--templates", "/nonexistent"), "no such folder of templates"),
        (("--release", "v1.0.0", "--into", "/nonexistent/x"), "/nonexistent/x"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(worked: Repo, args: tuple[str, ...], said: str) -> None:
    matched(worked)
    done = run(worked, "report", *args, code=1)
    assert said in done.stderr.splitlines()[0]
    assert "Traceback" not in done.stderr
    assert not done.stdout


def test_a_range_and_a_release_together_are_refused(worked: Repo) -> None:
    assert "not both" in run(worked, "report", "HEAD", "--release", "v1.0.0", code=2).stderr


def test_a_repository_without_commits_is_said_to_have_none(repo: Repo) -> None:
    assert "there are no commits yet" in run(repo, "report", code=1).stderr


def test_a_second_opinion_that_cannot_be_had_stops_the_report(
    worked: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    matched(worked)
    if any((folder / "kingfisher").exists() for folder in (Path(sys.executable).parent, Path("/usr/local/bin"))):
        pytest.skip("kingfisher is installed here")
    done = run(worked, "report", "--second-opinion", "-o", str(tmp_path / "report.md"), code=1)
    assert "pip install kingfisher-bin" in done.stderr
    assert not (tmp_path / "report.md").exists()
