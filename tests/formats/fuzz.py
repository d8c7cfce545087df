"""Makes logs that are almost real, and holds a reader to what every reader promises, for any format.

A log is built from real-shaped records by changes that know their structure: records are dropped, doubled, moved and
borrowed from other logs; fields lose, change or wrap their values; lines are cut, joined and interrupted. A reader must
take all of it: no exception, no endless work, no flood of events, and the same result when it stops and goes on anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from git_ai_trail.facts import EVENT_KINDS, Event
from git_ai_trail.formats.protocol import Format, Reader

Sample = list[Any]

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**63, 1e300, 0.5, "", "x", "0", "-1", "\0", "\ud800", "../..", "a\nb", "é" * 40, "\\",
    [], [None], [[]], [{}], {}, {"": None}, {"text": 1}, {"type": "message"}, {"id": {}}, "{", '{"a":1}', "9" * 400,
)  # fmt: skip
_MOST_RECORDS = 60


def records_of(data: bytes) -> Sample:
    """The records of a log that stand alone in a line; a document counts as one."""
    found = []
    for line in [data] if data.lstrip()[:2] == b"{\n" else data.split(b"\n"):
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


@st.composite
def logs(draw: st.DrawFn, samples: Sequence[Sample]) -> bytes:
    """The bytes of a log made of one or two of the samples."""
    records = list(draw(st.sampled_from(samples)))
    if draw(st.booleans()):
        other = draw(st.sampled_from(samples))
        at = draw(st.integers(0, len(records)))
        records[at:at] = other[draw(st.integers(0, len(other))) :]
    records = records[:_MOST_RECORDS]
    for _ in range(draw(st.integers(0, 4))):
        records = draw(_rearranged(records))
    lines = [_encoded(record) for record in records]
    for _ in range(draw(st.integers(0, 6))):
        if records:
            at = draw(st.integers(0, len(records) - 1))
            records[at] = draw(changed(records[at]))
            lines[at] = _encoded(records[at])
    for _ in range(draw(st.integers(0, 2))):
        lines = draw(_torn(lines))
    return b"\n".join(lines) + (b"\n" if draw(st.booleans()) else b"")


def _encoded(record: Any) -> bytes:
    return json.dumps(record).encode()


@st.composite
def _rearranged(draw: st.DrawFn, records: Sample) -> Sample:
    if not records:
        return records
    at, to = (draw(st.integers(0, len(records) - 1)) for _ in range(2))
    kind = draw(st.sampled_from(("drop", "double", "move", "cut", "repeat")))
    if kind == "drop":
        return records[:at] + records[at + 1 :]
    if kind == "double":
        return [*records[:to], records[at], *records[to:]]
    if kind == "move":
        rest = records[:at] + records[at + 1 :]
        return [*rest[:to], records[at], *rest[to:]]
    if kind == "cut":
        return records[: at + 1]
    return [*records[: at + 1], *records[min(at, to) : at + 1], *records[at + 1 :]][:_MOST_RECORDS]


@st.composite
def changed(draw: st.DrawFn, record: Any) -> Any:
    """The record with one thing somewhere in it gone, changed or wrapped."""
    value = record
    depth = 0
    path: list[Any] = []
    while isinstance(value, (dict, list)) and value and depth < 12 and draw(st.integers(0, 4)):
        keys = list(value) if isinstance(value, dict) else range(len(value))
        path.append(draw(st.sampled_from(keys)))
        value = value[path[-1]]
        depth += 1
    kind = draw(st.sampled_from(("odd", "odd", "gone", "wrapped", "cut", "swapped", "double")))
    return _with(record, path, None if kind == "gone" else draw(_changed_value(value, kind)), gone=kind == "gone")


@st.composite
def _changed_value(draw: st.DrawFn, value: Any, kind: str) -> Any:
    if kind == "wrapped":
        for _ in range(draw(st.sampled_from((1, 2, 60)))):
            value = [value]
        return value
    if kind == "cut" and isinstance(value, str):
        return value[: draw(st.integers(0, len(value)))]
    if kind == "double" and isinstance(value, (str, list)):
        return value + value
    if kind == "swapped":
        if isinstance(value, str):
            try:
                return json.loads(value)
            except ValueError:
                return [value]
        return json.dumps(value)
    return draw(st.sampled_from(ODD))


def _with(record: Any, path: list[Any], value: Any, *, gone: bool) -> Any:
    """A copy of the record in which `value` stands at `path`, or nothing does."""
    if not path:
        return value
    copy = dict(record) if isinstance(record, dict) else list(record)
    if gone and len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = _with(record[path[0]], path[1:], value, gone=gone)
    return copy


@st.composite
def _torn(draw: st.DrawFn, lines: list[bytes]) -> list[bytes]:
    if not lines:
        return lines
    at = draw(st.integers(0, len(lines) - 1))
    line = lines[at]
    kind = draw(st.sampled_from(("cut", "joined", "foreign", "bytes")))
    if kind == "cut":
        torn = [line[: draw(st.integers(0, len(line)))]]
    elif kind == "joined":
        torn = [line[: draw(st.integers(0, len(line)))] + b"".join(lines[at : at + 2])]
    elif kind == "foreign":
        torn = [
            line,
            draw(st.sampled_from((b"", b"<<<<<<< HEAD", b"\xff\xfe\x00", b"\x00" * 9, b"[" * 3000, b'{"a":' * 3000))),
        ]
    else:
        cut = draw(st.integers(0, len(line)))
        torn = [line[:cut] + draw(st.binary(max_size=6)).replace(b"\n", b"") + line[cut:]]
    return [*lines[:at], *torn, *lines[at + 1 :]]


# -- what every reader promises -------------------------------------------------------------------------------------------


def lines_of(fmt: Format, data: bytes, path: str) -> list[tuple[bytes, int]]:
    """What is fed for a log, with offsets: lines, or a document as a whole."""
    if fmt.is_document(path):
        return [(data, 0)]
    found, offset = [], 0
    for line in data.split(b"\n"):
        if offset < len(data):
            found.append((line, offset))
        offset += len(line) + 1
    return found


def read(fmt: Format, data: bytes, path: str, cuts: Sequence[int] = ()) -> tuple[list[Event], Reader]:
    """Everything a log says; at each cut (a number of lines) a new reader goes on from the state of the one before."""
    lines = lines_of(fmt, data, path)
    reader = fmt.reader(path)
    events: list[Event] = []
    for number, (line, offset) in enumerate(lines):
        if number in cuts:
            state = json.loads(json.dumps(reader.state()))
            reader = fmt.reader(path, state)
            for again in fmt.open_offsets(state):
                end = -1 if fmt.is_document(path) else data.find(b"\n", again)
                reader.feed(data[again : len(data) if end < 0 else end], again)
        events += reader.feed(line, offset)
    return events + reader.finish(), reader


def check(fmt: Format, data: bytes, path: str, cuts: Sequence[int]) -> None:
    """Fails if a reader breaks a promise on this log."""
    events, reader = read(fmt, data, path)
    again, resumed = read(fmt, data, path, cuts)
    assert again == events
    assert resumed.skipped == reader.skipped
    assert resumed.pending_commits() == reader.pending_commits()
    assert len(events) <= 64 + len(data), "more events than bytes"
    assert len(json.dumps(reader.state())) <= 4096 + 16 * len(data), "a state that outgrows its log"
    for event in events:
        assert event.kind in EVENT_KINDS
        assert event.at is None or isinstance(event.at, float | int)
        assert 0 <= event.offset <= event.offset + event.length <= len(data)
        assert event.turn >= -1
    json.dumps([[event.data, event.raw] for event in events], ensure_ascii=False, allow_nan=False).encode()
