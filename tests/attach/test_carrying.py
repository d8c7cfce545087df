"""Carrying over a squash or rebase: only sound records, only where their lines stand, each line once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from git_ai_trail.attach import carrying
from git_ai_trail.attach.carrying import Load, Origin, load, weight
from git_ai_trail.attach.record import MAX_LINE, derived_line, digest, parse_line, patch_digest, tombstone_line
from git_ai_trail.attach.status import Assessment, assess
from git_ai_trail.facts import FileDiff
from tests.attach.build import CODE, OTHER, SESSION, a_core, a_diff, a_line, a_match, a_message, a_range, a_session

ONE = a_diff()
CORE = a_core([ONE])
CLOSE = ("def close(session):", "    session.close_all_connections()")
TWO = a_diff("src/close.py", CLOSE)
TWO_CORE = a_core([TWO], a_match([TWO], [[a_range(TWO, 1, 2, session=OTHER)]], [a_session(OTHER)]))


def origin(
    core: dict[str, Any], diffs: Sequence[FileDiff] = (), *more: bytes, oid: str = "a" * 40, first: bytes = b""
) -> Origin:
    return Origin(oid=oid, note=b"\n".join([first or a_line(core), *more]), diffs=diffs)


def carried(origins: Sequence[Origin], diffs: Sequence[FileDiff], note: bytes = b"", **more: Any) -> Load:
    return load(origins, note, diffs, op="squash", **more)


def note_of(made: Load) -> bytes:
    return b"".join(line + b"\n" for line in made.lines)


def read(made: Load, diffs: Sequence[FileDiff], *named: dict[str, Any]) -> Assessment:
    message = "Squash\n\n" + "".join(f"AI-Trail: 1:{digest(one)}\n" for one in named)
    return assess(message, note_of(made), diffs)


def kinds(made: Load) -> list[str]:
    return [parse_line(line).kind for line in made.lines]


def owned(made: Load) -> list[tuple[str, str, int, int]]:
    """(origin, path, start, count) of every range that a derived line states."""
    return [
        (line.digest, file["path"], r["start"], r["count"])
        for line in map(parse_line, made.lines)
        for file in line.ranges
        for r in file["ranges"]
    ]


def test_the_same_change_needs_no_derived_line() -> None:
    made = carried([origin(CORE)], [ONE])
    assert (kinds(made), list(made.records), made.credited) == (["core"], [digest(CORE)], 7)
    assert assess(a_message(CORE), note_of(made), [ONE]).status == "exact"


@pytest.mark.parametrize("trailers", [True, False])
def test_a_squash_has_the_records_of_all_its_commits(trailers: bool) -> None:
    made = carried([origin(CORE), origin(TWO_CORE, oid="b" * 40)], [TWO, ONE])
    assert list(made.records) == [digest(CORE), digest(TWO_CORE)]
    found = read(made, [TWO, ONE], *([CORE, TWO_CORE] if trailers else []))
    assert found.status == ("carried" if trailers else "unanchored")
    assert (found.generated, made.credited, set(found.lineage)) == (9, 9, {digest(CORE), digest(TWO_CORE)})
    assert {one["id"] for one in found.sessions} == {SESSION, OTHER}


def test_free_text_beside_the_core_stays_behind() -> None:
    value = json.loads(a_line(CORE))
    value |= {"extra": "SECRET", "hint": {"tree": "SECRET", "base": "3" * 40, "more": "SECRET"}}
    made = carried([origin(CORE, first=json.dumps(value).encode())], [ONE])
    assert list(made.records) == [digest(CORE)]
    assert b"SECRET" not in note_of(made)
    assert parse_line(made.lines[0]).hint == {"base": "3" * 40}


def test_free_text_in_a_range_of_a_derived_line_stays_behind() -> None:
    stated = json.loads(derived_line(digest(CORE), "rebase", "0" * 64, CORE["files"]))
    stated["ranges"][0] |= {"extra": "SECRET"}
    stated["ranges"][0]["ranges"][0] |= {"extra": "SECRET"}
    stated["extra"] = "SECRET"
    core = json.loads(json.dumps(CORE))
    core["files"][0]["ranges"] = []
    stated["origin"] = digest(core)
    target = a_diff(added=["import time", *CODE])
    made = carried([origin(core, (), json.dumps(stated).encode())], [target])
    assert owned(made) == [(digest(core), ONE.path, 2, 7)]
    assert b"SECRET" not in note_of(made)


def derived(core: dict[str, Any], diff: FileDiff, *ranges: tuple[int, int]) -> bytes:
    places = [
        {
            "start": at,
            "count": count,
            "session": 0,
            "class": "generated",
            "turn": 0,
            "digest": a_range(diff, at, count).digest,
        }
        for at, count in ranges
    ]
    return derived_line(
        digest(core),
        "rebase",
        patch_digest([diff]),
        [{"path": diff.path, "added": len(diff.added), "ranges": places}],
    )


SPLIT = a_diff(added=[*CODE[:3], "    # by hand", *CODE[3:]])


@pytest.mark.parametrize("here", [True, False])
def test_a_record_that_only_its_derived_line_locates_is_carried(here: bool) -> None:
    line = derived(CORE, SPLIT, (1, 3), (5, 4))
    source = origin(CORE, [SPLIT] if here else (), line)
    same = carried([source], [SPLIT])
    assert (owned(same), same.credited) == ([(digest(CORE), ONE.path, 1, 3), (digest(CORE), ONE.path, 5, 4)], 7)
    moved = carried([source], [a_diff(added=["import os", *(line.decode() for line in SPLIT.added)])])
    assert owned(moved) == [(digest(CORE), ONE.path, 2, 3), (digest(CORE), ONE.path, 6, 4)]


def test_a_derived_line_credits_nothing_that_does_not_stand_or_has_no_session() -> None:
    lines = [derived(CORE, a_diff(added=["entirely", "different", "content"]), (1, 3))]
    foreign = json.loads(derived(CORE, SPLIT, (1, 3)))
    foreign["ranges"][0]["ranges"][0]["session"] = 5
    lines.append(json.dumps(foreign).encode())
    target = a_diff(added=[*CODE[:3], "    # by hand"])
    made = carried([origin(CORE, (), *lines)], [target])
    assert (made.lines, made.credited) == ((), 0)
    assert made.skipped == ((digest(CORE), "none of its lines stand in the new commit"),)


def test_an_exact_record_owns_its_lines_and_another_none_of_them() -> None:
    before = a_diff(added=["z = 1", *CODE])
    other = a_core([before], a_match([before], [[a_range(before, 2, 7, session=OTHER)]], [a_session(OTHER)]))
    for order in ([other, CORE], [CORE, other]):
        made = carried([origin(core, oid=c * 40) for core, c in zip(order, "ab", strict=True)], [ONE])
        assert (kinds(made), owned(made), made.credited) == (["core", "core"], [], 7)
        assert {r.session for file in read(made, [ONE]).files for r in file.ranges} == {SESSION}


def test_a_later_commit_wins_the_line() -> None:
    target = a_diff(added=["z = 1", *CODE])
    late = a_diff(added=CODE[3:5])
    later = a_core([late], a_match([late], [[a_range(late, 1, 2, session=OTHER)]], [a_session(OTHER)]))
    made = carried([origin(CORE), origin(later, oid="b" * 40)], [target])
    assert sorted(owned(made)) == sorted(
        [(digest(CORE), ONE.path, 2, 3), (digest(CORE), ONE.path, 7, 2), (digest(later), ONE.path, 5, 2)]
    )
    assert made.credited == 7
    assert read(made, [target]).generated == 7


def test_lines_that_were_changed_are_lost_one_by_one() -> None:
    target = a_diff(added=["import time", *CODE[:2], "    for attempt in range(9):", *CODE[3:]])
    made = carried([origin(CORE, [ONE])], [target])
    assert owned(made) == [(digest(CORE), ONE.path, 2, 2), (digest(CORE), ONE.path, 5, 4)]
    assert read(made, [target]).generated == 6


def test_a_renamed_file_keeps_its_record() -> None:
    target = a_diff("src/retry.py", ["import time", *CODE])
    made = carried([origin(CORE, [ONE])], [target])
    assert owned(made) == [(digest(CORE), "src/retry.py", 2, 7)]


def test_a_function_that_moved_past_another_keeps_its_record() -> None:
    both = a_diff(added=[*CODE, *CLOSE])
    core = a_core([both], a_match([both], [[a_range(both, 1, 7), a_range(both, 8, 2)]]))
    target = a_diff(added=[*CLOSE, *CODE])
    assert sorted(owned(carried([origin(core, [both])], [target]))) == [
        (digest(core), ONE.path, 1, 2),
        (digest(core), ONE.path, 3, 7),
    ]


@pytest.mark.parametrize("here", [True, False])
def test_plain_lines_prove_nothing(here: bool) -> None:
    plain = a_diff("a.c", ["}", "", "    }", "}"])
    core = a_core([plain])
    target = a_diff("a.c", ["int unrelated_function(void) {", "}", "", "    }", "}"])
    made = carried([origin(core, [plain] if here else ())], [target])
    assert (made.lines, made.credited) == ((), 0)


def test_nothing_outside_the_diff_is_credited() -> None:
    target = a_diff(added=CLOSE, removed=ONE.added)
    assert carried([origin(CORE, [ONE])], [target]).lines == ()


def test_a_newer_record_of_the_same_commit_has_the_lines_and_the_older_stays_known() -> None:
    fuller = a_core([ONE], prior=[digest(CORE)])
    target = a_diff(added=["import time", *CODE])
    made = carried([origin(CORE, (), a_line(fuller))], [target])
    assert {one for one, *_ in owned(made)} == {digest(fuller)}
    assert set(made.records) == {digest(CORE), digest(fuller)}
    assert (read(made, [target], CORE).status, read(made, [target], CORE).generated) == ("carried", 7)
    assert read(made, [target]).generated == 7


def test_broken_foreign_and_oversized_lines_are_never_carried() -> None:
    broken = a_line(CORE).replace(b'"generated":7', b'"generated":6')
    lines = [broken, b"a person's remark", b'{"core":', a_line(CORE)[:-9] + b'","x":"' + b"y" * MAX_LINE + b'"}}']
    made = carried([Origin(oid="a" * 40, note=b"\n".join(lines))], [ONE])
    assert (made.lines, made.credited) == ((), 0)
    assert made.skipped == ((digest(CORE), "it is not what its digest says"),)


def test_what_is_withheld_anywhere_is_not_carried_and_that_it_is_comes_along() -> None:
    tomb = tombstone_line(digest(CORE))
    reason = ((digest(CORE), "it was withheld"),)
    source = carried([origin(CORE), Origin(oid="b" * 40, note=tomb)], [ONE])
    assert (source.lines, source.skipped) == ((tomb,), reason)
    here = carried([origin(CORE)], [ONE], tomb)
    assert (here.lines, here.skipped) == ((), reason)
    elsewhere = carried([origin(CORE)], [ONE], withheld={digest(CORE)})
    assert (elsewhere.lines, elsewhere.skipped) == ((), reason)


def test_tombstones_are_bounded_for_a_target_however_often_it_is_done() -> None:
    tombs = b"\n".join(tombstone_line(f"{number:064x}") for number in range(3000))
    first = carried([Origin(oid="a" * 40, note=tombs)], [ONE])
    assert kinds(first) == ["withheld"] * carrying.MAX_TOMBSTONES
    assert carried([Origin(oid="a" * 40, note=tombs)], [ONE], note_of(first)).lines == ()


def test_a_stranger_cannot_fill_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrying, "MAX_RECORDS", 3)
    cores = [a_core([ONE], prior=[f"{number:064x}"]) for number in range(5)]
    made = carried([origin(cores[0], (), *map(a_line, cores[1:]))], [ONE])
    assert (len(made.records), len(made.skipped)) == (3, 2)
    full = b"x" * (carrying.MAX_NOTE - MAX_LINE)
    assert carried([origin(CORE)], [ONE], full).skipped == ((digest(CORE), "there is no room for it in the note"),)


def test_many_equal_lines_are_compared_in_a_sensible_time() -> None:
    lots = a_diff("a.c", ["x = compute_the_next_value(x)"] * 3000)
    core = a_core([lots], a_match([lots], [[a_range(lots, 1, 3000)]]))
    target = a_diff("a.c", ["x = compute_the_next_value(x)", "y = 1"] * 1500)
    made = carried([origin(core, [lots])], [target])
    assert made.credited <= 1500


def test_the_weight_is_what_the_records_would_own() -> None:
    assert weight(origin(CORE, (), a_line(a_core([ONE], prior=["0" * 64]))), [a_diff(added=["x = 1", *CODE])]) == 7
    assert weight(origin(CORE), [TWO]) == 0
