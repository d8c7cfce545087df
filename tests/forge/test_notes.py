"""A fork's notes as data: only what was asked for, of bounded size, however large the fork's tree is."""

from __future__ import annotations

import pytest

from git_ai_trail.forge import notes
from git_ai_trail.forge.github import ApiError, GitHub
from tests.action.fake_github import REPOSITORY, FakeGitHub, serve

REF = "refs/notes/ai-log-trail"
FORK = "mallory/tides"
OIDS = [f"{number:02x}" + "a" * 38 for number in range(40)]


@pytest.fixture
def fake() -> FakeGitHub:
    with serve() as found:
        yield found


def api(fake: FakeGitHub) -> GitHub:
    return GitHub(fake.url, REPOSITORY, fake.token, sleep=lambda seconds: None)


@pytest.mark.parametrize("truncate", [False, True])
def test_only_the_commits_asked_for_are_read(fake: FakeGitHub, truncate: bool) -> None:
    fake.truncate = truncate
    fake.fork_notes[FORK] = {REF: {oid: f"note {oid}\n".encode() for oid in OIDS}}
    assert notes.notes_of(api(fake), FORK, REF, OIDS[:2]) == {oid: f"note {oid}\n".encode() for oid in OIDS[:2]}
    assert sum("/git/blobs/" in path for _, path in fake.requests) == 2
    assert sum("/git/trees/" in path for _, path in fake.requests) == (4 if truncate else 1)


def test_a_fork_without_notes_or_gone_gives_none(fake: FakeGitHub) -> None:
    assert notes.notes_of(api(fake), FORK, REF, OIDS) == {}
    fake.fork_notes[FORK] = {REF: {}}
    assert notes.notes_of(api(fake), FORK, REF, OIDS) == {}


def test_what_is_too_large_or_too_many_is_left_out(fake: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notes, "MAX_NOTE", 100)
    monkeypatch.setattr(notes, "MAX_NOTES", 5)
    fake.fork_notes[FORK] = {REF: {oid: (b"x" * 101 if oid == OIDS[0] else oid.encode()) for oid in OIDS}}
    found = notes.notes_of(api(fake), FORK, REF, OIDS)
    assert list(found) == OIDS[1:6]


def test_odd_answers_give_none(fake: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    for answer in ([], {"tree": "x"}, {"tree": [7, {"type": "blob"}, {"type": "blob", "path": "a", "sha": 1}]}, None):
        monkeypatch.setattr(fake, "truncate", False)
        client = api(fake)
        monkeypatch.setattr(client, "get", lambda path, query=None, *, needs="", answer=answer: answer)
        assert notes.notes_of(client, FORK, REF, OIDS) == {}


def test_a_server_error_is_no_empty_answer(fake: FakeGitHub) -> None:
    fake.fail = [("git/ref", 500, {})] * 9
    with pytest.raises(ApiError):
        notes.notes_of(api(fake), FORK, REF, OIDS)
