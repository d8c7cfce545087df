"""Cleans the texts of one session: spans become tags, equal values equal tags, and what was found once stays found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from git_ai_trail.redact.detector import RANK_KEYED, RANK_MARKER, RANK_PERSON, RANK_RANDOM, RANK_RULE, RANK_VENDOR, Span
from git_ai_trail.redact.detectors.people import HOME_RULE, USER_RULE, name_in_home
from git_ai_trail.redact.engine import ANYWHERE, Engine, Place
from git_ai_trail.redact.identity import Identity
from git_ai_trail.redact.known import Known
from git_ai_trail.redact.spans import unite
from git_ai_trail.redact.tags import Numbers, blanked, is_tag, masked, omitted, withheld

# A longer text is withheld as a whole.
MAX_TEXT = 8 * 1024 * 1024

_CACHED_TEXT = 16 * 1024
_CACHED_TEXTS = 8192
_BINARY_FROM = 4096
_MAX_LOOKS = 6
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


# Clean forms of texts, with the generation of known values that they were checked against.
Cache = dict[str, tuple[Cleaned, int]]


class Session:
    """`seen` (digest → tag) are the tags that earlier parts of the same session were given."""

    def __init__(self, engine: Engine, key: bytes, identity: Identity, seen: Mapping[str, str]) -> None:
        self._engine = engine
        self._numbers = Numbers(key, seen)
        self._known = Known()
        self._cache: dict[Place, Cache] = {}
        self._own: set[str] = set()
        self._learn_identity(identity)

    @property
    def custom(self) -> bool:
        """Whether rules beyond the built-in ones apply."""
        return self._engine.custom

    @property
    def scoped(self) -> bool:
        """Whether it matters where a text stands."""
        return self._engine.scoped

    def learn_folder(self, path: str) -> None:
        """Learns the user's account name from a working directory that the session names."""
        name = name_in_home(path)
        if name:
            self._own.add(name)

    def clean(self, texts: Iterable[str], place: Place = ANYWHERE) -> dict[str, Cleaned]:
        """Each text with its clean form. Values found in one of them are gone from all of them."""
        cache = self._cache.setdefault(place if self._engine.scoped else ANYWHERE, {})
        generation = self._known.generation
        results: dict[str, Cleaned] = {}
        fresh: list[str] = []
        for text in dict.fromkeys(texts):
            kept = cache.get(text)
            if kept is not None and (kept[1] == generation or self._still_true(text, kept, cache)):
                results[text] = kept[0]
            elif len(text) > MAX_TEXT or _is_binary(text):
                results[text] = self._dropped(text)
            else:
                fresh.append(text)
        if fresh:
            results.update(self._clean(fresh, place, cache))
        if generation != self._known.generation:
            # A value learned just now can stand in a text that was known to be clean.
            stale = [text for text in results if self._known.stands_in(text, generation) and text not in fresh]
            results.update(self._clean(stale, place, cache) if stale else {})
        return results

    def secret(self, text: str, rule: str, kind: str) -> Cleaned:
        """A text that is a secret as a whole."""
        span = Span(0, len(text), rule, kind, RANK_KEYED)
        self._known.learn(text, span)
        return self._rendered(text, [span])

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

    def _still_true(self, text: str, kept: tuple[Cleaned, int], cache: Cache) -> bool:
        if self._known.stands_in(text, kept[1]):
            return False
        cache[text] = (kept[0], self._known.generation)
        return True

    def _dropped(self, text: str) -> Cleaned:
        return self.refusal(text, "too-long") if len(text) > MAX_TEXT else self.omission(text, "binary")

    def _clean(self, texts: list[str], place: Place, cache: Cache) -> dict[str, Cleaned]:
        looks = [masked(text, self._engine.kinds) for text in texts]
        spans = self._find([text for text, _ in looks], place)
        results: dict[str, Cleaned] = {}
        for text, (blank, tags), found in zip(texts, looks, spans, strict=True):
            results[text] = self._finished(text, blank, tags, found)
            self._keep(text, results[text], cache)
        return results

    def _find(self, texts: list[str], place: Place) -> list[list[Span] | None]:
        """What the engine finds, and what it finds beside that once that is gone (two secrets without a gap)."""
        spans = self._engine.find(texts, place)
        for text, found in zip(texts, spans, strict=True):
            for span in found or ():
                if span.rank in _SECRET_RANKS and span.replacement is None:
                    self._known.learn(text, span)
        spans = [
            None if found is None else found + self._known.find(text) for text, found in zip(texts, spans, strict=True)
        ]
        again = [n for n, found in enumerate(spans) if found and any(span.rank < RANK_PERSON for span in found)]
        for _ in range(_MAX_LOOKS):
            if not again:
                return spans
            more = self._engine.find([blanked(texts[n], spans[n] or ()) for n in again], place)
            left: list[int] = []
            for n, found in zip(again, more, strict=True):
                before = spans[n]
                if found is None or before is None:
                    spans[n] = None
                elif found:
                    spans[n] = before + found
                    left.append(n)
            again = left
        for n in again:
            spans[n] = None  # it does not come to an end
        return spans

    def _finished(self, text: str, blank: str, tags: list[tuple[int, int]], found: list[Span] | None) -> Cleaned:
        if found is None:
            return self.refusal(text, "engine")
        try:
            spans = unite(blank, found, tags)
            return self._rendered(text, spans) if spans else Cleaned(text, ())
        except Exception:
            # Whatever failed between finding and replacing: the text goes.
            return self.refusal(text, "engine")

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

    def _keep(self, text: str, cleaned: Cleaned, cache: Cache) -> None:
        if len(text) > _CACHED_TEXT:
            return
        if len(cache) >= _CACHED_TEXTS:
            cache.clear()
        cache[text] = (cleaned, self._known.generation)


def _is_binary(text: str) -> bool:
    return len(text) >= _BINARY_FROM and text.count("\0") + text.count("\ufffd") > len(text) // 10
