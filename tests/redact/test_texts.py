"""Many texts at once come out as each would after the others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.redact.samples import key_block, scrubber, token

TEXTS = [
    "",
    "plain",
    f"use {token(1)} here",
    f"{token(2)} and {token(1)}",
    "mail ann@corp.org, bob@corp.org",
    "at /home/annabel/x",
    key_block(),
    "\ud800 half a letter",
]


@given(st.lists(st.sampled_from(TEXTS), max_size=12), st.sampled_from(["", "prompt", "subject"]))
def test_many_texts_are_what_each_is_in_turn(texts: list[str], field: str) -> None:
    one_by_one, at_once = scrubber(), scrubber()
    alone = [one_by_one.text(text, field) for text in texts]
    cleaned, found = at_once.texts(texts, field)
    assert cleaned == [text for text, _ in alone]
    assert found == tuple(redaction for _, redactions in alone for redaction in redactions)


def test_numbers_go_on_over_all_texts() -> None:
    cleaned, _ = scrubber().texts([f"a {token(1)}", f"b {token(2)}", f"c {token(1)}"])
    assert [text[-3:] for text in cleaned] == ["#1]", "#2]", "#1]"]
