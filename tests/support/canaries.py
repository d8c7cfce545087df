"""Every form in which a planted text could survive, and every place of a machine that is looked through for it."""

from __future__ import annotations

import base64
import json
import subprocess
import urllib.parse
from collections.abc import Iterable, Sequence
from pathlib import Path

# An encoding by three bytes in four letters is only sure of the letters in the middle.
_SHORTEST = 8


def forms(text: str) -> list[bytes]:
    """The text as it is, escaped, encoded, and in wider characters."""
    raw = text.encode()
    found = [raw, json.dumps(text)[1:-1].encode(), text.replace("/", "\\/").encode()]
    found += ["".join(f"\\u{ord(c):04x}" for c in text).encode(), "".join(f"&#{ord(c)};" for c in text).encode()]
    found += [urllib.parse.quote(text, safe=safe).encode() for safe in ("", "/")]
    found += ["".join(f"%{byte:02{case}}" for byte in raw).encode() for case in "xX"]
    found += [text.encode("utf-16-le"), text.encode("utf-16-be"), raw.hex().encode(), raw.hex().upper().encode()]
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + raw)
        middle = whole[4 if before else 0 : len(raw + b"\0" * before) // 3 * 4]
        found += [middle, middle.translate(bytes.maketrans(b"+/", b"-_"))] if len(middle) >= _SHORTEST else []
    return list(dict.fromkeys(found))


def files(*roots: Path, apart: Iterable[Path] = ()) -> dict[str, bytes]:
    """Every file below `roots` by its path, with its name, but for those that lie in `apart`."""
    left = tuple(apart)
    return {
        str(path): str(path).encode() + b"\0" + path.read_bytes()
        for root in roots
        for path in root.rglob("*")
        if path.is_file() and not any(path == one or one in path.parents for one in left)
    }


def objects(repository: Path) -> bytes:
    """Every object of a repository, reachable or not."""
    command = ["git", "cat-file", "--batch", "--batch-all-objects", "--unordered"]
    return subprocess.run(command, cwd=repository, capture_output=True, check=True).stdout


def leaks(places: dict[str, bytes], texts: Sequence[str]) -> list[tuple[str, str, bytes]]:
    """(place, text, form) of everything that is where it must not be."""
    wanted = [(text, form) for text in texts for form in forms(text)]
    return [(place, text, form) for place, content in places.items() for text, form in wanted if form in content]
