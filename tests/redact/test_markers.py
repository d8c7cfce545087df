"""What a person marked for removal in their own text."""

from __future__ import annotations

import pytest

from tests.redact.samples import clean

TAG = "[REDACTED:marked#1]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a [redact]private[/redact] b", f"a {TAG} b"),
        ("a [redact why] private [/redact] b", f"a {TAG} b"),
        ("a [redact: private] b", f"a {TAG} b"),
        ("a [redact private words] b", f"a {TAG} b"),
        ("a [REDACT]private[/REDACT] b", f"a {TAG} b"),
        ("a [redact]one\ntwo\nthree[/redact]", f"a {TAG}"),
        ("a [redact] never closed", f"a {TAG}"),
        ("a [redact never closed", f"a {TAG}"),
        ("a [redact", f"a {TAG}"),
        ("[redact: x] and [redact]y[/redact]", f"{TAG} and [REDACTED:marked#2]"),
        ("a [redact]x [redact]y[/redact] z", f"a {TAG} z"),
        ("[redacted] [redactor] redact this", "[redacted] [redactor] redact this"),
    ],
)
def test_a_marked_part_goes(text: str, expected: str) -> None:
    assert clean(text) == expected


def test_a_marker_goes_before_what_it_encloses_is_looked_at() -> None:
    assert clean("[redact]mail ann@corp.org[/redact]") == TAG
