"""What holds for every text and every value."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from git_ai_trail.redact import publish_scan, ruleset
from git_ai_trail.redact.shapes import example
from tests.redact.samples import clean, key_block, scrubber, token

RULES = ruleset.builtin().rules
QUICK = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])

SECRETS = st.builds(
    lambda rule, seed: example(rule.matches[0], Random(seed)), st.sampled_from(RULES), st.integers(0, 99)
)
GLUE = st.sampled_from(
    [" ", "\n", "=", ": ", '"', "'", "password=", "token: ", "/home/ann/", "[redact]", "[/redact]", "[redact: x]", "\\n", "@",
     "[REDACTED:token#1]", "[REDACTED:", "#1]", "~", "user-1", "https://u:", "%41", "\u200b", "\x1b[1m", "&amp;", "{", "}"]
)  # fmt: skip
TEXTS = st.lists(st.one_of(GLUE, SECRETS, st.text(max_size=10)), max_size=10).map("".join)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9999, 9999), st.floats(allow_nan=False), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
    max_leaves=12,
)
CONTEXTS = st.sampled_from(
    [
        "{}",
        "export T={}\n",
        '"k": "{}",',
        "see {} there",
        "a={}&b=1",
        "\x1b[31m{}\x1b[0m",
        "x\n{}\ny",
        "`{}`",
        "({})",
        "<{}>",
    ]
)


@QUICK
@given(TEXTS)
def test_a_clean_text_stays_as_it_is(text: str) -> None:
    once = clean(text)
    assert clean(once) == once


@QUICK
@given(TEXTS)
def test_the_same_text_gives_the_same_result(text: str) -> None:
    assert clean(text) == clean(text) == clean(text, gate="keyword")


@QUICK
@given(VALUES)
def test_a_value_keeps_its_shape(value: Any) -> None:
    made, _ = scrubber().value(value)
    json.dumps(made)
    assert _shape(made) == _shape(value)


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return sorted((_shape(item) for item in value.values()), key=repr)
    if isinstance(value, list):
        return [_shape(item) for item in value]
    return "text" if isinstance(value, str) else value


def _paths(value: Any, secret: str) -> Any:
    """The value with a secret planted in every text and key."""
    if isinstance(value, dict):
        return {f"{key}{n}": _paths(item, secret) for n, (key, item) in enumerate(value.items())} | {secret: 0}
    if isinstance(value, list):
        return [*(_paths(item, secret) for item in value), f"x {secret} y", json.dumps({"inner": [secret]})]
    return f"{value} {secret}" if isinstance(value, str) else value


@QUICK
@given(VALUES, st.integers(0, 1000))
def test_a_planted_secret_is_gone_from_every_place(value: Any, seed: int) -> None:
    secret = token(seed)
    made, redactions = scrubber().value(_paths([value], secret))
    text = json.dumps(made)
    assert secret not in text
    assert not any(secret[at : at + 8] in text for at in range(4, len(secret) - 8))
    assert secret not in repr(redactions)


@QUICK
@given(st.sampled_from(RULES), st.integers(0, 500), CONTEXTS)
def test_no_rules_find_survives_its_surroundings(rule: Any, seed: int, context: str) -> None:
    text = example(rule.matches[0], Random(seed))
    assume("\n" not in text)
    cleaned = clean(context.format(text))
    assert publish_scan(cleaned) == []


@QUICK
@given(TEXTS)
def test_what_is_clean_can_be_published(text: str) -> None:
    assert publish_scan(clean(text)) == []


@QUICK
@given(TEXTS, TEXTS)
def test_more_text_around_never_brings_a_secret_back(before: str, after: str) -> None:
    assert token(3) not in clean(f"{before}\n{token(3)}\n{after}")
    assert key_block().split("\n")[2] not in clean(f"{before}\n{key_block()}\n{after}")
