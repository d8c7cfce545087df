"""Every way of tampering that the gate knows, done to a real commit: what its output says of it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from git_ai_trail.attach.record import MAX_NOTE, digest, parse_note
from tests.attach.build import CODE
from tests.cli.test_verify import recorded, run
from tests.support.repo import Repo

NOTES = "--ref=ai-log-trail"
OTHER = "1:" + "5" * 64


def note(repo: Repo, rev: str = "HEAD") -> str:
    return repo.git("notes", NOTES, "show", rev) + "\n"


def put(repo: Repo, text: str, rev: str = "HEAD") -> None:
    # By a blob, since what is tampered with need not be text that `git notes` would take.
    blob = repo.git("hash-object", "-w", "--stdin", stdin=text)
    repo.git("notes", NOTES, "add", "-f", "-C", blob, rev)


def said_anew(repo: Repo, message: str) -> None:
    """The same commit with another message and its note."""
    kept = note(repo)
    repo.git("commit", "-q", "--amend", "-F", "-", stdin=message)
    put(repo, kept)


def message(repo: Repo) -> str:
    return repo.git("log", "-1", "--format=%B") + "\n"


def forged_in_the_body(repo: Repo) -> None:
    said_anew(repo, f"Subject\n\nAI-Trail: {OTHER}\n\n{message(repo)}")


def forged_alone(repo: Repo) -> None:
    said_anew(repo, f"Subject\n\nAI-Trail: {OTHER}\n")


def copied_note(repo: Repo) -> None:
    kept = note(repo)
    repo.commit_file("b.py", "entirely_other_lines_by_hand = True\n" * 3)
    put(repo, kept)


def copied_note_and_trailer(repo: Repo) -> None:
    kept, text = note(repo), message(repo)
    repo.write("b.py", "entirely_other_lines_by_hand = True\n" * 3)
    repo.commit(text)
    put(repo, kept)


def replayed(repo: Repo) -> None:
    """The record of lines that stood here once, for a commit that takes them away."""
    kept, text = note(repo), message(repo)
    repo.write("a.py", "entirely_other_lines_by_hand = True\n")
    repo.commit(text)
    put(repo, kept)


def stripped(repo: Repo) -> None:
    said_anew(repo, "Subject\n")


def altered(repo: Repo) -> None:
    put(repo, note(repo).replace('"generated":', '"generated": '.replace(" ", "") + "1", 1))


def cut_short(repo: Repo) -> None:
    put(repo, note(repo)[:200] + "\n")


def malformed(repo: Repo) -> None:
    said_anew(repo, "Subject\n")
    put(repo, '{"core": [1, 2\n\x00\xff nonsense\n')


def oversized(repo: Repo) -> None:
    put(repo, note(repo) + ("x" * 1000 + "\n") * (MAX_NOTE // 1000 + 1))


def misplaced(repo: Repo) -> None:
    """A record that is sound by itself and claims lines which are others in the commit, with a trailer that vouches for it."""
    core = json.loads(json.dumps(parse_note(note(repo).encode())[0].core))
    core["files"][0]["ranges"][0]["digest"] = "0" * 32
    line = json.dumps({"core": core, "digest": digest(core)}, separators=(",", ":"), sort_keys=True)
    repo.git("commit", "-q", "--amend", "-F", "-", stdin=f"Subject\n\nAI-Trail: 1:{digest(core)}\n")
    put(repo, line + "\n")


def misleading_path(repo: Repo) -> None:
    recorded(repo, "sr\u0441/\u202e.py")


DONE = [
    (forged_in_the_body, "--require-known", "ok", "1 record(s) named in the message are missing"),
    (forged_alone, "", "fail", "its message names one record, and another one is attached: a forged trailer"),
    (copied_note, "", "fail", "the message does not name it: a note copied from another commit?"),
    (copied_note_and_trailer, "", "fail", "a note or trailer copied from another commit?"),
    (replayed, "", "fail", "a note or trailer copied from another commit?"),
    (stripped, "trailer", "fail", "its message carries no AI-Trail trailer"),
    (altered, "", "fail", "altered or forged: what is attached has another digest"),
    (cut_short, "", "fail", "what is attached instead is broken: cut short or altered?"),
    (malformed, "", "fail", "what is attached is no record, or not the one that its digest says"),
    (oversized, "", "fail", "its note is larger than the 4 MiB that readers read"),
    (misplaced, "", "fail", "its record claims lines that do not stand in the commit"),
    (misleading_path, "", "ok", "a path of it holds a character that changes the direction of writing"),
]


@pytest.mark.parametrize(("how", "asked", "result", "said"), DONE, ids=[one[0].__name__ for one in DONE])
def test_what_was_done_is_named(repo: Repo, how: Callable[[Repo], None], asked: str, result: str, said: str) -> None:
    repo.commit_file("README", "x\n")
    recorded(repo, "a.py")
    how(repo)
    if asked == "trailer":
        repo.write(".git-ai-trail.toml", '[policy]\nrequire = ["trailer"]\n')
    options = [asked] if asked.startswith("--") else []
    code = 1 if result == "fail" else 0
    done = run(repo, "HEAD^!", *options, code=code)
    assert said in done.stdout
    found = json.loads(run(repo, "HEAD^!", "--json", *options, code=code).stdout)["commits"][0]
    assert found["result"] == result
    assert any(said in reason for reason in found["reasons"])
    for text in (done.stdout, json.dumps(found["reasons"])):
        assert "\u202e" not in text
        assert "\x00" not in text
    assert not any(line in done.stdout for line in CODE if len(line) > 10), "no line of a file is told"
