"""What a person wants gone, whatever the rules say. A text is looked for by keyed digests, so that it is kept nowhere.

A text is its tokens: runs of letters and digits, and every other character that is not white space for itself. Where white
space stands between them, and how much, does not matter; a match begins and ends where tokens do.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from git_ai_trail.model import ManualRedaction
from git_ai_trail.redact.detector import RANK_MANUAL, Span
from git_ai_trail.redact.rule import MANUAL, Rule

KIND = "manual"
TYPES = ("text", "prompt", "field", "pattern")
# A longer text is not taken: it is a file, and its first lines will do.
MAX_TOKENS = 20_000

# Raised whenever the same entries and the same text could give another result.
_ENGINE = "1"
_TOKEN = re.compile(r"[^\W_]+|\S")
# A prompt of fewer tokens than this ("yes, do it") is not looked for inside of other texts.
_CLEAR_TOKENS = 4
_KEPT_TOKENS = 100_000


class Digests(NamedTuple):
    """What is kept of a text: keyed digests (hex) of its first and last token and of all of it, and how many tokens it has."""

    first: str
    last: str
    tokens: int
    whole: str


def digests_of(text: str, key: bytes, *, ignore_case: bool = False) -> Digests | None:
    """The digests of a text, or None where it has no token or too many."""
    tokens = _tokens(text, ignore_case)
    if not 0 < len(tokens) <= MAX_TOKENS:
        return None
    return Digests(_digest(key, tokens[:1]), _digest(key, tokens[-1:]), len(tokens), _digest(key, tokens))


def fingerprint(entry: ManualRedaction) -> str:
    """What the redaction means, apart from who asked for it and why: two with the same fingerprint do the same."""
    meaning = [entry.type, entry.scope, entry.field, entry.session, entry.first, entry.tokens, entry.whole]
    text = json.dumps([_ENGINE, *meaning, entry.pattern, entry.ignore_case], separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def effective_digest(ruleset_digest: str, entries: Iterable[ManualRedaction]) -> str:
    """The digest of a rule set and the manual redactions in force beside it; without any, the rule set's own."""
    active = sorted((entry.id, fingerprint(entry)) for entry in entries if entry.active)
    if not active:
        return ruleset_digest
    return hashlib.sha256(json.dumps([ruleset_digest, active], separators=(",", ":")).encode()).hexdigest()


def rule_id(entry: ManualRedaction) -> str:
    """The name under which its redactions are counted."""
    return f"{MANUAL}{entry.id}"


def rules_of(entries: Iterable[ManualRedaction]) -> tuple[Rule, ...]:
    """The patterns among the entries as rules, which then take part in everything that rules do."""
    return tuple(
        Rule(
            id=rule_id(entry),
            pattern=entry.pattern,
            kind=KIND,
            scope=entry.scope,
            field=entry.field,
            ignore_case=entry.ignore_case,
        )
        for entry in entries
        if entry.active and entry.type == "pattern"
    )


class Manual:
    """The texts, prompts and fields among the entries, looked for in one session (`for_session`)."""

    def __init__(self, entries: Sequence[ManualRedaction], key: bytes) -> None:
        self._key = key
        self._all = tuple(entry for entry in entries if entry.active)
        # Of these, what is found in one place goes everywhere else in the session.
        self.limited = frozenset(rule_id(entry) for entry in self._all if entry.scope != "global")
        self._entries = tuple(entry for entry in self._all if entry.type != "pattern" and not entry.session)
        self.whole_fields: frozenset[str] = frozenset()
        self._begins: dict[tuple[bool, str], list[ManualRedaction]] = {}
        self._looks: list[_Look] = []
        self._arrange()

    def for_session(self, session_ids: Collection[str]) -> Manual:
        """The same with the entries that are about one of these sessions alone."""
        more = [entry for entry in self._all if entry.type != "pattern" and entry.session in session_ids]
        if not more:
            return self
        found = Manual(self._all, self._key)
        found._entries = (*self._entries, *(entry for entry in more if entry not in self._entries))
        found._arrange()
        return found

    @property
    def any(self) -> bool:
        """Whether there is something to look for."""
        return bool(self._entries)

    @property
    def scoped(self) -> bool:
        """Whether it matters where a text stands."""
        return any(entry.scope != "global" or entry.type == "prompt" for entry in self._entries)

    def find(self, text: str, said: bool, path: str) -> list[Span]:
        """The spans to go. `said` says that no agent wrote the line, `path` is the place of the text in it."""
        found = [
            Span(0, len(text), rule_id(entry), KIND, RANK_MANUAL)
            for entry in self._entries
            if entry.type == "field" and text and in_field(path, entry.field)
        ]
        for look in self._looks:
            if look.may_hold(text):
                found += look.matches(text, said, path)
        return found

    def _arrange(self) -> None:
        self.whole_fields = frozenset(rule_id(entry) for entry in self._entries if entry.type == "field")
        texts = [entry for entry in self._entries if entry.type != "field"]
        looks = (
            _Look([entry for entry in texts if entry.ignore_case is fold], self._key, fold) for fold in (False, True)
        )
        self._looks = [look for look in looks if look.begins]


class _Look:
    """Looks for texts as they are, or (`fold`) whatever their capitals. Most tokens begin none of them, which is remembered."""

    def __init__(self, entries: Sequence[ManualRedaction], key: bytes, fold: bool) -> None:
        self._key = key
        self._fold = fold
        self.begins: dict[str, list[ManualRedaction]] = {}
        for entry in entries:
            self.begins.setdefault(entry.first, []).append(entry)
        self._others: set[str] = set()
        self._first: dict[str, list[ManualRedaction]] = {}

    def may_hold(self, text: str) -> bool:
        """Whether one of the texts begins with a token that stands here."""
        left = set(_tokens(text, self._fold)) - self._others
        for token in left - self._first.keys() if left else ():
            entries = self.begins.get(_digest(self._key, [token]))
            if entries is not None:
                self._first[token] = entries
            else:
                if len(self._others) >= _KEPT_TOKENS:
                    self._others.clear()
                self._others.add(token)
        return not left.isdisjoint(self._first)

    def matches(self, text: str, said: bool, path: str) -> list[Span]:
        """Where the texts stand."""
        places = [(match.start(), match.end()) for match in _TOKEN.finditer(text)]
        tokens = _tokens(text, self._fold)
        found: list[Span] = []
        for at, token in enumerate(tokens):
            for entry in self._first.get(token, ()):
                end = at + entry.tokens
                if end > len(tokens) or not _counts(entry, said, path, len(tokens)):
                    continue
                if _digest(self._key, tokens[end - 1 : end]) != entry.last:
                    continue
                if _digest(self._key, tokens[at:end]) == entry.whole:
                    found.append(Span(places[at][0], places[end - 1][1], rule_id(entry), KIND, RANK_MANUAL))
        return found


def _tokens(text: str, fold: bool) -> list[str]:
    tokens = _TOKEN.findall(text)
    return [token.casefold() for token in tokens] if fold else tokens


def in_field(path: str, field: str) -> bool:
    """Whether a place is the field, or in it."""
    return path == field or path.startswith((f"{field}.", f"{field}["))


def _counts(entry: ManualRedaction, said: bool, path: str, tokens: int) -> bool:
    """Whether a match counts where it stands, in a text of so many tokens."""
    if entry.type == "prompt":
        return said or entry.tokens >= _CLEAR_TOKENS or tokens == entry.tokens
    if entry.scope == "prompt":
        return said
    return entry.scope == "global" or in_field(path, entry.field)


def _digest(key: bytes, tokens: Sequence[str]) -> str:
    message = "\0".join(("manual", *tokens)).encode("utf-8", "surrogatepass")
    return hmac.digest(key, message, "sha256").hex()[:32]
