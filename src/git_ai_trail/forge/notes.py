"""The notes of another repository, as data: only those of the commits asked for, each of a bounded size, nothing fetched by git."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from git_ai_trail.forge.github import ApiError, GitHub
from git_ai_trail.git import is_oid

MAX_NOTE = 4 * 1024 * 1024
MAX_NOTES = 250


def notes_of(api: GitHub, repository: str, ref: str, oids: Collection[str]) -> dict[str, bytes]:
    """The notes on those of `oids` that have one in `ref` (`refs/notes/…`) of a repository; empty where it has no such ref.

    A note over 4 MiB is left out, and so is what comes after the first 250.
    """
    root = f"/repos/{repository}"
    try:
        tip = _oid_in(api.get(f"{root}/git/ref/{ref.removeprefix('refs/')}"), "object")
    except ApiError as error:
        if error.status in (403, 404, 409):
            return {}
        raise
    tree = _oid_in(api.get(f"{root}/git/commits/{tip}"), "tree") if tip else ""
    found: dict[str, bytes] = {}
    for blob, oid, size in _listed(api, root, tree, oids) if tree else ():
        if oid in oids and oid not in found and size <= MAX_NOTE and len(found) < MAX_NOTES:
            body = _blob(api, root, blob)
            if body is not None:
                found[oid] = body
    return found


def _listed(api: GitHub, root: str, tree: str, oids: Collection[str]) -> Iterator[tuple[str, str, int]]:
    """(blob, annotated commit, size) of a notes tree. Of one that is too large for one answer, the folders that matter."""
    whole = api.get(f"{root}/git/trees/{tree}", {"recursive": 1})
    if not isinstance(whole, dict) or whole.get("truncated") is not True:
        yield from _entries(whole)
        return
    top = api.get(f"{root}/git/trees/{tree}")
    yield from _entries(top)
    wanted = {oid[:2] for oid in oids}
    for one in _items(top):
        name, folder = one.get("path"), one.get("sha")
        if one.get("type") == "tree" and name in wanted and isinstance(folder, str) and is_oid(folder):
            yield from _entries(api.get(f"{root}/git/trees/{folder}", {"recursive": 1}), str(name))


def _items(listed: Any) -> list[Mapping[str, Any]]:
    entries = listed.get("tree") if isinstance(listed, dict) else None
    return [one for one in entries if isinstance(one, dict)] if isinstance(entries, list) else []


def _entries(listed: Any, folder: str = "") -> list[tuple[str, str, int]]:
    found = []
    for one in _items(listed):
        if one.get("type") == "blob" and isinstance(one.get("path"), str):
            blob, oid, size = one.get("sha"), folder + one["path"].replace("/", ""), one.get("size")
            if isinstance(blob, str) and is_oid(blob) and is_oid(oid) and type(size) is int:
                found.append((blob, oid, size))
    return found


def _blob(api: GitHub, root: str, blob: str) -> bytes | None:
    answer = api.get(f"{root}/git/blobs/{blob}")
    content = answer.get("content") if isinstance(answer, dict) and answer.get("encoding") == "base64" else None
    try:
        return base64.b64decode(content)[:MAX_NOTE] if isinstance(content, str) else None
    except binascii.Error:
        return None


def _oid_in(answer: Any, name: str) -> str:
    inner = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(inner, dict):
        return ""
    oid = inner.get("sha")
    return oid if isinstance(oid, str) and is_oid(oid) else ""
