"""Hostile texts: long, repetitive, half-finished. What counts is work, not time: no step may grow with the square."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest

from tests.redact.samples import scrubber

PUMPS = [
    "a", "A1", "-", "_", "a@", "a.", "password=", '"password":"', "token: ", "https://a:", "/home/a", "\\Users\\",
    "-----BEGIN PRIVATE" + " KEY-----\n", "-----END PRIVATE" + " KEY-----\n", "eyJa.", "[redact ", "[redact] ", "curl -u ",
    "Cookie: a=", "%41", "\\u0041", "\x1b[", "\u200b", '{"a":', "[", "語", "[REDACTED:", "drwxr-xr-x 1 a ", "\n",
]  # fmt: skip


def _calls(text: str) -> int:
    """How many Python functions run while the text is cleaned."""
    own = scrubber()
    count = 0

    def note(_frame: FrameType, event: str, _arg: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        own.text(text)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("pump", PUMPS)
def test_work_grows_with_the_length_not_with_its_square(pump: str) -> None:
    short, long = (pump * (size // len(pump)) for size in (16_000, 64_000))
    assert _calls(long) < 8 * _calls(short) + 20_000


@pytest.mark.parametrize(
    "value", ["A" * 400, "a-" * 200, "Ab" * 200, "a b" * 150, "a, " * 150, "my-" * 150, "x.y(" * 99]
)
def test_no_value_makes_a_pattern_try_everything(value: str) -> None:
    for form in ("password = '{}!'", "token: {}!", "password={}\0", "secret: '{} 1'"):
        assert scrubber().text(form.format(value))


@pytest.mark.parametrize("pump", PUMPS)
def test_the_result_is_bounded(pump: str) -> None:
    text = pump * (20_000 // len(pump))
    assert len(scrubber().text(text)[0]) <= 4 * len(text)
