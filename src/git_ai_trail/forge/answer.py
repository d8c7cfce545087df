"""How a step answers: outputs, the job's summary, annotations, and lines in the log that cannot become commands."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from git_ai_trail.errors import TrailError

# GitHub refuses a longer summary of one step as a whole.
MAX_SUMMARY = 1024 * 1024
_COMMAND = re.compile(r"^(\s*)(?=::)|(?<=##)(?=\[)", re.MULTILINE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def set_outputs(path: str, values: Mapping[str, str]) -> None:
    """Appends the step's outputs to the runner's file. A value of several lines cannot end early: its end mark is random."""
    if not path:
        return
    parts = []
    for name, value in values.items():
        mark = f"end-{os.urandom(16).hex()}"
        parts.append(f"{name}<<{mark}\n{value}\n{mark}\n")
    _append(path, "".join(parts))


def add_summary(path: str, text: str) -> bool:
    """Appends to the job's summary; False where there is none. Raises `TrailError` for more than GitHub takes."""
    if not path:
        return False
    if len(text.encode("utf-8", "replace")) > MAX_SUMMARY - 1024:
        raise TrailError("the summary is longer than 1 MiB", "shorten the report")
    _append(path, text.rstrip("\n") + "\n\n")
    return True


def printable(text: str) -> str:
    """Text for the log: no line of it is a command to the runner, no control character acts."""
    return _COMMAND.sub(r"\1\\", _CONTROL.sub("?", text.replace("\r\n", "\n").replace("\r", "\n")))


def annotation(level: str, title: str, message: str) -> str:
    """One annotation. level: error, warning, notice."""
    return f"::{level} title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    return _CONTROL.sub("?", text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _append(path: str, text: str) -> None:
    with open(path, "a", encoding="utf-8", errors="replace", newline="") as file:
        file.write(text)
