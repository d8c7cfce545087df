"""Trailers are read as git reads them and written where git puts them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from git_ai_trail.attach import trailers
from git_ai_trail.git import Git
from tests.support.repo import Repo

DIGEST = "0123456789abcdef" * 4
NEWER = "fedcba9876543210" * 4
OURS = f"AI-Trail: 1:{DIGEST}"
SCISSORS = "# ------------------------ >8 ------------------------"


def parsed_by_git(message: str) -> str:
    """`git interpret-trailers --parse`, outside any repository."""
    done = subprocess.run(
        ["git", "interpret-trailers", "--parse", "--no-divider"],
        input=message.encode("utf-8", "surrogateescape"),
        capture_output=True,
        check=True,
        cwd="/",
    )
    return done.stdout.decode("utf-8", "surrogateescape")


def parsed_by_us(message: str) -> str:
    return "".join(f"{key}: {value}\n" for key, value in trailers.last_block(message))


ODDITIES = {
    "one paragraph is the title": f"Subject\n{OURS}\n",
    "title only": f"{OURS}\n",
    "plain": f"Subject\n\n{OURS}\n",
    "no newline at the end": f"Subject\n\n{OURS}",
    "blank lines behind": f"Subject\n\n{OURS}\n\n\n",
    "leading blank lines": f"\n\nSubject\n\n{OURS}\n",
    "prose in the block": f"Subject\n\nprose\n{OURS}\n",
    "prose in a signed block": f"Subject\n\nprose\n{OURS}\nSigned-off-by: A <a@b>\n",
    "too much prose in a signed block": f"Subject\n\na\nb\nc\nd\ne\nf\n{OURS}\nSigned-off-by: A <a@b>\n",
    "prose behind": f"Subject\n\n{OURS}\n\nAnd one more thing.\n",
    "trailer in front of a Co-authored-by paragraph": f"Subject\n\n{OURS}\n\n---------\n\nCo-authored-by: B <b@c>\n",
    "divider in the body": f"Subject\n\nbody\n---\nmore\n\n{OURS}\n",
    "cherry picked": f"Subject\n\n{OURS}\n(cherry picked from commit abc)\n",
    "folded": f"Subject\n\nAI-Trail:\n 1:{DIGEST}\nKey: one\n  two\n\tthree\n",
    "CRLF": f"Subject\r\n\r\n{OURS}\r\nKey: value\r\n",
    "issue number behind": f"Subject\n\n{OURS}\n#123\n",
    "comments behind": f"Subject\n\n{OURS}\n\n# Please enter the commit message\n#\n",
    "comment within": f"Subject\n\nKey: a\n# comment\n{OURS}\n",
    "scissors": f"Subject\n\n{OURS}\n{SCISSORS}\ndiff --git a/x b/x\n\nKey: in the diff\n",
    "old conflicts list": f"Subject\n\n{OURS}\n\nConflicts:\n\ta.py\n\tb.py\n",
    "space before the colon": f"Subject\n\nAI-Trail : 1:{DIGEST}\nKey\t:v\n",
    "key with a blank in it": "Subject\n\nNot a key: v\n",
    "key that is not ASCII": "Subject\n\nSchlüssel: v\n",
    "indented": f"Subject\n\n    {OURS}\n",
    "squash": f"commit abc\n\n    First\n\n    {OURS}\n\ncommit def\n\n    Second\n",
    "empty value": "Subject\n\nAI-Trail:\nKey:\n",
    "empty": "",
    "only comments": "# a\n# b\n",
    "undecodable": "Subject\n\nKey: caf\udce9\n",
}


@pytest.mark.parametrize("message", ODDITIES.values(), ids=ODDITIES.keys())
def test_odd_messages_are_read_as_git_reads_them(message: str) -> None:
    assert parsed_by_us(message) == parsed_by_git(message)


PIECES = [
    *("Subject", "", "", "", "  ", "\r", "Signed-off-by: A <a@b>", OURS, "Assisted-by: Codex:gpt", " folded", "\tx"),
    *("# comment", "#", "prose here", "key : v", "Key\t :v", "-x: y", "(cherry picked from commit abc)", "a b c: d"),
    *("Conflicts:", "\tfile", "---", "Fixes #12", "é: x", "K:", "K: a\r", SCISSORS, "diff", ":z", "\x0b", "K: v\x0cw"),
]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(PIECES), max_size=10), st.sampled_from(["", "\n", "\n\n"]))
def test_any_message_is_read_as_git_reads_it(pieces: list[str], end: str) -> None:
    message = "\n".join(pieces) + end
    assert parsed_by_us(message) == parsed_by_git(message)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.sampled_from("ab:\n\n# \t-\r(é"), max_size=60))
def test_any_text_is_read_as_git_reads_it(message: str) -> None:
    assert parsed_by_us(message) == parsed_by_git(message)


@pytest.mark.parametrize(
    ("message", "digest"),
    [
        (f"S\n\n{OURS}\n", DIGEST),
        (f"S\n\nai-trail: 1:{DIGEST}\n", DIGEST),
        (f"S\n\n{OURS}\nAI-Trail: 1:{NEWER}\nSigned-off-by: A <a@b>\n", NEWER),
        (f"S\n\n{OURS}\n\nprose\n", None),
        (f"S\n\nAI-Trail: 2:{DIGEST}\n", None),
        (f"S\n\nAI-Trail: 1:{DIGEST[:-1]}\n", None),
        (f"S\n\nAI-Trail: 1:{DIGEST.upper()}\n", None),
        (f"S\n\nAI-Trail: 1:{DIGEST} and more\n", None),
        ("S\n", None),
    ],
)
def test_only_a_whole_digest_in_the_last_block_vouches(message: str, digest: str | None) -> None:
    assert trailers.record_digest(message) == digest


def test_a_squashed_message_still_names_its_records() -> None:
    message = f"Squash\n\ncommit 1\n\n    One\n\n    {OURS}\n\n> AI-Trail: 1:{NEWER}\n\n    {OURS}\nend of prose\n"
    assert trailers.record_digest(message) is None
    assert trailers.anywhere(message) == [DIGEST, NEWER]
    assert trailers.anywhere(f"as AI-Trail: 1:{DIGEST} says") == []


WANTED = [("Assisted-by", "Codex:gpt-5.6"), ("AI-Trail", f"1:{DIGEST}")]


@pytest.fixture
def message_file(repo: Repo) -> Path:
    return repo.root / ".git" / "COMMIT_EDITMSG"


def written(repo: Repo, file: Path, before: str, pairs: list[tuple[str, str]], **more: list[tuple[str, str]]) -> str:
    file.write_bytes(before.encode("utf-8", "surrogateescape"))
    trailers.write(Git(str(repo.root)), str(file), pairs, **more)
    return file.read_bytes().decode("utf-8", "surrogateescape")


@pytest.mark.parametrize(
    "before",
    [
        "Subject\n",
        "Subject",
        "Subject\n\nBody.\n",
        "Subject\n\nBody ends in prose: yes\nand no\n",
        "Subject\n\nSigned-off-by: A <a@b>\n",
        "Subject\n\nbody\n---\nmore\n",
        "Subject\n\nBody\n\n# Please enter the commit message\n#\n# On branch main\n",
        f"Subject\n\nBody\n{SCISSORS}\n# Do not modify\ndiff --git a/x b/x\n\n+Key: value\n",
        "Subject\n\nBody\n\nConflicts:\n\ta.py\n",
        "Sübject caf\udce9\n\nBody\n",
        "Subject\n\nFixes #12\n#123\n",
    ],
)
def test_trailers_are_written_so_that_git_finds_them(repo: Repo, message_file: Path, before: str) -> None:
    after = written(repo, message_file, before, WANTED)
    assert [pair for pair in trailers.last_block(after) if pair in WANTED] == WANTED
    assert parsed_by_git(after) == parsed_by_us(after)
    assert set(before.split("\n")) <= set(after.split("\n"))
    assert written(repo, message_file, after, WANTED) == after


def test_written_twice_is_written_once_even_with_another_trailer_between(repo: Repo, message_file: Path) -> None:
    once = written(repo, message_file, "Subject\n", WANTED)
    signed = once + "Signed-off-by: A <a@b>\n"
    assert written(repo, message_file, signed, WANTED) == signed


def test_amend_replaces_ours_and_leaves_a_persons_lines(repo: Repo, message_file: Path) -> None:
    persons = "Subject\n\nAssisted-by: Claude:opus\nReviewed-by: B <b@c>\n"
    before = written(repo, message_file, persons, WANTED)
    newer = [("Assisted-by", "Codex:gpt-6"), ("AI-Trail", f"1:{NEWER}")]
    after = written(repo, message_file, before, newer, replaces=WANTED)
    assert after == persons + "Assisted-by: Codex:gpt-6\n" + f"AI-Trail: 1:{NEWER}\n"
    assert written(repo, message_file, after, [], replaces=newer) == persons


def test_our_trailer_is_replaced_without_being_told(repo: Repo, message_file: Path) -> None:
    before = written(repo, message_file, "Subject\n", WANTED)
    after = written(repo, message_file, before, [("AI-Trail", f"1:{NEWER}")])
    assert trailers.last_block(after) == [("Assisted-by", "Codex:gpt-5.6"), ("AI-Trail", f"1:{NEWER}")]


def test_nothing_to_write_leaves_the_file_alone(repo: Repo, message_file: Path) -> None:
    odd = "Subject   \n\n\n\nSigned-off-by: A <a@b>\r\n\n\n"
    assert written(repo, message_file, odd, []) == odd
    file = message_file.stat().st_ino
    assert not trailers.write(Git(str(repo.root)), str(message_file), [])
    assert message_file.stat().st_ino == file


@pytest.mark.parametrize(
    "empty",
    ["", "\n\n", "# only\n# comments\n", "\n\nSigned-off-by: A <a@b>\n", f"\n{SCISSORS}\ndiff --git a/x b/x\n+text\n"],
)
def test_a_message_left_empty_still_calls_the_commit_off(repo: Repo, message_file: Path, empty: str) -> None:
    assert written(repo, message_file, empty, WANTED) == empty


@pytest.mark.parametrize("configured", [";", "auto"])
def test_comments_in_another_character_stay_comments(repo: Repo, message_file: Path, configured: str) -> None:
    repo.git("config", "core.commentChar", configured)
    before = "Subject\n\n# a heading, not a comment\n\nBody\n\n; Please enter the commit message\n;\n; On branch main\n"
    after = written(repo, message_file, before, WANTED)
    assert after.index(OURS) < after.index("; Please")
    again = written(repo, message_file, after, [("AI-Trail", f"1:{NEWER}")])
    assert OURS not in again
    assert again.count("AI-Trail") == 1


def test_a_last_line_that_only_looks_like_a_comment_is_text(repo: Repo, message_file: Path) -> None:
    after = written(repo, message_file, "Subject\n\nBody\n@someone\n", WANTED)
    assert after.index("@someone") < after.index(OURS)


def test_values_cannot_add_lines(repo: Repo, message_file: Path) -> None:
    pairs = [("Assisted-by", "Codex\nSigned-off-by: X <x@y>\x1b[31m\u2028z"), ("Bad key", "v"), ("Empty", " \n ")]
    after = written(repo, message_file, "Subject\n", pairs)
    assert trailers.last_block(after) == [("Assisted-by", "Codex Signed-off-by: X <x@y> [31m z")]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("trailer.separators", "="),
        ("trailer.where", "start"),
        ("trailer.ifexists", "doNothing"),
        ("trailer.ifmissing", "doNothing"),
    ],
)
def test_how_the_user_configured_trailers_does_not_matter(repo: Repo, message_file: Path, key: str, value: str) -> None:
    repo.git("config", key, value)
    after = written(repo, message_file, "Subject\n\nReviewed-by: B <b@c>\n", WANTED)
    assert trailers.last_block(after) == [("Reviewed-by", "B <b@c>"), *WANTED]


def test_a_commit_with_the_message_has_the_trailer_for_git(repo: Repo, message_file: Path) -> None:
    text = written(repo, message_file, "Subject\n\nBody\n", WANTED)
    repo.commit(text)
    assert repo.git("log", "-1", "--format=%(trailers:key=AI-Trail,valueonly)") == f"1:{DIGEST}\n".rstrip("\n")
    body = repo.git("log", "-1", "--format=%B")
    assert trailers.record_digest(body) == DIGEST
    assert re.search(r"\n\nAssisted-by: ", body)


def test_a_message_file_keeps_its_mode_and_no_file_is_left(repo: Repo, message_file: Path) -> None:
    message_file.write_text("Subject\n")
    message_file.chmod(0o640)
    trailers.write(Git(str(repo.root)), str(message_file), WANTED)
    assert message_file.stat().st_mode & 0o777 == 0o640
    assert [file.name for file in message_file.parent.glob("COMMIT_EDITMSG*")] == ["COMMIT_EDITMSG"]
