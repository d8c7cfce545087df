"""Cleans the texts of one session: spans become tags, equal values equal tags, and what was found once stays found."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from git_ai_trail.redact.detector import (
    RANK_KEYED,
    RANK_MANUAL,
    RANK_MARKER,
    RANK_PERSON,
    RANK_RANDOM,
    RANK_RULE,
    RANK_VENDOR,
    Span,
)
from git_ai_trail.redact.detectors.people import HOME_RULE, USER_RULE, name_in_home
from git_ai_trail.redact.engine import ANYWHERE, Engine, Place
from git_ai_trail.redact.identity import Identity
from git_ai_trail.redact.joined import Joined
from git_ai_trail.redact.known import Known
from git_ai_trail.redact.manual import KIND, Manual
from git_ai_trail.redact.spans import unite
from git_ai_trail.redact.tags import SLOW, Numbers, blanked, is_tag, masked, may_hold_tag, omitted, withheld

# A longer text is withheld as a whole.
MAX_TEXT = 8 * 1024 * 1024

_KEPT_TEXT = 16 * 1024
_KEPT_TEXTS = 8192
_BINARY_FROM = 4096
_MAX_LOOKS = 6
_MAX_ROUNDS = 16
_SECRET_RANKS = (RANK_VENDOR, RANK_KEYED, RANK_RANDOM)


class Found(NamedTuple):
    """One thing that was removed from a text."""

    rule: str
    kind: str
    tag: str
    digest: str


class Cleaned(NamedTuple):
    text: str
    found: tuple[Found, ...]


class Memory:
    """Texts that were looked at since a value was last learned: `clean` as they are, `found` with their clean form."""

    __slots__ = ("clean", "found", "roles")

    def __init__(self) -> None:
        self.clean: set[str] = set()
        self.found: dict[str, Cleaned] = {}
        # Keys of objects that are clean, each with the part it plays (`keys.role`).
        self.roles: dict[str, int] = {}

    def keep(self, texts: Iterable[str], found: Mapping[str, Cleaned]) -> None:
        """Remembers a look at `texts`, of which those in `found` had to change."""
        if len(self.clean) + len(self.found) >= _KEPT_TEXTS:
            self.clean.clear()
            self.found.clear()
        if not found:
            self.clean.update([text for text in texts if len(text) <= _KEPT_TEXT])
            return
        for text in texts:
            if len(text) <= _KEPT_TEXT:
                if text in found:
                    self.found[text] = found[text]
                else:
                    self.clean.add(text)


class Session:
    """`seen` (digest → tag) are the tags that earlier parts of the same session were given."""

    def __init__(
        self, engine: Engine, key: bytes, identity: Identity, seen: Mapping[str, str], manual: Manual | None = None
    ) -> None:
        self._engine = engine
        self._every_manual = self._manual = manual or Manual((), key)
        self._ids: set[str] = set()
        # Whether rules beyond the built-in ones apply, and whether it matters where a text stands.
        self.custom, self.scoped = engine.custom or self._manual.any, engine.scoped or self._manual.scoped
        self._numbers = Numbers(key, seen)
        self._known = Known()
        self._memories: dict[Place, Memory] = {}
        self._everywhere = Memory()
        self._remembered = 0
        # Spans of texts to come that are not clean. They depend on nothing that is learned on the way.
        self._foreseen: dict[str, list[Span] | None] = {}
        # The same of the texts of one look, for its next round.
        self._examined: dict[str, list[Span] | None] = {}
        self._own: set[str] = set()
        self._learn_identity(identity)

    def identify(self, session_id: str) -> None:
        """Learns whose session this is: what is to go by hand in it alone is looked for from now on."""
        if session_id and session_id not in self._ids:
            self._ids.add(session_id)
            self._manual = self._every_manual.for_session(self._ids)
            self.custom = self._engine.custom or self._manual.any
            self.scoped = self._engine.scoped or self._manual.scoped
            self._memories.clear()
            self._everywhere = Memory()

    def learn_folder(self, path: str) -> None:
        """Learns the user's account name from a working directory that the session names."""
        name = name_in_home(path)
        if name:
            self._own.add(name)

    def learn_secrets(self, values: Iterable[str], rule: str) -> None:
        """Remembers values that are secrets wherever they stand."""
        for value in values:
            self._known.secret(value, rule, "secret")

    @property
    def generation(self) -> int:
        """Grows with each value that is learned. What was looked at before may hold one of them."""
        return self._known.generation

    def memory(self, place: Place = ANYWHERE) -> Memory:
        """What texts at a place are known to be; anew whenever a value is learned."""
        if self._remembered != self._known.generation:
            self._memories.clear()
            self._remembered = self._known.generation
            self._everywhere = Memory()
        if not self.scoped:
            return self._everywhere
        found = self._memories.get(place)
        if found is None:
            found = self._memories[place] = Memory()
        return found

    def clean(self, texts: Iterable[str], place: Place = ANYWHERE) -> dict[str, Cleaned]:
        """Each text with its clean form. Values found in one of them are gone from all of them."""
        distinct = list(dict.fromkeys(texts))
        found = self.look(distinct, place)
        return {text: found.get(text) or Cleaned(text, ()) for text in distinct}

    def look(self, texts: Collection[str], place: Place = ANYWHERE) -> dict[str, Cleaned]:
        """Those of the texts that cannot stay as they are, with their clean form."""
        try:
            for _ in range(_MAX_ROUNDS):
                generation = self._known.generation
                found = self._look(texts, self.memory(place), place)
                if generation == self._known.generation:
                    return found
                # A value learned just now can stand in a text that was passed before it.
        finally:
            self._examined.clear()
        return {text: self.refusal(text, "engine") for text in texts}

    def foresee(self, texts: Iterable[str]) -> None:
        """Examines texts of lines to come all at once, which is faster. Nothing is learned, named or numbered by it."""
        memory = self.memory()
        fresh = [
            text
            for text in texts
            if text not in memory.clean
            and text not in memory.found
            and not (len(text) >= _BINARY_FROM and (len(text) > MAX_TEXT or _is_binary(text)))
        ]
        joined = Joined(fresh, share=not self.custom)
        if may_hold_tag(joined.whole):
            fresh = [text for text in fresh if not may_hold_tag(text)]
            joined = Joined(fresh, share=not self.custom)
        spans = self._engine.find(joined, manual=self._manual)
        known = self._known.find(joined)
        self._foreseen = {
            text: spans.get(number, [])
            for number, text in enumerate(fresh)
            if number in spans or number in known or len(text) > _KEPT_TEXT
        }
        memory.keep((text for text in fresh if text not in self._foreseen), {})

    def learn(self, text: str, rule: str, kind: str) -> None:
        """Remembers a text that is a secret as a whole, where it is long and odd enough."""
        self._known.learn(text, Span(0, len(text), rule, kind, RANK_KEYED))

    def secret(self, text: str, rule: str, kind: str) -> Cleaned:
        """A text that is a secret as a whole."""
        return self._rendered(text, [Span(0, len(text), rule, kind, RANK_KEYED)])

    def by_hand(self, text: str, rule: str) -> Cleaned:
        """A text that goes as a whole because a person wants it gone."""
        return self._rendered(text, [Span(0, len(text), rule, KIND, RANK_MANUAL)])

    @property
    def whole_fields(self) -> frozenset[str]:
        """The manual redactions that take whole fields."""
        return self._manual.whole_fields

    def omission(self, text: str, what: str) -> Cleaned:
        """A payload that is left out as a whole; what was left out before stays as it is."""
        if is_tag(text):
            return Cleaned(text, ())
        tag = omitted(what, len(text))
        return Cleaned(tag, (Found(f"structural:{what}", what, tag, self._numbers.digest(what, text)),))

    def refusal(self, text: str, why: str) -> Cleaned:
        """A value that was not examined, and therefore goes."""
        tag = withheld(why)
        return Cleaned(tag, (Found(f"structural:{why}", why, tag, self._numbers.digest(why, text)),))

    def _learn_identity(self, identity: Identity) -> None:
        self._own.update(identity.accounts)
        for word in identity.words():
            self._known.name(word, USER_RULE, "user-name")
            self._numbers.user(word)
        for address in identity.emails:
            self._known.name(address, "email", "email")
        if identity.home.count("/") >= 2 or "\\" in identity.home:
            self._known.name(identity.home, HOME_RULE, "home-path")

    def _look(self, texts: Collection[str], memory: Memory, place: Place) -> dict[str, Cleaned]:
        results: dict[str, Cleaned] = {}
        fresh: list[str] = []
        clean = memory.clean
        for text in [text for text in texts if text not in clean]:
            if text in memory.found:
                results[text] = memory.found[text]
            elif len(text) >= _BINARY_FROM and (len(text) > MAX_TEXT or _is_binary(text)):
                results[text] = self._dropped(text)
            else:
                fresh.append(text)
        if fresh:
            found = self._cleaned(fresh, place)
            memory.keep(fresh, found)
            results.update(found)
        return results

    def _dropped(self, text: str) -> Cleaned:
        return self.refusal(text, "too-long") if len(text) > MAX_TEXT else self.omission(text, "binary")

    def _cleaned(self, texts: list[str], place: Place) -> dict[str, Cleaned]:
        joined, tags = self._masked(texts)
        looks = joined.texts
        spans = self._find(joined, place)
        results: dict[str, Cleaned] = {}
        for number in sorted(spans):
            cleaned = self._finished(texts[number], looks[number], tags.get(number, []), spans[number])
            if any(span.replacement for span in spans[number] or ()):
                cleaned = self._by_hand(cleaned, place)
            if cleaned.found:
                results[texts[number]] = cleaned
        return results

    def _masked(self, texts: list[str]) -> tuple[Joined, dict[int, list[tuple[int, int]]]]:
        """The texts with our own tags blanked out, and where those stand by the number of the text."""
        joined = Joined(texts)
        if not may_hold_tag(joined.whole):
            return joined, {}
        looks = [masked(text, self._engine.kinds) if may_hold_tag(text) else (text, []) for text in texts]
        return Joined([text for text, _ in looks]), {number: tags for number, (_, tags) in enumerate(looks) if tags}

    def _find(self, joined: Joined, place: Place) -> dict[int, list[Span] | None]:
        """What the engine finds, and what it finds beside that once that is gone (two secrets without a gap)."""
        texts, spans = joined.texts, self._spans(joined, place)
        for number, found in spans.items():
            for span in found or ():
                if span.rank in _SECRET_RANKS and span.replacement is None:
                    self._known.learn(texts[number], span)
                elif span.rank == RANK_MANUAL and span.rule in self._manual.limited:
                    self._known.gone(texts[number], span)
        for number, known in self._known.find(joined).items() if self._known.generation else ():
            before = spans.get(number, [])
            spans[number] = None if before is None else before + known
        again = [
            n
            for n, found in spans.items()
            if any(span.rank < RANK_PERSON for span in found or ()) and all(span.kind != SLOW for span in found or ())
        ]
        for _ in range(_MAX_LOOKS):
            if not again:
                return spans
            more = self._engine.find(Joined([blanked(texts[n], spans[n] or ()) for n in again]), place)
            left: list[int] = []
            for at, found in more.items():
                before = spans[again[at]]
                if found is None or before is None:
                    spans[again[at]] = None
                else:
                    spans[again[at]] = before + found
                    left.append(again[at])
            again = left
        for n in again:
            spans[n] = None  # it does not come to an end
        return spans

    def _spans(self, joined: Joined, place: Place) -> dict[int, list[Span] | None]:
        """What the engine finds in each text, as far as it has not been asked yet."""
        found: dict[int, list[Span] | None] = {}
        others: list[int] = []
        for number, text in enumerate(joined.texts):
            for known in (self._foreseen, self._examined):
                if text in known:
                    found[number] = known[text]
                    break
            else:
                others.append(number)
        if others:
            asked = joined if len(others) == len(joined.texts) else Joined([joined.texts[number] for number in others])
            spans = self._engine.find(asked, place, self._manual)
            found.update((others[at], of_text) for at, of_text in spans.items())
            self._examined.update((text, spans.get(at, [])) for at, text in enumerate(asked.texts))
        return found

    def _finished(self, text: str, blank: str, tags: list[tuple[int, int]], found: list[Span] | None) -> Cleaned:
        if found is None:
            return self.refusal(text, "engine")
        try:
            spans = unite(blank, found, tags)
            return self._rendered(text, spans) if spans else Cleaned(text, ())
        except Exception:
            # Whatever failed between finding and replacing: the text goes.
            return self.refusal(text, "engine")

    def _by_hand(self, cleaned: Cleaned, place: Place) -> Cleaned:
        """Once more what is to go by hand, from a text into which a rule has put a replacement of its own."""
        text, tags = masked(cleaned.text, self._engine.kinds)
        found = self._engine.find(Joined([text]), place, self._manual).get(0, [])
        if found is None:
            return self.refusal(cleaned.text, "engine")
        spans = unite(text, [span for span in found if span.rank == RANK_MANUAL], tags)
        if not spans:
            return cleaned
        again = self._rendered(cleaned.text, spans)
        return Cleaned(again.text, cleaned.found + again.found)

    def _rendered(self, text: str, spans: list[Span]) -> Cleaned:
        parts: list[str] = []
        found: list[Found] = []
        at = 0
        for span in spans:
            tag, digest = self._tag(text[span.start : span.end], span)
            parts += (text[at : span.start], tag)
            found.append(Found(span.rule, span.kind, tag, digest))
            at = span.end
        parts.append(text[at:])
        return Cleaned("".join(parts), tuple(found))

    def _tag(self, value: str, span: Span) -> tuple[str, str]:
        if span.replacement is not None and span.rank in (RANK_MARKER, RANK_RULE):
            return span.replacement, self._numbers.digest(span.kind, value)
        if span.kind == "user-name" and span.subject:
            return self._numbers.user(span.subject)
        if span.kind == "home-path" and span.subject:
            return self._home(span.subject, value)
        return self._numbers.tag(span.kind, value)

    def _home(self, name: str, value: str) -> tuple[str, str]:
        """`~` for the user's own home (or one that names nobody else), `~user-2` for another's."""
        if name in self._own or name == value:
            return "~", self._numbers.digest("home-path", name)
        if not self._own:
            self._own.add(name)
            return "~", self._numbers.digest("home-path", name)
        pseudonym, digest = self._numbers.user(name)
        return f"~{pseudonym}", digest


def _is_binary(text: str) -> bool:
    return text.count("\0") + text.count("\ufffd") > len(text) // 10
