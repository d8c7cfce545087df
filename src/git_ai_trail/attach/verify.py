"""Judges one commit for the gate: does its record hold, and does it keep to the policy? Pure.

Reasons are in our own words and hold no text from a message, a path or a note.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from git_ai_trail.attach.profiles import PROFILES, adds_lines
from git_ai_trail.attach.ranges import in_place
from git_ai_trail.attach.record import NoteLine, patch_digest
from git_ai_trail.attach.status import Assessment
from git_ai_trail.attach.trailers import KEY, anywhere, last_block
from git_ai_trail.codec import path_text
from git_ai_trail.facts import FileDiff
from git_ai_trail.model import Commit

RESULTS = ("ok", "none", "unknown", "fail")

_FITS = ("exact", "carried", "unanchored")
_PROOF = ("committed-by-session", "content")
_WEAK = ("content-weak", "time-path")
_DISCLOSING = {key.lower(): key for form in PROFILES.values() for key in (form.key, form.mostly) if key}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a commit is held to. `require` and `profile` are the policy's; `require_known` asks for every record that is named."""

    require: tuple[str, ...] = ()
    profile: str = "default"
    weak: bool = False
    require_known: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the gate says of a commit. `result` is ok, none (no record and none named), unknown (a record is named and not here)
    or fail; the first of `reasons` is the one to read. `file` and `line` name a place where the record does not stand."""

    oid: str
    subject: str
    result: str
    status: str
    reasons: tuple[str, ...]
    file: str
    line: int


def judge(
    commit: Commit,
    found: Assessment,
    rules: Rules,
    *,
    attached: Sequence[NoteLine] = (),
    misplaced: tuple[str, int] | None = None,
) -> Verdict:
    """The verdict on one commit. `attached` are the note's lines (needed where the named record is missing), `misplaced` the
    place of a range that does not stand (see `misplaced`)."""
    failures = [*_of_the_record(found, rules, attached, misplaced), *_of_the_policy(commit, found, rules)]
    passed = "ok" if found.status in _FITS else found.status
    result = "fail" if failures else passed
    remarks = [] if found.status == "claim" or result == "none" else found.problems
    return Verdict(
        oid=commit.oid,
        subject=commit.subject,
        result=result,
        status=found.status,
        reasons=tuple(dict.fromkeys((*failures, *remarks))),
        file=misplaced[0] if misplaced else "",
        line=misplaced[1] if misplaced else 0,
    )


def is_doubtful(found: Assessment) -> bool:
    """Whether fewer lines stand than the record lists, so that it is worth finding out which. Needs no diff."""
    if found.status not in ("exact", "unanchored") or found.core is None:
        return False
    shown = {path_text(file.path): sum(r.end - r.start + 1 for r in file.ranges) for file in found.files}
    listed: dict[str, int] = {}
    for file in found.core["files"]:
        listed[file["path"]] = listed.get(file["path"], 0) + sum(r["count"] for r in file["ranges"])
    return any(count > shown.get(path, 0) for path, count in listed.items())


def misplaced(core: Mapping[str, Any], diffs: Sequence[FileDiff]) -> tuple[str, int] | None:
    """(path, line) of the first range that a record of this very content claims and that does not stand there.

    The path is empty where the commit has none of that name, the line 0 where the file has none of that number. None where all
    stand, or the record was made for other content: then ranges may well be gone.
    """
    if core["patch"] != patch_digest(diffs):
        return None
    known = {path_text(diff.path): diff for diff in diffs}
    for file in core["files"]:
        diff = known.get(file["path"])
        standing = in_place(file["ranges"], diff.added if diff else ())
        gone = next((r for r in file["ranges"] if r not in standing), None)
        if gone is None and len(standing) == len(file["ranges"]):
            continue
        at = (gone or file["ranges"][0])["start"] - 1
        if diff is None:
            return "", 0
        return diff.path, diff.positions[at] if at < len(diff.positions) else 0
    return None


def _of_the_record(
    found: Assessment, rules: Rules, attached: Sequence[NoteLine], wrong: tuple[str, int] | None
) -> Iterator[str]:
    if found.status == "claim":
        yield _claim(found)
    elif found.status == "unknown":
        # A withheld record is an answer, not a gap.
        if not found.digest or found.digest in found.withheld:
            return
        forged = _instead(found, attached)
        if forged:
            yield forged
        elif "record" in rules.require or rules.require_known:
            yield "the record that its message names is not here: `git ai-trail notes fetch` brings what was shared"
    elif wrong is not None:
        yield "its record claims lines that do not stand in the commit"


def _claim(found: Assessment) -> str:
    if found.core is None and found.digest:
        return "the record that its message names was altered or forged: what is attached has another digest"
    if found.core is None:
        return "what is attached is no record, or not the one that its digest says"
    if found.lineage:
        return (
            "the attached record was made for other content, and the message does not name it: a note copied from "
            "another commit?"
        )
    return (
        "its message names a record of other content, none of whose lines stand here: a note or trailer copied from "
        "another commit?"
    )


def _instead(found: Assessment, attached: Sequence[NoteLine]) -> str:
    """What is wrong if the record that the last paragraph names is missing and something else stands in its place."""
    if not found.trailer:
        return ""
    if any(line.kind == "broken" for line in attached):
        return "the record that its message names is missing, and what is attached instead is broken: cut short or altered?"
    carried = {line.digest for line in attached if line.kind == "derived"}
    withheld = {line.digest for line in attached if line.kind == "withheld"}
    if any(line.kind == "core" and line.digest not in carried | withheld for line in attached):
        return (
            "its message names one record, and another one is attached: a forged trailer, or a note that was replaced?"
        )
    return ""


def _of_the_policy(commit: Commit, found: Assessment, rules: Rules) -> Iterator[str]:
    if not adds_lines(rules.profile):
        yield from _of_silence(commit, found, rules)
        return
    if "record" in rules.require and found.status == "carried":
        missing = [one for one in anywhere(commit.message) if one not in {*found.lineage, *found.withheld}]
        if missing:
            yield f"{len(missing)} of the records that its message names {'is' if len(missing) == 1 else 'are'} not here"
    if "trailer" in rules.require and has_evidence(found, weak=rules.weak) and not found.trailer:
        if found.status == "unanchored":
            yield f"it has evidence of a session's work, and its message carries no {KEY} trailer"
        else:
            yield "its record is named outside the message's last paragraph only, where a line vouches for nothing"
    if "disclosure" in rules.require and has_evidence(found, kinds=("content",)) and not _discloses(commit, rules):
        yield f"it has evidence of a session's work, and no `{PROFILES[rules.profile].key}` line discloses it"


def _of_silence(commit: Commit, found: Assessment, rules: Rules) -> Iterator[str]:
    keys = {key.lower() for key, _ in last_block(commit.message)}
    written = [name for key, name in _DISCLOSING.items() if key in keys]
    if KEY.lower() in keys or anywhere(commit.message):
        written.insert(0, KEY)
    if written:
        yield f"the policy ({rules.profile}) allows no line about assistance, and its message has {', '.join(written)}"
    lines = found.generated + found.edited if found.status in _FITS else 0
    if rules.profile == "forbid" and (lines or has_evidence(found, weak=rules.weak)):
        yield f"the policy forbids assistance, and {lines:,} of {found.added:,} added lines have evidence of it"


def has_evidence(found: Assessment, *, kinds: Sequence[str] = _PROOF, weak: bool = False) -> bool:
    """Whether a record that fits says that a session took part as an author, by evidence that is enough for a trailer."""
    if found.status not in _FITS:
        return False
    enough = {*kinds, *(_WEAK if weak else ())}
    return any(
        one["role"] == "authored" and any(fact["kind"] in enough for fact in one["evidence"]) for one in found.sessions
    )


def _discloses(commit: Commit, rules: Rules) -> bool:
    form = PROFILES[rules.profile]
    keys = {form.key.lower(), form.mostly.lower()}
    return any(
        key.lower() in keys and value and value.strip().lower() != "none" for key, value in last_block(commit.message)
    )
