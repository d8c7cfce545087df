"""The quick way to judge the usual commit, for thousands of them: the same answer as `status.assess`, or none. Cold path.

Usual is: the message names one record, that record is attached and alone there, the content is the record's, and every one of its
ranges stands in its place. Whatever is not so is left to `assess`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from git_ai_trail.attach.record import NoteLine
from git_ai_trail.attach.status import Assessment
from git_ai_trail.git_bulk import PlainFile
from git_ai_trail.shown import ShownFile, ShownRange

_NOTHING = hashlib.sha256().hexdigest()[:32]

# Who owns lines: session, class, turn, kind of evidence.
_Owner = tuple[str, str, int, str]


def quick_verdict(names: Sequence[str], line: NoteLine, files: Sequence[PlainFile]) -> Assessment | None:
    """What `status.assess` says of a commit whose message names `names` (see `status.names_in`), whose note is `line` and whose
    content `files`; without `Assessment.core`. None where it takes more to say."""
    core = line.core
    if core is None or tuple(names) != (line.digest, line.digest) or core["patch"] != _patch(files) or core.get("cut"):
        return None
    if core["counts"].get("beyond"):
        return None
    sessions = {one["id"]: one for one in core["sessions"]}
    owners = [(one["id"], one["evidence"][0]["kind"] if one["evidence"] else "") for one in core["sessions"]]
    ranges = {file["path"]: file["ranges"] for file in core["files"]}
    if len(ranges) < len(core["files"]):
        return None
    counted = {"generated": 0, "edited": 0}
    shown = []
    added = 0
    for file in files:
        count = sum(lines for _, lines in file.hunks)
        mine = _owned(file, count, ranges.pop(file.path, ()), owners, counted)
        if mine is None:
            return None
        added += count
        shown.append(ShownFile(path=file.path, added=count, ranges=tuple(mine)))
    if ranges or any(counted[name] != core["counts"][name] for name in counted):
        return None
    return Assessment(
        status="exact",
        core=None,
        digest=line.digest,
        trailer=line.digest,
        lineage=tuple(dict.fromkeys((line.digest, *core.get("prior", ())))),
        sessions=tuple(sessions.values()),
        files=tuple(shown),
        added=added,
        generated=counted["generated"],
        edited=counted["edited"],
        deleted=sum(file.removed.count(b"\n") for file in files),
        withheld=(),
        problems=(),
    )


def _patch(files: Sequence[PlainFile]) -> str:
    """`record.patch_digest` of the files; empty for a path that JSON would have to escape, and for no files."""
    rows = []
    for file in files:
        if '"' in file.path or "\\" in file.path or not file.path.isprintable():
            return ""
        rows.append(
            f'["{file.old_path}","{file.path}","{file.new_mode}","{_digest(file.removed)}","{_digest(file.added)}"]'
        )
    return hashlib.sha256(f"[{','.join(rows)}]".encode()).hexdigest() if rows else ""


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:32] if text else _NOTHING


def _owned(
    file: PlainFile,
    count: int,
    ranges: Sequence[Mapping[str, Any]],
    owners: Sequence[tuple[str, str]],
    counted: dict[str, int],
) -> list[ShownRange] | None:
    """The ranges over the file's own lines, and their lines added to `counted`; None if one does not stand in its place."""
    found: list[tuple[int, int, _Owner]] = []
    if not ranges:
        return []
    lines = file.added.split(b"\n")
    free = 0
    for r in ranges:
        first, last = r["start"] - 1, r["start"] - 1 + r["count"]
        text = b"\n".join(lines[first:last])
        if first < free or last > count or hashlib.sha256(text + b"\n").hexdigest()[:32] != r["digest"]:
            return None
        free = last
        session, kind = owners[r["session"]]
        owner = (session, r["class"], r["turn"], kind)
        counted[r["class"]] += r["count"]
        _place(found, first, last, owner, file.hunks)
    return [
        ShownRange(start=start, end=end, session=owner[0], line_class=owner[1], turn=owner[2], evidence=owner[3])
        for start, end, owner in found
    ]


def _place(
    found: list[tuple[int, int, _Owner]], first: int, last: int, owner: _Owner, hunks: Sequence[tuple[int, int]]
) -> None:
    """Added lines `first` to `last` as lines of the file, hunk by hunk; what goes on where the last ended is one range with it."""
    at = 0
    for number, count in hunks:
        low, high = max(first, at), min(last, at + count)
        if low < high:
            start, end = number + low - at, number + high - at - 1
            if found and found[-1][1] + 1 == start and found[-1][2] == owner:
                found[-1] = (found[-1][0], end, owner)
            else:
                found.append((start, end, owner))
        at += count
