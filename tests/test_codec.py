"""Canonical JSON against an independent implementation, and paths that are not text."""

from __future__ import annotations

import os
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from git_ai_trail.codec import MAX_INTEGER, canonical, path_text, text_path

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
keys = st.text(st.characters(max_codepoint=127), max_size=8)
values: st.SearchStrategy[Any] = st.recursive(
    st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_canonical_json_is_rfc_8785(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


def test_control_characters_and_unicode_are_written_as_rfc_8785_says() -> None:
    value = {"b\x7f": '\x00\x1f\b\t\n\f\r"\\/\x7f\u2028é😀', "a": [True, {"z": 0, "A": -1}]}
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        None,
        {"é": 1},
        {1: 2},
        "\ud800",
        {"a": ["\udc80"]},
        MAX_INTEGER + 1,
        -MAX_INTEGER - 1,
        {"a": {1, 2}},
        b"x",
    ],
)
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"canonical|range|ASCII|surrogates"):
        canonical(value)


def test_deep_nesting_is_refused_and_not_a_crash() -> None:
    value: Any = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(ValueError, match="deep"):
        canonical(value)


@given(st.binary(max_size=30).filter(lambda raw: b"\0" not in raw))
def test_every_path_comes_back_from_its_text(raw: bytes) -> None:
    path = raw.decode("utf-8", "surrogateescape")
    text = path_text(path)
    text.encode("utf-8")
    assert text_path(text) == path


@given(st.binary(max_size=6), st.binary(max_size=6))
def test_no_two_paths_share_a_text(one: bytes, other: bytes) -> None:
    first, second = (raw.decode("utf-8", "surrogateescape") for raw in (one, other))
    assert (path_text(first) == path_text(second)) == (one == other)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"src/a.py", "src/a.py"),
        ("grüße/日本.txt".encode(), "grüße/日本.txt"),
        (b"caf\xe9.txt", r'"caf\351.txt"'),
        (b'\xff"\\\t\n\x01\x7f', r'"\377\"\\\t\n\001\177"'),
        (b'"quoted"', r'"\"quoted\""'),
    ],
)
def test_a_path_that_is_not_utf8_is_written_as_git_quotes_it(raw: bytes, text: str) -> None:
    assert path_text(os.fsdecode(raw)) == text


@pytest.mark.parametrize("text", ['"half', 'half"', '"bad \\q escape"', '"\\400"', '"', ""])
def test_a_text_that_is_no_quoted_path_stands_for_itself(text: str) -> None:
    assert text_path(text) == text
