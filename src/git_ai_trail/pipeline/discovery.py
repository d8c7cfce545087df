"""Which logs there are, and which agent's each of them is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence

from git_ai_trail.formats import FORMATS, is_own
from git_ai_trail.formats.protocol import Format

# Each log with the formats that its name and place would do for, most likely first.
Found = dict[str, list[Format]]

# The version of each format's reader: what another version of it has read is read again.
VERSIONS = {fmt.NAME: fmt.STATE_VERSION for fmt in FORMATS}


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
    fmt = next((fmt for fmt in claims if is_own(fmt, path)), None)
    return claims[0] if fmt is None and not os.access(path, os.R_OK) else fmt
