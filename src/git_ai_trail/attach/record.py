"""The core of a record: what a commit's note line says and what the trailer's digest covers. Hot path.

A core holds no free text: words from logs are restricted to a few characters, what does not fit is dropped.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from git_ai_trail.attach.shape import HEX64, is_core, is_files
from git_ai_trail.codec import canonical, path_text
from git_ai_trail.facts import CommitMatch, EvidenceFact, FileDiff, FileMatch, SessionMatch
from git_ai_trail.lazy import pattern
from git_ai_trail.words import agent_word, word

VERSION = 1
MAX_LINE = 64 * 1024
MAX_NOTE = 4 * 1024 * 1024
# What the line needs around the core: keys, the digest, and hints of two oids.
_AROUND = 512
_MAX_LINES = 10_000

_AGENT_ID = pattern(r"ses_[A-Za-z0-9]{10,40}")
_PHRASE = pattern(r"[ -~]{0,200}")


def lines_digest(lines: Iterable[bytes]) -> str:
    """Digest of lines: the first 32 hex digits of the sha256 of their text, each line ended by a line feed."""
    return hashlib.sha256(b"\n".join([*lines, b""])).hexdigest()[:32]


def patch_digest(diffs: Iterable[FileDiff]) -> str:
    """Digest of what a commit changes, wherever it stands: the same after a rebase that altered none of its lines."""
    rows = []
    for diff in diffs:
        if diff.binary or diff.truncated:
            removed, added = f"blob:{diff.old_oid}", f"blob:{diff.new_oid}"
        else:
            removed, added = lines_digest(diff.removed), lines_digest(diff.added)
        rows.append([path_text(diff.old_path), path_text(diff.path), diff.new_mode, removed, added])
    return hashlib.sha256(canonical(rows)).hexdigest()


def prompt_commitment(nonce: bytes, raw: bytes) -> str:
    """Commits to a prompt's raw event without telling anything about it; `nonce` are 16 random bytes that the owner keeps."""
    return hashlib.sha256(nonce + raw).hexdigest()


def digest(core: Mapping[str, Any]) -> str:
    """The digest that the trailer carries."""
    return hashlib.sha256(canonical(dict(core))).hexdigest()


def build_core(
    match: CommitMatch, diffs: Sequence[FileDiff], *, tool: str, prior: Sequence[str] = ()
) -> dict[str, Any]:
    """The core of the record for `match`. `prior` are digests of the records it replaces.

    It always fits into a note line: what does not is cut, the ranges of the largest files first, and counted under `cut`.
    """
    sessions = [one for one in match.sessions if one.evidence and one.role in ("authored", "consulted")]
    order = {one.session_id: index for index, one in enumerate(sessions)}
    core: dict[str, Any] = {
        "v": VERSION,
        "tool": word(tool),
        "patch": patch_digest(diffs),
        "counts": _counts(match),
        "sessions": [_session(one) for one in sessions],
        "files": [_file(one, order) for one in match.files if any(r.session in order for r in one.ranges)],
    }
    if prior:
        core["prior"] = sorted({one for one in prior if HEX64.fullmatch(one)})[:16]
    return _fit(core, MAX_LINE - _AROUND)


def _counts(match: CommitMatch) -> dict[str, Any]:
    """Lines of the whole commit, and what of them is kept apart or was too much to be matched, where there is any."""
    counts: dict[str, Any] = {
        "added": match.added,
        "generated": match.generated,
        "edited": match.edited,
        "unattributed": match.unattributed,
        "deleted": match.deleted,
    }
    if match.apart.files:
        counts["apart"] = match.apart._asdict()
    if match.beyond:
        counts["beyond"] = match.beyond
    return counts


def own_evidence(counts: Mapping[str, Any]) -> int:
    """Lines with evidence, as a core counts them, that are not kept apart."""
    apart = counts.get("apart", {"generated": 0, "edited": 0})
    return int(counts["generated"] + counts["edited"] - apart["generated"] - apart["edited"])


def is_mostly_generated(counts: Mapping[str, Any]) -> bool:
    """Whether a session wrote more than half of the lines, as a core counts them, that are not kept apart."""
    apart = counts.get("apart", {"added": 0, "generated": 0})
    return bool((counts["generated"] - apart["generated"]) * 2 > counts["added"] - apart["added"])


def _session(one: SessionMatch) -> dict[str, Any]:
    models = dict.fromkeys(name for model in one.models if (name := word(model)))
    return {
        "agent": agent_word(one.agent),
        "agent_version": word(one.agent_version),
        "models": list(models)[:16],
        "id": session_key(one.session_id),
        "role": one.role,
        "evidence": [_evidence(fact) for fact in one.evidence[:16]],
        "actions": {name: count for name, count in one.actions[:32] if word(name) == name},
        "prompts": [{"turn": turn, "commitment": known} for turn, known in one.prompts if HEX64.fullmatch(known)],
    }


def _evidence(fact: EvidenceFact) -> dict[str, Any]:
    return {
        "kind": word(fact.kind),
        "lines": fact.lines,
        "rare": fact.rare,
        "cover": fact.cover,
        "detail": fact.detail if _PHRASE.fullmatch(fact.detail) else "",
    }


def _file(one: FileMatch, order: Mapping[str, int]) -> dict[str, Any]:
    ranges = [
        {
            "start": r.start,
            "count": r.count,
            "session": order[r.session],
            "class": r.line_class,
            "turn": r.turn,
            "digest": r.digest,
        }
        for r in one.ranges
        if r.session in order
    ]
    return {"path": path_text(one.path), "added": one.added, "ranges": ranges}


def session_key(session_id: str) -> str:
    """The session's id as the record names it: the id itself if it looks like one, else its digest."""
    if word(session_id) or _AGENT_ID.fullmatch(session_id):
        return session_id
    return "sha256-" + hashlib.sha256(session_id.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _fit(core: dict[str, Any], limit: int) -> dict[str, Any]:
    """Cuts until the core fits: the last ranges of the largest files, then prompts, files and at last sessions."""
    cut = {"ranges": 0, "prompts": 0, "files": 0, "sessions": 0}
    room = limit - 80 - len(canonical(core))
    if room >= 0:
        return core
    for name, lists in (
        ("ranges", sorted((one["ranges"] for one in core["files"]), key=len, reverse=True)),
        ("prompts", sorted((one["prompts"] for one in core["sessions"]), key=len, reverse=True)),
        ("files", [core["files"]]),
        ("sessions", [core["sessions"]]),
    ):
        for items in lists:
            while room < 0 and items:
                room += len(canonical(items.pop())) + bool(items)
                cut[name] += 1
    core["cut"] = {name: count for name, count in cut.items() if count}
    return core


def note_line(core: Mapping[str, Any], hint: Mapping[str, str]) -> bytes:
    """The line that the note holds, without newline, at most 64 KiB. `hint` (tree, base) helps to find things again; the
    digest does not cover it."""
    said = {key: oid for key, oid in hint.items() if key in ("tree", "base") and len(oid) <= 64}
    return canonical({"core": dict(core), "digest": digest(core), "hint": said})


def derived_line(origin: str, op: str, patch: str, ranges: Sequence[Mapping[str, Any]]) -> bytes:
    """Says that a rewritten commit has the record `origin`, and where its ranges stand now.

    `ranges` has the form of a core's `files`, and `session` counts in the origin's core. Too many are cut from the largest files.
    """
    files = [{**one, "ranges": list(one["ranges"])} for one in ranges]
    fitted = _fit({"files": files, "sessions": []}, MAX_LINE - _AROUND)
    return canonical({"origin": origin, "op": word(op), "patch": patch, "ranges": fitted["files"]})


def tombstone_line(withheld: str) -> bytes:
    """Says that what is recorded under the digest is withheld; it beats the record wherever both are read."""
    return canonical({"withheld": withheld})


class NoteLine(NamedTuple):
    """One line of a note. kind: core, derived, withheld; broken (a core that is not what its digest says, or no core at
    all behind our keys); foreign (not ours). `core` is set for kind core alone."""

    kind: str
    digest: str  # of the core; of what is withheld; of the origin for a derived line
    core: dict[str, Any] | None
    hint: Mapping[str, str]
    op: str
    patch: str
    ranges: tuple[dict[str, Any], ...]  # of a derived line, like a core's files
    raw: bytes


def parse_note(blob: bytes, limit: int = MAX_NOTE) -> list[NoteLine]:
    """The distinct lines of a note in order, whatever it holds; never raises. Reads `limit` bytes and 10,000 lines."""
    whole = blob if len(blob) <= limit else blob[: blob.rfind(b"\n", 0, limit) + 1]
    raws = dict.fromkeys(stripped for raw in whole.split(b"\n", _MAX_LINES) if (stripped := raw.strip()))
    return [parse_line(raw) for raw in list(raws)[:_MAX_LINES]]


def parse_line(raw: bytes) -> NoteLine:
    """What one line of a note says."""
    value = read_object(raw)
    if not value and raw.startswith(b'{"core"'):
        return _nothing("broken", "", raw)
    if "core" in value:
        return _core_line(value, raw)
    if origin := _as_digest(value.get("origin")):
        patch, op, ranges = _as_digest(value.get("patch")), value.get("op"), value.get("ranges")
        if not patch or not isinstance(op, str) or not isinstance(ranges, list) or not is_files(ranges):
            return _nothing("broken", origin, raw)
        return NoteLine("derived", origin, None, {}, word(op), patch, tuple(ranges), raw)
    if withheld := _as_digest(value.get("withheld")):
        return _nothing("withheld", withheld, raw)
    return _nothing("foreign", "", raw)


def _core_line(value: dict[str, Any], raw: bytes) -> NoteLine:
    core, stated, hint = value["core"], _as_digest(value.get("digest")), value.get("hint")
    if not stated or not is_core(core) or not _has_digest(core, stated):
        return _nothing("broken", stated, raw)
    said = hint if isinstance(hint, dict) else {}
    hints = {key: oid for key in ("tree", "base") if isinstance(oid := said.get(key), str) and len(oid) <= 64}
    return NoteLine("core", stated, core, hints, "", core["patch"], (), raw)


def _nothing(kind: str, named: str, raw: bytes) -> NoteLine:
    return NoteLine(kind, named, None, {}, "", "", (), raw)


def read_object(raw: bytes) -> dict[str, Any]:
    """The object on a line, which may hold what has no canonical form; empty if there is none, or it is too long."""
    if len(raw) > MAX_LINE or not raw.startswith(b"{"):
        return {}
    try:
        value = json.loads(raw.decode())
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _has_digest(core: dict[str, Any], stated: str) -> bool:
    try:
        return digest(core) == stated
    except (ValueError, RecursionError):
        return False


def _as_digest(value: object) -> str:
    return value if isinstance(value, str) and HEX64.fullmatch(value) else ""
