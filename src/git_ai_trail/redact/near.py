"""What in a finished text comes nearest to a secret and stays all the same, for a person to look at before a first publication."""

from __future__ import annotations

import re
from typing import NamedTuple

from git_ai_trail.redact.tokens import is_hex, randomness

_TOKEN = re.compile(r"(?<![A-Za-z0-9_+-])[A-Za-z0-9_+-]{12,200}(?![A-Za-z0-9_+-])", re.ASCII)
_TAG = re.compile(r"\[(?:REDACTED|WITHHELD|omitted):[a-z0-9_-]{1,32}(?:#\d{1,6})?(?: \d{1,12} B)?\]")
# Half of what makes the random-token detector act. Ids that git, logs and this program give are hex.
_NEAR = 1.2
_LEAST_CHANGES = 3
_MAX_TEXT = 64 * 1024 * 1024


class NearMiss(NamedTuple):
    """A token of the text with its score (0 like words … 10 like chance), where it stands first (from 1), and how often."""

    token: str
    score: float
    line: int
    column: int
    times: int


def near_misses(text: str, limit: int) -> list[NearMiss]:
    """The tokens most like secrets, highest score first, at most `limit`."""
    found: dict[str, NearMiss] = {}
    dull: set[str] = set()
    for number, line in enumerate(text[:_MAX_TEXT].splitlines(), 1):
        for match in _TOKEN.finditer(_TAG.sub(lambda tag: " " * len(tag.group()), line)):
            token = match.group()
            if token in dull:
                continue
            known = found.get(token)
            if known is not None:
                found[token] = known._replace(times=known.times + 1)
                continue
            score = 0.0 if is_hex(token) else randomness(token, least=_LEAST_CHANGES)
            if score < _NEAR or not any(c.isdigit() for c in token):
                dull.add(token)
            else:
                found[token] = NearMiss(token, round(score, 1), number, match.start() + 1, 1)
    return sorted(found.values(), key=lambda one: (-one.score, one.line, one.column))[:limit]
