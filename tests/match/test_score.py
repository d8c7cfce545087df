from __future__ import annotations

import pytest

from git_ai_trail.facts import SIGNIFICANT, AddedLines, Candidate, EvidenceFact, KnownEdit, KnownSession
from git_ai_trail.match.lines import Owner
from git_ai_trail.match.score import MANY_RARE, MANY_RARE_LATE, stays, weigh

SESSION = KnownSession(1, "codex", "/log", "id", "", (), "", "", 0, "", None, None, ())


def candidate(lines: int, *, near: bool, others: int = 0) -> Candidate:
    """A session that wrote so many lines to the file in one edit, and others that do not stand."""
    digests = tuple(range(1, lines + others + 1))
    edit = KnownEdit(1, 1, 0.0, 0, "update", "patch", True, 0, digests, digests, (len(digests),), True)
    return Candidate(SESSION, "Codex", (("a.py", edit),), "", -1, near)


def kinds(lines: int, of: int, *, near: bool, others: int = 0, alike: bool = False, rare: bool = True) -> list[str]:
    """What so many owned lines `of` a commit are worth."""
    digests = tuple(range(1, of + 1))
    added = AddedLines("a.py", digests, digests, (SIGNIFICANT,) * of, digests, (rare,) * of)
    owners = [Owner(1, 0, not alike, 1, alike) if at < lines else None for at in range(of)]
    return [fact.kind for fact in weigh(candidate(lines, near=near, others=others), [added], [owners])]


@pytest.mark.parametrize(
    ("lines", "of", "near", "kind"),
    [
        (3, 15, True, "content"),
        (2, 15, True, "content-weak"),
        (1, 2, True, "content"),
        (MANY_RARE, 1000, True, "content"),
        (MANY_RARE, 1000, False, "content-weak"),
        (MANY_RARE_LATE, 1000, False, "content"),
        (3, 15, False, "content"),
    ],
)
def test_how_many_rare_lines_prove_a_session(lines: int, of: int, near: bool, kind: str) -> None:
    assert kinds(lines, of, near=near, others=100) == [kind]


def test_an_edit_that_stands_proves_more_on_the_day_than_later() -> None:
    assert kinds(2, 100, near=True) == ["content"]
    assert kinds(2, 100, near=False) == ["content-weak"]


def test_common_lines_and_lines_that_are_only_alike_prove_nothing() -> None:
    assert kinds(50, 50, near=True, rare=False) == ["content-weak"]
    assert kinds(50, 50, near=True, alike=True) == ["content-weak"]


@pytest.mark.parametrize(("rare", "near", "expected"), [(1, True, True), (1, False, False), (0, True, False)])
def test_a_session_whose_lines_were_written_again_needs_something_left(rare: int, near: bool, expected: bool) -> None:
    left = [EvidenceFact("content-weak", 5, rare, 3, "")]
    assert stays(candidate(5, near=near), left, weak_too=False) is expected
