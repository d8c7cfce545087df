"""Values that were found once in a session, and the user's own names: looked for everywhere from then on."""

from __future__ import annotations

import base64
import json
import re
from typing import NamedTuple
from urllib.parse import quote

import ahocorasick

from git_ai_trail.redact.detector import RANK_MANUAL, RANK_PERSON, RANK_VENDOR, Span
from git_ai_trail.redact.joined import Joined
from git_ai_trail.redact.tokens import widen

# Up to here a search for each value in turn is faster than the automaton.
_FEW = 12
_MIN_LENGTH = 8
_MAX_LENGTH = 4096
_MAX_VALUES = 5000
_CLEAR_TOKEN = 16
_ORDINARY = re.compile(r"[A-Za-z]+(?:[-_. /][A-Za-z]+)*|[\d.,:/ -]+")
_WORD = re.compile(r"[A-Za-z0-9]")


class Value(NamedTuple):
    rule: str
    kind: str
    rank: int
    word: bool  # counts only where no letter or digit stands beside it
    subject: str


class Known:
    """Texts to look for. `generation` grows with each, so that a cache can tell what it has not been checked against."""

    def __init__(self) -> None:
        self._values: dict[str, Value] = {}
        self._order: list[str] = []
        self._automaton: ahocorasick.Automaton | None = None
        self._built = 0
        self.generation = 0

    def learn(self, text: str, span: Span) -> None:
        """Remembers what a detector found, where it is long and odd enough not to be an ordinary word."""
        value = text[span.start : span.end]
        if not _MIN_LENGTH <= len(value) <= _MAX_LENGTH or _ORDINARY.fullmatch(value):
            return
        for form in dict.fromkeys((value, json.dumps(value)[1:-1], quote(value, safe=""))):
            self._add(form, Value(span.rule, span.kind, RANK_VENDOR, len(value) < _CLEAR_TOKEN, ""))

    def secret(self, value: str, rule: str, kind: str) -> None:
        """Remembers a value of which somebody else knows that it is a secret, in the forms that programs print."""
        for form in dict.fromkeys((value, json.dumps(value)[1:-1], quote(value, safe=""), *_encoded(value))):
            self._add(form, Value(rule, kind, RANK_VENDOR, len(form) < _CLEAR_TOKEN, ""))

    def gone(self, text: str, span: Span) -> None:
        """Remembers what a person wants gone in some place, however short or ordinary it is."""
        value = text[span.start : span.end]
        if len(value) <= _MAX_LENGTH:
            for form in dict.fromkeys((value, json.dumps(value)[1:-1], quote(value, safe=""))):
                self._add(form, Value(span.rule, span.kind, RANK_MANUAL, True, ""))

    def name(self, word: str, rule: str, kind: str, *, whole_word: bool = True) -> None:
        """Remembers a name (or path) of the user's."""
        self._add(word, Value(rule, kind, RANK_PERSON, whole_word, word))

    def find(self, joined: Joined) -> dict[int, list[Span]]:
        """Where remembered values stand in texts, by their number."""
        found: dict[int, list[Span]] = {}
        for at, word in self._occurrences(joined.whole):
            value = self._values[word]
            for number, begin in joined.places(at):
                text, start, end = joined.texts[number], begin, begin + len(word)
                if end > len(text) or (value.word and _beside_word(text, start, end)):
                    continue
                if value.rank == RANK_VENDOR:
                    start, end = widen(text, start, end)
                found.setdefault(number, []).append(
                    Span(start, end, value.rule, value.kind, value.rank, None, value.subject)
                )
        return found

    def _add(self, word: str, value: Value) -> None:
        if word and word not in self._values and len(self._values) < _MAX_VALUES:
            self._values[word] = value
            self._order.append(word)
            self.generation += 1

    def _occurrences(self, text: str) -> list[tuple[int, str]]:
        if len(self._order) > _FEW and len(self._order) - self._built > max(_FEW, self._built // 4):
            self._build()
        found = [
            (at, word)
            for word in self._order[self._built :]
            if word in text
            for at in (match.start() for match in re.finditer(re.escape(word), text))
        ]
        if self._automaton is not None:
            found += ((end - len(word) + 1, word) for end, word in self._automaton.iter(text))
        return found

    def _build(self) -> None:
        self._automaton = ahocorasick.Automaton()
        for word in self._order:
            self._automaton.add_word(word, word)
        self._automaton.make_automaton()
        self._built = len(self._order)


def _encoded(value: str) -> tuple[str, ...]:
    """Base64 of a value that is long enough to be told by it."""
    if len(value) < _MIN_LENGTH:
        return ()
    return (base64.b64encode(value.encode("utf-8", "surrogatepass")).decode().rstrip("="),)


def _beside_word(text: str, start: int, end: int) -> bool:
    return _WORD.match(text, end) is not None or (start > 0 and _WORD.match(text, start - 1) is not None)
