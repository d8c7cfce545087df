"""Which logs there are, and which agent's each of them is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence

from git_ai_trail import agents
from git_ai_trail.formats import BY_NAME, FORMATS, is_own
from git_ai_trail.formats.protocol import Format
from git_ai_trail.pipeline.guarded import Guarded

# Each log with the formats that its name and place would do for, most likely first.
Found = dict[str, list[Format]]

# The version of each format's reader: what another version of it has read is read again.
VERSIONS = {fmt.NAME: fmt.STATE_VERSION for fmt in FORMATS}

# Formats of other packages that this process reads besides, see `third_party`.
_ADMITTED: dict[str, Guarded] = {}


def admit(fmt: Guarded) -> None:
    """Has logs of a format that is not part of this package read from now on."""
    _ADMITTED[fmt.NAME] = fmt
    VERSIONS[fmt.NAME] = fmt.STATE_VERSION
    agents.admit(fmt.NAME, fmt.AGENT)


def admitted() -> tuple[Guarded, ...]:
    """The formats of other packages."""
    return tuple(_ADMITTED.values())


def all_formats() -> tuple[Format, ...]:
    """Every format that is read, our own first. The commit path knows our own only."""
    return (*FORMATS, *_ADMITTED.values())


def named(name: str) -> Format | None:
    """The format of this name, if it is one that is read."""
    return BY_NAME.get(name) or _ADMITTED.get(name)


def find(formats: Sequence[Format], roots: Callable[[Format], Iterable[str]]) -> Found:
    """Every log below the folders that `roots` gives for each format. Folders are listed; no log is opened."""
    found: Found = {}
    for fmt in formats:
        for root in dict.fromkeys(roots(fmt)):
            for path in fmt.discover(root):
                claims = found.setdefault(path, [])
                if fmt not in claims:
                    claims.append(fmt)
    return found


def agent_of(path: str, claims: Sequence[Format]) -> Format | None:
    """Whose log it is; where names do not tell, the log is opened. None where it is nobody's.

    One that cannot be opened is the first one's, who will say so.
    """
    fmt = next((fmt for fmt in claims if is_own(fmt, path, all_formats())), None)
    return claims[0] if fmt is None and not os.access(path, os.R_OK) else fmt
