"""The quick way to read a record's line or its annex, for thousands of them: the same answer as `record.parse_line` and
`annex.parse_annex`, or none. Cold path.

Types and bounds are checked by msgspec while it decodes, and unknown keys are left out by it: a core that has any is not, written
again in its canonical form, what stands in the line. Whatever is not so is left to `parse_line`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import msgspec

from git_ai_trail.attach import status
from git_ai_trail.attach.annex import MAX_PROMPT, Annex, AnnexSession, parse_annex
from git_ai_trail.attach.record import MAX_LINE, NoteLine, parse_line, parse_note
from git_ai_trail.model import TokenTotals

_WORD = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9._:/@+-]{1,80}\Z")]
_WORD_OR_NONE = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9._:/@+-]{0,80}\Z")]
_HEX64 = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
_HEX32 = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{32}\Z")]
_PHRASE = Annotated[str, msgspec.Meta(pattern=r"\A[ -~]{0,200}\Z")]
_COUNT = Annotated[int, msgspec.Meta(ge=0, le=2**31)]
_PLACE = Annotated[int, msgspec.Meta(ge=1, le=2**31)]
_TURN = Annotated[int, msgspec.Meta(ge=-1, le=2**31)]
_OID = Annotated[str, msgspec.Meta(max_length=64)]


class _Apart(TypedDict):
    files: _COUNT
    added: _COUNT
    generated: _COUNT
    edited: _COUNT


class _Counts(TypedDict):
    added: _COUNT
    generated: _COUNT
    edited: _COUNT
    unattributed: _COUNT
    deleted: _COUNT
    apart: NotRequired[_Apart]
    beyond: NotRequired[_COUNT]


class _Evidence(TypedDict):
    kind: _WORD
    lines: _COUNT
    rare: _COUNT
    cover: _COUNT
    detail: _PHRASE


class _Prompt(TypedDict):
    turn: _TURN
    commitment: _HEX64


class _Session(TypedDict):
    id: _WORD
    role: Literal["authored", "consulted"]
    agent: _WORD_OR_NONE
    agent_version: _WORD_OR_NONE
    models: list[_WORD]
    evidence: list[_Evidence]
    actions: dict[_WORD, _COUNT]
    prompts: list[_Prompt]


_Range = TypedDict(
    "_Range",
    {
        "start": _PLACE,
        "count": _PLACE,
        "session": _COUNT,
        "turn": _TURN,
        "class": Literal["generated", "edited"],
        "digest": _HEX32,
    },
)


class _File(TypedDict):
    path: Annotated[str, msgspec.Meta(min_length=1, max_length=4096 * 4)]
    added: _COUNT
    ranges: list[_Range]


class _Core(TypedDict):
    v: Literal[1]
    tool: _WORD_OR_NONE
    patch: _HEX64
    counts: _Counts
    sessions: list[_Session]
    files: list[_File]
    prior: NotRequired[list[_HEX64]]
    cut: NotRequired[dict[_WORD, _COUNT]]


class _Hint(TypedDict):
    tree: NotRequired[_OID]
    base: NotRequired[_OID]


class _Line(TypedDict):
    core: _Core
    digest: _HEX64
    hint: _Hint


class _Tokens(TypedDict):
    input: _COUNT
    cached: _COUNT
    cache_write: _COUNT
    output: _COUNT
    reasoning: _COUNT


class _Prose(TypedDict):
    turn: _COUNT
    text: Annotated[str, msgspec.Meta(max_length=MAX_PROMPT)]


class _Spent(TypedDict):
    id: Annotated[str, msgspec.Meta(max_length=80)]
    tokens: _Tokens
    cost_usd: Annotated[str, msgspec.Meta(pattern=r"\A(?:[0-9]{1,9}(?:\.[0-9]{1,8})?)?\Z")]
    redactions: dict[_WORD, _COUNT]
    prompts: list[_Prose]


class _Annex(TypedDict):
    annex: _HEX64
    ruleset: Annotated[str, msgspec.Meta(max_length=200)]
    policy: Annotated[str, msgspec.Meta(max_length=40)]
    reviewer: NotRequired[Annotated[str, msgspec.Meta(max_length=200)]]
    sessions: list[_Spent]
    made_at: _COUNT
    cut: NotRequired[_COUNT]


_LINE = msgspec.json.Decoder(_Line)
_ANNEX = msgspec.json.Decoder(_Annex)
_USUAL_END = re.compile(r"[^\s#][^\n]*\n\n(?:[A-Za-z][A-Za-z-]*: [^\s][^\n]*\n)*AI-Trail: 1:([0-9a-f]{64})\n*\Z")
_SORTED = msgspec.json.Encoder(order="sorted")


def names_in(message: str) -> tuple[str, ...]:
    """`status.names_in` of the message."""
    hits = message.lower().count("ai-trail")
    if not hits:
        return ("",)
    # One mention, at the end of a plain last paragraph; behind a NUL or scissors there is no message any more.
    found = _USUAL_END.search(message) if hits == 1 and "\0" not in message and ">8" not in message else None
    return (found[1], found[1]) if found else status.names_in(message)


def read_note(blob: bytes) -> list[NoteLine]:
    """`record.parse_note` of the blob."""
    raw = blob.strip()
    if b"\n" in raw or len(blob) > MAX_LINE:
        return parse_note(blob)
    return [read_line(raw)] if raw else []


def read_line(raw: bytes) -> NoteLine:
    """`record.parse_line` of one line without its end."""
    found = _record(raw) if raw.startswith(b'{"core":') and len(raw) <= MAX_LINE else None
    return found or parse_line(raw)


def read_annexes(blob: bytes, *, withheld: Collection[str] = (), elsewhere: bytes = b"") -> Mapping[str, Annex]:
    """`annex.parse_annex` of the blob."""
    raw = blob.strip()
    if elsewhere or b"\n" in raw or len(blob) > MAX_LINE or b'"withheld"' in raw:
        return parse_annex(blob, withheld=withheld, elsewhere=elsewhere)
    try:
        value = _ANNEX.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return parse_annex(blob, withheld=withheld)
    digest = value["annex"]
    return {} if digest in withheld else {digest: _annex(value)}


def _annex(value: _Annex) -> Annex:
    return Annex(
        digest=value["annex"],
        ruleset=value["ruleset"],
        policy=value["policy"],
        reviewer=value.get("reviewer", ""),
        sessions=tuple(
            AnnexSession(
                id=one["id"],
                tokens=TokenTotals(**one["tokens"]),
                cost_usd=one["cost_usd"],
                redactions=one["redactions"],
                prompts=tuple((prompt["turn"], prompt["text"]) for prompt in one["prompts"]),
            )
            for one in value["sessions"]
        ),
        made_at=value["made_at"],
        cut=value.get("cut", 0),
    )


def _record(raw: bytes) -> NoteLine | None:
    try:
        line = _LINE.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    core: dict[str, Any] = line["core"]  # type: ignore[assignment]
    stated, hint = line["digest"], {name: str(oid) for name, oid in line["hint"].items()}
    inner = raw[len(b'{"core":') : raw.rfind(b',"digest":"' + stated.encode())]
    if hashlib.sha256(inner).hexdigest() != stated or _SORTED.encode(core) != inner or not _counts_sessions(core):
        return None
    return NoteLine("core", stated, core, hint, "", core["patch"], (), raw)


def _counts_sessions(core: Mapping[str, Any]) -> bool:
    sessions = len(core["sessions"])
    return all(r["session"] < sessions for file in core["files"] for r in file["ranges"])
