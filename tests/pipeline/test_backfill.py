"""Records for commits that exist: the same by one process or many, kept when a run is cut short, better on request."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from git_ai_trail.attach import notes
from git_ai_trail.attach.record import digest, parse_note
from git_ai_trail.git import Git
from git_ai_trail.pipeline import backfill as pipeline
from git_ai_trail.pipeline import backfill_workers, worktree
from git_ai_trail.pipeline.backfill import Backfilled, backfill
from git_ai_trail.pipeline.show import show
from git_ai_trail.settings import Settings
from tests.support.codex_log import CodexLog
from tests.support.repo import Repo

AT = 1_790_000_000.0


@pytest.fixture
def env(home: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("CODEX_HOME", str(home / ".codex"))
    return {"HOME": str(home), "CODEX_HOME": str(home / ".codex")}


def text(name: str, count: int = 6) -> str:
    return "".join(f"{name}_{n} = compute_{name}({n})\n" for n in range(count))


@pytest.fixture
def worked(repo: Repo, home: Path) -> Repo:
    """Twelve commits, every other one with a session's lines."""
    for number in range(12):
        at = AT + number * 1000
        path, content = f"f{number % 4}.py", text(f"value{number}")
        if number % 2:
            log = CodexLog(home / ".codex", repo.root, at=at - 100)
            log.prompt("work")
            log.add_file(path, content)
        repo.commit_file(
            path, content + f"remark_{number} = by_hand({number})\n", f"change {number}", at=f"@{int(at)} +0000"
        )
    return repo


def run(repo: Repo, env: dict[str, str], **more: object) -> Backfilled:
    tree = worktree.open_worktree(str(repo.root))
    return backfill(tree, Settings(), env, revisions=["HEAD"], **more)  # type: ignore[arg-type]


def recorded(repo: Repo) -> dict[str, bytes]:
    git = Git(str(repo.root))
    return notes.read_many(git, repo.git("rev-list", "HEAD").split())


def test_only_notes_are_added(worked: Repo, env: dict[str, str]) -> None:
    head, refs = worked.git("rev-parse", "HEAD"), worked.git("for-each-ref", "--format=%(refname)")
    done = run(worked, env)
    assert (done.commits, done.had_record, len(done.found)) == (12, 0, 6)
    assert worked.git("rev-parse", "HEAD") == head
    after = worked.git("for-each-ref", "--format=%(refname)")
    assert set(after.split()) - set(refs.split()) == {notes.REF}
    assert {show(Git(str(worked.root)), one.oid).status for one in done.found} == {"unanchored"}
    again = run(worked, env)
    assert (again.had_record, again.found) == (6, ())


def test_a_dry_run_writes_nothing_and_says_the_same(worked: Repo, env: dict[str, str]) -> None:
    dry = run(worked, env, dry_run=True)
    assert recorded(worked) == {}
    wet = run(worked, env)
    assert [one._replace(written=True) for one in dry.found] == list(wet.found)


def test_many_processes_write_what_one_does(worked: Repo, env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    run(worked, env)
    alone = recorded(worked)
    worked.git("update-ref", "-d", notes.REF)
    monkeypatch.setattr(backfill_workers, "_WORTH_WORKERS", 1)
    monkeypatch.setattr(backfill_workers, "_CHUNK", 2)
    run(worked, env)
    assert recorded(worked) == alone


def test_a_run_that_is_cut_short_goes_on_where_it_was(
    worked: Repo, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfill_workers, "_CHUNK", 2)
    monkeypatch.setattr(pipeline, "_AT_ONCE", 1)

    def stop(done: int, total: int) -> None:
        if done >= 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(worked, env, progress=stop)
    kept = recorded(worked)
    assert 0 < len(kept) < 6
    run(worked, env)
    after = recorded(worked)
    assert len(after) == 6
    assert kept.items() <= after.items()


def test_what_others_wrote_meanwhile_stays(worked: Repo, env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Another writer moves the ref between our reading and our writing."""
    git = Git(str(worked.root))
    other = worked.git("rev-parse", "HEAD~1")
    real, moved = notes._swap_many, []

    def late(*args: object) -> bool:
        if not moved:
            moved.append(1)
            worked.git("notes", f"--ref={notes.REF}", "append", "-m", "theirs", other)
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(notes, "_swap_many", late)
    run(worked, env)
    assert len(recorded(worked)) >= 6
    assert b"theirs" in notes.read(git, other)
    assert worked.git("for-each-ref", "--format=%(refname)", "refs/notes/").split() == [notes.REF]


def test_a_better_record_takes_the_place_of_one_that_no_message_names(
    worked: Repo, home: Path, env: dict[str, str]
) -> None:
    run(worked, env)
    oid = worked.git("rev-parse", "HEAD")
    git = Git(str(worked.root))
    first = parse_note(notes.read(git, oid))[0]
    assert show(git, oid).generated == 6
    # A fuller log turns up: the session had written the last line as well.
    log = CodexLog(home / ".codex", worked.root, at=AT + 11_000 - 50)
    log.prompt("more")
    log.add_file("f3.py", text("value11") + "remark_11 = by_hand(11)\n")
    assert run(worked, env).found == ()
    dry = run(worked, env, upgrade=True, dry_run=True)
    assert [(one.oid, one.before, one.lines) for one in dry.found] == [(oid, 6, 7)]
    done = run(worked, env, upgrade=True)
    assert [(one.oid, one.before, one.lines) for one in done.found] == [(oid, 6, 7)]
    lines = parse_note(notes.read(git, oid))
    assert lines[0].digest == first.digest
    view = show(git, oid)
    assert (view.generated, view.digest) == (7, lines[1].digest)
    assert first.digest in view.lineage
    assert run(worked, env, upgrade=True).found == ()


def test_a_replaced_record_stays_replaced_even_if_it_claimed_more(
    worked: Repo, home: Path, env: dict[str, str]
) -> None:
    run(worked, env)
    oid, git = worked.git("rev-parse", "HEAD"), Git(str(worked.root))
    core = parse_note(notes.read(git, oid))[0].core
    assert core is not None
    file = core["files"][0]
    smaller = {**core, "prior": [digest(core)], "files": [{**file, "ranges": []}]}
    smaller["counts"] = {**core["counts"], "generated": 0, "unattributed": core["counts"]["added"]}
    from git_ai_trail.attach.record import note_line

    notes.add_lines(git, git.common_dir(), oid, [note_line(smaller, {})])
    assert show(git, oid).generated == 0


def test_a_record_that_a_message_names_is_never_replaced(worked: Repo, home: Path, env: dict[str, str]) -> None:
    run(worked, env)
    git, oid = Git(str(worked.root)), worked.git("rev-parse", "HEAD")
    line = parse_note(notes.read(git, oid))[0]
    worked.git("commit", "-q", "--amend", "-m", f"change 11\n\nAI-Trail: 1:{line.digest}")
    new = worked.git("rev-parse", "HEAD")
    notes.add_lines(git, git.common_dir(), new, [line.raw])
    log = CodexLog(home / ".codex", worked.root, at=AT + 11_000 - 50)
    log.add_file("f3.py", text("value11") + "remark_11 = by_hand(11)\n")
    assert run(worked, env, upgrade=True).found == ()


def test_as_a_person_runs_it(worked: Repo, env: dict[str, str]) -> None:
    def program(*args: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "git_ai_trail", "backfill", *args]
        return subprocess.run(command, cwd=worked.root, capture_output=True, text=True, check=True)

    done = program("--since", "2026-09-21T16:00:00+00:00", "--dry-run", "--json")
    assert 0 < json.loads(done.stdout)["commits"] < 12
    assert "6 of 12 commits got a record" in program().stderr
    assert "0 records were replaced" in program("--upgrade").stderr
