"""The small shell scripts that git calls: made from the templates in `hooks/`, recognised by their id line."""

from __future__ import annotations

import os
import re
import shlex
import sys

from git_ai_trail.resources import hook_file, package_parent

_ID = re.compile(r"^# ai-trail shim (\d{1,6}): ", re.MULTILINE)
# Our own shims have 2 KB; what is much larger is somebody else's program.
_MAX_READ = 64 * 1024


def render(event: str) -> str:
    """The shim for one git hook, bound to the interpreter and the package that run now."""
    with open(hook_file(event), encoding="utf-8") as file:
        template = file.read()
    python = shlex.quote(sys.executable or "/nonexistent")
    return template.replace("@PYTHON@", python).replace("@PACKAGE@", shlex.quote(package_parent()))


def version_of(path: str) -> int | None:
    """The version of our shim at `path`, or None where nothing of ours stands there."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            found = _ID.search(file.read(_MAX_READ))
    except OSError:
        return None
    return int(found.group(1)) if found else None


def current_version() -> int:
    """The version of the shims that this installation writes."""
    return version_of(hook_file("post-commit")) or 0


def interpreter_of(path: str) -> str:
    """The interpreter that the shim at `path` starts, or the empty string."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            found = re.search(r"^python=(.+)$", file.read(_MAX_READ), re.MULTILINE)
    except OSError:
        return ""
    try:
        return "".join(shlex.split(found.group(1))) if found else ""
    except ValueError:
        return ""


def write(path: str, text: str) -> None:
    """Puts an executable script at `path` in one step."""
    temporary = f"{path}.{os.getpid()}.new"
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(text)
        # Group and others may run what they may read, as git's own sample hooks do.
        os.chmod(temporary, 0o777 & ~_umask())
        os.replace(temporary, path)
    finally:
        if os.path.lexists(temporary):
            os.unlink(temporary)


def same(path: str, text: str) -> bool:
    """Whether `path` holds exactly this script and can be run."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read() == text and os.access(path, os.X_OK)
    except (OSError, UnicodeDecodeError):
        return False


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
