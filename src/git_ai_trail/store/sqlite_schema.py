"""The SQLite schema as numbered migrations. A migration that was released is never edited; a change is a new one.

Each runs in one transaction together with its record and the new `user_version`.
"""

from __future__ import annotations

import sqlite3

from sqlite_utils import Database, Migrations

migrations = Migrations("git-ai-trail")

# Where a row comes from: bytes [offset, offset + length) of one log, whose sha256 lets an audit prove the row.
_LINE = """
    id INTEGER PRIMARY KEY,
    file_id INTEGER NOT NULL REFERENCES files(id) ON DELETE CASCADE,
    session_id INTEGER NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
    turn INTEGER NOT NULL,
    at REAL,
    offset INTEGER NOT NULL,
    length INTEGER NOT NULL,
    sha256 TEXT NOT NULL
"""

_FILES = """
CREATE TABLE files (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    format TEXT NOT NULL,
    inode INTEGER NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    prefix TEXT NOT NULL,
    state TEXT NOT NULL,
    turn_base INTEGER NOT NULL,
    skipped_lines INTEGER NOT NULL,
    left_out INTEGER NOT NULL,
    ruleset_digest TEXT NOT NULL,
    ingested_at REAL NOT NULL,
    session_id INTEGER REFERENCES sessions(id) ON DELETE CASCADE
)
"""

_SESSIONS = """
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    format TEXT NOT NULL,
    native_id TEXT NOT NULL,
    file_id INTEGER REFERENCES files(id) ON DELETE SET NULL,
    offset INTEGER,
    length INTEGER,
    sha256 TEXT,
    agent_version TEXT NOT NULL DEFAULT '',
    originator TEXT NOT NULL DEFAULT '',
    source TEXT NOT NULL DEFAULT '',
    model_provider TEXT NOT NULL DEFAULT '',
    models TEXT NOT NULL DEFAULT '[]',
    parent_id TEXT NOT NULL DEFAULT '',
    root_id TEXT NOT NULL DEFAULT '',
    cwd TEXT NOT NULL DEFAULT '',
    git_oid TEXT NOT NULL DEFAULT '',
    git_branch TEXT NOT NULL DEFAULT '',
    git_url TEXT NOT NULL DEFAULT '',
    started_at REAL,
    ended_at REAL,
    prompts INTEGER NOT NULL DEFAULT 0,
    calls INTEGER NOT NULL DEFAULT 0,
    edits INTEGER NOT NULL DEFAULT 0,
    redactions INTEGER NOT NULL DEFAULT 0,
    input_tokens INTEGER NOT NULL DEFAULT 0,
    cached_tokens INTEGER NOT NULL DEFAULT 0,
    cache_write_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    reasoning_tokens INTEGER NOT NULL DEFAULT 0,
    raw_json TEXT,
    UNIQUE (native_id, format)
)
"""

_LINES = {
    "session_context": "role TEXT NOT NULL, text TEXT NOT NULL, raw_json TEXT",
    "prompts": "text TEXT NOT NULL, raw_json TEXT",
    "token_messages": "model TEXT NOT NULL, input INTEGER NOT NULL, cached INTEGER NOT NULL, cache_write INTEGER"
    " NOT NULL, output INTEGER NOT NULL, reasoning INTEGER NOT NULL, raw_json TEXT",
    "turn_context_messages": "native_turn_id TEXT NOT NULL, cwd TEXT NOT NULL, model TEXT NOT NULL, effort TEXT NOT"
    " NULL, approval TEXT NOT NULL, sandbox TEXT NOT NULL, raw_json TEXT",
    "agent_reasoning_messages": "text TEXT NOT NULL, raw_json TEXT",
    "function_plan_messages": "explanation TEXT NOT NULL, steps TEXT NOT NULL, raw_json TEXT",
    "function_calls": "call_id TEXT NOT NULL, tool TEXT NOT NULL, command TEXT NOT NULL, workdir TEXT NOT NULL,"
    " exit_code INTEGER, status TEXT NOT NULL, output_at REAL, output_offset INTEGER, output_length INTEGER,"
    " output_sha256 TEXT, arguments TEXT NOT NULL, output TEXT, raw_json TEXT, output_raw_json TEXT",
    "events": "kind TEXT NOT NULL, name TEXT NOT NULL, phase TEXT NOT NULL, text TEXT NOT NULL, raw_json TEXT",
    "changes": "path TEXT NOT NULL, old_path TEXT NOT NULL, op TEXT NOT NULL, via TEXT NOT NULL, call_id TEXT NOT"
    " NULL, known INTEGER NOT NULL, added INTEGER NOT NULL, removed INTEGER NOT NULL, digests TEXT NOT NULL,"
    " raw_json TEXT",
    "commits": "oid TEXT NOT NULL, branch TEXT NOT NULL, workdir TEXT NOT NULL, call_id TEXT NOT NULL, raw_json TEXT",
}

_REDACTION_RULES = """
CREATE TABLE redaction_rules (
    rule_id TEXT NOT NULL,
    ruleset_digest TEXT NOT NULL,
    kind TEXT NOT NULL,
    first_used_at REAL NOT NULL,
    PRIMARY KEY (rule_id, ruleset_digest)
)
"""

_REDACTIONS = """
CREATE TABLE redactions (
    id INTEGER PRIMARY KEY,
    file_id INTEGER NOT NULL REFERENCES files(id) ON DELETE CASCADE,
    session_id INTEGER NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
    turn INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    rule_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    field TEXT NOT NULL,
    tag TEXT NOT NULL,
    digest TEXT NOT NULL
)
"""


@migrations()
def m001_sessions(db: Database) -> None:
    """What logs hold, and what was redacted in it."""
    _run(db, _FILES, _SESSIONS, _REDACTION_RULES, _REDACTIONS)
    _run(db, *(f"CREATE TABLE {table} ({_LINE}, {columns})" for table, columns in _LINES.items()))
    for table in (*_LINES, "redactions"):
        _run(
            db,
            f"CREATE INDEX {table}_by_session ON {table} (session_id, turn)",
            f"CREATE INDEX {table}_by_file ON {table} (file_id)",
        )
    _run(
        db,
        "CREATE INDEX files_by_session ON files (session_id)",
        "CREATE INDEX sessions_by_time ON sessions (started_at)",
        "CREATE INDEX function_calls_by_call ON function_calls (session_id, call_id)",
    )


@migrations()
def m002_search(db: Database) -> None:
    """Full text of prompts and answers; triggers keep it in step, cascades included."""
    _run(
        db,
        "CREATE VIEW answers AS SELECT id, text FROM events WHERE kind = 'message' AND name = 'assistant'",
        "CREATE VIRTUAL TABLE prompts_text USING fts5(text, content='prompts', content_rowid='id')",
        "CREATE VIRTUAL TABLE answers_text USING fts5(text, content='answers', content_rowid='id')",
    )
    for table, index, when in (
        ("prompts", "prompts_text", ""),
        ("events", "answers_text", "WHEN {0}.kind = 'message' AND {0}.name = 'assistant'"),
    ):
        add = f"INSERT INTO {index} (rowid, text) VALUES (new.id, new.text);"  # noqa: S608
        drop = f"INSERT INTO {index} ({index}, rowid, text) VALUES ('delete', old.id, old.text);"  # noqa: S608
        _run(
            db,
            f"CREATE TRIGGER {index}_added AFTER INSERT ON {table} {when.format('new')} BEGIN {add} END",
            f"CREATE TRIGGER {index}_gone AFTER DELETE ON {table} {when.format('old')} BEGIN {drop} END",
            f"CREATE TRIGGER {index}_altered AFTER UPDATE OF text ON {table} {when.format('old')}"
            f" BEGIN {drop} {add} END",
            f"INSERT INTO {index} ({index}) VALUES ('rebuild')",  # noqa: S608
        )


@migrations()
def m003_matches(db: Database) -> None:
    """Which sessions belong to which commits and why, people's labels, and who did what to the store."""
    _run(
        db,
        "CREATE TABLE matches (id INTEGER PRIMARY KEY, repository TEXT NOT NULL, oid TEXT NOT NULL,"
        " session_id INTEGER NOT NULL REFERENCES sessions(id) ON DELETE CASCADE, role TEXT NOT NULL,"
        " record_digest TEXT NOT NULL, made_at REAL NOT NULL, raw_json TEXT, UNIQUE (oid, session_id, record_digest))",
        "CREATE INDEX matches_by_session ON matches (session_id)",
        "CREATE TABLE evidence (id INTEGER PRIMARY KEY, match_id INTEGER NOT NULL REFERENCES matches(id) ON DELETE"
        " CASCADE, kind TEXT NOT NULL, lines INTEGER NOT NULL, rare INTEGER NOT NULL, cover INTEGER NOT NULL,"
        " detail TEXT NOT NULL)",
        "CREATE INDEX evidence_by_match ON evidence (match_id)",
        "CREATE TABLE tags (session_id INTEGER NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,"
        " turn INTEGER NOT NULL DEFAULT -1, tag TEXT NOT NULL, made_at REAL NOT NULL,"
        " PRIMARY KEY (session_id, turn, tag)) WITHOUT ROWID",
        "CREATE INDEX tags_by_tag ON tags (tag)",
        "CREATE TABLE audit (id INTEGER PRIMARY KEY, at REAL NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,"
        " subject TEXT NOT NULL, reason TEXT NOT NULL, digest TEXT NOT NULL)",
    )


@migrations()
def m004_manual(db: Database) -> None:
    """What people asked to have redacted (of a text only keyed digests), how to undo it, and the rules that were in force."""
    _run(
        db,
        "CREATE TABLE manual_redactions (id INTEGER PRIMARY KEY, type TEXT NOT NULL, scope TEXT NOT NULL, field TEXT NOT"
        " NULL, session TEXT NOT NULL, turn INTEGER NOT NULL, first TEXT NOT NULL, last TEXT NOT NULL, tokens INTEGER NOT"
        " NULL, whole TEXT NOT NULL, pattern TEXT NOT NULL, ignore_case INTEGER NOT NULL, reason TEXT NOT NULL, actor"
        " TEXT NOT NULL, made_at REAL NOT NULL, changed_at REAL NOT NULL, active INTEGER NOT NULL, fingerprint TEXT NOT"
        " NULL)",
        "CREATE UNIQUE INDEX manual_redactions_by_fingerprint ON manual_redactions (fingerprint) WHERE active",
        "ALTER TABLE audit ADD COLUMN detail TEXT NOT NULL DEFAULT ''",
        "CREATE INDEX audit_by_subject ON audit (subject)",
        "CREATE TABLE rule_sets (digest TEXT PRIMARY KEY, synced_at REAL NOT NULL)",
        "ALTER TABLE redaction_rules ADD COLUMN position INTEGER NOT NULL DEFAULT -1",
        "ALTER TABLE redaction_rules ADD COLUMN type TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE redaction_rules ADD COLUMN scope TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE redaction_rules ADD COLUMN source TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE redaction_rules ADD COLUMN enabled INTEGER NOT NULL DEFAULT 1",
        "ALTER TABLE redaction_rules ADD COLUMN fingerprint TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE redaction_rules ADD COLUMN body TEXT NOT NULL DEFAULT ''",
        "CREATE INDEX redactions_by_rule ON redactions (rule_id, file_id)",
    )


@migrations()
def m005_cache_hour(db: Database) -> None:
    """Of the tokens written to a cache, those that stay there for an hour: they have a price of their own."""
    _run(db, "ALTER TABLE token_messages ADD COLUMN cache_write_1h INTEGER NOT NULL DEFAULT 0")


@migrations()
def m006_repositories(db: Database) -> None:
    """Which folders a log names, and the rules that their repositories had, both sealed under the person's key."""
    _run(
        db,
        "ALTER TABLE files ADD COLUMN folders TEXT NOT NULL DEFAULT ''",
        "CREATE TABLE repository_rules (root TEXT PRIMARY KEY, content TEXT NOT NULL, seen_at REAL NOT NULL) WITHOUT ROWID",
    )


def names() -> list[str]:
    """The migrations in order; the schema's version is how many were applied."""
    found = [name for name in globals() if name[:1] == "m" and name[1:4].isdigit()]
    return sorted(found)


def migrate(conn: sqlite3.Connection, *, to: int | None = None) -> None:
    """Brings the database to the newest schema (or to version `to`), one transaction for each step.

    Another process may be doing the same: each step looks again once it holds the write lock.
    """
    db = Database(conn, execute_plugins=False)
    steps = names()
    wanted = len(steps) if to is None else to
    for version in range(1, wanted + 1):
        conn.execute("BEGIN IMMEDIATE")
        try:
            if conn.execute("PRAGMA user_version").fetchone()[0] < version:
                migrations.apply(db, stop_before=steps[version:])
                conn.execute(f"PRAGMA user_version = {version}")
            conn.execute("COMMIT")
        except BaseException:
            # A full disk makes SQLite roll back by itself.
            if conn.in_transaction:
                conn.execute("ROLLBACK")
            raise


def _run(db: Database, *statements: str) -> None:
    for statement in statements:
        db.conn.execute(statement)
