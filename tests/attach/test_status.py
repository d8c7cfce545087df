"""What a commit's note is worth, on real rewrites and on forgeries."""

from __future__ import annotations

from typing import Any

import pytest
import rfc8785

from git_ai_trail.attach.record import derived_line, digest, patch_digest, tombstone_line
from git_ai_trail.attach.status import STATUSES, Assessment, assess
from git_ai_trail.git import Git, empty_tree
from tests.attach.build import CODE, OTHER, SESSION, a_core, a_diff, a_line, a_match, a_message, a_range, a_session
from tests.support.repo import Repo

DIFF = a_diff(first=11)
CORE = a_core([DIFF])
MOVED = a_diff(added=["import time", *CODE], first=3)
ELSE = a_diff(added=["entirely different content here"])


def judged(message: str, note: bytes, *diffs: Any) -> Assessment:
    found = assess(message, note, diffs or [DIFF])
    assert found.status in STATUSES
    return found


def spans(found: Assessment) -> list[tuple[str, int, int, str]]:
    return [(file.path, r.start, r.end, r.session) for file in found.files for r in file.ranges]


def test_exact_when_the_message_names_the_record_and_the_content_is_its_own() -> None:
    found = judged(a_message(CORE), a_line(CORE))
    assert (found.status, found.digest, found.trailer) == ("exact", digest(CORE), digest(CORE))
    assert spans(found) == [("src/fetch.py", 11, 17, SESSION)]
    assert found.files[0].ranges[0].evidence == "content"
    assert (found.added, found.generated, found.edited, found.unattributed) == (7, 7, 0, 0)
    assert (found.lineage, found.problems) == ((digest(CORE),), ())


def test_line_numbers_are_those_of_the_commits_file() -> None:
    diff = a_diff(positions=(1, 2, 3, 10, 11, 20, 21))
    core = a_core([diff], a_match([diff], [[a_range(diff, 1, 3), a_range(diff, 4, 2), a_range(diff, 7, 1)]]))
    assert [(r.start, r.end) for r in judged(a_message(core), a_line(core), diff).files[0].ranges] == [
        (1, 3),
        (10, 11),
        (21, 21),
    ]


def test_carried_when_its_lines_stand_in_other_content() -> None:
    found = judged(a_message(CORE), a_line(CORE), MOVED)
    assert found.status == "carried"
    assert spans(found) == [("src/fetch.py", 4, 10, SESSION)]
    assert (found.added, found.generated, found.unattributed) == (8, 7, 1)


def test_a_trailer_pasted_onto_other_content_is_a_claim() -> None:
    found = judged(a_message(CORE), a_line(CORE), ELSE)
    assert (found.status, found.generated, spans(found)) == ("claim", 0, [])
    assert found.problems


def test_a_derived_line_carries_what_digests_of_whole_ranges_cannot() -> None:
    split = a_diff(added=[*CODE[:3], "    # by hand", *CODE[3:]])
    parts = {"path": split.path, "added": 8, "ranges": [_dict(split, 1, 3), _dict(split, 5, 4)]}
    line = derived_line(digest(CORE), "rebase", patch_digest([split]), [parts])
    assert judged(a_message(CORE), a_line(CORE), split).status == "claim"
    found = judged(a_message(CORE), a_line(CORE) + b"\n" + line, split)
    assert (found.status, [(r.start, r.end) for r in found.files[0].ranges]) == ("carried", [(1, 3), (5, 8)])


def _dict(diff: Any, start: int, count: int, session: int = 0) -> dict[str, Any]:
    r = a_range(diff, start, count)
    return {"start": start, "count": count, "session": session, "class": "generated", "turn": 0, "digest": r.digest}


def test_a_derived_line_for_other_content_or_with_wrong_digests_adds_nothing() -> None:
    good = {"path": ELSE.path, "added": 1, "ranges": [_dict(ELSE, 1, 1)]}
    foreign = {**good, "ranges": [_dict(ELSE, 1, 1, session=7)]}
    wrong = {**good, "ranges": [{**_dict(ELSE, 1, 1), "digest": "0" * 32}]}
    for files, patch in ((good, "d" * 64), (foreign, patch_digest([ELSE])), (wrong, patch_digest([ELSE]))):
        note = a_line(CORE) + b"\n" + derived_line(digest(CORE), "rebase", patch, [files])
        assert spans(judged(a_message(CORE), note, ELSE)) == []


def test_unanchored_when_no_message_names_it() -> None:
    found = judged(a_message(), a_line(CORE))
    assert (found.status, found.digest, found.trailer) == ("unanchored", digest(CORE), "")
    assert spans(found) == [("src/fetch.py", 11, 17, SESSION)]


def test_of_several_unanchored_records_the_fullest_counts() -> None:
    part = a_core([DIFF], a_match([DIFF], [[a_range(DIFF, 1, 2)]]))
    for note in (a_line(part) + b"\n" + a_line(CORE), a_line(CORE) + b"\n" + a_line(part)):
        assert judged(a_message(), note).digest == digest(CORE)


def test_a_record_found_later_never_replaces_the_one_the_message_names() -> None:
    part = a_core([DIFF], a_match([DIFF], [[a_range(DIFF, 1, 2)]]))
    found = judged(a_message(part), a_line(part) + b"\n" + a_line(CORE))
    assert (found.status, found.digest, found.generated) == ("exact", digest(part), 2)
    assert any("another record" in problem for problem in found.problems)


def test_a_record_for_other_content_that_no_message_names_is_a_claim() -> None:
    found = judged(a_message(), a_line(CORE), ELSE)
    assert (found.status, found.generated) == ("claim", 0)


def test_where_a_rewrite_left_no_added_line_a_record_that_nothing_names_claims_nothing() -> None:
    gone = a_diff(added=[], removed=(b"entirely different content here",))
    found = judged(a_message(), a_line(CORE), gone)
    assert (found.status, found.core, found.generated) == ("none", None, 0)
    assert any("other content" in problem for problem in found.problems)
    assert judged(a_message(CORE), a_line(CORE), gone).status == "claim"


def test_a_changed_record_is_a_claim() -> None:
    note = a_line(CORE).replace(b'"generated":7', b'"generated":6')
    assert judged(a_message(CORE), note).status == "claim"
    assert judged(a_message(), note).status == "claim"


def test_a_forged_record_beside_the_named_one_changes_nothing() -> None:
    forged = a_core([DIFF], a_match([DIFF], [[a_range(DIFF, 1, 7, session=OTHER)]], [a_session(OTHER)]))
    found = judged(a_message(CORE), a_line(forged) + b"\n" + a_line(CORE))
    assert (found.status, {r.session for r in found.files[0].ranges}) == ("exact", {SESSION})


def test_a_trailer_without_its_record_is_unknown() -> None:
    other = a_core([ELSE])
    for note in (b"", a_line(other), b"words\n"):
        found = judged(a_message(CORE), note)
        assert (found.status, found.digest, found.core) == ("unknown", digest(CORE), None)


def test_nothing_at_all_is_none_and_foreign_words_are_a_claim() -> None:
    assert judged(a_message(), b"").status == "none"
    assert judged(a_message(), b"\n\n").status == "none"
    assert judged(a_message(), b"some person's words\n").status == "claim"
    assert judged(a_message(), b"", DIFF).added == 7


@pytest.mark.parametrize("message", [a_message(CORE), a_message()])
def test_a_tombstone_beats_the_record_wherever_it_stands(message: str) -> None:
    for note in (
        a_line(CORE) + b"\n" + tombstone_line(digest(CORE)),
        tombstone_line(digest(CORE)) + b"\n\n" + a_line(CORE),
    ):
        found = judged(message, note)
        assert (found.status, found.core, spans(found)) == ("unknown", None, [])
        assert "withheld" in found.problems[0]
        assert found.withheld == (digest(CORE),)


def test_a_squash_is_carried_from_every_record_it_names() -> None:
    second = a_diff("b.py", ["def other_function_entirely():", "    return compute_everything()"])
    other = a_core([second], a_match([second], [[a_range(second, 1, 2, session=OTHER)]], [a_session(OTHER)]))
    message = f"Squash\n\n{a_message(CORE)}\n\n{a_message(other)}"
    note = a_line(CORE) + b"\n\n" + a_line(other) + b"\n"
    found = judged(message, note, second, MOVED)
    assert (found.status, found.trailer) == ("carried", digest(other))
    assert spans(found) == [("b.py", 1, 2, OTHER), ("src/fetch.py", 4, 10, SESSION)]
    assert set(found.lineage) == {digest(CORE), digest(other)}
    assert {one["id"] for one in found.sessions} == {SESSION, OTHER}


def test_a_record_named_outside_the_last_paragraph_is_carried_and_that_is_said() -> None:
    found = judged(a_message(CORE) + "\n---------\n\nCo-authored-by: B <b@c>\n\nAnd prose.\n", a_line(CORE))
    assert (found.status, found.generated, found.trailer) == ("carried", 7, "")
    assert any("last paragraph" in problem for problem in found.problems)


def test_lineage_goes_back_through_amends() -> None:
    again = a_core([DIFF], prior=[digest(CORE)])
    note = a_line(again) + b"\n" + a_line(CORE)
    assert judged(a_message(again), note).lineage == (digest(again), digest(CORE))


def test_lineage_names_a_record_that_is_not_there() -> None:
    late = a_core([DIFF], prior=["e" * 64])
    assert judged(a_message(late), a_line(late)).lineage == (digest(late), "e" * 64)


def test_of_two_squashed_records_that_claim_a_line_the_one_that_the_message_vouches_for_has_it() -> None:
    other = a_core([DIFF], a_match([DIFF], [[a_range(DIFF, 1, 7, session=OTHER)]], [a_session(OTHER)]))
    for first, last, owner in ((other, CORE, SESSION), (CORE, other, OTHER)):
        message = f"Squash\n\n{a_message(first)}\n\n{a_message(last)}"
        found = judged(message, a_line(CORE) + b"\n" + a_line(other), MOVED)
        assert spans(found) == [("src/fetch.py", 4, 10, owner)]


def test_ranges_that_do_not_fit_the_files_are_left_out_and_that_is_said() -> None:
    wrong = [
        {**CORE["files"][0]["ranges"][0], "start": 3},
        {**CORE["files"][0]["ranges"][0], "digest": "0" * 32},
        {**CORE["files"][0]["ranges"][0], "count": 2**31},
    ]
    for one in wrong:
        core = {**CORE, "files": [{**CORE["files"][0], "ranges": [one]}]}
        found = judged(a_message(core), rfc8785.dumps({"core": core, "digest": digest(core)}))
        assert (found.status, spans(found)) == ("exact", [])
        assert found.problems
    core = {**CORE, "files": [{**CORE["files"][0], "path": "not/in/the/commit"}]}
    assert spans(judged(a_message(core), rfc8785.dumps({"core": core, "digest": digest(core)}))) == []


def _commit(repo: Repo, path: str, text: str) -> tuple[str, dict[str, Any]]:
    """A commit whose message names the record of all that it adds."""
    repo.write(path, text)
    repo.git("add", "-A")
    tree = repo.git("write-tree")
    head = repo.git("rev-parse", "--verify", "-q", "HEAD") if repo.git("rev-list", "--all", "-n1") else ""
    diffs = Git(str(repo.root)).diff(head or empty_tree(tree), tree)
    core = a_core(diffs, a_match(diffs))
    return repo.commit(a_message(core)), core


def _assess(repo: Repo, rev: str, *cores: dict[str, Any]) -> Assessment:
    git = Git(str(repo.root))
    message = repo.git("log", "-1", "--format=%B", rev)
    return assess(message, b"\n".join(a_line(core) for core in cores), git.diff(f"{rev}^", rev))


TEXT = "\n".join(CODE) + "\n"


def test_a_real_commit_is_exact_and_a_real_rebase_of_it_too(repo: Repo) -> None:
    repo.commit_file("README", "x\n")
    oid, core = _commit(repo, "src/fetch.py", TEXT)
    assert _assess(repo, oid, core).status == "exact"
    repo.git("checkout", "-q", "-b", "other", f"{oid}^")
    repo.commit_file("README", "y\n")
    repo.git("cherry-pick", oid)
    assert _assess(repo, "HEAD", core).status == "exact"


def test_a_rebase_that_shifts_lines_of_the_same_file_is_exact_with_new_numbers(repo: Repo) -> None:
    repo.commit_file("a.py", "top = 1\n" * 10 + "bottom = 1\n" * 10)
    oid, core = _commit(repo, "a.py", "top = 1\n" * 10 + "bottom = 1\n" * 10 + TEXT)
    repo.git("checkout", "-q", "-b", "other", f"{oid}^")
    repo.commit_file("a.py", "more = 1\n" * 5 + "top = 1\n" * 10 + "bottom = 1\n" * 10)
    repo.git("cherry-pick", oid)
    found = _assess(repo, "HEAD", core)
    assert (found.status, [(r.start, r.end) for r in found.files[0].ranges]) == ("exact", [(26, 32)])


def test_an_amend_that_adds_lines_of_a_person_is_carried(repo: Repo) -> None:
    repo.commit_file("README", "x\n")
    _, core = _commit(repo, "a.py", TEXT)
    repo.write("a.py", "# by hand\n" + TEXT)
    repo.git("commit", "-qa", "--amend", "--no-edit")
    found = _assess(repo, "HEAD", core)
    assert (found.status, [(r.start, r.end) for r in found.files[0].ranges]) == ("carried", [(2, 8)])


def test_a_real_squash_merge_is_recovered_from_its_message(repo: Repo) -> None:
    base = repo.commit_file("README", "x\n")
    repo.git("checkout", "-q", "-b", "topic")
    _, one = _commit(repo, "a.py", TEXT)
    _, two = _commit(repo, "b.py", "def something_else_altogether():\n    return 'no'\n")
    repo.git("checkout", "-q", "main")
    assert repo.git("rev-parse", "main") == base
    repo.git("merge", "-q", "--squash", "topic")
    repo.git("commit", "-q", "--no-edit")
    found = _assess(repo, "HEAD", one, two)
    assert (found.status, found.trailer, found.generated) == ("carried", "", 9)
