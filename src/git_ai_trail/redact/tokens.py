"""What a token is: how far a piece of one reaches, and whether it looks random or like words. No secrets are known here."""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import lru_cache
from itertools import pairwise

_WORD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_RIGHT = re.compile(r"[A-Za-z0-9_-]*(?:[+/=.~%][A-Za-z0-9_-]+)*={0,2}", re.ASCII)
_PLAIN_RIGHT = re.compile(r"[A-Za-z0-9_-]*={0,2}", re.ASCII)
_PIECE = re.compile(r"[A-Za-z0-9+]{10,}={0,2}", re.ASCII)
_ESCAPED_LETTER = re.compile(r"\\[nrtbfv]", re.ASCII)

_WIDEN_LIMIT = 512

# How usual each pair of letters is in program text and English (0 never … 9 very); rows a–z, columns a–z. Counted over
# the words of the Python standard library.
_PAIRS = (
    "26762351504767060878543451",
    "52325210530611520442500030",
    "72447316506533830547510030",
    "63348421701432520443411020",
    "74775652402768454988354741",
    "52335510700512620434400020",
    "41217124501424320553400010",
    "60126000501221510324200020",
    "55766560202669751577250405",
    "20003000000000000200020000",
    "31116110400212220142201000",
    "73458231702622730255521050",
    "74237110601442660143400020",
    "62677572603334630378551020",
    "45662441414668560866645300",
    "71337214502622650745411040",
    "00000000000200000110500000",
    "73558341704454740666442050",
    "52638426704533663268623040",
    "73548326802442741765523161",
    "45435330500656250666000000",
    "61317100500111310121000000",
    "40114003501103400431000000",
    "21315100300020140015000120",
    "21213110200333250243001001",
    "20005000200000100000000000",
)

# Calibrated on 6,400 different long tokens of real agent logs (identifiers, file names, ids): the roughest of them
# scores 2.0. Of random tokens with 20 characters 9 in 10 score more than 2.4.
_USUAL = 3.2
_RANDOM = 2.4
# Mean weight of letter pairs: words have 5.4 and more, random letters 3.2.
_ODD = 4.2
_WORDY = 5.2
_PARTS = re.compile(r"[_-]")
_RANDOM_LETTERS = 4.8

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_WEIGHTS = {(a, b): int(_PAIRS[i][j]) for i, a in enumerate(_LETTERS) for j, b in enumerate(_LETTERS)}
_CLASSES = str.maketrans(
    _LETTERS + _LETTERS.upper() + "0123456789",
    "a" * 26 + "A" * 26 + "d" * 10,
)
_NO_SEPARATORS = str.maketrans("_+-/.=~%", "        ")
_HEX = re.compile(r"(?:0x)?[0-9a-fA-F]+(?:-[0-9a-fA-F]+)*\Z", re.ASCII)


def widen(text: str, start: int, end: int) -> tuple[int, int]:
    """The span grown to the whole token that it is a piece of, so that no end of a secret stays behind."""
    begin = _left(text, start, _WORD, _WIDEN_LIMIT)
    if begin and begin < start and _ESCAPED_LETTER.match(text, begin - 1):
        begin += 1  # the letter belongs to an escape such as \n before the token
    shape = _RIGHT if text[start:end].find("/") >= 0 else _PLAIN_RIGHT
    right = shape.match(text, end, min(len(text), end + _WIDEN_LIMIT))
    return begin, _over_slashes(text, right.end() if right else end)


def _over_slashes(text: str, end: int) -> int:
    """Past further pieces of the same base64 text, which `/` divides: each must look random, as no folder's name does."""
    limit = end + _WIDEN_LIMIT
    while text[end : end + 1] in ("/", "+"):
        piece = _PIECE.match(text, end + 1, limit)
        if piece is None or not _mixes(piece.group()):
            return end
        end = piece.end()
    return end


def _mixes(piece: str) -> bool:
    return piece != piece.lower() and piece != piece.upper() and any(c.isdigit() for c in piece) and is_rough(piece)


def base64_start(text: str, start: int) -> int:
    """Where the base64 text begins that leads up to `start`."""
    return _left(text, start, _BASE64, 4096)


def _left(text: str, start: int, characters: str, limit: int) -> int:
    before = text[max(0, start - limit) : start]
    return start - len(before) + len(before.rstrip(characters))


def entropy(text: str) -> float:
    """Shannon entropy in bits per character."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values()) if text else 0.0


def is_hex(token: str) -> bool:
    """Whether the token consists of hexadecimal digits only (dashes between groups allowed)."""
    return bool(_HEX.match(token))


@lru_cache(maxsize=65536)
def looks_random(token: str) -> bool:
    """Whether a token of 20 or more letters, digits, `_`, `+`, `-` looks drawn at random rather than made of words."""
    if is_hex(token) or token.isdigit():
        return False
    return randomness(token) >= (_RANDOM if any(c.isdigit() for c in token) else _RANDOM_LETTERS)


def randomness(token: str, *, least: int = 0) -> float:
    """How unlike words a token is: below 2 names that people give, above 2.4 nearly all random texts. `least`: changes
    between letters, capitals and digits without which it counts as a name."""
    changes, same, usual, counted = _roughness(token)
    if changes + same < 8 or changes < least:
        return 0.0
    return 10.0 * changes / (changes + same) + (_USUAL - usual / counted if counted else 1.0)


def is_rough(token: str) -> bool:
    """Whether a shorter token (10 or more characters in a row) is no name that a person would give to something."""
    return any(_is_rough(part) for part in _PARTS.split(token))


def is_odd_word(token: str) -> bool:
    """Whether ten or more letters in a row are no words."""
    if len(token) < 10 or not (token.isascii() and token.isalpha()):
        return False
    _, _, usual, counted = _roughness(token)
    return counted >= 6 and usual < _ODD * counted


def _is_rough(part: str) -> bool:
    if len(part) < 10 or not part.isalnum():
        return False
    changes, _, usual, counted = _roughness(part)
    if is_hex(part):
        return len(part) >= 24 and changes >= 4
    return (changes >= 2 and counted >= 5 and usual < _ODD * counted) or (changes >= 4 and usual < _WORDY * counted)


def _roughness(token: str) -> tuple[int, int, int, int]:
    """Neighbours of different class, of the same class; sum and number of the weights of letter pairs."""
    classes = token.translate(_CLASSES)
    changes = sum(classes.count(pair) for pair in ("ad", "da", "Ad", "dA", "aA"))
    same = sum(len(run) - 1 for run in classes.translate(_NO_SEPARATORS).split()) - changes
    weights = [weight for pair in pairwise(token.lower()) if (weight := _WEIGHTS.get(pair)) is not None]
    return changes, same, sum(weights), len(weights)
