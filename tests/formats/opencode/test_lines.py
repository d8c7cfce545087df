"""The log that is made of a session's rows: it only grows while it can, and is made anew where rows were changed."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from git_ai_trail.facts import Event
from git_ai_trail.formats import opencode, sources
from git_ai_trail.formats.opencode import lines
from git_ai_trail.index.access import open_index
from git_ai_trail.index.scan import LogState, refresh
from git_ai_trail.loglines import LogFile, Look
from git_ai_trail.pipeline.evidence import log_format
from tests.formats import fuzz, kept

ID = "ses_5e5510aaeffeMainSession01"
T = 1772366400000


@pytest.fixture
def keeper(tmp_path: Path) -> kept.Keeper:
    keeper = kept.Keeper(tmp_path / "opencode.db")
    keeper.session(ID, "/home/dev/shop", T)
    keeper.message(ID, "msg_1", T + 1, role="user")
    keeper.part(ID, "msg_1", "prt_1", T + 1, type="text", text="Add a cart")
    keeper.message(ID, "msg_2", T + 10, role="assistant")
    return keeper


def opened(keeper: kept.Keeper) -> LogFile:
    log = sources.open_made(f"{keeper.path}#{ID}")
    assert log is not None
    return log


def content(keeper: kept.Keeper) -> bytes:
    with opened(keeper) as log:
        return b"".join(line.raw + b"\n" for line in log.lines())


def write(keeper: kept.Keeper, name: str, at: int, **state: Any) -> None:
    keeper.tool(ID, "msg_2", name, at, "write", {"filePath": "cart.py", "content": f"{name}\n"}, **state)


def test_the_log_only_grows_while_rows_are_finished(keeper: kept.Keeper) -> None:
    steps: list[Callable[[], None]] = [
        lambda: write(keeper, "prt_3", T + 30, status="running"),
        lambda: write(keeper, "prt_4", T + 31),
        lambda: write(keeper, "prt_3", T + 40),
        lambda: keeper.part(
            ID, "msg_2", "prt_5", T + 60, type="text", text="Done", time={"start": T + 60, "end": T + 61}
        ),
        lambda: keeper.message(
            ID, "msg_2", T + 10, role="assistant", time={"created": T + 10, "completed": T + 90}, tokens={"input": 1}
        ),
        lambda: keeper.message(ID, "msg_6", T + 100, role="user"),
        lambda: keeper.message(ID, "msg_1", T + 1, role="user", summary={"diffs": [{"file": "cart.py"}]}),
    ]
    before = content(keeper)
    sizes = [len(before)]
    for step in steps:
        step()
        now = content(keeper)
        assert now.startswith(before)
        before = now
        sizes.append(len(now))
    grown = [after > size for size, after in itertools.pairwise(sizes)]
    assert grown == [False, True, True, True, True, True, False]
    assert b"summary" not in before


def test_what_goes_on_comes_last_and_counts_for_nothing_but_open_calls(keeper: kept.Keeper) -> None:
    given = {"command": "git commit -m Cart"}
    keeper.tool(ID, "msg_2", "prt_3", T + 30, "bash", given, status="running")
    with opened(keeper) as log:
        reader = opencode.reader(log.path)
        assert list(log.going()) == []  # not before all else was read
        events: list[Event] = [event for line in log.lines() for event in reader.feed(line.text, line.offset)]
        assert not [event for event in events if event.kind == "call"]
        assert reader.pending_commits() == []
        state = reader.state()
        for line in log.going():
            reader.feed(line.text, line.offset)
        assert reader.state() == state
        (pending,) = reader.pending_commits()
        assert (pending.command, pending.workdir, pending.turn) == ("git commit -m Cart", "/home/dev/shop", 0)


def test_a_row_that_was_changed_where_it_stands_is_noticed(keeper: kept.Keeper) -> None:
    for number in range(30):
        write(keeper, f"prt_{number + 10}", T + 100 * number)
    with opened(keeper) as log:
        assert len(list(log.lines())) == 33
        offset, prefix = log.offset, log.prefix()
    with opened(keeper) as log:
        assert log.begins_as_read(offset, prefix)
        assert log.all_read
    keeper.part(ID, "msg_1", "prt_1", T + 1, type="text", text="Add a cake")
    with opened(keeper) as log:
        assert not log.begins_as_read(offset, prefix)


def read_into(index: Any, keeper: kept.Keeper) -> LogState:
    state = refresh(index.target, index.keys, log_format(opencode), f"{keeper.path}#{ID}", limit=1 << 24)
    assert state is not None
    return state


def test_the_index_reads_only_what_is_new_and_forgets_what_was_taken_back(keeper: kept.Keeper, tmp_path: Path) -> None:
    index = open_index(str(tmp_path / "index.sqlite"), b"k" * 32)

    def edits() -> int:
        return int(index.target.execute("SELECT count(*) FROM edits").fetchone()[0])

    write(keeper, "prt_3", T + 30)
    whole = read_into(index, keeper).bytes_read
    assert edits() == 1
    write(keeper, "prt_4", T + 50)
    assert 0 < read_into(index, keeper).bytes_read < whole
    assert edits() == 2
    keeper.tool(ID, "msg_2", "prt_5", T + 70, "bash", {"command": "git commit -m Cart"}, status="running")
    for _ in range(2):
        state = read_into(index, keeper)
        assert (state.bytes_read, len(state.pending)) == (0, 1)
    keeper.conn.execute("DELETE FROM part WHERE id IN ('prt_3', 'prt_5')")  # a revert
    assert read_into(index, keeper).pending == ()
    assert edits() == 1
    index.close()


def test_a_log_is_bounded_and_what_is_left_out_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_LOG", 400)
    session = lines.Session(ID, "", "", "/home/dev/shop", "1.18.33", T)
    user = json.dumps({"role": "user", "time": {"created": T}})
    text = json.dumps({"type": "text", "text": "x" * 100})
    parts = [
        ("prt_1", "msg_1", text),
        ("prt_2", "msg_1", text),
        ("prt_3", "msg_1", text),
        ("prt_4", "msg_1", None),
        ("prt_5", "msg_9", text),
        ("prt_6", "msg_1", "[1]"),
        ("prt_7", "msg_1", '{"type":"text","text":' + "[" * 100_000),
        ("prt_8", "msg_1", '{"type":"text","n":1e999}'),
    ]
    made = lines.made_of(session, [("msg_1", user)], parts, Look(1, 1, 1))
    assert len(made.settled) < 700
    assert made.skipped == {lines.TOO_MANY: 2, lines.TOO_LONG: 1, lines.STRAY: 1, lines.BROKEN: 3}


HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Any], list[Any]]:
    """Messages and parts of the sessions in a case."""
    path = kept.build(HERE / "kept" / "1.18.33.sql", tmp_path_factory.mktemp("kept"))
    with closing(sqlite3.connect(path)) as conn:
        messages = conn.execute("SELECT id, data FROM message").fetchall()
        return messages, conn.execute("SELECT id, message_id, data FROM part").fetchall()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(draw=st.data())
def test_rows_that_are_almost_real_give_a_log_that_holds(
    rows: tuple[list[Any], list[Any]], draw: st.DataObject
) -> None:
    messages, parts = (list(some) for some in rows)
    for some, whole in ((messages, rows[0]), (parts, rows[1]), (parts, rows[1])):
        at = draw.draw(st.integers(0, len(some) - 1))
        spoiled = json.dumps(draw.draw(fuzz.changed(json.loads(whole[at][-1]))))
        some[at] = (*whole[at][:-1], draw.draw(st.sampled_from((spoiled, spoiled, spoiled[:-1], "", None))))
    made = lines.made_of(lines.Session(ID, "", "", "/home/dev/shop", "1.18.33", T), messages, parts, Look(1, 1, 1))
    count = made.settled.count(b"\n")
    fuzz.check(opencode, made.settled, f"/x/opencode.db#{ID}", (draw.draw(st.integers(0, count)),))
    assert count + made.going.count(b"\n") + sum(made.skipped.values()) == 1 + len(messages) + len(parts)
