"""Looks once more at the notes that a push would give to others: the second look of redaction, on what git would send."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from git_ai_trail.attach.notes import REF
from git_ai_trail.errors import TrailError
from git_ai_trail.git import Git, is_oid
from git_ai_trail.pipeline.env_files import values_in
from git_ai_trail.pipeline.second_look import refuse_unclean_lines

# As much of notes at a time as memory should hold; a single one that is larger is not pushed.
_CHUNK = 64 * 1024 * 1024
_HINT = "`git ai-trail redact withhold` takes a prompt's text out, with --purge also from the notes' history"
# The paths in a record's core are those of files that the commit itself holds and shows to whoever has it.
_PATH = re.compile(r'"path":"(?:[^"\\]|\\.)*"')


def refuse_unclean_notes(git: Git, refs: Sequence[str], *, there: Sequence[str]) -> None:
    """Raises `TrailError` where a note that `there` (commits or refs) does not lead to holds what must not go out.

    Every version of a note in the refs' history is looked at, since all of them are sent, also for what the working tree's
    `.env*` files hold now: a prompt may have told a secret before it stood there.
    """
    secrets = values_in(git.cwd)
    for ref in refs:
        for lines in outgoing_lines(git, ref, there):
            refuse_unclean_lines(lines, f"the history of {ref}", _HINT, secrets=secrets)


def outgoing_lines(git: Git, ref: str, there: Sequence[str]) -> Iterator[list[tuple[str, str]]]:
    """(place, line) of the notes in a ref that `there` does not lead to, as many at a time as memory should hold.

    Of records the paths are left out: the commit itself shows them.
    """
    names = _new(git, ref, there)
    asked = "".join(f"{oid}\n" for oid in names).encode()
    answers = (
        git.run("cat-file", "--batch-check=%(objectname) %(objecttype) %(objectsize)", data=asked) if names else b""
    )
    chunk: list[str] = []
    room = _CHUNK
    for oid, kind, size in (line.split(" ", 2) for line in answers.decode("ascii", "replace").splitlines()):
        if kind != "blob":
            continue
        if int(size) > _CHUNK:
            raise TrailError(f"not published: {_place(names[oid])} in {ref} is too large to be looked at", _HINT)
        if chunk and int(size) > room:
            yield _read(git, ref, chunk, names)
            chunk, room = [], _CHUNK
        chunk.append(oid)
        room -= int(size)
    if chunk:
        yield _read(git, ref, chunk, names)


def _new(git: Git, ref: str, there: Sequence[str]) -> dict[str, str]:
    """Path by oid of everything below the ref's commits that is not `there`."""
    # A purged history has no commit in common with the one it replaces: the notes that it keeps are told by the trees alone.
    out = git.run("rev-list", "--objects-edge-aggressive", ref, *(f"^{oid}" for oid in there), "--").decode(
        "ascii", "replace"
    )
    pairs = (line.partition(" ") for line in out.splitlines())
    return {oid: path for oid, space, path in pairs if space and path}


def _read(git: Git, ref: str, oids: Sequence[str], names: dict[str, str]) -> list[tuple[str, str]]:
    found = []
    for oid, body in zip(oids, git.blobs(oids), strict=True):
        text = (body or b"").decode("utf-8", "replace")
        if ref == REF:
            text = _PATH.sub('"path":""', text)
        found += [(_place(names[oid]), line) for line in text.split("\n") if line]
    return found


def _place(path: str) -> str:
    oid = path.replace("/", "")
    return f"the note on {oid[:12]}" if is_oid(oid) else "a file that is no note"
