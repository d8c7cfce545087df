"""Every built-in rule against its own examples, made from shapes."""

from __future__ import annotations

import re
from random import Random

import pytest

from git_ai_trail.redact import publish_scan, ruleset
from git_ai_trail.redact.detectors.vendor import MAX_REACH
from git_ai_trail.redact.pattern import max_width, nested_repeat
from git_ai_trail.redact.rule import Rule
from git_ai_trail.redact.rulefile import flags_of
from git_ai_trail.redact.shapes import example
from tests.redact.samples import clean, scrubber

RULES = ruleset.builtin().rules
SEEDS = range(4)
DRESSES = ('export X="{}"\n', "{}\n", "  +{}\n", "curl -H 'X: {}' https://example.com")


def _secret(rule: Rule, text: str) -> str:
    """What of an example must be gone."""
    match = re.compile(rule.pattern, flags_of(rule)).search(text)
    assert match is not None, f"{rule.id} does not match its own example"
    return match["secret"] if "secret" in match.groupdict() and match["secret"] else match.group()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_match_of_a_rule_is_gone(rule: Rule) -> None:
    assert rule.matches
    for seed in SEEDS:
        for shape in rule.matches:
            text = example(shape, Random(seed))
            secret = _secret(rule, text)
            for dress in DRESSES:
                cleaned = clean(dress.format(text))
                assert secret not in cleaned, f"{rule.id}: {shape} survives in {dress!r}"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_no_piece_of_a_match_stays_behind(rule: Rule) -> None:
    for shape in rule.matches:
        text = example(shape, Random(7))
        secret = _secret(rule, text)
        cleaned = clean(f"x {text} y")
        pieces = {secret[at : at + 8] for at in range(len(secret) - 7)}
        assert not [piece for piece in pieces if piece in cleaned]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_no_rule_takes_what_it_must_not_match(rule: Rule) -> None:
    for shape in rule.non_matches:
        text = example(shape, Random(3))
        _, redactions = scrubber().text(text)
        assert rule.id not in [redaction.rule_id for redaction in redactions], shape


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_scan_before_publishing_sees_what_the_rules_see(rule: Rule) -> None:
    for shape in rule.matches:
        text = example(shape, Random(5))
        if "\n" not in text:
            assert publish_scan(f"first\n{text}\n")[0].line == 2
            assert publish_scan(clean(text)) == []


def test_every_rule_has_keywords_and_a_bounded_pattern_that_cannot_explode() -> None:
    for rule in RULES:
        assert rule.keywords, rule.id
        width = max_width(rule.pattern)
        assert width is not None, rule.id
        assert width <= MAX_REACH, rule.id
        assert not nested_repeat(rule.pattern), rule.id
        assert re.search(rule.pattern, "") is None, rule.id


def test_the_examples_in_the_rule_files_are_shapes_not_secrets() -> None:
    for rule in RULES:
        for text in rule.matches:
            assert text.startswith("shape:"), rule.id
            assert "[" in text, rule.id
