"""Keeps what redaction let through, and gives it back as domain types. SQL stays in this folder."""

from __future__ import annotations

import os
from types import ModuleType

from git_ai_trail.errors import StoreError
from git_ai_trail.store import sqlite
from git_ai_trail.store.protocol import IsClean, Store, refuse_all

BACKENDS: dict[str, ModuleType] = {"sqlite": sqlite}


def open_store(where: str, *, is_clean: IsClean = refuse_all, create: bool = True) -> Store:
    """The store at a path or URL (`sqlite:///path`), migrated to this version.

    `is_clean` is redaction's own test of a session's proof; a store opened without it takes nothing in. With `create`
    off, a store that does not exist yet is a `StoreError`.
    """
    scheme, rest = _split(where)
    backend = BACKENDS.get(scheme)
    if backend is None:
        raise StoreError(f"no store for {scheme}:// URLs", f"known: {', '.join(sorted(BACKENDS))}")
    store: Store = backend.open_store(rest, is_clean=is_clean, create=create)
    return store


def sqlite_file(where: str) -> str:
    """The database file of a store; empty where the store is no file."""
    scheme, rest = _split(where)
    return rest if scheme == "sqlite" else ""


def _split(where: str) -> tuple[str, str]:
    scheme, found, rest = where.partition("://")
    return (scheme, rest) if found else ("sqlite", os.path.abspath(where))
