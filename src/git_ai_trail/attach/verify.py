"""Judges one commit for the gate: does its record hold, and does it keep to the policy? Pure.

Reasons are in our own words and hold no text from a message, a path or a note.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from git_ai_trail.apart import NOTHING, Apart
from git_ai_trail.attach.lookalikes import MISLEADING, as_read, tricks, twins
from git_ai_trail.attach.profiles import PROFILES, adds_lines
from git_ai_trail.attach.ranges import in_place
from git_ai_trail.attach.record import NoteLine, patch_digest
from git_ai_trail.attach.status import Assessment
from git_ai_trail.attach.trailers import KEY, anywhere, last_block
from git_ai_trail.codec import path_text
from git_ai_trail.facts import FileDiff
from git_ai_trail.globs import fits, is_under
from git_ai_trail.shown import Commit

RESULTS = ("ok", "none", "unknown", "fail")

_FITS = ("exact", "carried", "unanchored")
_PROOF = ("committed-by-session", "content")
_WEAK = ("content-weak", "time-path")
_DISCLOSING = {key.lower(): key for form in PROFILES.values() for key in (form.key, form.mostly) if key}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a commit is held to, as the policy says; `require_known` asks for every record that is named."""

    require: tuple[str, ...] = ()
    profile: str = "default"
    weak: bool = False
    require_known: bool = False
    forbid_paths: tuple[str, ...] = ()
    share_limit: float | None = None
    exempt: tuple[str, ...] = ()
    signed: str = "none"  # none, evidence, all


class Derived(NamedTuple):
    """What the logs at hand say of a record: confirmed, contradicted (with the reason) or unknown."""

    result: str
    reason: str = ""


NOT_ASKED = Derived("")


class Failure(NamedTuple):
    """What a commit fails by: one of `FAILURES`, and the sentence for people."""

    rule: str
    text: str


# What each means, for tools that list rules.
FAILURES = {
    "record-altered": "The attached record is not what its digest says, or was made for other content.",
    "note-oversized": "The note is larger than readers read, so nothing in it counts.",
    "record-missing": "A record that the message names is not here.",
    "record-replaced": "The message names one record, and another one is attached.",
    "lines-misplaced": "The record claims lines that do not stand in the commit.",
    "trailer-missing": "The commit has evidence of a session's work, and its message does not name its record.",
    "disclosure-missing": "The commit has evidence of a session's work, and no line discloses it.",
    "evidence-contradicted": "The logs at hand do not hold what the record says that they do.",
    "line-forbidden": "The policy allows no line about assistance, and the message has one.",
    "assistance-forbidden": "The policy forbids assistance, and lines have evidence of it.",
    "path-forbidden": "The policy allows no line with evidence in a path that has some.",
    "share-exceeded": "More of the added lines have evidence than the policy allows.",
    "signature-missing": "The policy asks for a good signature, and the commit has none.",
}
# What git's %G? says of signatures that do not count.
_SIGNATURES = {
    "N": "it has no signature",
    "U": "its signature is by a key that is not trusted here: trust the key, or name it in gpg.ssh.allowedSignersFile",
    "B": "its signature is bad",
    "E": "its signature cannot be checked here: the key is missing",
    "R": "its signature was made with a key that was revoked",
    "X": "its signature has expired",
    "Y": "its signature was made with a key that has expired",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the gate says of a commit, whose author may be `exempt` from the policy. `evidence` is what looking at the logs again
    gave (confirmed, contradicted, unknown), empty where that was not asked. `result` is ok, none (no record and none named), unknown (a record is named and not here)
    or fail; the first of `reasons` is the one to read. `file` and `line` name a place where the record does not stand."""

    oid: str
    subject: str
    result: str
    status: str
    reasons: tuple[str, ...]
    file: str
    line: int
    failures: tuple[Failure, ...] = ()
    exempt: bool = False
    evidence: str = ""


def judge(
    commit: Commit,
    found: Assessment,
    rules: Rules,
    *,
    attached: Sequence[NoteLine] = (),
    misplaced: tuple[str, int] | None = None,
    signature: str = "",
    apart: Apart = NOTHING,
    derived: Derived = NOT_ASKED,
    oversized: bool = False,
) -> Verdict:
    """The verdict on one commit. `attached` are the note's lines (needed where the named record is missing), `misplaced` the
    place of a range that does not stand (see `misplaced`), `signature` what git's `%G?` says where the policy asks for one, `apart` what stands in files of which
    the policy asks no share, `derived` what the logs say where they were asked; `oversized` says that the note was too large to be read."""
    exempt = is_exempt(commit, rules.exempt)
    failures = list(_of_the_record(found, rules, attached, misplaced))
    if oversized:
        failures.append(
            Failure("note-oversized", "its note is larger than the 4 MiB that readers read: nothing in it counts")
        )
    if derived.result == "contradicted" and "evidence" in rules.require:
        failures.append(Failure("evidence-contradicted", derived.reason))
    if not exempt:
        failures += [
            *_of_the_policy(commit, found, rules),
            *_of_the_lines(found, rules, apart),
            *_signed(found, rules, signature),
        ]
    file, line = misplaced or _forbidden(found, rules.forbid_paths if not exempt else ()) or ("", 0)
    passed = "ok" if found.status in _FITS else found.status
    result = "fail" if failures else passed
    remarks = [] if found.status == "claim" or result == "none" else found.problems
    return Verdict(
        oid=commit.oid,
        subject=commit.subject,
        result=result,
        status=found.status,
        reasons=tuple(
            dict.fromkeys(
                (*(one.text for one in failures), *remarks, *filter(None, (derived.reason,)), *misleading(found))
            )
        ),
        file=file,
        line=line,
        failures=tuple(failures),
        exempt=exempt,
        evidence=derived.result,
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
) -> Iterator[Failure]:
    if found.status == "claim":
        yield Failure("record-altered", _claim(found))
    elif found.status == "unknown":
        # A withheld record is an answer, not a gap.
        if not found.digest or found.digest in found.withheld:
            return
        forged = _instead(found, attached)
        if forged:
            yield Failure("record-replaced", forged)
        elif "record" in rules.require or rules.require_known:
            yield Failure(
                "record-missing",
                "the record that its message names is not here: `git ai-trail notes fetch` brings what was shared",
            )
    elif wrong is not None:
        yield Failure("lines-misplaced", "its record claims lines that do not stand in the commit")


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


def _of_the_policy(commit: Commit, found: Assessment, rules: Rules) -> Iterator[Failure]:
    if not adds_lines(rules.profile):
        yield from _of_silence(commit, found, rules)
        return
    if "record" in rules.require and found.status == "carried":
        missing = [one for one in anywhere(commit.message) if one not in {*found.lineage, *found.withheld}]
        if missing:
            said = (
                f"{len(missing)} of the records that its message names {'is' if len(missing) == 1 else 'are'} not here"
            )
            yield Failure("record-missing", said)
    if "trailer" in rules.require and has_evidence(found, weak=rules.weak) and not found.trailer:
        if found.status == "unanchored":
            said = f"it has evidence of a session's work, and its message carries no {KEY} trailer"
        else:
            said = "its record is named outside the message's last paragraph only, where a line vouches for nothing"
        yield Failure("trailer-missing", said)
    if "disclosure" in rules.require and has_evidence(found, kinds=("content",)) and not _discloses(commit, rules):
        said = f"it has evidence of a session's work, and no `{PROFILES[rules.profile].key}` line discloses it"
        yield Failure("disclosure-missing", said)


def _of_silence(commit: Commit, found: Assessment, rules: Rules) -> Iterator[Failure]:
    keys = {key.lower() for key, _ in last_block(commit.message)}
    written = [name for key, name in _DISCLOSING.items() if key in keys]
    if KEY.lower() in keys or anywhere(commit.message):
        written.insert(0, KEY)
    if written:
        said = f"the policy ({rules.profile}) allows no line about assistance, and its message has {', '.join(written)}"
        yield Failure("line-forbidden", said)
    lines = found.generated + found.edited if found.status in _FITS else 0
    if rules.profile == "forbid" and (lines or has_evidence(found, weak=rules.weak)):
        said = f"the policy forbids assistance, and {lines:,} of {found.added:,} added lines have evidence of it"
        yield Failure("assistance-forbidden", said)


def _of_the_lines(found: Assessment, rules: Rules, apart: Apart) -> Iterator[Failure]:
    """Rules about how many lines have evidence, and where."""
    if found.status not in _FITS:
        return
    lines = found.generated + found.edited - apart.generated - apart.edited
    added = found.added - apart.added
    if rules.share_limit is not None and lines > rules.share_limit * added:
        said = f"{lines:,} of {added:,} added lines have evidence, and the policy allows {rules.share_limit:g} of them"
        yield Failure("share-exceeded", said)
    if _forbidden(found, rules.forbid_paths):
        count = sum(
            r.end - r.start + 1
            for file in found.files
            if any(_is_meant(file.path, one) for one in rules.forbid_paths)
            for r in file.ranges
        )
        said = f"{count:,} added line{'' if count == 1 else 's'} with evidence in a path where the policy allows none"
        yield Failure("path-forbidden", said)


def _forbidden(found: Assessment, patterns: Sequence[str]) -> tuple[str, int] | None:
    """(path, line) of the first line with evidence where none may be."""
    if found.status not in _FITS:
        return None
    for file in found.files:
        if file.ranges and any(_is_meant(file.path, one) for one in patterns):
            return file.path, file.ranges[0].start
    return None


def _is_meant(path: str, pattern: str) -> bool:
    """A path that only looks like what the policy names counts as that."""
    return is_under(path, pattern) or is_under(as_read(path), as_read(pattern))


def misleading(found: Assessment) -> list[str]:
    """What to say of a commit whose paths look like others. The paths themselves are not repeated: they would mislead here too."""
    paths = [file.path for file in found.files if not file.path.isascii() or not file.path.isprintable()]
    seen = {name for path in paths for name in tricks(path)}
    said = [f"a path of it holds {text}" for name, text in MISLEADING.items() if name in seen]
    return [*said, *(["two of its paths look the same"] if paths and twins(file.path for file in found.files) else [])]


def is_exempt(commit: Commit, people: Sequence[str]) -> bool:
    """Whether the author, as `Name <address>`, is one of those that the policy exempts."""
    who = f"{commit.author} <{commit.email}>"
    return any(fits(who, one if "<" in one else one + " <*>") for one in people)


def _signed(found: Assessment, rules: Rules, signature: str) -> Iterator[Failure]:
    asked = rules.signed == "all" or (rules.signed == "evidence" and has_evidence(found, weak=rules.weak))
    if asked and signature != "G":
        yield Failure(
            "signature-missing", f"the policy asks for a signature, and {_SIGNATURES.get(signature, _SIGNATURES['N'])}"
        )


def has_evidence(found: Assessment, *, kinds: Sequence[str] = _PROOF, weak: bool = False) -> bool:
    """Whether a record that fits says that a session took part as an author, by evidence that is enough for a trailer."""
    if found.status not in _FITS:
        return False
    enough = {*kinds, *(_WEAK if weak else ())}
    if not found.generated + found.edited and found.status != "exact":
        # What the record says of lines is true of lines that are gone.
        enough -= {"content", *_WEAK}
    return any(
        one["role"] == "authored" and any(fact["kind"] in enough for fact in one["evidence"]) for one in found.sessions
    )


def _discloses(commit: Commit, rules: Rules) -> bool:
    form = PROFILES[rules.profile]
    keys = {form.key.lower(), form.mostly.lower()}
    return any(
        key.lower() in keys and value and value.strip().lower() != "none" for key, value in last_block(commit.message)
    )
