"""Where a work tree's repository comes from, read from its configuration file without running git: the folder may be a stranger's."""

from __future__ import annotations

import os
import re

from git_ai_trail.errors import ConfigError
from git_ai_trail.git import normal_url
from git_ai_trail.lazy import pattern
from git_ai_trail.plainfile import read_inside

_MOST = 1 << 17
_ORIGIN = pattern(r'^[ \t]*\[remote "origin"\][ \t]*$(.*?)(?=^[ \t]*\[|\Z)', re.MULTILINE | re.DOTALL | re.IGNORECASE)
_URL = pattern(r'^[ \t]*url[ \t]*=[ \t]*"?([^\r\n"#;]+)', re.MULTILINE | re.IGNORECASE)


def origin_of(root: str) -> str:
    """The URL of the remote `origin` of the work tree at `root`, in the form that can be compared; empty where there is none."""
    try:
        config = read_inside(_git_folder(root), "config", _MOST, shown="config")
    except (ConfigError, ValueError):
        return ""
    section = _ORIGIN.search((config or b"").decode("utf-8", "replace"))
    url = _URL.search(section[1]) if section else None
    return normal_url(url[1]) if url else ""


def _git_folder(root: str) -> str:
    """The repository's own folder, which linked work trees share."""
    there = os.path.join(root, ".git")
    if os.path.isdir(there):
        return there
    own = _line(root, ".git").removeprefix("gitdir:").strip()
    folder = os.path.join(root, own)
    return os.path.join(folder, _line(folder, "commondir"))


def _line(folder: str, name: str) -> str:
    content = read_inside(folder, name, 4096, shown=name)
    return (content or b"").decode("utf-8", "surrogateescape").strip()
