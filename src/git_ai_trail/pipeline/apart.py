"""Keeps the lines of lock files, generated and vendored files apart when commits are read, whether they have a record or not.

What a file is, is asked anew: of the commit's own attributes and of the policy, so that a record cannot say it of itself and
records made before this was known are read like others. Cold path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from git_ai_trail.apart import ATTRIBUTES, Apart, Kinds, apart_of, kinds_at
from git_ai_trail.attach.status import Assessment
from git_ai_trail.git import Git
from git_ai_trail.shown import ShownFile

# Attributes below the top are looked for where the newest commit has them, in so many places.
_MOST_BELOW = 50

KindsOf = Callable[[str], Kinds]


def of_commit(git: Git, oid: str, files: Sequence[ShownFile], patterns: Sequence[str]) -> Kinds:
    """What the files of one commit are."""
    return kinds_at(git.blobs, oid, (file.path for file in files), patterns)


def of_commits(git: Git, oids: Sequence[str], patterns: Sequence[str]) -> KindsOf:
    """The same for many commits, newest first, with three processes: a function of a commit's oid.

    Attributes at the top are those of each commit. Those of folders below are only found where the newest commit has such a file.
    """
    plain = Kinds(ignored=patterns)
    if not oids:
        return lambda oid: plain
    folders = ["", *_below(git, oids[0])]
    names = [f"{oid}:{folder}{ATTRIBUTES}" for oid in oids for folder in folders]
    listed = git.run("cat-file", "--batch-check=%(objectname)", "--buffer", data=_lines(names)).split(b"\n")
    blobs = [line.decode() if line.isalnum() else "" for line in listed[: len(names)]]
    distinct = [blob for blob in dict.fromkeys(blobs) if blob]
    texts = dict(zip(distinct, git.blobs(distinct), strict=True)) if distinct else {}
    step = len(folders)
    known: dict[tuple[str, ...], Kinds] = {}
    by_commit: dict[str, Kinds] = {}
    for at, oid in enumerate(oids):
        mine = tuple(blobs[at * step : (at + 1) * step])
        if mine not in known:
            known[mine] = _kinds(dict(zip(folders, mine, strict=True)), texts, patterns)
        by_commit[oid] = known[mine]
    return lambda oid: by_commit.get(oid, plain)


def _kinds(blobs: Mapping[str, str], texts: Mapping[str, bytes | None], patterns: Sequence[str]) -> Kinds:
    return Kinds({folder: texts.get(blob) for folder, blob in blobs.items()}, patterns)


def _below(git: Git, tip: str) -> list[str]:
    code, out = git.call("ls-tree", "-r", "-z", "--name-only", "--full-tree", tip)
    ending = f"/{ATTRIBUTES}".encode()
    found = [name for name in out.split(b"\0") if name.endswith(ending)] if code == 0 else []
    return [name.decode("utf-8", "surrogateescape")[: -len(ATTRIBUTES)] for name in found[:_MOST_BELOW]]


def _lines(names: Sequence[str]) -> bytes:
    return "".join(f"{name}\n" for name in names if "\n" not in name).encode("utf-8", "surrogateescape")


def parted(found: Assessment, kinds: Kinds) -> Apart:
    """How much of the commit stands in files that are kept apart."""
    return apart_of(
        (kinds(file.path), file.added, ((r.line_class, r.end - r.start + 1) for r in file.ranges))
        for file in found.files
    )


def without(found: Assessment, kinds: Kinds) -> tuple[Assessment, Apart]:
    """The assessment without those files, and what they hold. Deleted lines are not known file by file, so all are counted."""
    apart = parted(found, kinds)
    if not apart.files:
        return found, apart
    rest = replace(
        found,
        files=tuple(file for file in found.files if not kinds(file.path)),
        added=found.added - apart.added,
        generated=found.generated - apart.generated,
        edited=found.edited - apart.edited,
    )
    return rest, apart
