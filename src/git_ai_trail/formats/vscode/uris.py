"""Paths out of what VS Code keeps of a URI: its text, or an object with its parts."""

from __future__ import annotations

import json
import os

from git_ai_trail.formats.paths import MAX_PATH, resolve
from git_ai_trail.lazy import pattern
from git_ai_trail.loglines import head_of

# A remote window (WSL, SSH, a container) names files of that machine; everything else is no file in a folder.
_SCHEMES = ("file", "vscode-remote", "vscode-notebook-cell")
_TEXT = pattern(r"([a-z][a-z0-9+.-]{0,63}):(?://([^/?#]*))?([^?#]*)")
_ON_A_DRIVE = pattern(r"/[A-Za-z]:(?:/|$)")
_MAX_WORKSPACE = 64 * 1024


def path_of(uri: object) -> str:
    """The file's path, absolute and `/`-separated; empty for anything that is none."""
    if isinstance(uri, str):
        found = _TEXT.match(uri) if len(uri) <= MAX_PATH else None
        if found is None or found[1] not in _SCHEMES:
            return ""
        server = f"//{found[2]}" if found[1] == "file" and found[2] else "//"
        return resolve(f"file:{server}{found[3]}") if found[3].startswith("/") else ""
    if not isinstance(uri, dict) or uri.get("scheme", "file") not in _SCHEMES:
        return ""
    path = uri.get("path") or uri.get("fsPath")
    if not isinstance(path, str):
        return path_of(uri.get("external"))
    authority = uri.get("authority")
    if uri.get("scheme") == "file" and isinstance(authority, str) and authority and path.startswith("/"):
        path = f"//{authority}{path}"
    return resolve(path[1:] if _ON_A_DRIVE.match(path) else path)


def workspace_folder(log: str) -> str:
    """The folder that the window of the session at `log` had open, by `workspace.json` beside the folder of sessions.

    Empty for a window without a folder, and for a workspace of several, which that file only names.
    """
    at = os.path.dirname(log)
    if os.path.basename(at) != "chatSessions":
        return ""
    try:
        given = json.loads(head_of(os.path.join(os.path.dirname(at), "workspace.json"), _MAX_WORKSPACE))
    except (OSError, ValueError, RecursionError):
        return ""
    return path_of(given.get("folder")) if isinstance(given, dict) else ""
