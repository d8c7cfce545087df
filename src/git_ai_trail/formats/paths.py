"""Makes paths from a log absolute and `/`-separated, whatever machine they come from; nothing here touches the disk."""

from __future__ import annotations

import posixpath

from git_ai_trail.lazy import bytes_pattern, pattern

MAX_PATH = 4096

_DRIVE = pattern(r"[A-Za-z]:(?=[/\\]|$)")
_HOME = pattern(r"(?:/(?:home|Users)/[^/]+|/root|[A-Za-z]:/Users/[^/]+)(?=/|$)")
_ESCAPE = bytes_pattern(rb"%([0-9A-Fa-f]{2})")


def resolve(path: object, base: str = "") -> str:
    """`path` as seen from the folder `base`: absolute where either says so; empty where it cannot be a path."""
    if not isinstance(path, str) or not path or len(path) > MAX_PATH or "\0" in path or "\n" in path:
        return ""
    if path.startswith("file://"):
        path = _from_uri(path)
        if not path or "\0" in path or "\n" in path:
            return ""
    if path.startswith("\\\\?\\"):
        path = "\\\\" + path[8:] if path[4:8].upper() == "UNC\\" else path[4:]
    if "\\" in path and (_DRIVE.match(path) or path.startswith("\\\\") or _DRIVE.match(base) or base.startswith("//")):
        path = path.replace("\\", "/")
    if path == "~" or path.startswith("~/"):
        # Whose home it is only the folder can tell: it lies below it, or nobody knows.
        home = _HOME.match(base.replace("\\", "/"))
        path = home[0] + path[1:] if home else path
    if path.startswith("~") or _is_absolute(path) or not base:
        return _normal(path)
    return _normal(posixpath.join(base, path))


def _is_absolute(path: str) -> bool:
    return path.startswith("/") or _DRIVE.match(path) is not None


def _normal(path: str) -> str:
    normal = posixpath.normpath(path)
    # POSIX lets exactly two leading slashes stand; only Windows shares mean something by them.
    return normal[1:] if normal.startswith("//") and not path.startswith("//") else normal


def _from_uri(uri: str) -> str:
    rest = uri[len("file://") :]
    if not rest.startswith("/"):
        slash = rest.find("/")
        host = rest if slash < 0 else rest[:slash]
        rest = rest[len(host) :] if host.lower() == "localhost" else "//" + rest
    raw = _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), rest.encode("utf-8", "surrogatepass"))
    path = raw.decode("utf-8", "replace")
    return path[1:] if len(path) > 2 and path[0] == "/" and _DRIVE.match(path, 1) else path
