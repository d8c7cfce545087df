"""The package that docs/extending.md shows, taken out of the page and installed as a person would install it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "extending.md"
_BLOCK = re.compile(r"^```\w+ (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LOG = re.compile(r"^```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def files() -> dict[str, str]:
    """The files that the page's code blocks name, with their text."""
    return dict(_BLOCK.findall(PAGE.read_text(encoding="utf-8")))


def log() -> str:
    """The log that the page shows."""
    found = _LOG.search(PAGE.read_text(encoding="utf-8"))
    assert found is not None
    return found[1]


def install(folder: Path, changed: dict[str, str] | None = None) -> Path:
    """Builds the package, with some files replaced, and installs it below `folder`; returns what to put on PYTHONPATH."""
    source, target = folder / "source", folder / "installed"
    source.mkdir(parents=True)
    for name, text in (files() | (changed or {})).items():
        (source / name).write_text(text, encoding="utf-8")
    # Nothing is fetched: pip and hatchling are here, and the package needs nothing else.
    where = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check")
    command = (sys.executable, "-m", "pip", "install", "--quiet", *where, "--target", str(target), str(source))
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert list(target.glob("*.dist-info/entry_points.txt")), "it is installed, not only on the path"
    return target
