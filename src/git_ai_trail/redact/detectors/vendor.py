"""Turns rules of files into detectors: a regular expression or a literal, its conditions, and a whole token as the span."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, partial

from git_ai_trail.redact.detector import RANK_MANUAL, RANK_RULE, RANK_VENDOR, Detector, Find, Leaf, Span, matches
from git_ai_trail.redact.pattern import compiled, gate_of, max_width
from git_ai_trail.redact.rule import MANUAL, Rule
from git_ai_trail.redact.rulefile import flags_of
from git_ai_trail.redact.tokens import entropy, widen
from git_ai_trail.redact.watchdog import watched

# What documentation has in place of a token: no random token has eight of the same in a row.
_FILLER = re.compile(r"x{8}|X{8}|\*{8}|\.{4}")
# A wider match than this is looked for in the whole text instead of around the gate's report.
MAX_REACH = 24_000


def detector(rule: Rule) -> Detector:
    """The detector that does what a rule says."""
    source = re.escape(rule.pattern) if rule.type == "literal" else rule.pattern
    gate = gate_of(source)
    keywords = rule.keywords
    if rule.type == "literal" and not keywords:
        keywords = (rule.pattern.lower(),)
    return Detector(
        rule=rule.id,
        find=_finder(rule, source) if rule.builtin else watched(rule.id, _finder(rule, source)),
        gates=None if gate is None else (gate,),
        keywords=keywords,
        # Rules of ours are bounded.
        reach=partial(_reach, source) if rule.builtin else _reach(source),
        caseless=rule.ignore_case,
        dotall=rule.dotall,
        scope=rule.scope,
        field=rule.field,
        checked=rule.builtin,
    )


@cache
def _reach(source: str) -> int | None:
    width = max_width(source)
    return width + 64 if width is not None and width <= MAX_REACH else None


def _finder(rule: Rule, source: str) -> Find:
    flags = flags_of(rule)
    # With a marker goes what it marks.
    groups = () if rule.type == "marker" else ("secret", "content")
    by_hand = rule.id.startswith(MANUAL)
    rank = RANK_VENDOR if rule.builtin else RANK_MANUAL if by_hand else RANK_RULE

    def find(leaf: Leaf, low: int, high: int) -> Iterator[Span]:
        pattern = compiled(source, flags)
        allowed = [compiled(text, flags) for text in rule.allow]
        group = next((name for name in groups if name in pattern.groupindex), None)
        for match in matches(pattern, leaf.text, low, high):
            start, end = match.span(group) if group and match.start(group) >= 0 else match.span()
            value = leaf.text[start:end]
            if start == end or (rule.entropy and entropy(value) < rule.entropy):
                continue
            if any(text.search(value) for text in allowed) or (rule.builtin and _FILLER.search(value)):
                continue
            replacement = match.expand(rule.replacement) if rule.replacement else None
            if rule.builtin:
                start, end = widen(leaf.text, start, end)
            yield Span(start, end, rule.id, rule.kind, rank, replacement)

    return find
