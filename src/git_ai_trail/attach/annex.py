"""The annex of a record: what may have to go away again, kept in a ref of its own and naming the core's digest.

It takes texts that redaction has cleaned and nothing else; how much of a prompt it holds is the policy's decision, applied
here and nowhere before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from git_ai_trail.attach import tombstones
from git_ai_trail.attach.record import MAX_LINE, MAX_NOTE, read_object, session_key
from git_ai_trail.attach.shape import HEX64
from git_ai_trail.attach.trailers import clean
from git_ai_trail.codec import MAX_INTEGER, canonical
from git_ai_trail.errors import TrailError
from git_ai_trail.model import TokenTotals
from git_ai_trail.words import WORD

POLICIES = ("none", "first-line", "redacted")
MAX_PROMPT = 2000

_COST = re.compile(r"[0-9]{1,9}(\.[0-9]{1,8})?")
_TOKENS = ("input", "cached", "cache_write", "output", "reasoning")
_MAX_LINES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnexSession:
    """One session's part. `prompts` are (turn, redacted text); `cost_usd` is a decimal number as text, or empty."""

    id: str
    tokens: TokenTotals = field(default_factory=TokenTotals)
    cost_usd: str = ""
    redactions: Mapping[str, int] = field(default_factory=dict)
    prompts: Sequence[tuple[int, str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Annex:
    """What was read back for one record."""

    digest: str
    ruleset: str
    policy: str
    reviewer: str
    sessions: tuple[AnnexSession, ...]
    made_at: int  # unix seconds
    cut: int  # prompts that did not fit


def annex_line(
    digest: str,
    sessions: Iterable[AnnexSession],
    *,
    policy: str,
    ruleset: str,
    made_at: int,
    reviewer: str = "",
) -> bytes:
    """The annex of the record `digest` as a note line of at most 64 KiB, with prompts as far as `policy` allows.

    What does not fit is cut from the last prompts on and counted.
    """
    if policy not in POLICIES:
        raise TrailError(f"no such publishing policy: {policy[:40]}", f"one of {', '.join(POLICIES)}")
    body: dict[str, Any] = {
        "annex": digest,
        "made_at": made_at,
        "policy": policy,
        "ruleset": ruleset,
        "sessions": [_session(one, policy) for one in sessions],
    }
    if reviewer:
        body["reviewer"] = clean(reviewer)
    prompts = [prompt for one in body["sessions"] for prompt in one["prompts"]]
    room = MAX_LINE - len(canonical(body)) - 32
    cut = 0
    while room < 0 and prompts:
        room += len(canonical(prompts.pop()))
        cut += 1
    if cut:
        kept = {id(prompt) for prompt in prompts}
        for one in body["sessions"]:
            one["prompts"] = [prompt for prompt in one["prompts"] if id(prompt) in kept]
        body["cut"] = cut
    return canonical(body)


def _session(one: AnnexSession, policy: str) -> dict[str, Any]:
    return {
        "id": session_key(one.id),
        "tokens": {name: getattr(one.tokens, name) for name in _TOKENS},
        "cost_usd": one.cost_usd if _COST.fullmatch(one.cost_usd) else "",
        "redactions": {rule: count for rule, count in one.redactions.items() if WORD.fullmatch(rule)},
        "prompts": [{"turn": turn, "text": text} for turn, raw in one.prompts if (text := allowed(raw, policy))],
    }


def allowed(text: str, policy: str) -> str:
    """What `policy` lets through of a redacted prompt: nothing, its first line, or 2,000 characters."""
    if policy == "none":
        return ""
    whole = text.encode("utf-8", "replace").decode()
    lines = whole.strip().splitlines()
    shown = (lines[0] if lines else "") if policy == "first-line" else whole
    return shown if len(shown) <= MAX_PROMPT else shown[: MAX_PROMPT - 1] + "…"


def parse_annex(blob: bytes, *, withheld: Iterable[str] = (), elsewhere: bytes = b"") -> dict[str, Annex]:
    """Annexes by record, the last made of each; never raises. A tombstone in the note, in `elsewhere` (lines that stand in
    other notes), or in `withheld` (from the records' own notes), leaves nothing of what it withholds."""
    here, there = tombstones.read(blob), tombstones.read(elsewhere)
    gone = tombstones.Gone(here.digests | there.digests | set(withheld), here.prompts | there.prompts)
    found: dict[str, Annex] = {}
    for raw in blob[:MAX_NOTE].split(b"\n", _MAX_LINES)[:_MAX_LINES]:
        annex = _read(read_object(tombstones.stripped(raw.strip(), gone)))
        if annex is None or annex.digest in gone.digests:
            continue
        if annex.digest not in found or annex.made_at >= found[annex.digest].made_at:
            found[annex.digest] = annex
    return found


def _read(value: Mapping[str, Any]) -> Annex | None:
    digest, sessions = value.get("annex"), value.get("sessions")
    if not isinstance(digest, str) or not HEX64.fullmatch(digest) or not isinstance(sessions, list):
        return None
    return Annex(
        digest=digest,
        ruleset=_text(value.get("ruleset"), 200),
        policy=_text(value.get("policy"), 40),
        reviewer=_text(value.get("reviewer"), 200),
        sessions=tuple(_read_session(one) for one in sessions if isinstance(one, dict)),
        made_at=_count(value.get("made_at")),
        cut=_count(value.get("cut")),
    )


def _read_session(value: Mapping[str, Any]) -> AnnexSession:
    tokens, redactions, prompts = (value.get(name) for name in ("tokens", "redactions", "prompts"))
    counts = tokens if isinstance(tokens, dict) else {}
    cost = _text(value.get("cost_usd"), 20)
    return AnnexSession(
        id=_text(value.get("id"), 80),
        tokens=TokenTotals(**{name: _count(counts.get(name)) for name in _TOKENS}),
        cost_usd=cost if _COST.fullmatch(cost) else "",
        redactions={
            rule: _count(count)
            for rule, count in (redactions.items() if isinstance(redactions, dict) else ())
            if WORD.fullmatch(rule)
        },
        prompts=tuple(
            (_count(one.get("turn")), _text(one.get("text"), MAX_PROMPT))
            for one in (prompts if isinstance(prompts, list) else ())
            if isinstance(one, dict)
        ),
    )


def _text(value: object, limit: int) -> str:
    # A lone surrogate is JSON, but has no bytes: it could be neither printed nor written into another annex.
    return value[:limit].encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _count(value: object) -> int:
    return value if type(value) is int and 0 <= value <= MAX_INTEGER else 0
