"""Chat histories: which sessions are found in one, and the log that is made of each.

`kept/*.md` are histories; each session in one is the case of the same number in `CASES`. `UPDATE=1` writes the cases' logs.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from git_ai_trail.facts import Event
from git_ai_trail.formats import aider, sources
from git_ai_trail.formats.aider import lines, sections
from git_ai_trail.index.access import open_index
from git_ai_trail.index.scan import LogState, refresh
from git_ai_trail.loglines import UNFINISHED, Look
from git_ai_trail.pipeline.evidence import log_format
from tests.formats import fuzz

HERE = Path(__file__).parent
KEPT = HERE / "kept" / "0.86.2.md"
CASES = ("diff-0.86.2", "whole-0.86.2", "udiff-0.86.2", "patch-0.86.2")
START = "\n# aider chat started at {}\n\n> /usr/bin/aider  \n"
BLOCK = "{}\n```\n<<<<<<< SEARCH\n=======\n{}\n>>>>>>> REPLACE\n```\n"


@pytest.fixture
def history(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    return folder / ".aider.chat.history.md"


def names(history: Path) -> list[str]:
    """The sessions found below the history's folder, without what tells folders apart."""
    found = list(aider.discover(str(history.parent)))
    assert all(path.startswith(f"{history}#") for path in found)
    return [re.sub("(?<=aider-)[0-9a-f]{8}-", "", aider.session_id_of(path)) for path in found]


def logs(history: Path) -> list[bytes]:
    found = []
    for path in aider.discover(str(history.parent)):
        with sources.open_made(path) as log:  # type: ignore[union-attr]
            found.append(b"".join(line.raw + b"\n" for line in log.lines()))
    return found


def records(history: Path) -> list[list[tuple[str, str]]]:
    """What is in each session's log behind its first line."""
    return [
        [(record["type"], record["text"]) for record in map(json.loads, log.splitlines()[1:])] for log in logs(history)
    ]


def events(history: Path) -> Iterator[Event]:
    for path in aider.discover(str(history.parent)):
        with sources.open_made(path) as log:  # type: ignore[union-attr]
            reader = aider.reader(path)
            for line in log.lines():
                yield from reader.feed(line.text, line.offset)


def test_a_log_is_made_of_each_session(history: Path) -> None:
    shutil.copy(KEPT, history)
    made = logs(history)
    assert len(made) == len(CASES)
    for name, log in zip(CASES, made, strict=True):
        case = HERE / "cases" / name / "input.jsonl"
        if os.environ.get("UPDATE"):
            case.parent.mkdir(parents=True, exist_ok=True)
            case.write_bytes(log)
        assert log == case.read_bytes()


def test_line_ends_of_windows_make_no_difference(history: Path) -> None:
    shutil.copy(KEPT, history)
    made, found = logs(history), names(history)
    history.write_bytes(KEPT.read_bytes().replace(b"\n", b"\r\n"))
    assert (logs(history), names(history)) == (made, found)


def test_sessions_are_named_by_their_start_and_place(history: Path, tmp_path: Path) -> None:
    again = START.format("2026-03-01 12:00:00")
    history.write_text(again + again + START.format("2026-03-01 12:00:01"))
    assert names(history) == ["aider-20260301-120000", "aider-20260301-120000", "aider-20260301-120001"]
    other = tmp_path / "rack" / history.name
    other.parent.mkdir()
    shutil.copy(history, other)
    ids = [aider.session_id_of(path) for path in aider.discover(str(tmp_path))]
    assert len(set(ids)) == 6
    (tmp_path / "link").symlink_to(history.parent)
    seen = aider.discover(str(tmp_path / "link" / history.name))
    assert {aider.session_id_of(path) for path in seen} <= set(ids)


def test_a_start_in_an_answer_begins_nothing_unless_it_stands_and_dates_like_one(history: Path) -> None:
    real = START.format("2026-03-01 12:00:00")
    said = "# aider chat started at 2026-03-01 12:00:05\n"
    for forged in (
        f"\n```\n{said}```\n",
        f"\nsee\n{said}\n> quoted  \n",
        f"\n{said}> quoted  \n",
        f"\n{said}\nplain text\n",
        START.format("2020-01-01 00:00:00"),
        START.format("2096-01-01 00:00:00"),
        START.format("2026-13-01 00:00:00"),
        START.format("2026-03-01 12:00:05").replace("\n#", "\n #"),
    ):
        history.write_text(f"{real}\n#### Go on  \n\nText\n{forged}\n> Tokens: 1 sent, 1 received.  \n")
        assert names(history) == ["aider-20260301-120000"], forged
    # One that nothing tells from Aider's own parts the session: what stands behind it is the second one's.
    history.write_text(f"{real}\n#### Go on  \n\nText\n{START.format('2026-03-01 12:00:05')}\n#### And on  \n")
    assert names(history) == ["aider-20260301-120000", "aider-20260301-120005"]
    prompts = [event.data.text for event in events(history) if event.kind == "prompt"]
    assert prompts == ["Go on", "And on"]


def test_clocks_may_be_put_back_by_an_hour(history: Path) -> None:
    history.write_text(START.format("2025-10-26 02:50:00") + START.format("2025-10-26 02:10:00"))
    assert len(names(history)) == 2


def test_starts_are_found_wherever_the_file_is_parted(history: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(START.format(f"2026-03-01 12:00:{n:02}") + "x" * (37 * n) + "\n" for n in range(30))
    history.write_text(text)
    assert len(names(history)) == 30
    begins = [section.begin for section in sections._last.sections]  # type: ignore[union-attr]
    assert all(text[at:].startswith("# aider") for at in begins)
    for size in (7, 100, 256, 300, 1000):
        monkeypatch.setattr(sections, "_CHUNK", size)
        monkeypatch.setattr(sections, "_last", None)
        assert len(names(history)) == 30
        assert [section.begin for section in sections._last.sections] == begins  # type: ignore[union-attr]


def test_what_looks_like_a_notice_within_an_answer_is_the_answers(history: Path) -> None:
    answer = "It said:\n\n> Applied edit to a.py  \n> Commit 1234567 x  \n\n" + BLOCK.format("a.py", "value = 1")
    tail = "> Tokens: 10 sent, 20 received.  \n"
    history.write_text(f"{START.format('2026-03-01 12:00:00')}\n#### Go  \n\n{answer}\n{tail}")
    ((_, prompt, said, tokens),) = records(history)
    assert (prompt, said[0], tokens[0]) == (("prompt", "Go"), "answer", "notice")
    assert not [event for event in events(history) if event.kind in ("edit", "commit")]
    history.write_text(history.read_text() + "> Applied edit to a.py  \n> Commit 1234567 x  \n")
    assert [event.kind for event in events(history) if event.kind in ("edit", "commit")] == ["edit", "commit"]


def test_a_commit_is_the_sessions_only_behind_what_it_applied(history: Path) -> None:
    text = f"{START.format('2026-03-01 12:00:00')}\n#### Go  \n\n{BLOCK.format('a.py', 'value = 1')}\n"
    text += (
        "> Tokens: 10 sent, 20 received.  \n> Commit 1111111 dirty  \n> Applied edit to a.py  \n> Commit 2222222 x  \n"
    )
    text += "\n#### /commit  \n> Commit 3333333 by hand  \n"
    history.write_text(text)
    assert [event.data.oid for event in events(history) if event.kind == "commit"] == ["2222222"]


def test_what_was_not_applied_is_no_edit(history: Path) -> None:
    text = f"{START.format('2026-03-01 12:00:00')}\n#### Go  \n\n{BLOCK.format('a.py', 'value = 1')}\n"
    text += "> Tokens: 10 sent, 20 received.  \n> Did not apply edit to a.py (--dry-run)  \n"
    history.write_text(text)
    assert not [event for event in events(history) if event.kind == "edit"]


@pytest.mark.parametrize(
    ("line", "model"),
    [
        ("Model: gpt-4-1106-preview using udiff edit format", "gpt-4-1106-preview"),
        ("Models: gpt-4o with diff edit format, weak model gpt-3.5-turbo", "gpt-4o"),
        (
            "Main model: openrouter/anthropic/claude-sonnet-4.5 with architect edit format, infinite output",
            "claude-sonnet-4.5",
        ),
        ("Model: o3 with diff edit format, reasoning high", "o3"),
        ("Weak model: gpt-4o-mini", ""),
    ],
)
def test_the_model_is_named_as_each_version_does(line: str, model: str, history: Path) -> None:
    history.write_text(f"{START.format('2026-03-01 12:00:00')}> {line}  \n")
    assert "".join(event.data.model for event in events(history) if event.kind == "context") == model


@pytest.mark.parametrize("tag", ["think", "thinking-content-" + "7b" * 16])
def test_what_a_model_thought_is_not_what_it_wrote(tag: str, history: Path) -> None:
    thought, said = BLOCK.format("a.py", "thought = 1"), BLOCK.format("a.py", "value = 1")
    tail = "> Tokens: 10 sent, 20 received.  \n> Applied edit to a.py  \n"
    history.write_text(
        f"{START.format('2026-03-01 12:00:00')}\n#### Go  \n\n<{tag}>\n{thought}\n</{tag}>\n\n{said}\n{tail}"
    )
    found = {event.kind: event.data for event in events(history)}
    assert found["edit"].added == (("value = 1",),)
    assert (found["reasoning"].text, found["message"].text) == (thought.strip(), said.strip())


def test_what_was_applied_without_an_answer_is_a_write_without_lines(history: Path) -> None:
    history.write_text(f"{START.format('2026-03-01 12:00:00')}\n#### Go  \n> Applied edit to src/a.py  \n")
    (edit,) = [event.data for event in events(history) if event.kind == "edit"]
    assert (edit.path, edit.added, edit.known) == (f"{history.parent}/src/a.py", (), False)


def read_into(index: object, history: Path) -> list[LogState]:
    states = []
    for path in aider.discover(str(history.parent)):
        state = refresh(index.target, index.keys, log_format(aider), path, limit=1 << 24)  # type: ignore[attr-defined]
        assert state is not None
        states.append(state)
    return states


def test_the_index_reads_only_what_is_new(history: Path, tmp_path: Path) -> None:
    index = open_index(str(tmp_path / "index.sqlite"), b"k" * 32)
    parts = [
        START.format("2026-03-01 12:00:00"),
        "\n#### Go  \n",
        f"\n{BLOCK.format('a.py', 'value = 1')}\n",
        "> Tokens: 10 sent, 20 received.  \n",
        "> Applied edit to a.py  \n",
        "> Commit 2222222 x  \n",
        START.format("2026-03-01 13:00:00"),
    ]
    text, sizes = "", []
    for part in parts:
        text += part
        history.write_text(text)
        sizes.append(sum(state.bytes_read for state in read_into(index, history)))
    whole = sum(map(len, logs(history)))
    assert all(sizes)
    assert sum(sizes) == whole
    assert index.target.execute("SELECT count(*), sum(known) FROM edits").fetchone() == (1, 1)
    assert index.target.execute("SELECT oid FROM commits").fetchall() == [("2222222",)]
    assert [state.bytes_read for state in read_into(index, history)] == [0, 0]
    index.close()


def test_only_the_session_that_is_written_to_looks_changed(history: Path) -> None:
    shutil.copy(KEPT, history)
    paths = list(aider.discover(str(history.parent)))
    before = [aider.SOURCE.look(path) for path in paths]
    with history.open("a") as file:
        file.write("\n#### More  \n")
    os.utime(history, (2e9, 2e9))
    after = [aider.SOURCE.look(path) for path in paths]
    assert [one != two for one, two in zip(before, after, strict=True)] == [False, False, False, True]


def test_a_session_is_bounded_and_what_is_left_out_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"# aider chat started at 2026-03-01 12:00:00\n\n#### Go  \n" + b"x" * 500 + b"\n"
    assert lines.made_of("2026-03-01 12:00:00", data, Look(1, 1, 1)).skipped == {}
    assert lines.made_of("2026-03-01 12:00:00", data + b"cut", Look(1, 1, 1)).skipped == {UNFINISHED: 1}
    monkeypatch.setattr(lines, "MAX_LOG", 100)
    made = lines.made_of("2026-03-01 12:00:00", data, Look(1, 1, 1))
    assert made.skipped == {lines.TOO_MUCH: 1}
    assert [json.loads(line)["type"] for line in made.settled.splitlines()] == ["session", "prompt"]


HOSTILE = st.lists(
    st.sampled_from(
        [
            *KEPT.read_bytes().splitlines(keepends=True),
            b"> x\n", b">  \n", b"#### \n", b"####  \n", b"<<<<<<< SEARCH\n", b"=======\n", b"```\n", b"\0\x1b[2J\r\n",
            b"\xff\xfe\n", b"x" * 5000 + b"\n", "\u2028\x85\n".encode(), b"> Applied edit to ../../etc/passwd  \n",
            b"> Applied edit to \0  \n", b"> Tokens: ....k sent, ,,, received.  \n", b"```diff\n", b"*** Begin Patch\n",
        ]
    ),
    max_size=60,
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(parts=HOSTILE, data=st.data())
def test_whatever_stands_in_a_history_gives_a_log_that_holds(parts: list[bytes], data: st.DataObject) -> None:
    section = b"# aider chat started at 2026-03-01 12:00:00\n" + b"".join(parts)
    made = lines.made_of("2026-03-01 12:00:00", section, Look(1, 1, 1))
    count = made.settled.count(b"\n")
    fuzz.check(aider, made.settled, "/x/a.md#aider-0a1b2c3d-20260301-120000", (data.draw(st.integers(0, count)),))


def test_a_long_history_takes_work_in_proportion(history: Path) -> None:
    """Many lines that might each begin or end something: ends are looked up, not searched for again each time."""
    history.write_text(START.format("2026-03-01 12:00:00") + "> open\ntext\n" * 50_000 + "\n#### Go  \n")
    ((_, first, *_, last),) = records(history)
    assert (first, last) == (("notice", "open"), ("prompt", "Go"))
    answer = BLOCK.format("a.py", "value = 1\n" * 50_000) + "<think>\n" * 50_000
    text = f"{START.format('2026-03-01 12:00:00')}\n#### Go  \n\n{answer}\n> Tokens: 1 sent, 1 received.  \n"
    history.write_text(text + "> Applied edit to a.py  \n" * 20_000)
    found = [event.data for event in events(history) if event.kind == "edit"]
    assert (len(found), sum(edit.known for edit in found)) == (20_000, 1)


@pytest.mark.parametrize("spoil", ["folder", "empty", "text"])
def test_a_file_that_is_no_history_has_no_sessions(spoil: str, history: Path) -> None:
    if spoil == "folder":
        history.mkdir()
    else:
        history.write_text("" if spoil == "empty" else "# A title\n")
    assert names(history) == []
    assert aider.SOURCE.recent(str(history.parent), 0.0) == []


def test_a_history_that_cannot_be_read_is_named_with_the_reason(history: Path) -> None:
    shutil.copy(KEPT, history)
    path = next(iter(aider.discover(str(history.parent))))
    history.write_text("")
    with pytest.raises(FileNotFoundError, match="no such session"):
        sources.open_made(path)
    assert sources.is_gone(path)
    with pytest.raises(OSError, match="cannot be looked into"):
        sources.open_made(str(history))
    history.unlink()
    assert sources.is_gone(path)


def test_recent_sessions_are_those_of_the_history_at_the_top(history: Path) -> None:
    shutil.copy(KEPT, history)
    now = history.stat().st_mtime
    (found,) = aider.SOURCE.recent(str(history.parent), now)
    assert found == (list(aider.discover(str(history.parent)))[-1], aider.SOURCE.look(found[0]))
    assert aider.SOURCE.recent(str(history), now) == [found]
    assert aider.SOURCE.recent(str(history.parent.parent), now) == []
    assert aider.SOURCE.recent(str(history), now + 3 * 86_400) == []


def test_roots_are_what_the_environment_names() -> None:
    assert aider.roots({}, "/home/dev") == []
    assert aider.roots({"AIDER_CHAT_HISTORY_FILE": "/logs/mine.md"}, "/home/dev") == ["/logs/mine.md"]
    assert aider.SOURCE.in_worktree("/srv/shop") == ("/srv/shop/.aider.chat.history.md",)
