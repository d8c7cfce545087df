"""Which commits belong to a release. (First form.)"""

from __future__ import annotations

from dataclasses import dataclass

from git_ai_trail.errors import TrailError
from git_ai_trail.git import Git


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    tag: str
    oid: str
    previous: str
    base_oid: str
    revisions: tuple[str, ...]
    chosen: str


def release(git: Git, tag: str, *, previous: str = "", prefix: str | None = None, against: str = "auto") -> Release:
    """The release `tag` with the one before it."""
    oid = git.resolve(f"refs/tags/{tag}")
    if oid is None:
        raise TrailError(f"no such tag: {tag[:80]}", "fetch the tags")
    stem = tag.rstrip("0123456789.") if prefix is None else prefix
    last = previous or git.text(
        "describe", "--tags", "--abbrev=0", "--match", f"{stem}[0-9]*", "--exclude", "*-*", f"{oid}^", check=False
    )
    base = git.resolve(last) or "" if last else ""
    return Release(tag=tag, oid=oid, previous=last, base_oid=base, revisions=(), chosen=f"After {last}." if last else "")
