"""Commits as git lists them. Cold path."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from git_ai_trail.errors import TrailError
from git_ai_trail.git import Git
from git_ai_trail.shown import Commit

_FORMAT = "%H%x00%T%x00%P%x00%an%x00%ae%x00%at%x00%ct%x00%s%x00%B"


def commits(git: Git, revisions: Sequence[str], *, paths: Sequence[str] = (), limit: int | None = None) -> list[Commit]:
    """Commits of a range as `git log` gives them, newest first; with `paths` (from the top) those that touch one of them."""
    most = () if limit is None else (f"--max-count={limit}",)
    where = [f":(top,literal){path}" for path in paths]
    code, out = git.call("log", f"--format={_FORMAT}%x00%x01", *most, *revisions, "--", *where)
    if code != 0:
        raise no_such_range(git, revisions)
    return [_commit(part.lstrip(b"\n")) for part in out.split(b"\0\x01")[:-1]]


def no_such_range(git: Git, revisions: Sequence[str]) -> TrailError:
    """What to say of revisions that git would not take: in a new repository that is even HEAD."""
    if all(one.startswith("HEAD") for one in revisions) and git.resolve("HEAD") is None:
        return TrailError("there are no commits yet", "commit something first, or give a branch that has commits")
    return TrailError(f"git knows no such range: {' '.join(revisions)[:200]}", "give it as v1.2..v1.3")


def _commit(out: bytes) -> Commit:
    fields = out.decode("utf-8", "surrogateescape").split("\0", 8)
    oid, tree, parents, author, email, authored, committed, subject, message = fields
    return Commit(
        oid=oid,
        tree=tree,
        parents=tuple(parents.split()),
        author=author,
        email=email,
        authored_at=datetime.fromtimestamp(int(authored), UTC),
        committed_at=datetime.fromtimestamp(int(committed), UTC),
        subject=subject,
        message=message,
    )
