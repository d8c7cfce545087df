"""Turns rules of files into detectors: a regular expression or a literal, its conditions, and a whole token as the span."""

from __future__ import annotations

import re
from collections.abc import Iterator

from git_ai_trail.redact.detector import RANK_RULE, RANK_VENDOR, Detector, Find, Leaf, Span, matches
from git_ai_trail.redact.pattern import gate_of, max_width
from git_ai_trail.redact.rule import Rule
from git_ai_trail.redact.rulefile import flags_of
from git_ai_trail.redact.tokens import entropy, widen

# A wider match than this is looked for in the whole text instead of around the gate's report.
_MAX_REACH = 24_000


def detector(rule: Rule) -> Detector:
    """The detector that does what a rule says."""
    source = re.escape(rule.pattern) if rule.type == "literal" else rule.pattern
    width = max_width(source)
    gate = gate_of(source)
    keywords = rule.keywords
    if rule.type == "literal" and not keywords:
        keywords = (rule.pattern.lower(),)
    return Detector(
        rule=rule.id,
        find=_finder(rule, re.compile(source, flags_of(rule))),
        gates=None if gate is None else (gate,),
        keywords=keywords,
        reach=width + 64 if width is not None and width <= _MAX_REACH else None,
        caseless=rule.ignore_case,
        dotall=rule.dotall,
        scope=rule.scope,
        field=rule.field,
        checked=rule.builtin,
    )


def _finder(rule: Rule, pattern: re.Pattern[str]) -> Find:
    allowed = [re.compile(text, flags_of(rule)) for text in rule.allow]
    group = next((name for name in ("secret", "content") if name in pattern.groupindex), None)
    if rule.type == "marker":
        group = None  # the marker goes with what it marks
    rank = RANK_VENDOR if rule.builtin else RANK_RULE

    def find(leaf: Leaf, low: int, high: int) -> Iterator[Span]:
        for match in matches(pattern, leaf.text, low, high):
            start, end = match.span(group) if group and match.start(group) >= 0 else match.span()
            value = leaf.text[start:end]
            if start == end or (rule.entropy and entropy(value) < rule.entropy):
                continue
            if any(text.search(value) for text in allowed):
                continue
            replacement = match.expand(rule.replacement) if rule.replacement else None
            if rule.builtin:
                start, end = widen(leaf.text, start, end)
            yield Span(start, end, rule.id, rule.kind, rank, replacement)

    return find
