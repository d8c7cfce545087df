"""Amend: the new match keeps what it owns, the old record what still stands."""

from __future__ import annotations

from git_ai_trail.attach.carry import unite
from git_ai_trail.attach.record import build_core, digest, lines_digest, parse_note
from git_ai_trail.facts import CommitMatch, EvidenceFact
from tests.attach.build import CODE, OTHER, SESSION, a_core, a_diff, a_line, a_match, a_range, a_session

OLD = a_core()
MORE = ("def close(session):", "    session.close_all_connections()")
AMENDED = a_diff(added=["import time", *CODE, *MORE])


def nobody(*diffs: object) -> CommitMatch:
    return a_match(list(diffs), [[] for _ in diffs], [])  # type: ignore[arg-type]


def owners(match: CommitMatch) -> list[tuple[int, int, str]]:
    return [(r.start, r.count, r.session) for file in match.files for r in file.ranges]


def test_old_lines_that_still_stand_stay_with_their_session() -> None:
    match = unite(nobody(AMENDED), OLD, [AMENDED])
    assert owners(match) == [(2, 7, SESSION)]
    assert (match.added, match.generated, match.unattributed) == (10, 7, 3)
    assert [one.session_id for one in match.sessions] == [SESSION]
    assert match.sessions[0].prompts == tuple((one["turn"], one["commitment"]) for one in OLD["sessions"][0]["prompts"])


def test_a_new_owner_wins_the_line() -> None:
    ranges = [[a_range(AMENDED, 4, 2, session=OTHER), a_range(AMENDED, 9, 2, session=OTHER)]]
    match = unite(a_match([AMENDED], ranges, [a_session(OTHER)]), OLD, [AMENDED])
    assert owners(match) == [(2, 2, SESSION), (4, 2, OTHER), (6, 3, SESSION), (9, 2, OTHER)]
    assert match.generated == 9
    assert {one.session_id for one in match.sessions} == {SESSION, OTHER}
    for r in match.files[0].ranges:
        assert r.digest == lines_digest(AMENDED.added[r.start - 1 : r.start - 1 + r.count])


def test_the_same_session_before_and_after_is_one_session() -> None:
    newer = a_session(models=("gpt-6",), prompts=((1, "b" * 64),), turns=(1,))
    match = unite(a_match([AMENDED], [[a_range(AMENDED, 9, 2)]], [newer]), OLD, [AMENDED])
    (session,) = match.sessions
    assert session.models == ("gpt-5.6", "gpt-6")
    assert [turn for turn, _ in session.prompts] == [0, 1]
    assert session.turns == (0, 1)
    assert [fact.kind for fact in session.evidence] == ["content"]
    assert session.started_at == newer.started_at


def test_a_session_whose_lines_are_all_gone_is_gone() -> None:
    other = a_diff(added=["entirely different content"])
    match = unite(nobody(other), OLD, [other])
    assert (match.sessions, owners(match), match.generated) == ((), [], 0)


def test_a_session_that_made_the_commit_stays_without_lines() -> None:
    fact = EvidenceFact("committed-by-session", 7, 5, 90, "its log shows the commit")
    old = a_core(match=a_match([a_diff()], sessions=[a_session(evidence=(fact,))]))
    other = a_diff(added=["entirely different content"])
    (session,) = unite(nobody(other), old, [other]).sessions
    assert [(one.kind, one.lines) for one in session.evidence] == [("committed-by-session", 0)]


def test_evidence_claims_no_more_lines_than_were_kept() -> None:
    old = a_core(match=a_match([a_diff()], [[a_range(a_diff(), 1, 3), a_range(a_diff(), 4, 4)]]))
    shorter = a_diff(added=CODE[:3])
    (session,) = unite(nobody(shorter), old, [shorter]).sessions
    assert [(one.lines, one.rare, one.cover) for one in session.evidence] == [(3, 3, 90)]


def test_the_united_match_makes_a_record_that_names_the_one_before() -> None:
    match = unite(nobody(AMENDED), OLD, [AMENDED])
    core = build_core(match, [AMENDED], tool="git-ai-trail/0.1.0", prior=[digest(OLD)])
    assert core["prior"] == [digest(OLD)]
    assert parse_note(a_line(core))[0].kind == "core"


def test_a_file_the_new_match_does_not_know_is_added() -> None:
    other = a_diff("other.py", ["something else entirely"])
    match = unite(nobody(other), OLD, [other, AMENDED])
    assert [file.path for file in match.files] == ["other.py", "src/fetch.py"]
    assert owners(match) == [(2, 7, SESSION)]


def test_a_range_of_which_a_line_is_gone_keeps_the_others_where_the_old_commit_is_known() -> None:
    old = a_diff("a.py", [f"this_is_line_number_{n}_of_the_session()" for n in range(6)])
    core = a_core([old], a_match([old]))
    lines = [one.decode() for one in old.added]
    new = a_diff("a.py", [*lines[:2], "a_line_by_a_person_in_between()", *lines[3:]])
    nobody = a_match([new], [[]], [])
    assert unite(nobody, core, [new]).generated == 0
    united = unite(nobody, core, [new], [old])
    assert [(r.start, r.count) for r in united.files[0].ranges] == [(1, 2), (4, 3)]
    assert (united.generated, len(united.sessions)) == (5, 1)
