"""What a terminal can and should show: text from logs made harmless, colour as git decides it, figures for people."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import TextIO

import click

from git_ai_trail.git import Git

# Controls (escape sequences among them), lone surrogates, and marks that turn the reading direction round.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
_UNSAFE_IN_BLOCK = re.compile(_UNSAFE.pattern.replace("\x00-\x1f", "\x00-\x08\x0b-\x1f"))


def clean(text: str) -> str:
    """One line of text from a log or a repository, with everything a terminal would act on written as an escape."""
    return _UNSAFE.sub(_escaped, text)


def clean_block(text: str) -> str:
    """The same for text of several lines: newlines and tabs stay."""
    return _UNSAFE_IN_BLOCK.sub(_escaped, text.replace("\r\n", "\n"))


def _escaped(found: re.Match[str]) -> str:
    if found[0] == "\n":
        return "\\n"
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def styled(text: str, name: str, color: bool) -> str:
    """The text in a colour, by its name, where there is any."""
    return click.style(text, fg=name) if color else text


def use_color(stream: TextIO, choice: str, env: Mapping[str, str]) -> bool:
    """Whether to colour what goes to `stream`. `choice` is that of `--color`; git's configuration decides under auto."""
    if choice != "auto":
        return choice == "always"
    if env.get("NO_COLOR"):
        return False
    shown = stream.isatty() or env.get("GIT_PAGER_IN_USE", "").lower() in ("1", "true", "yes", "on")
    if env.get("TERM") == "dumb" and not env.get("GIT_PAGER_IN_USE"):
        return False
    # color.ui stands in where color.ai-trail is not set; git knows all its values.
    asked = ("config", "--get-colorbool", "color.ai-trail", "true" if shown else "false")
    # git has its own look at the terminal's name.
    _, out = Git(os.getcwd()).call(*asked, env={"TERM": env.get("TERM", "")})
    return out.strip() == b"true"


def width() -> int:
    """Columns of the terminal, or of $COLUMNS; 100 where there is none."""
    return max(40, shutil.get_terminal_size((100, 24)).columns)


def table_width() -> int:
    """Columns a table may take: the terminal's, and no limit where it is piped to a program."""
    return width() if sys.stdout.isatty() or "COLUMNS" in os.environ else 1000


def is_interactive() -> bool:
    """Whether a person watches stderr, so that a progress bar makes sense."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def number(value: int) -> str:
    """41, 1,234, 41k, 1.2M."""
    if value < 10_000:
        return f"{value:,}"
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if value >= size:
            return f"{value / size:.1f}{unit}" if value < 10 * size else f"{value // size:,}{unit}"
    return str(value)


def size(value: int) -> str:
    """12 B, 3.4 kB, 56 MB."""
    if value < 1000:
        return f"{value} B"
    amount = float(value)
    for unit in ("kB", "MB", "GB", "TB"):
        amount /= 1000
        if amount < 1000 or unit == "TB":
            return f"{amount:.1f} {unit}" if amount < 10 else f"{amount:.0f} {unit}"
    return str(value)


def count(value: int, one: str, many: str = "") -> str:
    """`1 prompt`, `3 prompts`."""
    return f"{number(value)} {one if value == 1 else many or one + 's'}"


def moment(at: datetime | None) -> str:
    """A time as the person's clock shows it."""
    return "" if at is None else at.astimezone().strftime("%Y-%m-%d %H:%M")
