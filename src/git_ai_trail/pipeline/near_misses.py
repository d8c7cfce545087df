"""What comes near to a secret in something to be published, for a person to look at, and whether they were told once. Cold path.

Told are counts and places. The tokens themselves are only shown to whoever asks for them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import NamedTuple

from git_ai_trail.git import Git
from git_ai_trail.pipeline.outgoing import outgoing_lines
from git_ai_trail.redact import NearMiss, near_misses

# So many at most; a text with more of them wants a rule, not a longer list.
MOST = 10_000
_TOLD = "ai-log-trail/first-published"
_MAX_TOLD = 64 * 1024
_PLACES = 3
# An escape of JSON stands before the next word like a letter of it. Blanked it is as long as it was, so that columns stay right.
_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|[^u\n])")
# Names that this program makes: a style sheet's digest in its HTML, a session's and a line's id in git-ai's form.
_OURS = re.compile(r"\bsha256-[A-Za-z0-9+/]{43}=|(?<![A-Za-z0-9_])[st]_[0-9a-f]{14}(?![A-Za-z0-9_])")


class NearNote(NamedTuple):
    """A token of notes that a push would send, with its score, where it stands first, and how often."""

    token: str
    score: float
    ref: str
    place: str
    times: int


Miss = NearMiss | NearNote


def in_text(text: str, limit: int = MOST) -> list[NearMiss]:
    """The tokens of a finished text that are most like secrets, highest score first."""
    return near_misses(_bare(text), limit)


def in_outgoing(git: Git, refs: Sequence[str], *, there: Sequence[str], limit: int = MOST) -> list[NearNote]:
    """The same of the notes in `refs` that `there` (commits or refs) does not lead to, which is what a push would send."""
    found: dict[str, NearNote] = {}
    for ref in refs:
        for lines in outgoing_lines(git, ref, there):
            text = "\n".join(_bare(" ".join(line.splitlines())) for _, line in lines)
            for one in near_misses(text, MOST):
                known = found.get(one.token)
                times = one.times + (known.times if known else 0)
                found[one.token] = (known or NearNote(one.token, one.score, ref, lines[one.line - 1][0], 0))._replace(
                    times=times
                )
    return sorted(found.values(), key=lambda one: (-one.score, one.token))[:limit]


def is_first(common_dir: str, what: str) -> bool:
    """Whether nobody was told yet that `what` is published for the first time from the repository with this git folder."""
    return what not in _told(common_dir)


def note_told(common_dir: str, what: str) -> None:
    """Notes that a person was told. Where that cannot be kept they are told again."""
    path = os.path.join(common_dir, _TOLD)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"{what}\n")
    except OSError:
        return


def said(places: Sequence[str], command: str) -> str:
    """The line that tells a person, by the place of each near miss, and where they see more."""
    count = len(places)
    named = list(dict.fromkeys(places))
    shown = ", ".join(named[:_PLACES]) + (f" and {len(named) - _PLACES} more places" if len(named) > _PLACES else "")
    misses = f"{count} near miss{'' if count == 1 else 'es'}"
    return f"first publication: {misses} to look at{f' ({shown})' if named[0] else ''}, see `{command}`"


def _told(common_dir: str) -> list[str]:
    try:
        with open(os.path.join(common_dir, _TOLD), encoding="utf-8", errors="replace") as file:
            return file.read(_MAX_TOLD).split("\n")
    except OSError:
        return []


def _bare(text: str) -> str:
    """The text without what is no token of it: escapes, where it is JSON, and names of our own."""
    if text[:1] in ("{", "["):
        text = _ESCAPE.sub(_blank, text)
    return _OURS.sub(_blank, text)


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])
