"""Finds payloads that are dropped instead of examined: data URLs and long runs of base64 or hex."""

from __future__ import annotations

import re
from collections.abc import Iterator

from git_ai_trail.redact.detector import RANK_MARKER, Detector, Leaf, Span, matches
from git_ai_trail.redact.joined import Joined
from git_ai_trail.redact.tags import omitted

_DATA_URL = re.compile(
    r"data:(?P<type>[a-z]{2,12})/[\w.+-]{1,64}(?:;[\w=-]{1,32}){0,3};base64,[A-Za-z0-9+/=%_-]{0,16000000}", re.ASCII
)
_LEAST_RUN = 1024
_RUN = re.compile(rf"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{{{_LEAST_RUN},}}={{0,2}}", re.ASCII)
# Every run holds so many of the characters that are looked at; a thousand repeats are more than Hyperscan likes.
_STEP = 16
_SAMPLES = b"+" * (_LEAST_RUN // _STEP)
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_IN_BASE64 = bytes(ord("+") if byte in _BASE64 else ord(" ") for byte in range(256))


def detectors() -> tuple[Detector, ...]:
    return (
        Detector(
            rule="structural:data-url",
            find=_data_urls,
            gates=(r"data:[a-z]{2,12}/[\w.+-]{1,64}(?:;[\w=-]{1,32}){0,3};base64,",),
            keywords=(";base64,",),
            checked=True,
        ),
        Detector(rule="structural:base64", find=_runs, gates=None, sampled=_with_runs),
    )


def _data_urls(leaf: Leaf, low: int, high: int) -> Iterator[Span]:
    for match in matches(_DATA_URL, leaf.text, low, high):
        what = match["type"] if match["type"] == "image" else "data-url"
        size = match.end() - match.start()
        yield Span(*match.span(), "structural:data-url", what, RANK_MARKER, omitted(what, size))


def _with_runs(joined: Joined) -> Iterator[int]:
    """The texts that may hold a run: one in 16 characters is looked at."""
    samples = joined.encoded[::_STEP].translate(_IN_BASE64)
    at = samples.find(_SAMPLES)
    while at >= 0:
        yield from (number for number, _ in joined.places(at * _STEP))
        at = samples.find(_SAMPLES, -(-joined.after(at * _STEP) // _STEP))


def _runs(leaf: Leaf, low: int, high: int) -> Iterator[Span]:
    for match in matches(_RUN, leaf.text, low, high):
        size = match.end() - match.start()
        yield Span(*match.span(), "structural:base64", "base64", RANK_MARKER, omitted("base64", size))
