"""The index as a commit can have it: on disk and writable, or looked up read-only with what is new held in memory."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Sequence

from git_ai_trail.errors import is_damage
from git_ai_trail.facts import Candidate, FileDiff, PendingCommit
from git_ai_trail.index import candidates, query, recent, schema
from git_ai_trail.index.keys import Keys


class Index:
    """One or two index databases that answer as one. The last one takes what is new."""

    def __init__(self, databases: Sequence[sqlite3.Connection], keys: Keys, *, empty: bool) -> None:
        self.databases = tuple(databases)
        self.keys = keys
        self.empty = empty  # nothing was ever read into it

    @property
    def target(self) -> sqlite3.Connection:
        return self.databases[-1]

    def close(self) -> None:
        for database in self.databases:
            database.close()

    def look(
        self, places: Iterable[recent.Place], *, now: float, roots: Sequence[str]
    ) -> tuple[tuple[int, str, PendingCommit], ...]:
        """Reads what recent logs have grown by; returns the `git commit` calls that have not answered."""

        def has_commit(call: PendingCommit) -> bool:
            return candidates.inside(call.workdir, roots)

        return recent.look(self.target, self.keys, places, now=now, has_commit=has_commit).pending

    def being_made(
        self,
        pending: Sequence[tuple[int, str, PendingCommit]],
        roots: Sequence[str],
        *,
        now: float,
        hints: Sequence[str],
    ) -> list[candidates.Making]:
        return candidates.being_made(self.target, pending, roots, now=now, hints=hints)

    def made_before(
        self, where: candidates.Where, oid: str, committed_at: float, subject: str
    ) -> list[candidates.Making]:
        found = []
        for database in self.databases:
            found.extend(candidates.made_before(database, where, oid, committed_at, self.keys.subject(subject)))
        return found

    def find(
        self,
        where: candidates.Where,
        diffs: Sequence[FileDiff],
        *,
        until: float,
        making: Sequence[candidates.Making],
        agents: dict[str, str],
    ) -> list[Candidate]:
        """Candidates of all databases; a session that is in both counts as the new one says."""
        found: dict[tuple[str, str], Candidate] = {}
        for database in self.databases:
            for candidate in candidates.find(
                database, self.keys, where, diffs, until=until, making=making, agents=agents
            ):
                found[(candidate.session.format, candidate.session.session_id)] = candidate
        return list(found.values())

    def made_in(self, cwd: str, limit: int) -> list[str]:
        """Oids of commits that sessions which began in this folder made."""
        return [oid for database in self.databases for oid in query.made_in(database, cwd, limit)]

    def writers(self, digests: Iterable[int], until: float) -> dict[int, int]:
        """How many logs that began before `until` wrote each line: who began later cannot have written it for this commit."""
        wanted = list(digests)
        counts: dict[int, int] = {}
        for database in self.databases:
            for digest, count in query.writers(database, wanted, until).items():
                counts[digest] = max(counts.get(digest, 0), count)
        return counts

    def log_count(self) -> int:
        return max(query.log_count(database) for database in self.databases)

    def commitments(self, log: int, turns: Sequence[int]) -> tuple[tuple[int, str], ...]:
        """(turn, commitment) of the prompts of a session."""
        database = self.databases[-1] if log > schema.MEMORY_BASE else self.databases[0]
        return query.commitments(database, log, turns)


def forget(path: str) -> None:
    """Removes a damaged index; what is opened next is empty, and is filled from the logs."""
    schema.forget(path)


def open_index(path: str, key: bytes, *, writable: bool = True) -> Index:
    """The index at `path`. Where it cannot be written (an agent's sandbox), it is looked up and new rows stay in memory.

    Raises `sqlite3.DatabaseError` where it is damaged (see `errors.is_damage`).
    """
    keys = Keys(key)
    key_id = keys.key_id()
    if writable and (
        os.access(os.path.dirname(path) if not os.path.exists(path) else path, os.W_OK)
        or not os.path.exists(os.path.dirname(path))
    ):
        try:
            database = schema.open_index(path, key_id)
            database.execute("BEGIN IMMEDIATE")
            database.execute("ROLLBACK")
            return Index([database], keys, empty=_is_empty(database))
        except (OSError, sqlite3.Error) as error:
            if is_damage(error):
                raise
    readonly = schema.open_readonly(path, key_id, alone=not writable)
    memory = schema.open_memory(key_id)
    if readonly is None:
        return Index([memory], keys, empty=True)
    return Index([readonly, memory], keys, empty=_is_empty(readonly))


def _is_empty(database: sqlite3.Connection) -> bool:
    return database.execute("SELECT 1 FROM logs WHERE id < ? LIMIT 1", (schema.MEMORY_BASE,)).fetchone() is None
