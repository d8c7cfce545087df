"""All detectors over texts and their views: texts in, spans out. Holds no state of a session."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from git_ai_trail.redact.detector import RANK_MARKER, RANK_RANDOM, Detector, Leaf, Span, spans_of
from git_ai_trail.redact.detectors import (
    commands,
    keyed,
    manifests,
    markers,
    opaque,
    pem,
    people,
    programs,
    random_tokens,
    vendor,
    web,
)
from git_ai_trail.redact.gate import Hits, make_gate
from git_ai_trail.redact.joined import Joined
from git_ai_trail.redact.manual import Manual, in_field
from git_ai_trail.redact.rule import MANUAL, RuleSet
from git_ai_trail.redact.tags import KINDS, SLOW, blanked, withheld
from git_ai_trail.redact.views import TRIGGERS, View, unescaped, views
from git_ai_trail.redact.watchdog import SlowRuleError


class Place(NamedTuple):
    """Where a text stands, as far as rules of limited scope care."""

    prompt: bool = False
    path: str = ""
    said: bool = False  # in a line that no agent wrote: prompts, and what repeats or surrounds them


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
            *commands.detectors(),
            *programs.detectors(),
            *manifests.detectors(),
            *random_tokens.detectors(self._hides_secret),
            *people.detectors(),
        )
        rules = [vendor.detector(rule) for rule in ruleset.rules]
        self.detectors = (*rules, *(each for each in coded if each.rule not in ruleset.disabled))
        # Behind the detectors the gate looks for what some views are made for.
        self._triggers = {len(self.detectors) + n: trigger for n, trigger in enumerate(TRIGGERS)}
        triggers = (
            Detector(rule=f"view:{each.name}", find=_nothing, gates=(each.gate,), reach=0, checked=True)
            for each in TRIGGERS
        )
        self.custom = any(not rule.builtin for rule in ruleset.rules)
        self.scoped = any(each.scope != "global" for each in self.detectors)
        self.kinds = KINDS | ruleset.kinds
        self._opaque = frozenset(
            number for number, each in enumerate(self.detectors) if each.rule.startswith("structural:")
        )
        self._gate = make_gate((*self.detectors, *triggers), cache_dir, gate)

    def find(
        self, joined: Joined, place: Place = ANYWHERE, manual: Manual | None = None
    ) -> dict[int, list[Span] | None]:
        """The spans of each text that has some, by its number, not yet united; None where the examination failed."""
        texts = joined.texts
        try:
            hits = self._gate.scan(joined)
            seen = [(number, view, False) for number, view in views(joined)]
            seen += self._triggered(joined, hits)
            more = self._gate.scan(Joined([view.text for _, view, _ in seen])) if seen else {}
        except Exception:
            # Whatever went wrong in the gate: what it did not look at is not passed on.
            return dict.fromkeys(range(len(texts)))
        found: dict[int, list[Span] | None] = {}
        for number in sorted(hits):
            spans = self._spans(texts[number], hits[number], place)
            if spans is None or spans:
                found[number] = spans
        for at in sorted(more):
            number, view, joins = seen[at]
            if joins:
                # Lines that were joined are no payload in one piece.
                more[at] = {found_by: ends for found_by, ends in more[at].items() if found_by not in self._opaque}
            before, spans = found.get(number, []), self._spans(view.text, more[at], place)
            if spans is None or spans:
                found[number] = None if spans is None or before is None else before + _mapped(view, spans)
        if manual is not None and manual.any:
            _add_manual(found, manual, texts, [(number, view) for number, view, _ in seen], place)
        return found

    def _triggered(self, joined: Joined, hits: dict[int, Hits]) -> list[tuple[int, View, bool]]:
        """The views that the gate's hits ask for, which are then gone from the hits; whether they join what stands apart."""
        made: list[tuple[int, View, bool]] = []
        for number, of_text in hits.items():
            for trigger in self._triggers.keys() & of_text.keys():
                asked = self._triggers[trigger]
                view = asked.view(joined.texts[number], of_text.pop(trigger))
                if view is not None:
                    made.append((number, view, asked.joins))
        return made

    def _spans(self, text: str, hits: Hits, place: Place) -> list[Span] | None:
        found: list[Span] = []
        try:
            found, text, hits = self._payloads(text, hits)
            leaf = Leaf(text)
            for number in sorted(hits):
                if number in self._triggers:
                    continue  # a view is not looked at through another one
                detector = self.detectors[number]
                if detector.scope == "global" or _applies(detector, place):
                    found += spans_of(detector, leaf, hits[number])
        except SlowRuleError as error:
            # The text was not looked through: it goes, and the rule is named in the counts.
            return [Span(0, len(text), f"slow:{error.args[0]}", SLOW, RANK_MARKER, withheld(SLOW))]
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
        hits = self._gate.scan(Joined([text])).get(0, {})
        leaf = Leaf(text)
        for number, ends in hits.items():
            if number in self._triggers or self.detectors[number].rule == random_tokens.RULE:
                continue
            detector = self.detectors[number]
            if any(span.rank < RANK_RANDOM for span in spans_of(detector, leaf, ends)):
                return True
        return False


def _nothing(_leaf: Leaf, _low: int, _high: int) -> tuple[Span, ...]:
    return ()


def _applies(detector: Detector, place: Place) -> bool:
    if detector.scope == "prompt":
        return place.said if detector.rule.startswith(MANUAL) else place.prompt
    return in_field(place.path, detector.field)


def _add_manual(
    found: dict[int, list[Span] | None],
    manual: Manual,
    texts: Sequence[str],
    seen: Sequence[tuple[int, View]],
    place: Place,
) -> None:
    """Adds what is to go by hand to what was found, in the texts and in their views."""
    looks = [(number, manual.find(text, place.said, place.path)) for number, text in enumerate(texts)]
    undone = [(number, view) for number, text in enumerate(texts) if (view := unescaped(text)) is not None]
    seen = [*seen, *undone]
    looks += [(number, _mapped(view, manual.find(view.text, place.said, place.path))) for number, view in seen]
    for number, spans in looks:
        before = found.get(number, [])
        if spans and before is not None:
            found[number] = before + spans


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
