"""Before something is published for the first time a person is told, once, how much in it comes near to a secret."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from git_ai_trail.attach import notes
from tests.pipeline.test_outgoing import annex, recorded, run
from tests.support.recorded import attach
from tests.support.repo import Repo

__all__ = ["recorded"]

# Random enough to be looked at, and not so random that the rules take it. Put together, so that no scanner takes it for a leak.
NEAR = "k9Qz" + "7xR2" + "bW4t"
PUSHED = (
    "first publication: 1 near miss to look at (the note on {}), see `git ai-trail rules near-misses --outgoing origin`"
)


def notes_at(repo: Repo, remote: str = "origin") -> str:
    return repo.git("ls-remote", remote, "refs/notes/*")


def test_a_first_push_says_how_much_comes_near_to_a_secret_and_never_what(recorded: Repo) -> None:
    annex(recorded, f"Ask for {NEAR}\nand {NEAR} again")
    done = run(recorded, "notes", "push", code=0)
    oid = recorded.git("rev-parse", "HEAD")
    assert PUSHED.format(oid[:12]) in done.stderr.splitlines()
    assert NEAR not in done.stdout + done.stderr
    assert notes.ANNEX_REF in notes_at(recorded)


def test_it_is_said_once_for_each_remote_and_each_kind_of_note(recorded: Repo, tmp_path: Path) -> None:
    assert "first publication" not in run(recorded, "notes", "push", code=0).stderr, "there is nothing to look at"
    annex(recorded, f"Ask for {NEAR}")
    assert "first publication: 1 near miss" in run(recorded, "notes", "push", code=0).stderr
    annex(recorded, f"Ask for {NEAR} or {NEAR[::-1]}")
    assert "first publication" not in run(recorded, "notes", "push", code=0).stderr
    recorded.git("clone", "-q", "--bare", ".", str(tmp_path / "other.git"))
    recorded.git("remote", "add", "other", str(tmp_path / "other.git"))
    Repo(tmp_path / "other.git").git("update-ref", "-d", notes.REF)
    Repo(tmp_path / "other.git").git("update-ref", "-d", notes.ANNEX_REF)
    assert "first publication: 2 near misses" in run(recorded, "notes", "push", "other", code=0).stderr
    # Gone from the remote or not: who was told was told.
    recorded.git("push", "-q", "origin", f":{notes.ANNEX_REF}")
    assert "first publication" not in run(recorded, "notes", "push", code=0).stderr


def test_a_remote_that_has_our_notes_from_elsewhere_is_no_first_publication(recorded: Repo) -> None:
    recorded.git("push", "-q", "origin", f"{notes.REF}:{notes.REF}")
    assert "first publication" not in run(recorded, "notes", "push", code=0).stderr


def test_a_push_without_a_terminal_does_not_wait_for_an_answer(recorded: Repo) -> None:
    annex(recorded, f"Ask for {NEAR}")
    ours, theirs = os.pipe()  # an end that stays open and never says anything
    try:
        command = [sys.executable, "-m", "git_ai_trail", "notes", "push"]
        done = subprocess.run(command, cwd=recorded.root, stdin=ours, capture_output=True, text=True, check=True)
    finally:
        os.close(theirs)
        os.close(ours)
    assert "near miss" in done.stderr
    assert "?" not in done.stderr


@pytest.mark.parametrize("answer", ["n", "y"])
def test_at_a_terminal_the_person_is_asked_before_anything_is_sent(recorded: Repo, answer: str) -> None:
    annex(recorded, f"Ask for {NEAR}")
    code, said = at_terminal(recorded, ["notes", "push"], f"{answer}\n")
    assert "push them all the same?" in said
    assert NEAR not in said
    assert (notes.ANNEX_REF in notes_at(recorded)) is (answer == "y")
    assert code == (0 if answer == "y" else 1)
    # Who said no is asked again, and who said yes is not.
    assert ("near miss" in run(recorded, "notes", "push", code=0).stderr) is (answer == "n")


def at_terminal(repo: Repo, words: list[str], typed: str) -> tuple[int, str]:
    """(exit code, what was said) of a command that somebody runs at a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "git_ai_trail", *words],
        cwd=repo.root,
        env={**os.environ, "TERM": "dumb", "GIT_TERMINAL_PROMPT": "1"},
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    os.write(ours, typed.encode())
    said = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        said += part
    os.close(ours)
    return process.wait(), said.decode()


def test_the_notes_that_would_be_sent_can_be_looked_at(recorded: Repo) -> None:
    annex(recorded, f"Ask for\n{NEAR}")
    annex(recorded, "Add numbers, please.")  # the version before would be sent as well
    done = run(recorded, "rules", "near-misses", "--outgoing", code=0)
    oid = recorded.git("rev-parse", "HEAD")
    (line,) = done.stdout.splitlines()
    assert f"{notes.ANNEX_REF}: the note on {oid[:12]}  {NEAR}  ×1" in line
    assert "1 token to look at" in done.stderr
    (found,) = json.loads(run(recorded, "rules", "near-misses", "--outgoing", "origin", "--json", code=0).stdout)
    assert (found["token"], found["ref"], found["times"]) == (NEAR, notes.ANNEX_REF, 1)
    assert notes_at(recorded) == "", "looking sends nothing"
    recorded.git("push", "-q", "origin", "refs/notes/*:refs/notes/*")
    assert run(recorded, "rules", "near-misses", "--outgoing", code=0).stdout == ""


def test_what_cannot_be_looked_at_is_said(recorded: Repo, tmp_path: Path) -> None:
    assert "not the name of a remote" in run(recorded, "rules", "near-misses", "--outgoing", "x", code=1).stderr
    recorded.write("x.md", "x")
    both = run(recorded, "rules", "near-misses", "--outgoing", "origin", "x.md", code=2)
    assert "not both" in both.stderr
    (tmp_path / "hub.git").rename(tmp_path / "gone.git")
    assert run(recorded, "rules", "near-misses", "--outgoing", code=1).stdout == ""
    code, said = at_terminal(recorded, ["rules", "near-misses"], "")
    assert code == 2
    assert "name a file" in said


def test_a_first_report_says_it_once_for_each_mode(recorded: Repo) -> None:
    recorded.git(
        "commit", "-q", "--amend", "-m", recorded.git("log", "-1", "--format=%B").replace("by", f"by {NEAR}", 1)
    )
    words = ("report", "HEAD", "--no-store", "--mode", "summary")
    assert NEAR in run(recorded, *words, code=0).stdout
    assert "first publication" not in run(recorded, *words, code=0).stderr, "who prints it looks at it"
    assert "first publication" not in run(recorded, *words, "--into", "DOCS.md", "--check", code=1).stderr
    recorded.write("DOCS.md", "Somebody's page\n")
    done = run(recorded, *words, "--into", "DOCS.md", code=0)
    assert "first publication: 1 near miss to look at, see `git ai-trail rules near-misses DOCS.md`" in done.stderr
    assert NEAR not in done.stderr
    assert "first publication" not in run(recorded, *words, "--output", "other.md", code=0).stderr
    done = run(recorded, *words[:-1], "full", "--output", "it's.json", "--format", "json", code=0)
    said = next(line for line in done.stderr.splitlines() if line.startswith("first publication"))
    assert "(line " in said
    assert """rules near-misses 'it'"'"'s.json'`""" in said
    (found,) = json.loads(run(recorded, "rules", "near-misses", "it's.json", "--json", code=0).stdout)
    assert found["token"] == NEAR
    assert f"line {found['line']}" in said


def test_what_this_program_names_itself_is_nothing_to_look_at(recorded: Repo) -> None:
    run(recorded, "report", "HEAD", "--no-store", "--format", "html", "-o", "r.html", code=0)
    recorded.write("g.jsonl", run(recorded, "export", "--format", "git-ai", code=0).stdout)
    recorded.write("t.jsonl", run(recorded, "export", "--format", "agent-trace", code=0).stdout)
    for name in ("r.html", "g.jsonl", "t.jsonl"):
        assert run(recorded, "rules", "near-misses", name, code=0).stdout == ""
    assert run(recorded, "rules", "near-misses", "--outgoing", code=0).stdout == ""


@pytest.mark.parametrize("form", ["git-ai", "agent-trace"])
def test_a_first_export_says_it_once(recorded: Repo, form: str) -> None:
    recorded.commit_file(f"{NEAR}.py", "one\ntwo\n", "odd name")
    attach(recorded, {f"{NEAR}.py": [(1, 2, "s-1", "generated")]})
    done = run(recorded, "export", "--format", form, code=0)
    assert (
        "first publication: 1 near miss to look at (line 1), see `git ai-trail rules near-misses FILE`" in done.stderr
    )
    assert NEAR not in done.stderr
    again = run(recorded, "export", "--format", form, code=0)
    assert "first publication" not in again.stderr
    assert again.stdout == done.stdout


def test_a_first_attestation_says_it_once(recorded: Repo) -> None:
    recorded.git(
        "commit", "-q", "--amend", "-m", recorded.git("log", "-1", "--format=%B").replace("by", f"by {NEAR}", 1)
    )
    done = run(recorded, "attest", "HEAD", "--report", "r.json", "-o", "s.json", code=0)
    assert "first publication: 1 near miss to look at (line " in done.stderr
    assert NEAR not in done.stderr
    assert "first publication" not in run(recorded, "attest", "HEAD", code=0).stderr


def test_where_it_cannot_be_kept_that_somebody_was_told_they_are_told_again(recorded: Repo) -> None:
    annex(recorded, f"Ask for {NEAR}")
    (recorded.root / ".git" / "ai-log-trail" / "first-published").mkdir(parents=True)
    for _ in range(2):
        recorded.git("push", "-q", "origin", f":{notes.ANNEX_REF}", exit=0)
        assert "first publication" in run(recorded, "notes", "push", code=0).stderr
