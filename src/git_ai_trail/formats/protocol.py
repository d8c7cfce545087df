"""What a log format must offer. A format is a module; this is the shape it satisfies.

The commit path imports formats, so a format module imports the standard library only and nothing slow
(no dataclasses, inspect, typing extras, datetime's strptime).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from git_ai_trail.facts import Event, PendingCommit
from git_ai_trail.loglines import LogFile, Look


class Reader(Protocol):
    """Reads one log, line by line, and can be stopped and resumed at any line boundary."""

    def feed(self, line: bytes, offset: int) -> list[Event]:
        """Events of one line (without its newline) that starts at byte `offset`. Never raises on bad input."""
        ...

    def finish(self) -> list[Event]:
        """Events that only the end of the log can give (a call that never answered gives none)."""
        ...

    def pending_commits(self) -> list[PendingCommit]:
        """`git commit` calls without an answer so far."""
        ...

    def state(self) -> dict[str, Any]:
        """What a new reader needs to go on from here: JSON values only, and no text from the log but ids, paths, model
        names and byte offsets. Lines of open calls are named by offset; see `open_offsets`."""
        ...

    @property
    def skipped(self) -> Mapping[str, int]:
        """How many lines were not read, by kind (`not JSON`, `cut line`, `unknown type x` …)."""
        ...


class Format(Protocol):
    NAME: str  # id used in the index, the database and on the command line, e.g. "codex"
    AGENT: str  # name shown to people and written in trailers, e.g. "Codex"
    # Stands in a reader's state under `version`. Raised whenever the same log would give other events or a state another form:
    # what was read before is then read again.
    STATE_VERSION: int

    def roots(self, env: Mapping[str, str], home: str) -> list[str]:
        """Folders where this agent's logs live on this machine, existing or not, most likely first."""
        ...

    def discover(self, root: str) -> Iterator[str]:
        """Every log file below `root` (any nesting, symlink loops cut, unreadable folders skipped), sorted."""
        ...

    def recent_dirs(self, root: str, now: float) -> list[str]:
        """The few folders in which a log written to in the last day would have been *created* today or yesterday."""
        ...

    def is_log(self, name: str) -> bool:
        """Whether a file of this base name is a log (temporary files are not)."""
        ...

    def recognises(self, head: bytes) -> bool:
        """Whether a log that begins with these bytes is this agent's; asked where the names of several agents' logs agree."""
        ...

    def is_document(self, path: str) -> bool:
        """Whether the log at `path` is one JSON document and not a line for each record.

        A document is fed whole, as one line at offset 0, and read again from the start whenever it has changed.
        """
        ...

    def thread_hint(self, env: Mapping[str, str]) -> str:
        """Session id that the environment names (it may be wrong or inherited), or the empty string."""
        ...

    def session_id_of(self, path: str) -> str:
        """Session id according to the file name, or the empty string."""
        ...

    def open_offsets(self, state: Mapping[str, Any]) -> list[int]:
        """Offsets of lines that must be fed again (in order, before new ones) to a reader resumed from `state`."""
        ...

    def reader(self, path: str, state: Mapping[str, Any] | None = None) -> Reader:
        """A reader for `path`; with `state`, one that goes on where that state was taken."""
        ...


class Source(Protocol):
    """What a format offers besides, as `SOURCE`, where its sessions have no files of their own (they are rows of a database,
    or many small files).

    Such a session is read as a log that is made of what is kept (see `loglines.Made`); it is called CONTAINER#SESSION.
    `discover` gives these names, and that of the container itself where it cannot be looked into. Nothing is ever written there.
    """

    def holds(self, path: str) -> bool:
        """Whether a log of this name is made here, by the name alone."""
        ...

    def is_container(self, path: str) -> bool:
        """Whether the file at `path` is one that holds sessions, by its name alone; `discover` takes it for a root."""
        ...

    def look(self, path: str) -> Look:
        """What shows whether the session has changed; OSError where that cannot be told, FileNotFoundError where it is gone."""
        ...

    def open(self, path: str) -> LogFile:
        """The session as a log; OSError with a reason in `strerror`."""
        ...

    def recent(self, root: str, now: float) -> list[tuple[str, Look]]:
        """The few sessions that were written to last, within a day, latest first. Part of every commit: nothing is raised, and
        without a container nothing is opened or imported."""
        ...

    def in_worktree(self, root: str) -> tuple[str, ...]:
        """Containers that the agent keeps in the worktree at `root`, whether they are there or not; by their names alone."""
        ...

    def former(self, path: str) -> tuple[str, ...]:
        """Names that the log of the same session had before the agent began to keep it where it is now."""
        ...
