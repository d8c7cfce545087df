"""Finds payloads that are dropped instead of examined: data URLs and long runs of base64 or hex."""

from __future__ import annotations

import re
from collections.abc import Iterator

from git_ai_trail.redact.detector import RANK_MARKER, Detector, Leaf, Span, matches
from git_ai_trail.redact.tags import omitted

_DATA_URL = re.compile(
    r"data:(?P<type>[a-z]{2,12})/[\w.+-]{1,64}(?:;[\w=-]{1,32}){0,3};base64,[A-Za-z0-9+/=%_-]{0,16000000}", re.ASCII
)
_RUN = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{1024,}={0,2}", re.ASCII)


def detectors() -> tuple[Detector, ...]:
    return (
        Detector(
            rule="structural:data-url",
            find=_data_urls,
            gates=(r"data:[a-z]{2,12}/[\w.+-]{1,64}(?:;[\w=-]{1,32}){0,3};base64,",),
            keywords=(";base64,",),
            checked=True,
        ),
        # The gate looks for a piece of the run, once per run: a thousand repeats are more than Hyperscan likes.
        Detector(
            rule="structural:base64",
            find=_runs,
            gates=(r"(?:^|[^A-Za-z0-9+/])[A-Za-z0-9+/]{300}",),
            checked=True,
        ),
    )


def _data_urls(leaf: Leaf, low: int, high: int) -> Iterator[Span]:
    for match in matches(_DATA_URL, leaf.text, low, high):
        what = match["type"] if match["type"] == "image" else "data-url"
        size = match.end() - match.start()
        yield Span(*match.span(), "structural:data-url", what, RANK_MARKER, omitted(what, size))


def _runs(leaf: Leaf, low: int, high: int) -> Iterator[Span]:
    for match in matches(_RUN, leaf.text, low, high):
        size = match.end() - match.start()
        yield Span(*match.span(), "structural:base64", "base64", RANK_MARKER, omitted("base64", size))
