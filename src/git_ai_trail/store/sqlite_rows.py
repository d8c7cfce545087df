"""Turns clean events into rows: which table an event goes to, and values that SQLite can hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec

from git_ai_trail.facts import Call, CommitMade, Context, Message, Other, Plan, Prompt, Reasoning, Tokens
from git_ai_trail.model import CleanEvent

_NUMBERS = (int, float)
MAX_INTEGER = 2**63 - 1
MAX_TOKENS = 2**53 - 1

# Roles of messages that set the scene; what is said between the agent and others are events.
_CONTEXT_ROLES = ("developer", "system", "injected")

_encode = msgspec.json.Encoder().encode
# For what msgspec refuses: lone surrogates, for one.
_encode_odd = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode

CALLS = "function_calls"
TOKENS = "token_messages"
# What every row begins with; `sqlite_writer` fills it in.
OWN_COLUMNS = ("file_id", "session_id", "turn")
LINE_COLUMNS = (*OWN_COLUMNS, "at", "offset", "length", "sha256")
REDACTION_COLUMNS = (*OWN_COLUMNS, "offset", "rule_id", "kind", "field", "tag", "digest")
COLUMNS: dict[str, tuple[str, ...]] = {
    "session_context": ("role", "text"),
    "prompts": ("text",),
    TOKENS: ("model", "input", "cached", "cache_write", "output", "reasoning", "cache_write_1h"),
    "turn_context_messages": ("native_turn_id", "cwd", "model", "effort", "approval", "sandbox"),
    "agent_reasoning_messages": ("text",),
    "function_plan_messages": ("explanation", "steps"),
    CALLS: ("call_id", "tool", "command", "workdir", "arguments"),
    "events": ("kind", "name", "phase", "text"),
    "changes": ("path", "old_path", "op", "via", "call_id", "known", "added", "removed", "digests"),
    "commits": ("oid", "branch", "workdir", "call_id"),
}
OUTPUT_COLUMNS = (
    "exit_code",
    "status",
    "output_at",
    "output_offset",
    "output_length",
    "output_sha256",
    "output",
    "output_raw_json",
)
_NO_OUTPUT = (None, "", None, None, None, None, None, None)

# The values of a row by `columns` or `REDACTION_COLUMNS`. File and session are 0 until there are rows of them.
Row = list[Any]


def text(value: Any) -> str:
    """Text as SQLite takes it: lone surrogates, which UTF-8 cannot hold, become question marks."""
    if type(value) is not str:
        return "" if value is None else str(value)
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def whole(value: Any, limit: int = MAX_INTEGER) -> int:
    """A count from a log; what is none, or absurd, counts as nothing."""
    return value if type(value) is int and 0 <= value <= limit else 0


def moment(value: Any) -> float | None:
    """Unix seconds between 1970 and 9999, else None."""
    if isinstance(value, _NUMBERS) and 0 <= value < 253402300800:
        return float(value)
    return None


def raw_json(raw: Any) -> str | None:
    """The redacted event of a whole line; None for events that are derived from one."""
    return None if raw is None else _json(raw)


def _json(value: Any) -> str:
    try:
        return _encode(value).decode()
    except (UnicodeError, RecursionError, ValueError, TypeError):
        pass
    try:
        return text(_encode_odd(value))
    except (RecursionError, ValueError, TypeError):
        return '{"withheld":"not JSON, or nested too deeply"}'


def row(clean: CleanEvent) -> tuple[str, Row]:
    """The table for an event and its row there; of an output that of a call that is known by nothing but its answer."""
    kind, at, offset, length, turn, data, raw = clean.event
    at = moment(at)
    made: Row = [0, 0, turn, at, offset, length, clean.sha256]
    if kind == "output":
        code = data.exit_code
        made += (text(data.call_id), "", "", "", "", None)
        made.append(code if type(code) is int and abs(code) < MAX_INTEGER else None)
        made += (text(data.status), at, offset, length, clean.sha256, text(data.text), raw_json(raw))
        return CALLS, made
    make = _ROWS.get(kind)
    table, values = make(data) if make is not None else ("events", (kind, "", "", ""))
    made += values
    made.append(raw_json(raw))
    if table == CALLS:
        made += _NO_OUTPUT
    return table, made


def columns(table: str) -> tuple[str, ...]:
    """The columns that a row of `row` gives."""
    of_output = OUTPUT_COLUMNS if table == CALLS else ()
    return (*LINE_COLUMNS, *COLUMNS[table], "raw_json", *of_output)


def _context(data: Context) -> tuple[str, tuple[Any, ...]]:
    values = (data.turn_id, data.cwd, data.model, data.effort, data.approval, data.sandbox)
    return "turn_context_messages", tuple(map(text, values))


def _prompt(data: Prompt) -> tuple[str, tuple[Any, ...]]:
    return "prompts", (text(data.text),)


def _message(data: Message) -> tuple[str, tuple[Any, ...]]:
    if data.role in _CONTEXT_ROLES:
        return "session_context", (text(data.role), text(data.text))
    return "events", ("message", text(data.role), text(data.phase), text(data.text))


def _reasoning(data: Reasoning) -> tuple[str, tuple[Any, ...]]:
    return "agent_reasoning_messages", (text(data.text),)


def _plan(data: Plan) -> tuple[str, tuple[Any, ...]]:
    return "function_plan_messages", (text(data.explanation), _json(data.steps))


def _call(data: Call) -> tuple[str, tuple[Any, ...]]:
    values = (data.call_id, data.tool, data.command, data.workdir, data.arguments)
    return CALLS, tuple(map(text, values))


def _edit(data: Any) -> tuple[str, tuple[Any, ...]]:
    # Redaction has put counts and keyed digests where the lines were.
    names = (data.path, data.old_path, data.op, data.via, data.call_id)
    digests = ",".join(data.digests)
    return "changes", (*map(text, names), bool(data.known), whole(data.added_lines), whole(data.removed), digests)


def _commit(data: CommitMade) -> tuple[str, tuple[Any, ...]]:
    return "commits", tuple(map(text, (data.oid, data.branch, data.workdir, data.call_id)))


def _tokens(data: Tokens) -> tuple[str, tuple[Any, ...]]:
    counts = (data.input, data.cached, data.cache_write, data.output, data.reasoning, data.cache_write_1h)
    return TOKENS, (text(data.model), *[whole(count, MAX_TOKENS) for count in counts])


def _other(data: Other | None) -> tuple[str, tuple[Any, ...]]:
    # Redaction leaves no data of a line that it had to withhold as a whole.
    return "events", ("other", text(data.name) if data is not None else "withheld", "", "")


_ROWS: dict[str, Callable[[Any], tuple[str, tuple[Any, ...]]]] = {
    "context": _context,
    "prompt": _prompt,
    "message": _message,
    "reasoning": _reasoning,
    "plan": _plan,
    "call": _call,
    "edit": _edit,
    "commit": _commit,
    "tokens": _tokens,
    "other": _other,
}
