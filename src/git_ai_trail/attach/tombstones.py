"""What is withheld: lines that outlive what they take away, whatever is united with them. Hot path.

`{"withheld": DIGEST}` withholds a record, or its whole annex. A prompt's text alone is withheld by its commitment, with the
record, session and turn beside it by which the annex names the text; the record itself stays as it is.
"""

from __future__ import annotations

from typing import NamedTuple

from git_ai_trail.attach.record import parse_line, parse_note, read_object
from git_ai_trail.attach.shape import HEX64
from git_ai_trail.codec import canonical
from git_ai_trail.git import Git

_MARK = b'"withheld"'
_ANNEX = b'"annex"'


class Gone(NamedTuple):
    """Digests that are withheld, and prompts as (record, session, turn)."""

    digests: frozenset[str]
    prompts: frozenset[tuple[str, str, int]]


NOTHING = Gone(frozenset(), frozenset())


def prompt_line(record: str, session: str, turn: int, commitment: str) -> bytes:
    """Withholds the text of one prompt of a record's annex; `session` is the id as the record has it."""
    return canonical({"withheld": commitment, "record": record, "session": session, "turn": turn})


def read(blob: bytes) -> Gone:
    """What the lines of a note withhold, whatever else it holds; never raises."""
    if _MARK not in blob:
        return NOTHING
    lines = [line for line in parse_note(blob) if line.kind == "withheld"]
    prompts = set()
    for line in lines:
        value = read_object(line.raw)
        record, session, turn = (value.get(name) for name in ("record", "session", "turn"))
        if isinstance(record, str) and HEX64.fullmatch(record) and isinstance(session, str) and type(turn) is int:
            prompts.add((record, session, turn))
    return Gone(frozenset(line.digest for line in lines), frozenset(prompts))


def stripped(line: bytes, gone: Gone) -> bytes:
    """A note's line without what is withheld: an annex without those prompts, nothing of one that is withheld as a whole."""
    if _ANNEX not in line or not (gone.digests or gone.prompts):
        return line
    value = read_object(line.strip())
    record, sessions = value.get("annex"), value.get("sessions")
    if not isinstance(record, str) or not isinstance(sessions, list):
        return line
    if record in gone.digests:
        return b""
    changed = False
    for one in sessions:
        prompts = one.get("prompts") if isinstance(one, dict) else None
        if not isinstance(prompts, list):
            continue
        kept = [each for each in prompts if not _is_gone(record, one.get("id"), each, gone)]
        changed = changed or len(kept) < len(prompts)
        one["prompts"] = kept
    if not changed:
        return line
    try:
        return canonical(value)
    except (ValueError, RecursionError):
        return b""  # not a line of ours


def _is_gone(record: str, session: object, prompt: object, gone: Gone) -> bool:
    turn = prompt.get("turn") if isinstance(prompt, dict) else None
    return isinstance(session, str) and type(turn) is int and (record, session, turn) in gone.prompts


def standing(git: Git, ref: str) -> bytes:
    """Every tombstone in a notes ref, on whatever commit it stands, with one process."""
    code, out = git.call("grep", "-h", "-a", "-F", "--no-textconv", "-e", '"withheld"', ref)
    lines = dict.fromkeys(raw.strip() for raw in (out.split(b"\n") if code == 0 else ()))
    return b"\n".join(raw for raw in lines if parse_line(raw).kind == "withheld")
