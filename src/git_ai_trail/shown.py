"""A commit, and whose its lines are: what every command that shows lines needs, apart from `model`, whose many types take longer to
load than such a command has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit as git has it; times are aware UTC."""

    oid: str
    tree: str
    parents: tuple[str, ...]
    author: str
    authored_at: datetime
    committed_at: datetime
    subject: str
    message: str
    email: str = ""  # of the author


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRange:
    """Consecutive lines of the commit's own version of a file (1-based, inclusive) with one owner.

    `evidence` is the strongest kind that the session has.
    """

    start: int
    end: int
    session: str
    line_class: str
    turn: int
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFile:
    """`kind` is set where the file's lines are kept apart (see `apart.KINDS`)."""

    path: str
    added: int
    ranges: tuple[ShownRange, ...]
    kind: str = ""
