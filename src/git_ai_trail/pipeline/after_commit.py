"""What runs on its own after a commit: the index and the database are fed, and the commit's record is completed."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from filelock import FileLock, Timeout

from git_ai_trail import places, settings
from git_ai_trail.config import UserConfig
from git_ai_trail.errors import TrailError
from git_ai_trail.model import Outcome
from git_ai_trail.pipeline import annex, stamp, third_party, unfinished, worktree
from git_ai_trail.pipeline.backfill import backfill
from git_ai_trail.pipeline.ingest import ingest
from git_ai_trail.pipeline.user_store import open_user_store

# Older logs are for `git ai-trail ingest`: the first commit must not start reading years.
RECENT = timedelta(days=1)


def after_commit(env: Mapping[str, str], config: UserConfig, repository: str) -> Outcome | None:
    """Feeds the database, one run at a time: None where another run is at it already (it, or the next commit's,
    reads what this one would have)."""
    folder = places.data_dir(env)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    os.nice(10)
    try:
        with FileLock(os.path.join(folder, "ingest.lock"), timeout=0, mode=0o600):
            # A format that cannot be used must not keep the others' logs from being read.
            config = third_party.usable(config)
            outcome = ingest(env, config, worktree=repository, since=datetime.now(UTC) - RECENT, jobs=1)
            _complete(env, config, repository)
            return outcome
    except Timeout:
        return None


def _complete(env: Mapping[str, str], config: UserConfig, repository: str) -> None:
    """Gives HEAD a record if the hooks could not see the evidence yet, and every recent record its annex."""
    tree = worktree.open_worktree(repository)
    wanted = settings.read(
        tree.git,
        common_dir=tree.common_dir,
        toplevel=tree.root,
        config_dir=places.config_dir(env),
        env=env,
    )
    if not wanted.enabled or not tree.head or stamp.is_rewriting(tree.git_dir):
        return
    unfinished.finish_quietly(tree, now=time.time(), young=0.0)
    backfill(tree, wanted, env, revisions=["-1", tree.head])
    recent = tree.git.text("log", "-20", "--format=%H", tree.head).split()
    store = open_user_store(env, config)
    try:
        annex.write(tree.git, tree.common_dir, store, config, recent, policy=wanted.publish)
    except TrailError:
        # Another writer holds the notes; the next commit's run does it.
        return
    finally:
        store.close()
