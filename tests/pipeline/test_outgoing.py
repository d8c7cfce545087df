"""Exports and pushes of records are looked at once more, and nothing goes out that the second look finds something in."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from git_ai_trail.attach import gitai, notes
from git_ai_trail.errors import TrailError
from git_ai_trail.git import Git
from git_ai_trail.pipeline import outgoing
from tests.redact.samples import token
from tests.support.recorded import attach
from tests.support.repo import Repo

LINES = "one\ntwo\n"

# A key whose rule begins at a word, as not every one does: behind `\n` in JSON there is none. Put together here, so that no scanner
# takes this file for a leak.
_WORDLIKE = "AKI" + "A" + "ZQ3DRSTU" + "VWXYZ27A"


def run(repo: Repo, *args: str, code: int) -> subprocess.CompletedProcess[str]:
    return repo.run(sys.executable, "-m", "git_ai_trail", *args, exit=code)


def notes_ref(repo: Repo, ref: str) -> str:
    return repo.git("for-each-ref", "--format=%(objectname)", ref)


@pytest.fixture
def recorded(repo: Repo, tmp_path: Path) -> Repo:
    """A record, and a remote that has the commit."""
    repo.commit_file("a.py", LINES, "by a session")
    attach(repo, {"a.py": [(1, 2, "s-1", "generated")]})
    repo.git("clone", "-q", "--bare", ".", str(tmp_path / "hub.git"))
    repo.git("remote", "add", "origin", str(tmp_path / "hub.git"))
    return repo


def telling_path(repo: Repo) -> str:
    """A commit whose record names a file that is called like a secret; the commit's oid."""
    path = f"{token()}.py"
    repo.commit_file(path, LINES, "odd name")
    return attach(repo, {path: [(1, 2, "s-1", "generated")]})


def annex(repo: Repo, text: str, oid: str = "") -> None:
    """Puts a line with `text` as a prompt into the annex of HEAD, as no program of ours would."""
    note = {
        "annex": "0" * 64,
        "policy": "redacted",
        "sessions": [{"id": "s-1", "prompts": [{"turn": 0, "text": text}]}],
    }
    body = repo.git("hash-object", "-w", "--stdin", stdin=json.dumps(note) + "\n")
    repo.git("notes", f"--ref={notes.ANNEX_REF}", "add", "-f", "-C", body, oid or "HEAD")


@pytest.mark.parametrize("form", ["git-ai", "agent-trace"])
def test_an_export_that_holds_a_secret_is_not_printed(recorded: Repo, form: str) -> None:
    assert run(recorded, "export", "--format", form, code=0).stdout
    oid = telling_path(recorded)
    done = run(recorded, "export", "--format", form, code=1)
    assert done.stdout == ""
    assert f"the finished export holds what rule github-token catches (line 1, commit {oid[:12]})" in done.stderr
    assert token() not in done.stderr
    assert run(recorded, "export", "--format", form, "HEAD^", code=0).stdout


def test_notes_of_another_tool_are_not_attached_with_a_secret_in_one(recorded: Repo) -> None:
    telling_path(recorded)
    done = run(recorded, "export", "--format", "git-ai", "--notes", code=1)
    assert "github-token" in done.stderr
    assert notes_ref(recorded, gitai.REF) == ""


def test_a_secret_behind_an_escape_is_found_in_a_note_of_another_tool(recorded: Repo) -> None:
    """The second file of a git-ai note stands behind `\\n` in the line of JSON."""
    recorded.write("a.py", "three\nfour\n")
    recorded.write(_WORDLIKE, LINES)
    recorded.commit("two files")
    attach(recorded, {"a.py": [(1, 2, "s-1", "generated")], _WORDLIKE: [(1, 2, "s-1", "generated")]})
    done = run(recorded, "export", "--format", "git-ai", code=1)
    assert "aws-access-key-id" in done.stderr
    assert _WORDLIKE not in done.stderr


def test_a_clean_record_is_pushed(recorded: Repo) -> None:
    annex(recorded, "Add numbers, please.")
    run(recorded, "notes", "push", code=0)
    there = recorded.git("ls-remote", "origin", "refs/notes/*")
    assert notes_ref(recorded, notes.REF) in there
    assert notes_ref(recorded, notes.ANNEX_REF) in there


@pytest.mark.parametrize(
    ("text", "rule", "secret"),
    [
        (f"use {token()}", "github-token", token()),
        (f'use "{token()}"', "github-token", token()),
        (f"use\n{_WORDLIKE}", "aws-access-key-id", _WORDLIKE),
    ],
)
def test_a_note_that_holds_a_secret_is_not_pushed(recorded: Repo, text: str, rule: str, secret: str) -> None:
    annex(recorded, text)
    done = run(recorded, "notes", "push", code=1)
    oid = recorded.git("rev-parse", "HEAD")
    said = f"not published: the history of {notes.ANNEX_REF} holds what rule {rule} catches (the note on {oid[:12]})"
    assert said in done.stderr
    assert secret not in done.stdout + done.stderr
    assert recorded.git("ls-remote", "origin", "refs/notes/*") == ""


def test_an_earlier_version_of_a_note_is_looked_at_because_it_would_be_sent_too(recorded: Repo) -> None:
    annex(recorded, f"use {token()}")
    annex(recorded, "Add numbers, please.")
    assert "github-token" in run(recorded, "notes", "push", code=1).stderr


def test_what_the_remote_has_is_not_looked_at_again(recorded: Repo) -> None:
    annex(recorded, f"use {token()}")
    recorded.git("push", "-q", "origin", f"{notes.ANNEX_REF}:{notes.ANNEX_REF}")
    run(recorded, "notes", "push", code=0)
    recorded.git("push", "-q", "origin", f":{notes.ANNEX_REF}")
    assert "github-token" in run(recorded, "notes", "push", code=1).stderr


def test_a_path_that_the_commit_itself_holds_keeps_no_record_back(recorded: Repo) -> None:
    telling_path(recorded)
    run(recorded, "notes", "push", code=0)
    assert notes_ref(recorded, notes.REF) in recorded.git("ls-remote", "origin", "refs/notes/*")


def test_any_other_text_in_a_core_does(recorded: Repo) -> None:
    line = recorded.git("notes", f"--ref={notes.REF}", "show", "HEAD").replace('"it wrote them"', f'"{token()}"')
    body = recorded.git("hash-object", "-w", "--stdin", stdin=line + "\n")
    recorded.git("notes", f"--ref={notes.REF}", "add", "-f", "-C", body, "HEAD")
    assert "github-token" in run(recorded, "notes", "push", code=1).stderr


def test_many_notes_are_looked_at_in_pieces(recorded: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    git = Git(str(recorded.root))
    monkeypatch.setattr(outgoing, "_CHUNK", 2500)
    for number in range(8):
        recorded.commit(f"commit {number}")
        annex(recorded, "Add numbers. " * 50 + (f"use {token()}" if number == 6 else str(number)))
    with pytest.raises(TrailError, match="github-token"):
        outgoing.refuse_unclean_notes(git, [notes.ANNEX_REF], there=[])
    outgoing.refuse_unclean_notes(git, [notes.ANNEX_REF], there=[notes_ref(recorded, notes.ANNEX_REF)])
    clean = notes_ref(recorded, notes.ANNEX_REF)
    annex(recorded, "Add numbers. " * 400)
    with pytest.raises(TrailError, match="too large to be looked at"):
        outgoing.refuse_unclean_notes(git, [notes.ANNEX_REF], there=[clean])


@pytest.fixture
def password(recorded: Repo) -> str:
    """A value that only the working tree's `.env` tells, put there after prompts with it were read."""
    value = "blue" + "-Heron" + "-42"
    annex(recorded, f"take\n{value} for it")
    recorded.write(".env", f"DB_PASSWORD={value}\nNAME=numbers\n")
    return value


def test_what_stands_in_env_files_by_now_is_not_pushed(recorded: Repo, password: str) -> None:
    done = run(recorded, "notes", "push", code=1)
    oid = recorded.git("rev-parse", "HEAD")
    assert f"the history of {notes.ANNEX_REF} holds what rule env-file catches (the note on {oid[:12]})" in done.stderr
    assert password not in done.stdout + done.stderr
    assert recorded.git("ls-remote", "origin", "refs/notes/*") == ""
    (recorded.root / ".env").rename(recorded.root / ".env.example")
    run(recorded, "notes", "push", code=0)


@pytest.mark.parametrize("form", ["md", "html", "json", "csv", "txt"])
def test_nor_is_it_in_a_report_a_statement_or_an_export(recorded: Repo, password: str, form: str) -> None:
    recorded.git("rm", "-q", "--cached", "--ignore-unmatch", ".env")
    recorded.write(f"{password}.py", LINES)
    recorded.git("add", f"{password}.py")
    recorded.git("commit", "-q", "-m", f"put {password}, and x{password}y")
    attach(recorded, {f"{password}.py": [(1, 2, "s-1", "generated")]})
    words = [["report", "HEAD", "--format", form], ["attest", "HEAD"], ["export", "--format", "agent-trace"]]
    for one in words if form == "json" else words[:1]:
        done = run(recorded, *one, code=1)
        assert "rule env-file catches" in done.stderr
        assert password not in done.stdout + done.stderr
    (recorded.root / ".env").write_text(f"DB_PASSWORD={password[:-1]}\n")
    run(recorded, "report", "HEAD", "--format", form, code=0)
