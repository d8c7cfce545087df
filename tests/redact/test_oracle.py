"""The patterns of the rules against RE2, which reads them in its own way and in linear time."""

from __future__ import annotations

import re
from random import Random
from typing import Any

import pytest

from git_ai_trail.redact import ruleset
from git_ai_trail.redact.rule import Rule
from git_ai_trail.redact.rulefile import flags_of
from git_ai_trail.redact.shapes import example
from tests.redact.samples import ALPHANUMERIC, random_text

re2 = pytest.importorskip("re2")

# RE2 has no lookaround, and no repeat (alone or multiplied) beyond a thousand.
_LOOKAROUND = re.compile(r"\(\?<?[=!]")


def _by_re2(rule: Rule) -> Any:
    options = re2.Options()
    options.case_sensitive, options.dot_nl, options.log_errors = not rule.ignore_case, rule.dotall, False
    try:
        return re2.compile(rule.pattern, options)
    except re2.error as error:
        if "repetition size" in str(error) or _LOOKAROUND.search(rule.pattern):
            return None
        raise


THEIRS = {rule: pattern for rule in ruleset.builtin().rules if (pattern := _by_re2(rule)) is not None}


def _texts() -> list[str]:
    """Every example of every rule, whole, cut, doubled and between other words."""
    texts = []
    for number, rule in enumerate(ruleset.builtin().rules):
        for seed, shape in enumerate((*rule.matches, *rule.non_matches)):
            text = example(shape, Random(seed))
            noise = random_text(30, number, ALPHANUMERIC + " \n\"'=:_-/.")
            texts += [
                text,
                text[: len(text) // 2],
                f"{text}{text}",
                f"{noise}{text}",
                f"x='{text}';\n{noise}",
                f"é{text}語",
            ]
    return texts


TEXTS = _texts()


def test_nearly_all_rules_can_be_compared() -> None:
    assert len(THEIRS) > 0.8 * len(ruleset.builtin().rules)


@pytest.mark.parametrize("rule", THEIRS, ids=lambda rule: rule.id)
def test_a_rule_means_the_same_to_another_engine(rule: Rule) -> None:
    ours = re.compile(rule.pattern, flags_of(rule))
    for text in TEXTS:
        spans = [match.span() for match in ours.finditer(text)]
        assert [match.span() for match in THEIRS[rule].finditer(text)] == spans
