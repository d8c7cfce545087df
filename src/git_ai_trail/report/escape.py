"""Makes texts harmless in the form they go into: Markdown as GitHub renders it, terminals, spreadsheets.

Texts come from commits, paths and logs. Whatever they hold must be shown, not obeyed: no markup, no link, no mention of a
person, no marker of ours, no control character.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote

# Controls, lone surrogates, and marks that turn the reading direction round or cannot be seen.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_UNSEEN_IN_BLOCK = re.compile(_UNSEEN.pattern.replace("\x00-\x1f", "\x00-\x08\x0b-\x1f"))
# What is markup wherever it stands; an underscore within a word is not.
_MARKUP = re.compile(r"[\\`*\[\]~|$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
# What closes a heading.
_CLOSING = re.compile(r"(?<= )#(?=#*$)")
# What is markup only where a line begins: headings, lists, quotes, underlines.
_OPENING = re.compile(r"^(?:[#>=+-]|(?P<number>\d{1,9})(?=[.)]))")
_ENTITY = re.compile(r"&(?=#?\w{1,40};)|<")
# GitHub looks for people, issues, emoji and addresses in the finished text; an empty comment within breaks each of them.
_TURNS_INTO_A_LINK = re.compile(
    r"@(?=\S)|#(?=\d)|(?:[hH][tT]{2}[pP][sS]?|[fF][tT][pP])(?=://)|[wW]{3}(?=\.)|\b[gG][hH](?=-\d)|:(?=[\w+\\-]+:)"
)
_APART = "<!-- -->"
# A line that begins so, or holds that, is a command to the machine that prints it in a workflow's log.
_COMMAND = re.compile(r"^(\s*)(?=::)|(?<=##)(?=\[)", re.MULTILINE)
_TICKS = re.compile(r"`+")


def seen(text: str) -> str:
    """One line in which every character can be seen and none is obeyed: breaks become spaces, controls become escapes."""
    return _COMMAND.sub(r"\1\\", _UNSEEN.sub(_escaped, " ".join(text.split())))


def seen_block(text: str) -> str:
    """The same for text of several lines."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(4)
    return _COMMAND.sub(r"\1\\", _UNSEEN_IN_BLOCK.sub(_escaped, plain))


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"


@lru_cache(maxsize=4096)
def md(text: str) -> str:
    """A line of text as Markdown that shows just this text, and stays readable as it is."""
    marked = _MARKUP.sub(lambda found: "\\" + found[0], seen(text))
    marked = _OPENING.sub(lambda found: f"{found[0]}\\" if found["number"] else "\\" + found[0], marked)
    marked = _CLOSING.sub(r"\\#", marked)
    marked = _ENTITY.sub(lambda found: "&amp;" if found[0] == "&" else "&lt;", marked)
    return _TURNS_INTO_A_LINK.sub(lambda found: found[0] + _APART, marked)


def md_code(text: str) -> str:
    """A line of text as a code span."""
    shown = seen(text).replace("<!--", "<! --")
    fence = "`" * (1 + max((len(run) for run in _TICKS.findall(shown)), default=0))
    pad = " " if shown.startswith("`") or shown.endswith("`") or not shown else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def md_cell_code(text: str) -> str:
    """The same in a table, where a pipe ends the cell even within code."""
    return md_code(text).replace("|", "\\|")


def md_block(text: str, language: str = "text") -> str:
    """Text of several lines as a fenced block, without anything that passes for a marker of ours."""
    shown = seen_block(text).replace("<!--", "<! --").strip("\n")
    fence = "`" * max(3, 1 + max((len(run) for run in _TICKS.findall(shown)), default=0))
    return f"{fence}{language}\n{shown}\n{fence}"


def md_html(text: str) -> str:
    """A line of text within an HTML element of a Markdown page (`<summary>`)."""
    shown = seen(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return _TURNS_INTO_A_LINK.sub(lambda found: found[0] + _APART, shown)


def md_url(url: str) -> str:
    """An address as the target of a Markdown link; empty for anything but http and https."""
    if not url.startswith(("https://", "http://")):
        return ""
    return quote(seen(url), safe="/:?#=&%@+,;~-._")


def spreadsheet(value: str | int | float | None) -> str | int | float:
    """A value for CSV that no spreadsheet takes for a formula."""
    if not isinstance(value, str):
        return "" if value is None else value
    shown = seen(value)
    return "'" + shown if shown[:1] in ("=", "+", "-", "@") else shown
