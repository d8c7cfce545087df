"""The trail database in SQLite: opening it, and what is asked of it. Writing is in `sqlite_writer`.

Reading must be quick (`show` asks it), so what only writing and migrating need is imported when it comes to that.
"""

from __future__ import annotations

import importlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from git_ai_trail.errors import StoreError
from git_ai_trail.model import (
    Audited,
    CleanSession,
    Entry,
    Ingested,
    ManualRedaction,
    PromptInfo,
    SessionFilter,
    SessionInfo,
    StoredRule,
    TokenTotals,
    UsageFilter,
    Used,
)
from git_ai_trail.store import sqlite_reader as reader
from git_ai_trail.store import sqlite_usage
from git_ai_trail.store.protocol import Clean, FileState, IsClean, PromptPlace, ReadUpTo

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

SCHEMA_VERSION = 6

# How long one waits for others that write. Writing the rows of a log of 2 GB takes half a minute.
BUSY_SECONDS = 600

# Pages held in memory while a log is written (KiB), and pages of the WAL after which they go into the main file.
_CACHE_KIB = 32_000
_CHECKPOINT_PAGES = 16_000


class SqliteStore:
    """One connection. `path` is only for messages."""

    def __init__(self, conn: sqlite3.Connection, path: str, is_clean: IsClean) -> None:
        self.conn = conn
        self.path = path
        self._is_clean = is_clean

    def add(self, session: CleanSession, *, read_up_to: Callable[[], ReadUpTo]) -> Ingested:
        if not isinstance(session, CleanSession) or session.proof is None or not self._is_clean(session):
            raise StoreError("a session without redaction's proof is not stored")
        written: Ingested = (
            _late("sqlite_writer").Writer(self.conn, session, os.path.dirname(self.path)).write(read_up_to)
        )
        return written

    def moved(self, old_path: str, new_path: str) -> None:
        self.conn.execute("UPDATE OR IGNORE files SET path = ? WHERE path = ?", (new_path, old_path))

    def file_states(self) -> Mapping[str, FileState]:
        return reader.file_states(self.conn)

    def sessions(self, wanted: SessionFilter) -> list[SessionInfo]:
        return reader.sessions(self.conn, wanted)

    def session(self, name: str) -> SessionInfo:
        return reader.session(self.conn, name)

    def find(self, session_ids: tuple[str, ...]) -> Mapping[str, SessionInfo]:
        return reader.find(self.conn, session_ids)

    def prompts(self, session_id: str) -> list[PromptInfo]:
        return reader.prompts(self.conn, session_id)

    def entries(self, session_id: str) -> list[Entry]:
        return reader.entries(self.conn, session_id)

    def tokens_by_model(self, session_id: str) -> Mapping[str, TokenTotals]:
        return reader.tokens_by_model(self.conn, session_id)

    def usage(self, wanted: UsageFilter, steps: Sequence[int] = ()) -> Iterator[Used]:
        return sqlite_usage.usage(self.conn, wanted, steps)

    def rule_counts(self, session_id: str = "") -> Mapping[str, int]:
        return reader.rule_counts(self.conn, session_id)

    def ruleset_digests(self, session_id: str) -> tuple[str, ...]:
        return reader.ruleset_digests(self.conn, session_id)

    def redaction_tags(self, path: str) -> Mapping[str, str]:
        return reader.redaction_tags(self.conn, path)

    def search(self, words: str, *, limit: int = 20) -> list[tuple[str, int, str]]:
        return reader.search(self.conn, words, limit)

    def manual(self) -> list[ManualRedaction]:
        return reader.manual(self.conn)

    def keep_manual(self, entry: ManualRedaction, fingerprint: str, done: Audited) -> tuple[ManualRedaction, bool]:
        kept: tuple[ManualRedaction, bool] = _late("sqlite_manual").keep_manual(self.conn, entry, fingerprint, done)
        _late("sqlite_repair").keep_beside(self.conn, self.path)
        return kept

    def audited(self, subject: str) -> list[Audited]:
        found: list[Audited] = _late("sqlite_manual").audited(self.conn, subject)
        return found

    def prompt_place(self, session_id: str, turn: int) -> PromptPlace | None:
        found: PromptPlace | None = _late("sqlite_manual").prompt_place(self.conn, session_id, turn)
        return found

    def redacted_by(self, rule_ids: Sequence[str]) -> Mapping[str, int]:
        found: Mapping[str, int] = _late("sqlite_manual").redacted_by(self.conn, rule_ids)
        return found

    def restamp(self, paths: Sequence[str], digest: str) -> None:
        _late("sqlite_manual").restamp(self.conn, paths, digest)

    def rewrite(self, path: str, clean: Clean, digest: str, *, dry_run: bool = False) -> int:
        count: int = _late("sqlite_manual").rewrite(self.conn, path, clean, digest, dry_run=dry_run)
        return count

    def stored_rules(self) -> tuple[str, float, list[StoredRule]]:
        found: tuple[str, float, list[StoredRule]] = _late("sqlite_manual").stored_rules(self.conn)
        return found

    def keep_rules(self, digest: str, rules: Sequence[StoredRule], done: Audited) -> None:
        _late("sqlite_manual").keep_rules(self.conn, digest, rules, done)

    def repository_rules(self) -> Mapping[str, str]:
        return reader.repository_rules(self.conn)

    def keep_repository_rules(self, root: str, content: str) -> None:
        _late("sqlite_manual").keep_repository_rules(self.conn, root, content)

    def purge(self) -> bool:
        done: bool = _late("sqlite_manual").purge(self.conn)
        return done

    def problems(self) -> list[str]:
        return reader.problems(self.conn)

    def settling(self) -> AbstractContextManager[None]:
        made: AbstractContextManager[None] = _late("sqlite_settling").settling(self.path)
        return made

    def close(self) -> None:
        self.conn.close()


def open_store(path: str, *, is_clean: IsClean, create: bool) -> SqliteStore:
    """The database at `path`, at this version's schema. Where it cannot be written it is read as it is."""
    try:
        conn = _connect(path, create)
        _prepare(conn, path)
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {error}", "see `git ai-trail doctor`") from error
    return SqliteStore(conn, path, is_clean)


def _connect(path: str, create: bool) -> sqlite3.Connection:
    exists = os.path.exists(path)
    if not exists:
        if not create:
            raise StoreError(f"{path}: no such trail database", "run `git ai-trail ingest`")
        try:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            # SQLite gives -wal and -shm the mode of the database, so it is made with the right one from the start.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror}", "GIT_AI_TRAIL_DATA can name another folder") from error
    if exists and not os.access(path, os.W_OK):
        return _connect_readonly(path)
    return sqlite3.connect(path, timeout=_patience(), isolation_level=None)


def _patience() -> float:
    """How long to wait for others; the environment can say otherwise, from nothing to an hour."""
    try:
        return min(max(float(os.environ.get("GIT_AI_TRAIL_BUSY_SECONDS", "")), 0.0), 3600.0)
    except ValueError:
        return BUSY_SECONDS


def _connect_readonly(path: str) -> sqlite3.Connection:
    where = path.replace("?", "%3f").replace("#", "%23")
    conn = sqlite3.connect(f"file:{where}?mode=ro", uri=True, isolation_level=None)
    try:
        conn.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone()
    except sqlite3.OperationalError:
        # Without a -shm file that may be written, SQLite reads a WAL database only when told that nobody writes.
        conn.close()
        conn = sqlite3.connect(f"file:{where}?immutable=1", uri=True, isolation_level=None)
    return conn


def _prepare(conn: sqlite3.Connection, path: str) -> None:
    version = conn.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        conn.close()
        raise StoreError(f"{path}: made by a newer git-ai-trail", "install the newest version")
    writable = not conn.execute("PRAGMA query_only").fetchone()[0] and os.access(path, os.W_OK)
    if writable:
        _keep_private(path)
        _use_wal(conn)
        conn.execute("PRAGMA synchronous = NORMAL")
        conn.execute("PRAGMA secure_delete = ON")
        conn.execute("PRAGMA temp_store = MEMORY")
        conn.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        conn.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    conn.execute("PRAGMA foreign_keys = ON")
    if version < SCHEMA_VERSION:
        if not writable:
            conn.close()
            raise StoreError(
                f"{path}: of an older version, and cannot be written", "run any command outside the sandbox"
            )
        _late("sqlite_schema").migrate(conn)
    if writable and os.path.exists(f"{path}.manual.json"):
        _late("sqlite_repair").take_from_beside(conn, path)


def _keep_private(path: str) -> None:
    """It was made so; this is for one that somebody copied here. Whose file it is not, or on a disk that refuses, it stays."""
    try:
        os.chmod(path, 0o600)
    except OSError:
        return


def _late(name: str) -> Any:
    """A module that reading does without: sqlite-utils costs 90 ms, msgspec 15."""
    return importlib.import_module(f"git_ai_trail.store.{name}")


def _use_wal(conn: sqlite3.Connection) -> None:
    """Switches to WAL once. Switching needs the database for itself and does not wait for it, so it is tried again."""
    for _ in range(200):
        try:
            if conn.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
                return
            conn.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            time.sleep(0.02)
