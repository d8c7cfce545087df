"""What stands where something was removed, and how it is numbered: the same value has the same tag all through a session."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping

from git_ai_trail.redact.detector import Span

# The kinds our tags can name. Only these are recognised as ours: anything else in brackets is text like any other.
# Why a text is withheld that a rule of the user's own was too slow for.
SLOW = "slow-rule"

KINDS = frozenset(
    [
        "custom",
        SLOW,
        "manual",
        "token",
        "secret",
        "password",
        "private-key",
        "jwt",
        "cookie",
        "password-hash",
        "encoded-secret",
        "email",
        "marked",
        "home-path",
        "user-name",
        "image",
        "engine",
        "too-long",
        "too-deep",
        "unknown-type",
        "encrypted_content",
        "signature",
        "binary",
        "base64",
        "data-url",
        "number",
    ]
)

_TAG = re.compile(r"\[(?:REDACTED|WITHHELD|omitted):(?P<kind>[a-z][a-z0-9_-]{0,31})(?:#\d{1,6})?(?: \d{1,12} B)?\]")
_KEPT_VALUE = 256
_KEPT_VALUES = 4096

# Takes the place of a tag while detectors look at the text: no pattern of theirs has it.
_FILLER = "\x1f"


def may_hold_tag(text: str) -> bool:
    """Whether a look for tags of ours is worth while."""
    return "[REDACTED:" in text or "[WITHHELD:" in text or "[omitted:" in text


def masked(text: str, kinds: frozenset[str]) -> tuple[str, list[tuple[int, int]]]:
    """The text with our own tags blanked out (same length), and where they stand."""
    places: list[tuple[int, int]] = []

    def blank(match: re.Match[str]) -> str:
        if match["kind"] not in kinds:
            return match.group()
        places.append(match.span())
        return _FILLER * len(match.group())

    return _TAG.sub(blank, text), places


def blanked(text: str, spans: Iterable[Span]) -> str:
    """The text with spans blanked out as tags are, same length."""
    parts: list[str] = []
    at = 0
    for start, end in sorted((span.start, span.end) for span in spans):
        if end > at:
            parts += (text[at:start], _FILLER * (end - max(start, at)))
            at = end
    return "".join(parts) + text[at:]


def is_tag(text: str) -> bool:
    """Whether the whole text is one of our tags."""
    match = _TAG.fullmatch(text)
    return match is not None and match["kind"] in KINDS


def omitted(what: str, size: int) -> str:
    """The tag for a payload that is left out whole, with its size."""
    return f"[omitted:{what} {size} B]"


def withheld(why: str) -> str:
    """The tag for a value that could not be examined."""
    return f"[WITHHELD:{why}]"


class Numbers:
    """Numbers values by order of first appearance. `seen` (digest → tag) goes on where an earlier pass stopped."""

    def __init__(self, key: bytes, seen: Mapping[str, str]) -> None:
        self._mac = hmac.new(key, digestmod="sha256")
        self._tags = dict(seen)
        self._digests: dict[tuple[str, str], str] = {}
        self._last: dict[str, int] = {}
        for tag in self._tags.values():
            self._count(tag)

    def digest(self, kind: str, value: str) -> str:
        """Keyed digest of a value: the same on this machine only, and useless without the key."""
        made = self._digests.get((kind, value))
        if made is None:
            message = f"{kind}\0{value}".encode("utf-8", "surrogatepass")
            mac = self._mac.copy()
            mac.update(message)
            made = mac.hexdigest()[:32]
            if len(value) <= _KEPT_VALUE:
                if len(self._digests) >= _KEPT_VALUES:
                    self._digests.clear()
                self._digests[(kind, value)] = made
        return made

    def tag(self, kind: str, value: str) -> tuple[str, str]:
        """(tag, digest) of a value."""
        digest = self.digest(kind, value)
        return self._numbered(digest, f"[REDACTED:{kind}#", "]"), digest

    def user(self, name: str) -> tuple[str, str]:
        """(pseudonym, digest) of a person's account name."""
        digest = self.digest("user-name", name.lower())
        return self._numbered(digest, "user-", ""), digest

    def _numbered(self, digest: str, head: str, tail: str) -> str:
        tag = self._tags.get(digest)
        if tag is None:
            number = self._last.get(head, 0) + 1
            self._last[head] = number
            tag = self._tags[digest] = f"{head}{number}{tail}"
        return tag

    def _count(self, tag: str) -> None:
        match = re.fullmatch(r"(\[REDACTED:[a-z0-9-]+#|user-)(\d{1,6})\]?", tag)
        if match:
            self._last[match[1]] = max(self._last.get(match[1], 0), int(match[2]))
