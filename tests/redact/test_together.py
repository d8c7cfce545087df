"""Lines are looked through together for speed; what comes out is what each of them would give in its turn."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from git_ai_trail.facts import Event
from git_ai_trail.redact import Identity, ruleset, scrub
from git_ai_trail.redact.engine import Engine
from git_ai_trail.redact.pattern import compiled
from git_ai_trail.redact.shapes import example
from tests.redact.samples import SOURCE, random_text, scrubber, token

RULES = ruleset.builtin().rules
SECRETS = st.builds(
    lambda rule, seed: example(rule.matches[0], Random(seed)), st.sampled_from(RULES), st.integers(0, 3)
)
WORDS = st.sampled_from(
    ["plain", "two words", "/home/ann/x", "ann@corp.example.net", "[REDACTED:token#7]", "%41", "x" * 20_000, ""]
)
TEXTS = st.lists(st.one_of(WORDS, SECRETS), max_size=3).map(" ".join)
KEYS = st.sampled_from(["text", "password", "token", "signature", "value", "name", "type"])
VALUES = st.recursive(
    st.one_of(TEXTS, st.integers(0, 10**7), TEXTS.map(lambda text: json.dumps({"inner": text, "password": text}))),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=6,
)


def _scrubbed(values: list[Any]) -> list[Any]:
    lines = [(b"line", [Event("other", None, 0, 1, -1, None, {"value": value})]) for value in values]
    identity = Identity(home="/home/ann", accounts=("annabel",))
    session = scrubber(identity=identity).scrub(SOURCE, lines, offset=0, appended=False, skipped={})
    return [(clean.event.raw, clean.redactions) for clean in session.events]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(st.lists(VALUES, min_size=2, max_size=6))
def test_lines_together_give_what_each_gives_alone(monkeypatch: pytest.MonkeyPatch, values: list[Any]) -> None:
    together = _scrubbed(values)
    with monkeypatch.context() as alone:
        alone.setattr(scrub, "_AT_ONCE_LINES", 1)
        assert _scrubbed(values) == together


def test_a_value_learned_in_one_line_is_gone_from_lines_that_were_looked_at_with_it() -> None:
    word = "rosebud" + random_text(4, 2)
    values = [{"n": n} for n in range(5)] + [{"password": word}] + [{"text": f"say {word} twice"}] * 3
    made = _scrubbed(values)
    assert word not in json.dumps([raw for raw, _ in made[5:]])


def test_one_line_that_cannot_be_walked_spares_the_others() -> None:
    class Hidden(tuple[Any, ...]):
        __slots__ = ()

        def __iter__(self) -> Any:
            raise ValueError

    made = _scrubbed([f"first {token()}", Hidden((1,)), "last"])
    assert [raw for raw, _ in made][1:] == [{"withheld": "[WITHHELD:engine]"}, {"value": "last"}]
    assert token() not in json.dumps(made[0][0])


def test_what_need_not_change_is_not_copied() -> None:
    value = {"a": {"b": ["plain", 1]}, "c": f"see {token()}"}
    (made, _), *_ = _scrubbed([value])
    assert made["value"]["a"] is value["a"]
    assert made["value"] is not value
    assert value["c"] == f"see {token()}"


def test_to_load_the_rules_and_make_an_engine_compiles_no_pattern_of_theirs() -> None:
    compiled.cache_clear()
    ruleset.builtin.cache_clear()
    Engine(ruleset.load())
    assert compiled.cache_info().currsize == 0
