"""What redaction promises, G1 to G10, each with the tests that hold it to that; those that stand nowhere else are here."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from git_ai_trail.errors import ConfigError
from git_ai_trail.facts import Event
from git_ai_trail.redact import Identity, Scrubber, ruleset
from git_ai_trail.redact.rule import CODE_DETECTORS, RuleSet
from tests.redact.samples import KEY, clean, random_text, scrubbed, scrubber, token

TESTS = Path(__file__).parent.parent
TAG = re.compile(r"\[REDACTED:[a-z0-9-]+#\d+\]")

# What is promised, and where it is shown. A name that no longer stands in the file fails.
HELD_BY = {
    "G1 nothing is stored before redaction": ["redact/test_scrub.py::test_only_a_scrubber_makes_a_clean_session"],
    "G2 no byte of a value survives": [
        "test_canaries.py::",
        "test_canaries_everywhere.py::test_no_canary_is_in_anything_that_a_repository_keeps_or_publishes",
        "endurance/test_canaries_killed.py::test_no_secret_is_in_what_a_killed_process_leaves",
        "pipeline/test_undressed.py::test_a_secret_in_markup_is_refused_with_its_line_and_never_named",
        "redact/test_rules.py::test_no_piece_of_a_match_stays_behind",
    ],
    "G3 idempotent and deterministic": [
        "redact/test_properties.py::test_a_clean_text_stays_as_it_is",
        "redact/test_gate.py::test_all_gates_give_the_same_spans",
        "redact/test_together.py::test_lines_together_give_what_each_gives_alone",
        "redact/test_guarantees.py::test_g3_engines_and_cuts_give_the_same",
    ],
    "G4 monotonic": ["redact/test_guarantees.py::test_g4_a_further_rule_reveals_nothing"],
    "G5 JSON in, JSON out": ["redact/test_properties.py::test_a_value_keeps_its_shape"],
    "G6 fails closed": [
        "redact/test_scrub.py::test_a_detector_that_raises_withholds_the_text",
        "redact/test_scrub.py::test_a_gate_that_raises_withholds_everything",
        "redact/test_scrub.py::test_too_deep_too_long_and_strange_values_are_withheld",
        "redact/test_watchdog.py::test_a_rule_without_an_end_is_ended_and_named",
        "redact/test_ruleset.py::test_a_missing_file_is_an_error",
    ],
    "G7 bounded time": ["redact/test_limits.py::test_work_grows_with_the_length_not_with_its_square"],
    "G8 counts are honest": ["redact/test_guarantees.py::test_g8_what_is_counted_is_what_was_replaced"],
    "G9 by hand wins": [
        "manual/test_adding.py::test_manual_wins_over_a_rule_that_would_put_it_there",
        "manual/test_adding.py::test_it_survives_reading_again_and_new_lines",
    ],
    "G10 no secret is printed": [
        "redact/test_publish.py::test_a_finding_says_rule_and_place_and_nothing_else",
        "redact/test_guarantees.py::test_g10_errors_about_rules_show_no_example",
    ],
}


@pytest.mark.parametrize("guarantee", HELD_BY)
def test_each_guarantee_has_its_tests(guarantee: str) -> None:
    for one in HELD_BY[guarantee]:
        file, _, name = one.partition("::")
        assert f"def {name or 'test_'}" in (TESTS / file).read_text(), one


def secrets(seed: int) -> list[str]:
    return [token(seed), f"password = '{random_text(14, seed)}1x'", f"https://me:{random_text(12, seed)}9@h.example/"]


@given(st.lists(st.sampled_from([*secrets(1), *secrets(2), "plain words", "x = 1\n", "/home/someone/a"]), max_size=8))
@settings(max_examples=25, deadline=None)
def test_g3_engines_and_cuts_give_the_same(texts: list[str]) -> None:
    events = [Event("other", None, n, 1, -1, None, {"text": text}) for n, text in enumerate(texts)]
    results = [[one.event.raw for one in scrubbed(scrubber(gate=gate), *events)] for gate in ("", "keyword", "plain")]
    assert results[0] == results[1] == results[2]


@given(
    st.text(alphabet="ab -='_12", max_size=30), st.integers(1, 9), st.sampled_from(["[a-z]{3,9}", "b+", "='", "1x?"])
)
@settings(max_examples=40, deadline=None)
def test_g4_a_further_rule_reveals_nothing(around: str, seed: int, pattern: str) -> None:
    builtin = ruleset.builtin()
    rule = builtin.rules[0].__class__(id="more", pattern=pattern, trusted=False)
    more = RuleSet(rules=(*builtin.rules, rule), disabled=builtin.disabled)
    secret = token(seed)
    text = f"{around} {secret} {around}"
    assert secret not in clean(text)
    found = Scrubber(more, KEY, identity=Identity(), gate="plain").text(text)[0]
    assert not any(secret[at : at + 8] in found for at in range(len(secret) - 8))


def test_g8_what_is_counted_is_what_was_replaced() -> None:
    text = "\n".join([*secrets(3), *secrets(4), token(3)])
    cleaned, found = scrubber().text(text)
    assert Counter(TAG.findall(cleaned)) == Counter(one.tag for one in found)
    assert all(one.digest and one.rule_id for one in found)


@pytest.mark.parametrize(
    "rule",
    ["pattern: '{}('", "pattern: {}\n  scope: {}", "{}: x", "pattern: x\n  entropy: {}", "pattern: x\n  kind: {}"],
)
def test_g10_errors_about_rules_show_no_example(tmp_path: Path, rule: str) -> None:
    secret = token(5)
    path = tmp_path / "own.yml"
    example = json.dumps([secret])
    path.write_text(f"- id: mine\n  matches: {example}\n  {rule.replace('{}', 'nothing*')}\n")
    with pytest.raises(ConfigError) as caught:
        ruleset.load(str(path))
    assert secret[4:12] not in str(caught.value) + str(caught.value.hint)


def test_no_detector_is_switched_off_at_first() -> None:
    rules: Any = ruleset.builtin()
    assert not rules.disabled & set(CODE_DETECTORS)
