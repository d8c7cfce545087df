"""Log files as lines: nothing is lost, places are those of the file's own bytes, and nothing waits or grows without end."""

from __future__ import annotations

import hashlib
import os
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from git_ai_trail import loglines
from git_ai_trail.loglines import LogFile, open_plain
from tests.support.memory import peak

ENCODINGS = {"utf-8": b"", "utf-8-sig": b"", "utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
# Characters that hold a newline's byte in one of the two orders of UTF-16, and what is two units long there.
TEXT = st.text(st.sampled_from('ab{}"\u0a00\u0a0a\u000d\u010a\U0001f600\u2028\0'), max_size=12)


@pytest.mark.parametrize("encoding", ENCODINGS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(lines=st.lists(TEXT, max_size=8), rest=TEXT, cut=st.integers(0, 8))
def test_lines_are_what_was_written_wherever_reading_stopped(
    tmp_path: Path, encoding: str, lines: list[str], rest: str, cut: int
) -> None:
    path = tmp_path / "log"
    begun = "{" + "".join(f"{line}\n" for line in lines) + rest
    data = ENCODINGS[encoding] + begun.encode(encoding)
    path.write_bytes(data)
    with LogFile(str(path)) as log:
        found = list(log.lines())
        whole = begun[: begun.rfind("\n") + 1]
        assert "".join(line.text.decode().removeprefix("\ufeff") + "\n" for line in found) == whole
        assert all(data[line.offset : line.offset + line.length] == line.raw for line in found)
        prefix, end = log.prefix(), log.offset
    with LogFile(str(path)) as log:
        part = list(islice(log.lines(), cut))
        stopped, so_far = log.offset, log.prefix()
    with LogFile(str(path)) as log:
        assert log.begins_as_read(stopped, so_far)
        assert part + list(log.lines()) == found
        assert (log.prefix(), log.offset) == (prefix, end)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_a_line_that_is_too_long_is_pinned_by_place_length_and_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    monkeypatch.setattr(loglines, "MAX_LINE", 4000)
    monkeypatch.setattr(loglines, "LIMIT", 4002)
    monkeypatch.setattr(loglines, "CHUNK", 64)
    long = ("{" + "x" * 9000).encode(encoding)
    end = "\n".encode(encoding)
    data = b"".join(('{"1'.encode(encoding), end, long, end, '{"3'.encode(encoding), end))
    path = tmp_path / "log"
    path.write_bytes(data)
    with LogFile(str(path)) as log:
        first, second, third = log.lines()
        assert log.skipped == {loglines.TOO_LONG: 1}
    assert (first.text, third.text) == (b'{"1', b'{"3')
    assert (second.raw, second.sha256) == (b"", hashlib.sha256(long).hexdigest())
    assert data[second.offset : second.offset + second.length] == long


@pytest.mark.parametrize("size", [3999, 4000, 4001])
def test_the_limit_is_a_limit_of_the_line_without_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(loglines, "MAX_LINE", 4000)
    monkeypatch.setattr(loglines, "LIMIT", 4002)
    path = tmp_path / "log"
    path.write_bytes(b"x" * size + b"\n{}\n")
    with LogFile(str(path)) as log:
        assert [bool(line.sha256) for line in log.lines()] == [size > 4000, False]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_known_without_its_mark_and_a_stray_nul_is_not_taken_for_it(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "log"
    path.write_bytes('{"a":"é"}\n'.encode(encoding))
    with LogFile(str(path)) as log:
        assert [line.text for line in log.lines()] == ['{"a":"é"}'.encode()]
    for data in (b"{\0}\n", b"\0{}\n", b"\0\0\0\n"):
        path.write_bytes(data)
        with LogFile(str(path)) as log:
            assert [line.text for line in log.lines()] == [data[:-1]]


def test_an_endless_last_line_is_left_for_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loglines, "MAX_LINE", 4000)
    monkeypatch.setattr(loglines, "LIMIT", 4002)
    path = tmp_path / "log"
    path.write_bytes(b"{}\n" + b"x" * 9000)
    with LogFile(str(path)) as log:
        assert [line.raw for line in log.lines()] == [b"{}"]
        assert (log.offset, log.skipped) == (3, {loglines.UNFINISHED: 1})


def test_a_document_is_one_line_and_one_that_is_too_long_is_pinned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.json"
    data = b'{\n  "items": []\n}\n'
    path.write_bytes(data)
    with LogFile(str(path), document=True) as log:
        assert [(line.raw, line.offset, line.length) for line in log.lines()] == [(data, 0, len(data))]
        assert list(log.lines()) == []
        assert not log.begins_as_read(log.offset, log.prefix())
    monkeypatch.setattr(loglines, "MAX_LINE", 10)
    monkeypatch.setattr(loglines, "LIMIT", 12)
    with LogFile(str(path), document=True) as log:
        (line,) = log.lines()
        assert (line.raw, line.length, line.sha256) == (b"", len(data), hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize("change", ["head", "tail", "shorter"])
def test_a_log_that_was_changed_before_where_reading_stopped_is_noticed(tmp_path: Path, change: str) -> None:
    path = tmp_path / "log"
    data = b"".join(b'{"n":%d,"x":"%s"}\n' % (n, b"y" * 300) for n in range(60))
    path.write_bytes(data)
    with LogFile(str(path)) as log:
        list(log.lines())
        read, prefix = log.offset, log.prefix()
    at = {"head": 10, "tail": len(data) - 20, "shorter": 0}[change]
    path.write_bytes(data[:at] + b"!" + data[at + 1 :] + b"{}\n" if change != "shorter" else data[:-400])
    with LogFile(str(path)) as log:
        assert not log.begins_as_read(read, prefix)


def test_a_log_rewritten_while_it_is_read_is_known_by_what_was_read(tmp_path: Path) -> None:
    path = tmp_path / "log"
    data = b"".join(b'{"n":%d,"x":"%s"}\n' % (n, b"y" * 300) for n in range(600))
    path.write_bytes(data)
    with LogFile(str(path)) as log:
        lines = log.lines()
        next(lines)
        path.write_bytes(data.replace(b"y", b"z"))
        for _ in lines:
            pass
        read, prefix = log.offset, log.prefix()
    with LogFile(str(path)) as log:
        assert not log.begins_as_read(read, prefix)


def test_nothing_but_a_regular_file_is_opened_and_none_is_waited_for(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo.jsonl"
    os.mkfifo(fifo)
    for path in (str(fifo), "/dev/zero", str(tmp_path)):
        with pytest.raises(OSError, match=r"not a regular file|Is a directory|No such device"):
            LogFile(path)
    with pytest.raises(OSError, match="compressed"):
        open_plain(str(tmp_path / "x.jsonl.zst"))


def test_memory_does_not_grow_with_a_line(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("wb") as file:
        file.truncate(400 << 20)  # a hole: one line of nothing but NUL
        file.seek(0, os.SEEK_END)
        file.write(b"\n{}\n")
    program = (
        "from git_ai_trail.loglines import LogFile\n"
        "with LogFile(sys.argv[1]) as log:\n"
        "    assert [line.length for line in log.lines()] == [400 << 20, 2]\n"
    )
    assert peak(program, str(path)) < 160 << 20
