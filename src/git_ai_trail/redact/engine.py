"""All detectors over texts and their views: texts in, spans out. Holds no state of a session."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from git_ai_trail.redact.detector import RANK_RANDOM, Detector, Leaf, Span, spans_of
from git_ai_trail.redact.detectors import keyed, markers, opaque, pem, people, random_tokens, vendor, web
from git_ai_trail.redact.gate import Hits, make_gate
from git_ai_trail.redact.rule import RuleSet
from git_ai_trail.redact.tags import KINDS, blanked
from git_ai_trail.redact.views import View, views


class Place(NamedTuple):
    """Where a text stands, as far as rules of limited scope care."""

    prompt: bool = False
    path: str = ""


ANYWHERE = Place()


class Engine:
    """The detectors of a rule set behind one gate (`gate`: hyperscan, keyword or plain; empty takes the fastest)."""

    def __init__(self, ruleset: RuleSet, cache_dir: str | None = None, gate: str = "") -> None:
        coded = (
            *markers.detectors(),
            *opaque.detectors(),
            *pem.detectors(),
            *web.detectors(),
            *keyed.detectors(),
            *random_tokens.detectors(self._hides_secret),
            *people.detectors(),
        )
        rules = [vendor.detector(rule) for rule in ruleset.rules]
        self.detectors = (*rules, *(each for each in coded if each.rule not in ruleset.disabled))
        self.custom = any(not rule.builtin for rule in ruleset.rules)
        self.scoped = any(each.scope != "global" for each in self.detectors)
        self.kinds = KINDS | ruleset.kinds
        self._opaque = frozenset(
            number for number, each in enumerate(self.detectors) if each.rule.startswith("structural:")
        )
        self._gate = make_gate(self.detectors, cache_dir, gate)

    def find(self, texts: Sequence[str], place: Place = ANYWHERE) -> list[list[Span] | None]:
        """The spans of each text, not yet united; None for a text whose examination failed."""
        try:
            seen = [(number, view) for number, text in enumerate(texts) for view in views(text)]
            hits = self._gate.scan([*texts, *(view.text for _, view in seen)])
        except Exception:
            # Whatever went wrong in the gate: what it did not look at is not passed on.
            return [None] * len(texts)
        found = [self._spans(text, hits[number], place) for number, text in enumerate(texts)]
        for at, (number, view) in enumerate(seen):
            spans, more = found[number], self._spans(view.text, hits[len(texts) + at], place)
            found[number] = None if spans is None or more is None else spans + _mapped(view, more)
        return found

    def _spans(self, text: str, hits: Hits, place: Place) -> list[Span] | None:
        if not hits:
            return []
        found: list[Span] = []
        try:
            found, text, hits = self._payloads(text, hits)
            leaf = Leaf(text)
            for number in sorted(hits):
                detector = self.detectors[number]
                if detector.scope == "global" or _applies(detector, place):
                    found += spans_of(detector, leaf, hits[number])
        except Exception:
            # A detector failed on this text (a rule of the user's, a hostile text): the text is withheld.
            return None
        return found

    def _payloads(self, text: str, hits: Hits) -> tuple[list[Span], str, Hits]:
        """Spans of payloads that go unexamined, and what is left to examine (the payloads blanked out)."""
        numbers = hits.keys() & self._opaque
        if not numbers:
            return [], text, hits
        leaf = Leaf(text)
        found = [span for number in sorted(numbers) for span in spans_of(self.detectors[number], leaf, hits[number])]
        left: Hits = {number: ends for number, ends in hits.items() if number not in numbers}
        for span in found:
            for number, ends in left.items():
                if ends is not None:
                    left[number] = [end for end in ends if not span.start < end <= span.end]
        return found, blanked(text, found), left

    def _hides_secret(self, text: str) -> bool:
        hits = self._gate.scan([text])[0]
        leaf = Leaf(text)
        for number, ends in hits.items():
            detector = self.detectors[number]
            if detector.rule == random_tokens.RULE:
                continue
            if any(span.rank < RANK_RANDOM for span in spans_of(detector, leaf, ends)):
                return True
        return False


def _applies(detector: Detector, place: Place) -> bool:
    if detector.scope == "prompt":
        return place.prompt
    return place.path == detector.field or place.path.startswith((f"{detector.field}.", f"{detector.field}["))


def _mapped(view: View, spans: list[Span]) -> list[Span]:
    found = []
    for span in spans:
        start, end = view.original(span.start, span.end)
        found.append(span._replace(start=start, end=end))
    return found


@lru_cache(maxsize=4)
def engine_for(ruleset: RuleSet, cache_dir: str | None = None, gate: str = "") -> Engine:
    """The engine of a rule set, made once in a process: compiling the patterns takes a second or two."""
    return Engine(ruleset, cache_dir, gate)
