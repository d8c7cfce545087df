"""Which store is this person's."""

from __future__ import annotations

import os
from collections.abc import Mapping

from git_ai_trail import places
from git_ai_trail.config import UserConfig
from git_ai_trail.store import open_store
from git_ai_trail.store.protocol import Store

# The command line knows stores by this name: it imports no stage.
UserStore = Store


def store_url(env: Mapping[str, str], config: UserConfig) -> str:
    """Path or URL of the store: the environment's, else the configuration's, else the database in the data folder."""
    return env.get("GIT_AI_TRAIL_STORE", "") or config.store_url or places.trail_path(env)


def open_user_store(env: Mapping[str, str], config: UserConfig) -> Store:
    """The store, to look things up in; a missing one is a `StoreError`. It takes nothing in."""
    return open_store(store_url(env, config), create=False)


def find_user_store(env: Mapping[str, str], config: UserConfig) -> Store | None:
    """The store, to look things up in; None where there is none yet."""
    where = store_url(env, config)
    return open_user_store(env, config) if "://" in where or os.path.exists(where) else None
