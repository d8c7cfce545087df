"""Gets a damaged index or trail database out of the way, so that what was asked can be done again. Cold path."""

from __future__ import annotations

import os
from collections.abc import Mapping

from git_ai_trail import places
from git_ai_trail.config import load_user
from git_ai_trail.errors import is_damage
from git_ai_trail.index.access import forget
from git_ai_trail.pipeline.user_store import store_url
from git_ai_trail.store import sqlite_file
from git_ai_trail.store.sqlite_repair import is_damaged, put_aside


def mend(error: BaseException, env: Mapping[str, str]) -> list[str]:
    """What was done about a damaged database, in a sentence each; nothing where the error is not about one."""
    if not any(is_damage(one) for one in _causes(error)):
        return []
    said = []
    index = places.index_path(env)
    if is_damaged(index):
        forget(index)
        said.append(f"{index} was damaged; it is built anew from the logs")
    trail = sqlite_file(store_url(env, load_user(places.config_dir(env))))
    moved = put_aside(trail) if trail else ""
    if moved:
        said.append(
            f"{trail} was damaged and lies at {os.path.basename(moved)} now; `git ai-trail ingest` makes a new one"
            " from the logs, and records are in the repositories' notes"
        )
    return said


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in found:
        found.append(current)
        current = current.__cause__ or current.__context__
    return found
