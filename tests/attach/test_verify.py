"""What the gate says of one commit: forged, copied, cut and stripped records, and every key of the policy."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import rfc8785

from git_ai_trail.attach.record import derived_line, digest, parse_note, patch_digest, tombstone_line
from git_ai_trail.attach.status import assess
from git_ai_trail.attach.verify import Rules, Verdict, is_doubtful, judge, misplaced
from git_ai_trail.facts import EvidenceFact
from git_ai_trail.shown import Commit
from tests.attach.build import OTHER, a_core, a_diff, a_line, a_match, a_message, a_range, a_session

DIFF = a_diff(first=11)
CORE = a_core([DIFF])
FORGED = a_core([DIFF], a_match([DIFF], [[a_range(DIFF, 1, 7, session=OTHER)]], [a_session(OTHER)]))
ELSE = a_diff(added=["entirely different content here"])
MOVED = a_diff(added=["import time", *(line.decode() for line in DIFF.added)], first=3)


def verdict(message: str, note: bytes, rules: Rules | None = None, diff: Any = DIFF) -> Verdict:
    found = assess(message, note, [diff])
    wrong = misplaced(found.core, [diff]) if found.core is not None and is_doubtful(found) else None
    at = datetime(2026, 11, 1, tzinfo=UTC)
    commit = Commit(
        oid="a" * 40,
        tree="b" * 40,
        parents=("c" * 40,),
        author="A",
        authored_at=at,
        committed_at=at,
        subject=message.splitlines()[0],
        message=message,
    )
    return judge(commit, found, rules or Rules(), attached=parse_note(note), misplaced=wrong)


def test_a_sound_record_passes_without_a_word() -> None:
    found = verdict(a_message(CORE), a_line(CORE))
    assert (found.result, found.status, found.reasons) == ("ok", "exact", ())


def test_a_carried_record_passes() -> None:
    assert verdict(a_message(CORE), a_line(CORE), diff=MOVED).result == "ok"


def test_a_commit_without_record_says_nothing() -> None:
    found = verdict(a_message(), b"")
    assert (found.result, found.reasons) == ("none", ())


def test_a_missing_record_is_unknown_and_fails_only_where_that_is_asked() -> None:
    assert verdict(a_message(CORE), b"").result == "unknown"
    for rules in (Rules(require=("record",)), Rules(require_known=True)):
        found = verdict(a_message(CORE), b"", rules)
        assert found.result == "fail"
        assert "notes fetch" in found.reasons[0]


def test_a_withheld_record_is_an_answer_even_where_records_are_required() -> None:
    note = a_line(CORE) + b"\n" + tombstone_line(digest(CORE))
    assert verdict(a_message(CORE), note, Rules(require=("record",))).result == "unknown"


@pytest.mark.parametrize(
    ("message", "note", "diff", "word"),
    [
        (a_message(CORE), a_line(CORE).replace(b'"generated":7', b'"generated":6'), DIFF, "altered"),
        (a_message(CORE), a_line(CORE)[:-200], DIFF, "cut short"),
        (a_message(), a_line(CORE)[:-200], DIFF, "no record"),
        (a_message(CORE), a_line(CORE), ELSE, "copied"),
        (a_message(), a_line(CORE), ELSE, "copied"),
        (a_message(CORE), a_line(FORGED), DIFF, "another one is attached"),
        (a_message(), b"some words of a person\n", DIFF, "no record"),
    ],
    ids=["edited", "cut, named", "cut, unnamed", "copied with its trailer", "copied note", "forged trailer", "words"],
)
def test_what_nothing_supports_fails_with_a_reason(message: str, note: bytes, diff: Any, word: str) -> None:
    found = verdict(message, note, diff=diff)
    assert found.result == "fail"
    assert word in found.reasons[0]


def test_a_record_that_claims_lines_which_do_not_stand_fails_and_says_where() -> None:
    bad = {**CORE["files"][0]["ranges"][0], "digest": "0" * 32}
    core = {**CORE, "files": [{**CORE["files"][0], "ranges": [bad]}]}
    found = verdict(a_message(core), rfc8785.dumps({"core": core, "digest": digest(core)}))
    assert (found.result, found.file, found.line) == ("fail", "src/fetch.py", 11)


def test_a_path_that_the_commit_does_not_have_is_never_named() -> None:
    core = {**CORE, "files": [{**CORE["files"][0], "path": "::error::x"}]}
    found = verdict(a_message(core), rfc8785.dumps({"core": core, "digest": digest(core)}))
    assert (found.result, found.file, found.line) == ("fail", "", 0)


def test_a_stripped_trailer_fails_only_where_trailers_are_required() -> None:
    assert verdict(a_message(), a_line(CORE)).result == "ok"
    found = verdict(a_message(), a_line(CORE), Rules(require=("trailer",)))
    assert (found.result, found.status) == ("fail", "unanchored")


def test_a_trailer_in_the_body_vouches_for_nothing() -> None:
    body = a_message(CORE) + "\nAnd a paragraph of prose after it.\n"
    assert verdict(body, a_line(CORE)).result == "ok"
    found = verdict(body, a_line(CORE), Rules(require=("trailer",)))
    assert found.result == "fail"
    assert "vouches for nothing" in found.reasons[0]


def test_a_disclosure_is_accepted_in_any_form_of_its_key_and_not_as_none() -> None:
    rules = Rules(require=("disclosure",))
    assert verdict(a_message(CORE), a_line(CORE), rules).result == "fail"
    for line, result in (("assisted-by: a tool", "ok"), ("Assisted-by: none", "fail"), ("Reviewed-by: B", "fail")):
        message = a_message(CORE).rstrip("\n") + f"\n{line}\n"
        assert verdict(message, a_line(CORE), rules).result == result, line


@pytest.mark.parametrize("profile", ["none", "kubernetes", "forbid"])
def test_a_policy_that_allows_no_line_fails_a_commit_that_has_one(profile: str) -> None:
    rules = Rules(profile=profile)
    for message in (a_message(CORE), "Subject\n\nASSISTED-BY: x\n", f"Subject\n\n{a_message(CORE)}\n\nprose\n"):
        found = verdict(message, a_line(CORE), rules)
        assert found.result == "fail"
        assert "allows no line" in found.reasons[0]
    assert verdict("Subject\n\nReviewed-by: B\n", b"", rules).result == "none"


def test_forbid_fails_what_has_evidence_and_none_does_not() -> None:
    assert verdict(a_message(), a_line(CORE), Rules(profile="none")).result == "ok"
    found = verdict(a_message(), a_line(CORE), Rules(profile="forbid"))
    assert (found.result, "7 of 7" in found.reasons[0]) == ("fail", True)


def test_weak_evidence_needs_a_trailer_only_where_the_policy_counts_it() -> None:
    weak = a_session(evidence=(EvidenceFact("content-weak", 1, 0, 10, ""),))
    core = a_core([DIFF], a_match([DIFF], sessions=[weak]))
    rules = Rules(require=("trailer",))
    assert verdict(a_message(), a_line(core), rules).result == "ok"
    assert verdict(a_message(), a_line(core), Rules(require=("trailer",), weak=True)).result == "fail"


def test_of_several_named_records_a_missing_one_fails_where_records_are_required() -> None:
    second = a_core([ELSE])
    message = f"Squash\n\n{a_message(second)}\n\n{a_message(CORE)}"
    assert verdict(message, a_line(CORE), diff=MOVED).result == "ok"
    assert verdict(message, a_line(CORE), Rules(require=("record",)), diff=MOVED).result == "fail"


def test_records_that_were_carried_beside_a_missing_one_are_no_forgery() -> None:
    parts = {**CORE["files"][0], "ranges": [{**CORE["files"][0]["ranges"][0], "start": 2}]}
    line = derived_line(digest(CORE), "squash", patch_digest([MOVED]), [parts])
    assert verdict(a_message(a_core([ELSE])), a_line(CORE) + b"\n" + line, diff=MOVED).result == "unknown"
