"""Finds long tokens that look drawn at random and that no known shape explains; also base64 and hex that hide a secret."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from git_ai_trail.redact.detector import RANK_RANDOM, Detector, Leaf, Span, matches
from git_ai_trail.redact.tokens import base64_start, is_hex, looks_random, widen

RULE = "random-token"

_TOKEN = re.compile(r"(?<![A-Za-z0-9_+-])[A-Za-z0-9_+-]{20,}", re.ASCII)
# The gate reports the twentieth character; where the token ends, `matches` finds out.
_REACH = 64
_GATE = r"(?:^|[^A-Za-z0-9_+-])[A-Za-z0-9_+-]{20}"

# Ids that agents and their providers give to calls, messages and files, digests of lock files, and git's own words.
_ID = re.compile(
    r"(?:call|toolu|msg|rs|fc|fco|ctc|ctco|tsc|tso|resp|req|chatcmpl|cmpl|ws|ig|item|exec|turn|run|thread|step|file"
    r"|sess|evt|event|gen|mcp|tc)[_-][A-Za-z0-9]{12,64}(?:-[A-Za-z0-9]{1,12})?"
    r"|(?:[a-z]{1,24}[_-]){0,3}[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:[_-][a-z0-9]{1,16})?",
    re.ASCII,
)
_DIGEST_NAMES = tuple(
    f"{name}{sep}" for name in ("sha1", "sha224", "sha256", "sha384", "sha512", "md5") for sep in "-:="
)
_BENIGN_BEFORE = (*_DIGEST_NAMES, "h1:", "ssh-rsa ", "ssh-ed25519 ", "ssh-dss ", "nistp256 ", "nistp384 ", "nistp521 ")
_PRINTABLE = bytes(range(32, 127)) + b"\t\r\n"
_SECRET_WORD = re.compile(
    r"passw|secret(?!ar)|api[_ -]?key|access[_ -]?key|private[_ -]?key|auth[_ -]?token|bearer|credential", re.IGNORECASE
)
_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{20,65536}={0,2}", re.ASCII)
_WORD_NEAR = 48


def detectors(hides_secret: Callable[[str], bool]) -> tuple[Detector, ...]:
    """`hides_secret` says whether a decoded text holds a secret by the other detectors' lights."""

    @lru_cache(maxsize=16384)
    def decodes_to_secret(token: str) -> bool:
        return any(hides_secret(text) for text in _decoded(token))

    def find(leaf: Leaf, low: int, high: int) -> Iterator[Span]:
        for match in matches(_TOKEN, leaf.text, low, high):
            span = _judge(leaf.text, match, decodes_to_secret)
            if span is not None:
                yield span

    return (Detector(rule=RULE, find=find, gates=(_GATE,), reach=_REACH, checked=True),)


def _judge(text: str, match: re.Match[str], decodes_to_secret: Callable[[str], bool]) -> Span | None:
    token = match.group()
    encoded = _around(text, match)
    if _may_be_encoded(encoded[0]) and decodes_to_secret(encoded[0]):
        return Span(encoded[1], encoded[2], RULE, "encoded-secret", RANK_RANDOM)
    if len(token) > 4096:
        sure = looks_random(token[:4096])
    elif is_hex(token):
        sure = len(token) >= 32 and _word_before(text, match.start())
    else:
        sure = looks_random(token)
    if not sure or _is_benign(text, token, match.start()):
        return None
    start, end = widen(text, *match.span())
    return Span(start, end, RULE, "token", RANK_RANDOM)


def _around(text: str, match: re.Match[str]) -> tuple[str, int, int]:
    """The base64 text that the token is part of (base64 also has `/`), with its place."""
    start, end = match.span()
    if not (text[end : end + 1] in "/=" or text[start - 1 : start] == "/"):
        return match.group(), start, end
    begin = base64_start(text, start)
    whole = _ENCODED.match(text, begin)
    return (whole.group(), begin, whole.end()) if whole and whole.end() >= end else (match.group(), start, end)


def _word_before(text: str, start: int) -> bool:
    line = text.rfind("\n", max(0, start - _WORD_NEAR), start) + 1
    return _SECRET_WORD.search(text, max(line, start - _WORD_NEAR), start) is not None


def _is_benign(text: str, token: str, start: int) -> bool:
    return (
        _ID.fullmatch(token) is not None
        or token.startswith(_DIGEST_NAMES)
        or text.endswith(_BENIGN_BEFORE, max(0, start - 16), start)
        or text.endswith(_BENIGN_BEFORE, 0, base64_start(text, start))
    )


def _may_be_encoded(token: str) -> bool:
    """Hex, or base64 of text (which always mixes capitals and small letters)."""
    return len(token) >= 24 and ((token != token.lower() and token != token.upper()) or is_hex(token))


def _decoded(token: str) -> Iterator[str]:
    """The readable texts that the token encodes, as hex or base64."""
    if is_hex(token):
        candidates = [_unhex(token)]
    else:
        bare = token.rstrip("=").replace("-", "+").replace("_", "/")
        candidates = [_unbase64(bare)]
    for content in candidates:
        if content and _readable(content):
            yield content.decode("latin-1")


def _unhex(token: str) -> bytes:
    digits = token.replace("-", "")
    try:
        return bytes.fromhex(digits if len(digits) % 2 == 0 else digits[:-1])
    except ValueError:
        return b""


def _unbase64(bare: str) -> bytes:
    try:
        return base64.b64decode(bare[: len(bare) - (len(bare) % 4 == 1)] + "=" * (-len(bare) % 4))
    except (binascii.Error, ValueError):
        return b""


def _readable(content: bytes) -> bool:
    head = content[:512]
    return 33 * len(head.translate(None, _PRINTABLE)) <= len(head)
