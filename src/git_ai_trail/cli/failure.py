"""What is written down about a failure of our own: versions and the way through our code, never a value or a text."""

from __future__ import annotations

import os
import platform
import sqlite3
import time
from collections.abc import Iterator, Mapping

from git_ai_trail import places
from git_ai_trail.errors import TrailError
from git_ai_trail.git import Git
from git_ai_trail.version import VERSION


def write_report(error: BaseException, env: Mapping[str, str]) -> str:
    """Writes the report and returns what to tell the person, in one line."""
    text = "\n".join(_lines(error)) + "\n"
    folder = os.path.join(places.state_dir(env), "reports")
    path = os.path.join(folder, time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()) + f"-{os.getpid()}.txt")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError:
        return f"our own failure, {_last(error)}; no report could be written to {places.shortened(folder, env)}"
    return f"our own failure, {_last(error)}; please send us {places.shortened(path, env)} (it holds no session text)"


def _lines(error: BaseException) -> Iterator[str]:
    yield f"git-ai-trail {VERSION}"
    yield f"git {_git_version()}"
    yield f"python {platform.python_version()} on {platform.system()} {platform.machine()}"
    yield f"sqlite {sqlite3.sqlite_version}"
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield ""
        yield from _frames(current)
        # The message may quote what a log says; the kind of error cannot.
        yield f"{type(current).__module__}.{type(current).__qualname__}"
        current = current.__cause__ or current.__context__


def _frames(error: BaseException) -> Iterator[str]:
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        yield f"  {_place(code.co_filename)}:{trace.tb_lineno} {code.co_name}"
        trace = trace.tb_next


def _place(path: str) -> str:
    """A source file's path from its package on: where it is installed is nobody's business."""
    parts = path.split(os.sep)
    for anchor in ("git_ai_trail", "site-packages"):
        if anchor in parts:
            return "/".join(parts[len(parts) - 1 - parts[::-1].index(anchor) :])
    return parts[-1]


def _last(error: BaseException) -> str:
    frames = list(_frames(error))
    return f"{type(error).__name__} at {frames[-1].split()[0]}" if frames else type(error).__name__


def _git_version() -> str:
    try:
        return ".".join(str(part) for part in Git(os.sep).version())
    except (TrailError, OSError, ValueError):
        return "not found"
