"""Private keys in armour, whole and cut."""

from __future__ import annotations

import pytest

from tests.redact.samples import clean, key_block

TAG = "[REDACTED:private-key#1]"


def test_a_whole_key_goes() -> None:
    assert clean(f"a\n{key_block()}\nb") == f"a\n{TAG}\nb"


def test_a_key_on_one_line_with_escaped_newlines_goes() -> None:
    one_line = key_block().replace("\n", "\\n")
    assert clean(f'key = "{one_line}"') == f'key = "{TAG}"'


@pytest.mark.parametrize("lines", [1, 3, 40])
def test_a_key_cut_at_its_end_goes(lines: int) -> None:
    cut = key_block(lines=lines).rsplit("\n", 1)[0]
    cleaned = clean(f"x\n{cut}\n\nmore text")
    assert not any(line in cleaned for line in cut.splitlines())
    assert cleaned.endswith("more text")


def test_a_key_without_its_head_goes() -> None:
    headless = key_block().split("\n", 1)[1]
    cleaned = clean(f"some words\n{headless}\nmore")
    assert not any(line in cleaned for line in headless.splitlines())
    assert cleaned.startswith("some words")
    assert cleaned.endswith("more")


def test_two_keys_leave_what_stands_between() -> None:
    cleaned = clean(f"{key_block(1)}\nbetween\n{key_block(50)}")
    assert cleaned == f"{TAG}\nbetween\n[REDACTED:private-key#2]"


def test_the_armour_lines_alone_stay() -> None:
    lines = ["-----" + word + " PRIVATE " + "KEY-----" for word in ("BEGIN", "END")]
    text = f"starts with {lines[0]} and ends with {lines[1]}"
    assert clean(text) == text


def test_a_public_key_stays() -> None:
    text = key_block().replace("RSA PRIVATE", "PUBLIC").split("\n")
    assert clean("\n".join([text[0], "MIIBIjAN", text[-1]])) == "\n".join([text[0], "MIIBIjAN", text[-1]])
