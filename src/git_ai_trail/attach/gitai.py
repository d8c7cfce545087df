"""Notes in the form of the Git AI Standard 3.0.0 (`refs/notes/ai`): written from records of ours, read as somebody's report.

The form: attestations (a path, then lines of two spaces, a key and ranges of the commit's own lines), a line `---`, JSON. A key
stands for a session; a line under no key is unknown there too. What such a note says is what git-ai reports, which nothing here
proves, and much of it can lie outside the commit's diff: only what lies inside counts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from git_ai_trail.attach.record import MAX_NOTE
from git_ai_trail.attach.status import Assessment
from git_ai_trail.facts import FileDiff
from git_ai_trail.words import word

REF = "refs/notes/ai"
SCHEMA = "authorship/3.0.0"
# How that standard calls the tools that we call otherwise.
_TOOLS = {"Codex": "codex", "Claude-Code": "claude", "codex": "codex", "claude": "claude"}
_MAX_ENTRIES = 200_000
_MAX_RANGES = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What a note reports of one session. `inside` are added lines of the commit by path (1-based, in the file); `lines` is how
    many lines the note names in all, which may be far more."""

    tool: str
    model: str
    conversation: str
    lines: int
    inside: Mapping[str, tuple[int, ...]]


def session_key(tool: str, conversation: str) -> str:
    """The key of a session: `s_` and 14 hex digits of a sha256."""
    return "s_" + hashlib.sha256(f"{tool}:{conversation}".encode()).hexdigest()[:14]


def written(oid: str, found: Assessment) -> str:
    """The note on the commit `oid` that says what its record says; empty where no line is left to say.

    Edited lines have no key there, since that form has no word for them; a path with a quotation mark cannot be written.
    """
    sessions = {one["id"]: one for one in found.sessions if one["role"] == "authored"}
    texts: list[str] = []
    used: dict[str, Mapping[str, Any]] = {}
    for file in found.files:
        keys: dict[str, list[str]] = {}
        for r in file.ranges:
            one = sessions.get(r.session)
            if one is None or r.line_class != "generated":
                continue
            key = session_key(_tool(one), r.session)
            used[key] = one
            trace = hashlib.sha256(f"{found.digest}:{r.session}:{r.turn}".encode()).hexdigest()[:14]
            span = str(r.start) if r.start == r.end else f"{r.start}-{r.end}"
            keys.setdefault(f"{key}::t_{trace}", []).append(span)
        if keys and '"' not in file.path and "\n" not in file.path:
            texts.append(f'"{file.path}"' if any(c.isspace() for c in file.path) else file.path)
            texts += [f"  {key} {','.join(spans)}" for key, spans in keys.items()]
    if not texts:
        return ""
    said = {
        "schema_version": SCHEMA,
        "base_commit_sha": oid,
        "prompts": {},
        "sessions": {key: _session(one, found) for key, one in sorted(used.items())},
    }
    return "\n".join([*texts, "---", json.dumps(said, indent=2, ensure_ascii=False)]) + "\n"


def _tool(one: Mapping[str, Any]) -> str:
    agent: str = one["agent"]
    return _TOOLS.get(agent, agent.lower())


def _session(one: Mapping[str, Any], found: Assessment) -> dict[str, Any]:
    model = one["models"][-1] if one["models"] else ""
    evidence = one["evidence"][0]["kind"] if one["evidence"] else ""
    return {
        "agent_id": {"tool": _tool(one), "id": one["id"], "model": model},
        "custom_attributes": {
            "ai-trail-record": f"1:{found.digest}",
            "ai-trail-status": found.status,
            "ai-trail-evidence": evidence,
        },
    }


def read(note: bytes, diffs: Sequence[FileDiff]) -> list[Reported]:
    """What a note reports, by session, whatever it holds; never raises. Reads 4 MiB of it.

    Human keys and keys without a record are passed over. Old notes (prompts, keys of 7 or 16 digits) are read like new ones.
    """
    text = note[:MAX_NOTE].decode("utf-8", "replace")
    head, found, body = text.partition("\n---\n")
    if not found and text.startswith("---\n"):
        head, body = "", text[4:]
    named = _named(body)
    added = {diff.path: frozenset(diff.positions) for diff in diffs}
    lines: dict[str, int] = {}
    inside: dict[str, dict[str, set[int]]] = {}
    for path, key, ranges in _attested(head):
        if key not in named:
            continue
        positions = added.get(path, frozenset())
        mine = inside.setdefault(key, {})
        for first, last in ranges:
            lines[key] = lines.get(key, 0) + last - first + 1
            # The commit's own lines are few; a range may claim any number.
            hits = {n for n in positions if first <= n <= last}
            if hits:
                mine.setdefault(path, set()).update(hits)
    return [
        Reported(
            tool=named[key][0],
            model=named[key][1],
            conversation=named[key][2],
            lines=lines[key],
            inside={path: tuple(sorted(hits)) for path, hits in inside[key].items()},
        )
        for key in sorted(lines)
    ]


def _named(body: str) -> dict[str, tuple[str, str, str]]:
    """(tool, model, conversation) by key; only words that a record of ours could hold as well."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    found = {}
    for table in ("sessions", "prompts"):
        entries = value.get(table) if isinstance(value, dict) else None
        for key, entry in entries.items() if isinstance(entries, dict) else ():
            agent = entry.get("agent_id") if isinstance(entry, dict) else None
            if isinstance(agent, dict):
                tool, model, conversation = (_word(agent.get(name)) for name in ("tool", "model", "id"))
                found[key] = (tool or "unknown", model, conversation)
    return found


def _word(value: object) -> str:
    return word(value[:80]) if isinstance(value, str) and value else ""


def _attested(head: str) -> Iterable[tuple[str, str, list[tuple[int, int]]]]:
    """(path, key, ranges) of each attestation."""
    path = ""
    for row in head.split("\n")[:_MAX_ENTRIES]:
        if row.startswith("  "):
            key, _, spans = row[2:].rpartition(" ")
            if path and key:
                yield path, key.partition("::")[0], list(_ranges(spans))
        else:
            quoted = len(row) > 1 and row[0] == row[-1] == '"'
            path = row[1:-1] if quoted else row


def _ranges(spans: str) -> Iterable[tuple[int, int]]:
    for span in spans.split(",")[:_MAX_RANGES]:
        first, _, last = span.partition("-")
        if (
            first.isascii()
            and first.isdigit()
            and len(first) < 10
            and (not last or (last.isdigit() and len(last) < 10))
        ):
            start, end = int(first), int(last or first)
            if 1 <= start <= end:
                yield start, end
