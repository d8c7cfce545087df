"""Where a person's own files live: data, cache, configuration and state. Hot-safe.

The same folders as platformdirs gives, without the 15 ms that importing it costs a commit. Each can be moved by an
environment variable, as tests, sandboxes and people with several homes need it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

NAME = "git-ai-trail"


def data_dir(env: Mapping[str, str]) -> str:
    """The trail database and the person's own key."""
    return _folder(env, "GIT_AI_TRAIL_DATA", "XDG_DATA_HOME", ".local/share", "Application Support")


def cache_dir(env: Mapping[str, str]) -> str:
    """What can be made again from the logs: the index."""
    return _folder(env, "GIT_AI_TRAIL_CACHE", "XDG_CACHE_HOME", ".cache", "Caches")


def config_dir(env: Mapping[str, str]) -> str:
    """The person's own `config.toml` and rules."""
    return _folder(env, "GIT_AI_TRAIL_CONFIG", "XDG_CONFIG_HOME", ".config", "Application Support")


def state_dir(env: Mapping[str, str]) -> str:
    """Reports about our own failures."""
    return _folder(env, "GIT_AI_TRAIL_STATE", "XDG_STATE_HOME", ".local/state", "Logs")


def index_path(env: Mapping[str, str]) -> str:
    return os.path.join(cache_dir(env), "index.db")


def trail_path(env: Mapping[str, str]) -> str:
    return os.path.join(data_dir(env), "trail.db")


def home_dir(env: Mapping[str, str]) -> str:
    """The person's home; empty where the environment does not tell."""
    named = env.get("USERPROFILE" if sys.platform == "win32" else "HOME", "")
    return named if os.path.isabs(named) else os.path.expanduser("~")


def shortened(path: str, env: Mapping[str, str]) -> str:
    """`path` with the home folder written as `~`, the form in which paths are kept and shown."""
    home = home_dir(env).rstrip(os.sep)
    if home and (path == home or path.startswith(home + os.sep)):
        return "~" + path[len(home) :]
    return path


def expanded(path: str, env: Mapping[str, str]) -> str:
    """The path that `shortened` wrote."""
    if path == "~" or path.startswith("~" + os.sep):
        return home_dir(env).rstrip(os.sep) + path[1:]
    return path


def _folder(env: Mapping[str, str], own: str, xdg: str, linux: str, mac: str) -> str:
    stated = env.get(own, "")
    if os.path.isabs(stated):
        return stated
    base = env.get(xdg, "")
    if os.path.isabs(base):
        return os.path.join(base, NAME)
    if sys.platform == "win32":
        local = env.get("LOCALAPPDATA", "") or os.path.join(home_dir(env), "AppData", "Local")
        return os.path.join(local, NAME, own.rpartition("_")[2].lower())
    if sys.platform == "darwin":
        return os.path.join(home_dir(env), "Library", mac, NAME)
    return os.path.join(home_dir(env), *linux.split("/"), NAME)


def as_written(path: str) -> tuple[str, ...]:
    """The path, and the path with symbolic links resolved where that differs."""
    real = os.path.realpath(path)
    return (path,) if real == path else (path, real)
