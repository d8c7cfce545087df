"""Regular expressions that are compiled when they are first used. Hot path.

Compiling the sixty of them that reading a log may need would cost every commit several milliseconds; it needs a few. The
redaction's detectors have a hundred more, of which a log asks for those that something in it looks like.
"""

from __future__ import annotations

import re
from typing import Any, cast


class _Lazy:
    def __init__(self, text: Any, flags: int) -> None:
        self._source = (text, flags)

    def __getattr__(self, name: str) -> Any:
        # Only reached while the attribute is not there yet; the next use costs nothing.
        found = getattr(re.compile(*self._source), name)
        setattr(self, name, found)
        return found


def pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    """Stands for `re.compile(text, flags)`."""
    return cast("re.Pattern[str]", _Lazy(text, flags))


def bytes_pattern(text: bytes, flags: int = 0) -> re.Pattern[bytes]:
    """Stands for `re.compile(text, flags)` over bytes."""
    return cast("re.Pattern[bytes]", _Lazy(text, flags))
