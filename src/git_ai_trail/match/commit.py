"""Matches one commit against its candidates. Hot path, pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from git_ai_trail.facts import (
    AddedLines,
    Candidate,
    CommitMatch,
    Considered,
    EvidenceFact,
    FileDiff,
    FileMatch,
    KnownEdit,
    Range,
    SessionMatch,
)
from git_ai_trail.match.lines import Owner, own_lines
from git_ai_trail.match.score import is_strong, stays, weigh

LinesDigest = Callable[[Sequence[bytes]], str]
Commitments = Callable[[int, Sequence[int]], tuple[tuple[int, str], ...]]


def match_commit(
    diffs: Sequence[FileDiff],
    files: Sequence[AddedLines],
    candidates: Sequence[Candidate],
    *,
    lines_digest: LinesDigest,
    commitments: Commitments,
    weak_too: bool = False,
) -> tuple[CommitMatch, tuple[Considered, ...]]:
    """The sessions that produced a commit with the lines of each, and what became of every candidate.

    `files` is parallel to `diffs`. First each candidate is weighed on everything it wrote; those that pass then share
    the lines out among them (the latest edit wins). One whose lines were written again by somebody later must have
    enough left to pass by; else it falls out, and what it had left goes to the others.
    """
    shared = share_out(files, candidates, weak_too=weak_too)
    authors = shared.authors
    considered = tuple(Considered(c, shared.alone[c.session.log], c in authors) for c in candidates)
    match = _result(diffs, files, authors, shared.final, shared.owned, lines_digest, commitments)
    return match, considered


class Shared(NamedTuple):
    """How the lines went: the sessions that pass, who owns each line of each file, and the evidence by log, of each candidate by
    itself and of those that pass with what they have left."""

    authors: list[Candidate]
    owned: list[list[Owner | None]]
    alone: dict[int, tuple[EvidenceFact, ...]]
    final: dict[int, tuple[EvidenceFact, ...]]


def share_out(files: Sequence[AddedLines], candidates: Sequence[Candidate], *, weak_too: bool = False) -> Shared:
    """Weighs the candidates and shares the lines out, as `match_commit` says."""
    alone = {c.session.log: weigh(c, files, _owned(files, [c])) for c in candidates}
    authors = [c for c in candidates if is_strong(alone[c.session.log], weak_too=weak_too)]
    owned, final = _share(files, authors)
    while True:
        left = [c for c in authors if stays(c, final[c.session.log], weak_too=weak_too)]
        if len(left) == len(authors):
            return Shared(authors, owned, alone, final)
        authors = left
        owned, final = _share(files, authors)


def _share(
    files: Sequence[AddedLines], authors: Sequence[Candidate]
) -> tuple[list[list[Owner | None]], dict[int, tuple[EvidenceFact, ...]]]:
    """The owners of all lines among these sessions, and what each session's own lines are worth."""
    owned = _owned(files, authors)
    return owned, {c.session.log: weigh(c, files, owned) for c in authors}


def _owned(files: Sequence[AddedLines], candidates: Sequence[Candidate]) -> list[list[Owner | None]]:
    by_path: dict[str, list[KnownEdit]] = {}
    for candidate in candidates:
        for path, edit in candidate.edits:
            by_path.setdefault(path, []).append(edit)
    return [own_lines(added, by_path.get(added.path, ())) for added in files]


def _result(
    diffs: Sequence[FileDiff],
    files: Sequence[AddedLines],
    authors: Sequence[Candidate],
    evidence: dict[int, tuple[EvidenceFact, ...]],
    owned: Sequence[Sequence[Owner | None]],
    lines_digest: LinesDigest,
    commitments: Commitments,
) -> CommitMatch:
    ids = {candidate.session.log: candidate.session.session_id for candidate in authors}
    matches = tuple(
        FileMatch(diff.path, len(diff.added), _ranges(diff, owners, ids, lines_digest))
        for diff, owners in zip(diffs, owned, strict=True)
    )
    turns: dict[int, set[int]] = {log: set() for log in ids}
    last: dict[int, float] = {}
    for owners in owned:
        for owner in owners:
            if owner is not None:
                turns[owner.log].add(owner.turn)
    sessions = []
    for candidate in authors:
        session = candidate.session
        if candidate.made and candidate.made_turn >= 0:
            turns[session.log].add(candidate.made_turn)
        times = [edit.at for _, edit in candidate.edits if edit.at is not None]
        if times:
            last[session.log] = max(times)
        prompts = tuple(sorted(turn for turn in turns[session.log] if turn >= 0))
        sessions.append(
            SessionMatch(
                session_id=session.session_id,
                agent=candidate.agent,
                agent_version=session.agent_version,
                models=session.models,
                role="authored",
                evidence=evidence[session.log],
                turns=prompts,
                actions=session.actions,
                prompts=commitments(session.log, prompts),
                started_at=session.started_at,
                ended_at=session.ended_at,
                last_edit_at=last.get(session.log),
            )
        )
    flat = [owner for owners in owned for owner in owners]
    return CommitMatch(
        sessions=tuple(sorted(sessions, key=lambda one: (one.started_at or 0.0, one.session_id))),
        files=matches,
        added=len(flat),
        generated=sum(1 for owner in flat if owner is not None and owner.exact),
        edited=sum(1 for owner in flat if owner is not None and not owner.exact),
        deleted=sum(len(diff.removed) for diff in diffs),
    )


def _same(one: Owner | None, other: Owner | None) -> bool:
    """Whether two lines belong to one range: several edits of one turn are one piece of work."""
    if one is None or other is None:
        return one is other
    return (one.log, one.turn, one.exact) == (other.log, other.turn, other.exact)


def _ranges(
    diff: FileDiff, owners: Sequence[Owner | None], ids: dict[int, str], lines_digest: LinesDigest
) -> tuple[Range, ...]:
    """Runs of added lines with one owner that also stand next to each other in the file."""
    ranges = []
    start = 0
    for index in range(1, len(owners) + 1):
        goes_on = (
            index < len(owners)
            and _same(owners[index], owners[start])
            and diff.positions[index] == diff.positions[index - 1] + 1
        )
        if goes_on:
            continue
        owner = owners[start]
        if owner is not None:
            ranges.append(
                Range(
                    start=start + 1,
                    count=index - start,
                    session=ids[owner.log],
                    line_class="generated" if owner.exact else "edited",
                    turn=owner.turn,
                    digest=lines_digest(diff.added[start:index]),
                )
            )
        start = index
    return tuple(ranges)
