"""Unites a new match with the record of the commit that is being amended. Hot path.

What the new match owns, it keeps; of the old record stays what still stands and has no new owner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from git_ai_trail.attach.ranges import relocate_files, without
from git_ai_trail.attach.record import lines_digest, session_key
from git_ai_trail.codec import path_text
from git_ai_trail.facts import CommitMatch, EvidenceFact, FileDiff, FileMatch, Range, SessionMatch

# A line that stands so often says nothing of where a range may be.
_MOST_PLACES = 50
_DETAIL = "stood in the record of the commit that was amended"


def unite(
    new: CommitMatch, old_core: Mapping[str, Any], diffs: Sequence[FileDiff], old_diffs: Sequence[FileDiff] = ()
) -> CommitMatch:
    """The match for an amended commit: `new` (matched against the amended content) and what still stands of `old_core`.

    `old_core` must come from `record.parse_note`, which checks its shape. With `old_diffs`, those of the commit that was amended,
    a range of which some lines are gone keeps the others.
    """
    ids = {session_key(one.session_id): one.session_id for one in new.sessions}
    names = [ids.get(one["id"], one["id"]) for one in old_core["sessions"]]
    stands = {one["path"]: one["ranges"] for one in relocate_files(_cut(old_core["files"], old_diffs, diffs), diffs)}
    matched = {one.path: one for one in new.files}
    files: list[FileMatch] = []
    kept: list[tuple[FileMatch, Range]] = []
    for diff in diffs:
        mine = matched.get(diff.path, FileMatch(diff.path, len(diff.added), ()))
        more = _grown(_unowned(mine, stands.get(path_text(diff.path), ()), names, diff.added), diff.added)
        files.append(mine._replace(ranges=tuple(sorted((*mine.ranges, *more)))))
        kept += [(mine, one) for one in more]
    return new._replace(
        sessions=_sessions(new, old_core["sessions"], names, kept),
        files=tuple(files),
        generated=new.generated + sum(r.count for _, r in kept if r.line_class == "generated"),
        edited=new.edited + sum(r.count for _, r in kept if r.line_class == "edited"),
    )


def _cut(
    files: Sequence[Mapping[str, Any]], old_diffs: Sequence[FileDiff], diffs: Sequence[FileDiff]
) -> list[Mapping[str, Any]]:
    """The files with every range that no longer stands as a whole cut into its lines."""
    old = {path_text(diff.path): diff.added for diff in old_diffs}
    new = {path_text(diff.path): diff.added for diff in diffs}
    return [
        {**file, "ranges": [part for r in file["ranges"] for part in _parts(r, old[path], new[path])]}
        if (path := file["path"]) in old and path in new
        else file
        for file in files
    ]


def _parts(found: Mapping[str, Any], old: Sequence[bytes], new: Sequence[bytes]) -> list[Mapping[str, Any]]:
    first, count = found["start"] - 1, found["count"]
    lines = list(old[first : first + count])
    if len(lines) < count or lines_digest(lines) != found["digest"]:
        return [found]
    places = (at for at, line in enumerate(new) if line == lines[0])
    if any(list(new[at : at + count]) == lines for at in islice(places, _MOST_PLACES)):
        return [found]
    return [
        {**found, "start": first + at + 1, "count": 1, "digest": lines_digest([line])} for at, line in enumerate(lines)
    ]


def _grown(ranges: Sequence[Range], lines: Sequence[bytes]) -> list[Range]:
    """Neighbouring ranges of one owner as one range."""
    whole: list[Range] = []
    for one in sorted(ranges):
        last = whole[-1] if whole else None
        if last is not None and last.start + last.count == one.start and last[2:5] == one[2:5]:
            end = one.start - 1 + one.count
            whole[-1] = last._replace(count=end - last.start + 1, digest=lines_digest(lines[last.start - 1 : end]))
        else:
            whole.append(one)
    return whole


def _unowned(
    mine: FileMatch, ranges: Sequence[Mapping[str, Any]], names: Sequence[str], lines: Sequence[bytes]
) -> list[Range]:
    owned = {index for r in mine.ranges for index in range(r.start - 1, r.start - 1 + r.count)}
    return [
        Range(part["start"], part["count"], names[part["session"]], part["class"], part["turn"], part["digest"])
        for found in ranges
        for part in without(found, owned.__contains__, lines)
    ]


def _sessions(
    new: CommitMatch,
    old: Sequence[Mapping[str, Any]],
    names: Sequence[str],
    kept: Sequence[tuple[FileMatch, Range]],
) -> tuple[SessionMatch, ...]:
    united = {one.session_id: one for one in new.sessions}
    for name, session in zip(names, old, strict=True):
        mine = [(file, r) for file, r in kept if r.session == name]
        before = _from_core(name, session, mine)
        if name in united:
            united[name] = _joined(united[name], before)
        elif before.evidence:
            united[name] = before
    return tuple(united.values())


def _from_core(name: str, session: Mapping[str, Any], mine: Sequence[tuple[FileMatch, Range]]) -> SessionMatch:
    """An old session with the evidence that holds for the amended commit; none, if it only had lines that are gone."""
    lines = sum(r.count for _, r in mine)
    total = sum(added for _, added in {(file.path, file.added) for file, _ in mine})
    facts = []
    for fact in session["evidence"]:
        if lines or fact["kind"] == "committed-by-session" or session["role"] == "consulted":
            cover = min(fact["cover"], lines * 100 // max(1, total))
            facts.append(EvidenceFact(fact["kind"], lines, min(fact["rare"], lines), cover, _DETAIL))
    return SessionMatch(
        session_id=name,
        agent=session["agent"],
        agent_version=session["agent_version"],
        models=tuple(session["models"]),
        role=session["role"],
        evidence=tuple(facts),
        turns=tuple(sorted({r.turn for _, r in mine if r.turn >= 0})),
        actions=tuple(sorted(session["actions"].items())),
        prompts=tuple((one["turn"], one["commitment"]) for one in session["prompts"]),
        started_at=None,
        ended_at=None,
        last_edit_at=None,
    )


def _joined(new: SessionMatch, old: SessionMatch) -> SessionMatch:
    """One session that has evidence now and had it before; for the same turn the newer commitment counts."""
    kinds = {fact.kind for fact in new.evidence}
    prompts = {**dict(old.prompts), **dict(new.prompts)}
    return new._replace(
        evidence=(*new.evidence, *(fact for fact in old.evidence if fact.kind not in kinds)),
        models=tuple(dict.fromkeys((*old.models, *new.models))),
        turns=tuple(sorted({*new.turns, *old.turns})),
        prompts=tuple(sorted(prompts.items())),
    )
