"""Finds long tokens that look drawn at random and that no known shape explains; also base64 and hex that hide a secret."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from git_ai_trail.redact.detector import RANK_RANDOM, Detector, Leaf, Span, matches
from git_ai_trail.redact.tokens import base64_start, is_hex, looks_random, widen

RULE = "random-token"

_TOKEN = re.compile(r"(?<![A-Za-z0-9_+-])[A-Za-z0-9_+-]{20,}", re.ASCII)
_RUN = re.compile(r"[A-Za-z0-9_+-]{20,}", re.ASCII)
_LEAST = 20
_REACH = 64
_GATE = r"(?:^|[^A-Za-z0-9_+-])[A-Za-z0-9_+-]{20}"

# Ids that agents and their providers give to calls, messages and files, digests of lock files, and git's own words.
_ID = re.compile(
    r"(?:call|toolu|msg|rs|fc|fco|ctc|ctco|tsc|tso|resp|req|chatcmpl|cmpl|ws|ig|item|exec|turn|run|thread|step|file"
    r"|sess|evt|event|gen|mcp|tc)[_-][A-Za-z0-9]{12,64}(?:-[A-Za-z0-9]{1,12})?"
    r"|(?:ses|prt|per|que|wrk|pty)_[0-9a-f]{12}[A-Za-z0-9]{14}"
    r"|(?:[a-z]{1,24}[_-]){0,3}[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:[_-][a-z0-9]{1,16})?",
    re.ASCII,
)
# The path of a drawing: `1200h-200v100z`.
_DRAWING = re.compile(r"-?\d*(?:[hvzlmqtcsaHVZLMQTCSA]-?\d{0,6}){3,}")
_DIGEST_NAMES = tuple(
    f"{name}{sep}" for name in ("sha1", "sha224", "sha256", "sha384", "sha512", "md5") for sep in "-:="
)
_BENIGN_BEFORE = (*_DIGEST_NAMES, "h1:", "ssh-rsa ", "ssh-ed25519 ", "ssh-dss ", "nistp256 ", "nistp384 ", "nistp521 ")
_PRINTABLE = bytes(range(32, 127)) + b"\t\r\n"
_SECRET_WORD = re.compile(
    r"passw|secret(?!ar)|api[_ -]?key|access[_ -]?key|private[_ -]?key|auth[_ -]?token|bearer|credential", re.IGNORECASE
)
_OF_TEXT = "0234567"
# A commit's name at the beginning of a line, no text in hex (see `_may_be_text`): what git prints is full of them. None is a find.
_COMMIT = re.compile(
    rf"(?<![^\n])(?![{_OF_TEXT}].[{_OF_TEXT}].[{_OF_TEXT}])(?:[0-9a-f]{{64}}|[0-9a-f]{{40}})(?![A-Za-z0-9_+/=-])",
    re.ASCII,
)
_SECRET_CORES = ("pass", "secret", "key", "token", "bearer", "cred")
_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{20,65536}={0,2}", re.ASCII)
_WORD_NEAR = 48
# Armour around what is meant for everybody's eyes.
_PUBLIC = re.compile(
    r"-----(?:BEGIN|END) (?:(?:TRUSTED |NEW |X509 )?CERTIFICATE|(?:RSA |EC |DSA )?PUBLIC KEY|X509 CRL|PGP (?:PUBLIC|SIGN|MESS)"
    r"|SSH SIGN|SIGNATURE|PKCS7|CMS)"
)
_MAX_ARMOUR = 16_000
_NOTED = 20_000
_MAX_NOTED = 128
_MAX_LOOK = 4096


def detectors(hides_secret: Callable[[str], bool]) -> tuple[Detector, ...]:
    """`hides_secret` says whether a decoded text holds a secret by the other detectors' lights."""

    @lru_cache(maxsize=16384)
    def decodes_to_secret(token: str) -> bool:
        return any(hides_secret(text) for text in _decoded(token))

    dull: set[str] = set()  # nothing to find in them unless they are a part of something encoded
    dead: set[str] = set()  # nothing to find in them, whatever stands around

    def find(leaf: Leaf, low: int, high: int) -> Iterator[Span]:
        return judge(leaf.text, matches(_TOKEN, leaf.text, low, high))

    def find_at(leaf: Leaf, ends: list[int]) -> Iterator[Span]:
        # The gate reports the twentieth character of each token.
        text, run, commit = leaf.text, _RUN.match, _COMMIT.match
        starts = [end - _LEAST for end in ends]
        return judge(text, filter(None, [run(text, at) for at in starts if commit(text, at) is None]))

    def judge(text: str, found: Iterable[re.Match[str]]) -> Iterator[Span]:
        for match in found:
            token = match.group()
            if token in dead or (token in dull and not _in_base64(text, match)):
                continue
            hexadecimal = is_hex(token)
            if not (hexadecimal and token.isalnum()) and (_ID.fullmatch(token) or _DRAWING.fullmatch(token)):
                _note(dead, token)
                continue
            span = _judge(text, match, decodes_to_secret, hexadecimal=hexadecimal)
            if span is not None:
                yield span
            elif not hexadecimal and not looks_random(token[:_MAX_LOOK]):
                if token == token.lower() or token == token.upper():
                    _note(dead, token)
                elif not _in_base64(text, match):
                    _note(dull, token)

    return (Detector(rule=RULE, find=find, gates=(_GATE,), reach=_REACH, find_at=find_at, checked=True),)


def _note(tokens: set[str], token: str) -> None:
    if len(tokens) >= _NOTED:
        tokens.clear()
    if len(token) <= _MAX_NOTED:
        tokens.add(token)


def _judge(
    text: str, match: re.Match[str], decodes_to_secret: Callable[[str], bool], *, hexadecimal: bool
) -> Span | None:
    token = match.group()
    encoded, begin, stop = _around(text, match)
    if hexadecimal and encoded == token:
        # Most are digests, of which next to none are text in disguise.
        hidden = _may_be_text(token) and _readable(_unhex(token)) and decodes_to_secret(token)
    else:
        hidden = _may_be_encoded(token, encoded) and decodes_to_secret(encoded)
    if hidden:
        return Span(begin, stop, RULE, "encoded-secret", RANK_RANDOM)
    if len(token) > _MAX_LOOK:
        sure = looks_random(token[:_MAX_LOOK])
    elif hexadecimal:
        sure = len(token) >= 32 and _word_before(text, match.start())
    else:
        sure = looks_random(token)
    if not sure or _is_benign(text, token, match.start()):
        return None
    start, end = widen(text, *match.span())
    return Span(start, end, RULE, "token", RANK_RANDOM)


def _may_be_text(token: str) -> bool:
    """Whether hex may be that of a text: in a short one every byte is a character, of which none begins with 8 to f."""
    if len(token) < 24:
        return False
    return len(token) > 64 or "-" in token or (token[0] in _OF_TEXT and token[2] in _OF_TEXT and token[4] in _OF_TEXT)


def _around(text: str, match: re.Match[str]) -> tuple[str, int, int]:
    """The base64 text that the token is part of (base64 also has `/`), with its place."""
    start, end = match.span()
    if not _in_base64(text, match):
        return match.group(), start, end
    begin = base64_start(text, start)
    whole = _ENCODED.match(text, begin)
    return (whole.group(), begin, whole.end()) if whole and whole.end() >= end else (match.group(), start, end)


def _in_base64(text: str, match: re.Match[str]) -> bool:
    """Whether characters beside the token could belong to the same base64 text."""
    return text[match.end() : match.end() + 1] in ("/", "=") or text[match.start() - 1 : match.start()] == "/"


def _word_before(text: str, start: int) -> bool:
    if text[start - 1 : start] == "\n":
        return False
    before = text[max(0, start - _WORD_NEAR) : start]
    before = before[before.rfind("\n") + 1 :]
    # Words by which the pattern is worth a look: most of what comes here is a commit's name behind nothing.
    return any(map(before.lower().__contains__, _SECRET_CORES)) and _SECRET_WORD.search(before) is not None


def _is_benign(text: str, token: str, start: int) -> bool:
    return (
        _is_armoured(text, start)
        or token.startswith(_DIGEST_NAMES)
        or text.endswith(_BENIGN_BEFORE, max(0, start - 16), start)
        or text.endswith(_BENIGN_BEFORE, 0, base64_start(text, start))
    )


def _is_armoured(text: str, start: int) -> bool:
    """Whether a place lies within a certificate, a public key or a signature, of which one end may be cut off."""
    before = text.rfind("-----", max(0, start - _MAX_ARMOUR), start)
    line = text.rfind("-----", max(0, before - 80), before) if before >= 0 else -1
    if line >= 0:
        return text.startswith("BEGIN", line + 5) and _PUBLIC.match(text, line) is not None
    after = text.find("-----END ", start, start + _MAX_ARMOUR)
    return after >= 0 and _PUBLIC.match(text, after) is not None


def _may_be_encoded(token: str, encoded: str) -> bool:
    """Hex, or base64 of text (20 characters of it always mix capitals and small letters)."""
    return len(encoded) >= 24 and ((token != token.lower() and token != token.upper()) or is_hex(encoded))


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
