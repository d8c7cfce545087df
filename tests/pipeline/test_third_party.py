"""A log format of another package, installed for real: read, stored, matched and shown; and what is said of one that is broken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from git_ai_trail.pipeline.third_party import GROUP, PARTS
from tests.support import extending
from tests.support.codex_log import CodexLog
from tests.support.repo import Repo

LINES = "".join(f"record_{n} = normalised(record_{n}, limit={n * 7})\n" for n in range(8))
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of docs/extending.md, installed."""
    return extending.install(tmp_path_factory.mktemp("acme"))


@pytest.fixture
def offered(tmp_path: Path) -> Callable[..., Path]:
    """Lays out what installing a package leaves behind, quicker than pip, for packages that are broken."""

    def offer(source: str, *, name: str = "acme", package: str = "broken", folder: str = "more") -> Path:
        target = tmp_path / folder
        info = target / f"{package}-0.1.dist-info"
        info.mkdir(parents=True)
        module = package.replace("-", "_")
        (target / f"{module}.py").write_text(source)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 0.1\n")
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {module}\n")
        return target

    return offer


def use(home: Path, *names: str) -> None:
    folder = home / ".config" / "git-ai-trail"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(f"[formats]\nuse = {json.dumps(names)}\n")


def run(repo: Repo, path: Path | None, *words: str, exit: int = 0) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-W", "ignore", "-m", "git_ai_trail", *words)
    return repo.run(*command, exit=exit, env={"PYTHONPATH": str(path)} if path else {})


def write_log(home: Path, cwd: Path, *more: dict[str, object], name: str = "a1", at: float | None = None) -> Path:
    at = time.time() - 60 if at is None else at
    path = home / ".acme" / "sessions" / f"{name}.acme"
    path.parent.mkdir(parents=True, exist_ok=True)
    start = {"type": "start", "id": name, "at": at, "cwd": str(cwd), "version": "2.1", "model": "acme-large"}
    ask = {"type": "ask", "at": at + 1, "text": "normalise the records"}
    write = {"type": "write", "at": at + 2, "path": "records.py", "text": LINES}
    spent = {"type": "spent", "at": at + 3, "input": 1200, "output": 300}
    path.write_text("".join(json.dumps(line) + "\n" for line in (start, ask, write, spent, *more)))
    return path


def ingested(done: subprocess.CompletedProcess[str]) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = json.loads(done.stdout)
    return found


def test_what_the_page_shows_is_read_by_what_the_page_shows(acme: Path, home: Path, repo: Repo) -> None:
    use(home, "acme")
    folder = home / ".acme" / "sessions"
    folder.mkdir(parents=True)
    (folder / "a1.acme").write_text(extending.log() + '{"type": "news"}\nbroken\n')
    run(repo, acme, "ingest", "--agent", "acme")
    (one,) = json.loads(run(repo, acme, "sessions", "--json").stdout)
    assert (one["id"], one["agent"], one["agent_version"]) == ("a1", "acme", "2.1")
    assert (one["models"], one["prompts"], one["edits"]) == (["acme-large"], 1, 2)
    assert (one["tokens"]["input"], one["tokens"]["output"]) == (1200, 300)
    skipped = ingested(run(repo, acme, "ingest", "--rescrub", "--json"))["skipped"]
    assert sorted(str(each["kind"]) for each in skipped) == ["not JSON", "unknown type news"]


def test_its_sessions_are_in_everything_that_names_agents(acme: Path, home: Path, repo: Repo) -> None:
    repo.commit_file("README", "read me\n")
    use(home, "acme")
    write_log(home, repo.root)
    repo.commit_file("records.py", LINES, "normalise")
    run(repo, acme, "ingest")
    run(repo, acme, "backfill", "HEAD")

    shown = json.loads(run(repo, acme, "show", "--json").stdout)
    assert shown["summary"]["generated"] == 8
    assert [each["agent"] for each in shown["sessions"]] == ["Acme Coder"]
    assert "Acme Coder" in run(repo, acme, "show").stdout
    assert "Acme Coder" in run(repo, acme, "explain", "HEAD").stdout
    assert "Acme Coder" in run(repo, acme, "blame", "records.py").stdout
    for command in (("stats", "HEAD"), ("report", "HEAD")):
        assert "Acme" in run(repo, acme, *command).stdout, command
    for by in ("agent", "agent,commit"):
        assert "Acme Coder" in run(repo, acme, "usage", "--by", by, "--agent", "acme").stdout
    assert "no such format" not in run(repo, acme, "sessions", "--agent", "acme").stderr
    checks = json.loads(run(repo, acme, "doctor", "--json", exit=1).stdout)
    assert [c["detail"] for c in checks if c["name"] == "formats"] == ["acme: Acme Coder, from acme-trail 1.0"]
    assert any(c["detail"].startswith("Acme Coder: 1 in ") for c in checks)


def test_nothing_is_loaded_that_the_person_did_not_name(acme: Path, home: Path, repo: Repo) -> None:
    write_log(home, repo.root)
    assert ingested(run(repo, acme, "ingest", "--json"))["logs"] == 0
    said = run(repo, acme, "ingest", "--agent", "acme", exit=2).stderr
    assert "'acme' is not one of" in said
    repo.write(".git-ai-trail.toml", '[formats]\nuse = ["acme"]\n')
    said = run(repo, acme, "report", exit=2).stderr
    assert "formats.use does not belong into the repository's .git-ai-trail.toml" in said


def test_the_run_after_a_commit_gives_it_its_record(acme: Path, home: Path, repo: Repo) -> None:
    repo.commit_file("README", "read me\n")
    use(home, "acme")
    run(repo, acme, "init", "--native")
    write_log(home, repo.root)
    repo.write("records.py", LINES)
    repo.git("add", "-A")
    # The hook must not wait, and the test must not race with what it starts.
    repo.git("commit", "-q", "-m", "normalise", env={"PYTHONPATH": str(acme), "GIT_AI_TRAIL": "off"})
    assert "AI-Trail" not in repo.git("log", "-1", "--format=%B")
    run(repo, acme, "ingest", "--after-commit", str(repo.root), repo.git("rev-parse", "HEAD"))
    shown = json.loads(run(repo, acme, "show", "--json").stdout)
    assert (shown["status"], shown["summary"]["generated"]) == ("unanchored", 8)


def test_a_commit_loads_no_code_of_others_and_knows_the_agent_by_what_was_read_before(
    acme: Path, home: Path, repo: Repo
) -> None:
    repo.commit_file("README", "read me\n")
    use(home, "acme")
    write_log(home, repo.root)
    run(repo, acme, "init", "--native")
    repo.write("records.py", LINES)
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "normalise")
    message = repo.git("log", "-1", "--format=%B")
    assert "Assisted-by: Acme-Coder:acme-large\n" in message


def test_several_processes_read_them(acme: Path, home: Path, repo: Repo) -> None:
    use(home, "acme")
    for number in range(4):
        write_log(home, repo.root, name=f"b{number}")
    done = ingested(run(repo, acme, "ingest", "--jobs", "2", "--json"))
    assert (done["sessions"], done["skipped"]) == (4, [])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("raise ValueError('secret text')", "feed of acme raised ValueError"),
        ("raise SystemExit(3)", "feed of acme raised SystemExit"),
        ("return None", "feed of acme returned what it may not"),
        ("return [1]", "feed of acme returned something else than events"),
        ("return events_of([Fact(Prompt(0, 7), 0, None)], *read_records(line)[0], 0)", "something else than events"),
        ("return events_of([Fact(Prompt(0, '\\ud800'), 0, None)], *read_records(line)[0], 0)", "something else than"),
        ("return events_of([Fact(Prompt(0, 'x'), 0, float('nan'))], *read_records(line)[0], 0)", "something else than"),
    ],
)
def test_a_log_that_a_reader_fails_on_is_counted_and_the_others_are_read(
    offered: Callable[..., Path], home: Path, repo: Repo, line: str, reason: str
) -> None:
    code = extending.files()["acme_trail.py"].replace(
        "        records, wrong = read_records(line)\n",
        f"        {line}\n        records, wrong = read_records(line)\n",
    )
    path = offered(code)
    use(home, "acme")
    write_log(home, repo.root)
    CodexLog(home / ".codex", repo.root).prompt("work")
    done = ingested(run(repo, path, "ingest", "--json"))
    (skipped,) = done["skipped"]
    assert str(skipped["where"]).endswith("a1.acme")
    assert reason in str(skipped["kind"])
    assert done["sessions"] == 1
    assert "secret" not in json.dumps(done)
    # The index passes it over just so.
    repo.commit_file("README", "read me\n")
    run(repo, path, "backfill", "HEAD")


@pytest.mark.parametrize(
    ("function", "body"),
    [
        ("roots(env, home)", "raise KeyError(1)"),
        ("discover(root)", "yield 5"),
        ("discover(root)", "raise RuntimeError"),
        ("is_document(path)", "raise RuntimeError"),
        ("session_id_of(path)", "return None"),
    ],
)
def test_a_format_that_fails_while_it_looks_for_logs_is_named(
    offered: Callable[..., Path], home: Path, repo: Repo, function: str, body: str
) -> None:
    path = offered(extending.files()["acme_trail.py"] + f"\n\ndef {function}:\n    {body}\n")
    use(home, "acme")
    write_log(home, repo.root)
    CodexLog(home / ".codex", repo.root).prompt("work")
    done = ingested(run(repo, path, "ingest", "--json"))
    assert done["sessions"] == 1
    if "is_log" not in function:  # `walk` takes any true word for yes
        assert any(function.split("(", maxsplit=1)[0] in str(each["kind"]) for each in done["skipped"]), done["skipped"]
    repo.commit_file("README", "read me\n")
    run(repo, path, "backfill", "HEAD")


REFUSED = [
    ("", "lacks AGENT, NAME, STATE_VERSION"),
    ("raise ImportError('no acme library\\nhere')", "cannot be loaded: ImportError: no acme library here"),
    ("import sys\nsys.exit(2)", "cannot be loaded: SystemExit: 2"),
    ("CODE\nNAME = 'other'", "calls itself other"),
    ("CODE\nAGENT = 'Codex'", "has the AGENT of another format, Codex"),
    ("CODE\nAGENT = 'x\\ny'", "has an AGENT that cannot stand in a trailer"),
    ("CODE\nSTATE_VERSION = '1'", "has a STATE_VERSION that is no whole number"),
    ("CODE\nreader = 1", "has no function reader"),
    ("CODE\ndel reader, discover", "lacks discover, reader"),
]


@pytest.mark.parametrize(("source", "reason"), REFUSED)
def test_a_format_that_cannot_be_used_is_refused_in_a_line(
    offered: Callable[..., Path], home: Path, repo: Repo, source: str, reason: str
) -> None:
    path = offered(source.replace("CODE", extending.files()["acme_trail.py"]))
    use(home, "acme")
    for command in (("ingest",), ("backfill", "HEAD"), ("explain", "HEAD")):
        repo.commit("another")
        said = run(repo, path, *command, exit=2).stderr.splitlines()
        assert len(said) == 2, said
        assert said[0].startswith("ai-trail: formats.use: acme of broken 0.1 ")
        assert reason in said[0]
        assert "formats.use in config.toml" in said[1]
    checks = json.loads(run(repo, path, "doctor", "--json", exit=1).stdout)
    (check,) = [one for one in checks if one["name"] == "formats"]
    assert check["state"] == "fail"
    assert reason in check["detail"]


def test_a_format_that_is_not_there_or_there_twice_or_our_own_is_refused(
    acme: Path, offered: Callable[..., Path], home: Path, repo: Repo
) -> None:
    use(home, "acme")
    said = run(repo, None, "ingest", exit=2).stderr
    assert "no installed package offers the format acme" in said
    assert "install its package where git-ai-trail is installed" in said
    second = offered("", package="acme-too")
    said = run(repo, Path(f"{acme}{os.pathsep}{second}"), "ingest", exit=2).stderr
    assert "several packages offer the format acme: acme-too, acme-trail" in said
    use(home, "codex")
    assert "codex is built in" in run(repo, acme, "ingest", exit=2).stderr
    use(home, "../x")
    assert "cannot be a format's name" in run(repo, acme, "ingest", exit=2).stderr


def test_the_run_after_a_commit_does_without_a_format_that_cannot_be_used(home: Path, repo: Repo) -> None:
    oid = repo.commit_file("README", "read me\n")
    use(home, "acme")
    CodexLog(home / ".codex", repo.root).prompt("work")
    run(repo, None, "ingest", "--after-commit", str(repo.root), oid)
    assert len(json.loads(run(repo, None, "sessions", "--json").stdout)) == 1


def test_every_part_of_the_protocol_is_asked_for() -> None:
    page = extending.files()["acme_trail.py"]
    assert {"NAME", "AGENT", "STATE_VERSION", "roots", "discover", "reader", "open_offsets"} <= set(PARTS)
    assert [part for part in PARTS if f"def {part}(" not in page and f"{part} = " not in page] == []


def test_a_reader_resumed_anywhere_gives_the_same_events(acme: Path, home: Path, tmp_path: Path) -> None:
    sys.path.insert(0, str(acme))
    try:
        import acme_trail as fmt
    finally:
        sys.path.remove(str(acme))
    lines = extending.log().encode().splitlines()
    whole = fmt.reader("/x/a1.acme")
    expected = [event for line in lines for event in whole.feed(line, 0)]
    assert len(expected) == 9
    for cut in range(len(lines) + 1):
        first = fmt.reader("/x/a1.acme")
        found = [event for line in lines[:cut] for event in first.feed(line, 0)]
        second = fmt.reader("/x/a1.acme", json.loads(json.dumps(first.state())))
        assert found + [event for line in lines[cut:] for event in second.feed(line, 0)] == expected
