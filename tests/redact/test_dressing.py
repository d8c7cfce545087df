"""The same secret in other clothes. What is not caught is in the table as well, so that it cannot be forgotten."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.redact.samples import clean, token

# Nothing of these may stay, not even a piece of the clothes.
WHOLE = ("base64 of the secret", "base64 of a line", "hex", "reversed", "percent-encoded", "\\u escapes", "\\x escapes")
SPACED = ("hex dump", "gaps")

ZERO_WIDTH = "\u200b"


def _xxd(text: str) -> str:
    lines = []
    for at in range(0, len(text), 16):
        part = text[at : at + 16].encode()
        pairs = " ".join(part.hex()[n : n + 4] for n in range(0, 2 * len(part), 4))
        lines.append(f"{at:08x}: {pairs:<39}  {part.decode()}")
    return "\n".join(lines)


# name, how the secret is dressed, whether all of it is gone afterwards
DRESSES: list[tuple[str, Callable[[str], str], bool]] = [
    ("assignment", lambda s: f'export X="{s}"', True),
    ("alone on a line", lambda s: f"a\n{s}\nb", True),
    ("after a line number", lambda s: f"    12\u2192{s}", True),
    ("after a diff's plus", lambda s: f"+{s}", True),
    ("after grep's place", lambda s: f"src/x.py:12:{s}", True),
    ("in JSON", lambda s: json.dumps({"a": f"x\n{s}\n"}), True),
    ("in JSON in JSON", lambda s: json.dumps({"a": json.dumps({"b": [s]})}), True),
    ("in broken JSON", lambda s: json.dumps({"a": f"x\n{s}\n"})[:-2], True),
    ("glued to an escape", lambda s: f"x\\n{s}\\ny", True),
    ("glued to letters", lambda s: f"abc{s}", True),
    ("colour around", lambda s: f"\x1b[31m{s}\x1b[0m", True),
    ("colour inside", lambda s: f"{s[:9]}\x1b[1m{s[9:]}", True),
    ("in a query", lambda s: f"https://example.org/?token={s}", True),
    ("percent-encoded", lambda s: "".join(f"%{ord(c):02x}" for c in s), True),
    ("in a percent-encoded URL", lambda s: f"q=https%3A%2F%2Fx.org%2F%3Fkey%3D{s.replace('_', '%5F')}", True),
    ("base64 of the secret", lambda s: base64.b64encode(s.encode()).decode(), True),
    ("base64 of a line", lambda s: base64.b64encode(f"export TOKEN={s}\n".encode()).decode(), True),
    ("hex", lambda s: s.encode().hex(), True),
    ("HTML entities", lambda s: html.escape(s).replace("_", "&#95;"), True),
    ("zero width inside", lambda s: s[:8] + ZERO_WIDTH + s[8:], True),
    ("soft hyphen inside", lambda s: s[:8] + "\u00ad" + s[8:], True),
    ("NUL between", "\0".join, True),
    ("\\u escapes", lambda s: "".join(f"\\u{ord(c):04x}" for c in s), True),
    ("\\x escapes", lambda s: "".join(f"\\x{ord(c):02x}" for c in s), True),
    ("first half only", lambda s: s[: len(s) // 2 + 2], True),
    ("in Markdown code", lambda s: f"`{s}`", True),
    ("in a URL's user", lambda s: f"https://{s}@example.org/x.git", True),
    ("wrapped at 20 columns", lambda s: "\n".join(s[n : n + 20] for n in range(0, len(s), 20)), True),
    ("concatenated in two", lambda s: f'"{s[:20]}" + "{s[20:]}"', True),
    ("reversed", lambda s: s[::-1], True),
    ("wrapped at 16 columns", lambda s: "\n".join(s[n : n + 16] for n in range(0, len(s), 16)), True),
    ("wrapped in a diff", lambda s: f"+{s[:18]}\n+{s[18:]}", True),
    ("concatenated in three", lambda s: f'"{s[:14]}" + "{s[14:27]}" + "{s[27:]}"', True),
    ("concatenated over lines", lambda s: f'x = ("{s[:14]}"\n     "{s[14:27]}"\n     "{s[27:]}")', True),
    ("percent-encoded twice", lambda s: "".join(f"%25{ord(c):02x}" for c in s), True),
    ("wrapped at 8 columns", lambda s: "\n".join(s[n : n + 8] for n in range(0, len(s), 8)), False),
    ("xxd", _xxd, False),
    ("hex dump", lambda s: " ".join(f"{ord(c):02x}" for c in s), False),
    ("gaps", " ".join, False),
]


@pytest.mark.parametrize(("name", "dress", "caught"), DRESSES, ids=[name for name, _, _ in DRESSES])
def test_a_secret_is_found_in_other_clothes(name: str, dress: Callable[[str], str], caught: bool) -> None:
    secret = token(11)
    dressed = dress(secret)
    cleaned = clean(dressed)
    pieces = [dress(secret)[at : at + 8] for at in range(len(dressed) - 7)]
    core = [secret[at : at + 8] for at in range(4, len(secret) - 7)]
    gone = secret not in cleaned and not any(piece in cleaned for piece in core)
    if name in WHOLE:
        gone = gone and not any(piece in cleaned for piece in pieces)
    if name in SPACED:
        gone = gone and secret[20:] not in cleaned.replace(" ", "").replace("\n", "")
        gone = gone and secret[28:].encode().hex() not in cleaned.replace(" ", "")
    if name in ("wrapped at 16 columns", "concatenated in three"):
        gone = gone and secret[-8:] not in cleaned
    assert gone == caught, f"docs/redaction.md has a table of this: {name} is {'' if gone else 'not '}caught"


def test_the_docs_say_of_each_dress_whether_it_is_caught() -> None:
    page = (Path(__file__).parents[2] / "docs" / "redaction.md").read_text(encoding="utf-8")
    table = page.partition("| gone | not gone")[2].partition("\n\n")[0]
    columns = [set(), set()]  # type: list[set[str]]
    for row in table.splitlines()[2:]:
        for names, cell in zip(columns, row.strip("|").split("|"), strict=True):
            names.update(name.strip() for name in cell.split(","))
    assert columns[0] == {name for name, _, caught in DRESSES if caught}
    assert columns[1] == {name for name, _, caught in DRESSES if not caught}
