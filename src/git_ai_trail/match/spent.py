"""Which lines of an edit have had their commit. Hot path, pure.

What an edit wrote lands once: when its lines have come with a commit and were taken out again, whoever brings them back later did
that, and not the edit. What of an edit was not committed then (staged in parts, on another branch, amended away) has not landed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from git_ai_trail.facts import SIGNIFICANT, AddedLines, Candidate, KnownEdit
from git_ai_trail.match.commit import share_out
from git_ai_trail.match.lines import LANDED, Owner, claim_lines

_DAY = 86400.0


class Landing(NamedTuple):
    """The lines that a commit of the history added to a file. The clocks differ where it was amended, rebased or picked."""

    authored_at: float
    committed_at: float
    lines: AddedLines


class Doubt(NamedTuple):
    """Added lines of a file that may have landed before: their digests, and when the first edit that wrote one of them was made."""

    exact: frozenset[int]
    since: float


def doubt(lines: AddedLines, edits: Iterable[KnownEdit], stood: Collection[int], settled: float | None) -> Doubt | None:
    """The lines that only edits from before `settled` can account for, or None where there are none.

    No edit after `settled` has landed; None where that is not known. `stood` are the indices of lines that the files already hold:
    they did not come back. Neither did those that the commit takes out of the file: they were moved.
    """
    old: list[KnownEdit] = []
    new: list[KnownEdit] = []
    for edit in edits:
        early = edit.at is not None and (settled is None or edit.at <= settled)
        (old if early else new).append(edit)
    if not old:
        return None
    left = Counter(
        digest
        for index, digest in enumerate(lines.exact)
        if lines.weights[index] == SIGNIFICANT and index not in stood and digest not in lines.gone
    )
    for edit in new:
        left.subtract(digest for digest in edit.exact if digest in left)
    loose = {mark for mark, digest in zip(lines.loose, lines.exact, strict=True) if left[digest] > 0}
    wanted: set[int] = set()
    times: list[float] = []
    for edit in old:
        theirs = loose.intersection(edit.loose)
        if theirs and edit.at is not None:
            wanted.update(theirs)
            times.append(edit.at)
    if not wanted:
        return None
    pairs = zip(lines.loose, lines.exact, strict=True)
    return Doubt(frozenset(digest for mark, digest in pairs if mark in wanted and left[digest] > 0), min(times))


def without_landed(
    path: str, candidates: Sequence[Candidate], landings: Iterable[Landing], doubtful: frozenset[int]
) -> dict[int, KnownEdit]:
    """The edits to a file of which lines have landed, by number, without these lines. `landings` are those of the file, oldest
    first; only lines in `doubtful` (digests) count.

    Each landing is matched as a commit is: of several edits which wrote a line, the one to which it was given then cannot have
    it again, and a session that had no part in it loses nothing by an equal line.
    """
    before = {edit.edit: edit for one in candidates for at, edit in one.edits if at == path and edit.at is not None}
    left = dict(before)
    for landing in landings:
        _land(left, path, candidates, landing, doubtful)
    return {number: edit for number, edit in left.items() if edit is not before[number]}


def _land(
    left: dict[int, KnownEdit],
    path: str,
    candidates: Sequence[Candidate],
    landing: Landing,
    doubtful: frozenset[int],
) -> None:
    lines = landing.lines
    # What the commit only moved had come before.
    news = {index for index, digest in enumerate(lines.exact) if digest in doubtful and digest not in lines.gone}
    marks = {lines.loose[index] for index in news}
    owners: list[Owner | None] = [None] * len(lines.exact)
    shares: list[tuple[KnownEdit, dict[int, int]]] = []
    # A rebase sets the later clock anew and adds nothing; what an amend added was written between the two.
    for since, until in ((float("-inf"), landing.authored_at), (landing.authored_at, landing.committed_at)):
        if since < until and any(owners[index] is None for index in news):
            there = (_within(since, until, left, path, one) for one in candidates)
            authors = share_out([lines], [one for one in there if _wrote(one, marks)]).authors
            shares += claim_lines(lines, [edit for one in authors for _, edit in one.edits], owners)
    for edit, share in shares:
        _spend(left, edit, [place for index, place in share.items() if index in news])
    # A session that wrote a passage twice wrote over the first: both have landed.
    writers = {owner.log for index, owner in enumerate(owners) if owner is not None and index in news}
    for edit, _ in shares:
        if edit.log in writers and not marks.isdisjoint(left[edit.edit].loose):
            again = _written_again(lines, left[edit.edit], owners)
            _spend(left, edit, [place for index, place in again if index in news])


def _wrote(candidate: Candidate, marks: Collection[int]) -> bool:
    """Whether it wrote one of the lines, as a formatter may have left them."""
    return any(mark in marks for _, edit in candidate.edits for mark in edit.loose)


def _within(since: float, until: float, left: Mapping[int, KnownEdit], path: str, candidate: Candidate) -> Candidate:
    """A candidate with what it wrote to the file in that time, and with no other sign of the commit."""
    edits = tuple(
        (path, left[edit.edit])
        for at, edit in candidate.edits
        if at == path and edit.at is not None and since < edit.at <= until
    )
    near = any((edit.at or 0.0) >= until - _DAY for _, edit in edits)
    return candidate._replace(edits=edits, made="", near=near)


def _written_again(lines: AddedLines, edit: KnownEdit, owners: Sequence[Owner | None]) -> list[tuple[int, int]]:
    """(index of the line, place in the edit) of what another edit of this session owns and this one wrote as well, beside the
    same line as there: a line that merely occurs twice stands among others."""
    ((_, share),) = claim_lines(lines, [edit], [None] * len(lines.exact))
    others = {
        index: place
        for index, place in share.items()
        if (owner := owners[index]) is not None and owner.log == edit.log and owner.edit != edit.edit
    }
    return [
        (index, place)
        for index, place in others.items()
        if any(
            share.get(index + step) == place + step and _goes_on(lines, edit, index, place, step) for step in (-1, 1)
        )
    ]


def _goes_on(lines: AddedLines, edit: KnownEdit, index: int, place: int, step: int) -> bool:
    """Whether the line beside is the same here and in the edit."""
    beside = lines.positions[index + step] - lines.positions[index] == step
    return beside and lines.loose[index + step] == edit.loose[place + step]


def _spend(left: dict[int, KnownEdit], edit: KnownEdit, places: Sequence[int]) -> None:
    if not places:
        return
    now = left[edit.edit]
    gone = set(places)
    left[edit.edit] = now._replace(
        exact=tuple(LANDED if n in gone else value for n, value in enumerate(now.exact)),
        loose=tuple(LANDED if n in gone else value for n, value in enumerate(now.loose)),
        sketch=tuple(0 if n in gone else value for n, value in enumerate(now.sketch)),
    )
