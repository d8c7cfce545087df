"""Makes a text from a shape, so that examples of rules need not contain anything that looks like a secret.

A shape is a small part of the language of regular expressions: characters, classes in brackets, `{n}` and
`{n,m}`, and `\\` before a character that is meant as itself.
"""

from __future__ import annotations

import re
from random import Random

PREFIX = "shape:"

_ITEM = re.compile(r"(?:\[((?:\\.|[^\]\\])+)\]|\\(.)|(.))(?:\{(\d+)(?:,(\d+))?\})?", re.DOTALL)


def example(text: str, random: Random) -> str:
    """The example a rule file states: made from its shape where it is one, else the text itself."""
    return expand(text[len(PREFIX) :], random) if text.startswith(PREFIX) else text


def expand(shape: str, random: Random) -> str:
    """A text of this shape."""
    made: list[str] = []
    for group, escaped, plain, low, high in _ITEM.findall(shape):
        alphabet = _members(group) if group else escaped or plain
        count = random.randint(int(low), int(high or low)) if low else 1
        made += (random.choice(alphabet) for _ in range(count))
    return "".join(made)


def _members(group: str) -> str:
    characters = ""
    at = 0
    while at < len(group):
        if group[at] == "\\":
            at += 1
        elif at + 2 < len(group) and group[at + 1] == "-":
            characters += "".join(chr(code) for code in range(ord(group[at]), ord(group[at + 2]) + 1))
            at += 3
            continue
        characters += group[at]
        at += 1
    return characters
