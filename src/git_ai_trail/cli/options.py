"""What several commands share: options, the place they run in, and progress on long work."""

from __future__ import annotations

import importlib
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

from git_ai_trail import places, settings
from git_ai_trail.agents import AGENTS
from git_ai_trail.cli import terminal
from git_ai_trail.errors import StoreError
from git_ai_trail.git import Git
from git_ai_trail.pipeline import unfinished, worktree

if TYPE_CHECKING:
    from git_ai_trail.config import UserConfig
    from git_ai_trail.pipeline.prices import Prices
    from git_ai_trail.pipeline.user_store import UserStore

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

_AGO = re.compile(r"(\d{1,6})\s*([hdwmy])[a-z]*", re.IGNORECASE)
_HOURS = {"h": 1, "d": 24, "w": 24 * 7, "m": 24 * 30, "y": 24 * 365}


class When(click.ParamType[datetime]):
    """A time: `2026-11-01`, `2026-11-01T10:30`, or how long ago (`12h`, `7d`, `2w`, `3 months`)."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        ago = _AGO.fullmatch(value.strip().removesuffix(" ago"))
        if ago:
            hours = int(ago[1]) * _HOURS[ago[2].lower()]
            now = datetime.now().astimezone()
            return now - min(timedelta(hours=hours), now - datetime(1970, 1, 2).astimezone())
        try:
            return datetime.fromisoformat(value.strip()).astimezone()
        except (ValueError, OverflowError, OSError):
            self.fail("give a date like 2026-11-01, or how long ago, like 7d", param, ctx)


class Agent(click.Choice[str]):
    """The name of an agent's logs: one that is built in, or one of another package that the person's configuration names."""

    def __init__(self) -> None:
        super().__init__(sorted(AGENTS))

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in AGENTS and value in open_person().config.formats:
            return str(value)
        return str(super().convert(value, param, ctx))


agent_option = click.option("--agent", type=Agent(), help="Only logs of this agent.")


class Person:
    """Whoever runs the command: their environment, configuration, store and terminal."""

    def __init__(self) -> None:
        self.env: Mapping[str, str] = os.environ
        self.width = terminal.width()

    @cached_property
    def config(self) -> UserConfig:
        """The configuration. Formats of other packages that it names are known from here on, as far as they can be used."""
        # Configuration, prices and store take longer to load than `blame` needs for all it does.
        config: UserConfig = importlib.import_module("git_ai_trail.config").load_user(places.config_dir(self.env))
        if config.formats:
            # To look for installed packages takes longer than most commands do.
            importlib.import_module("git_ai_trail.pipeline.third_party").admit_what_can(config.formats)
        return config

    def know_agents(self) -> None:
        """For commands that name agents and need the configuration for nothing else."""
        if os.path.lexists(os.path.join(places.config_dir(self.env), settings.USER_FILE)):
            _ = self.config

    def need_formats(self) -> None:
        """For commands that read logs: a format that the configuration names and that cannot be used is an error."""
        if self.config.formats:
            importlib.import_module("git_ai_trail.pipeline.third_party").admit(self.config.formats)

    @cached_property
    def prices(self) -> Prices:
        found: Prices = importlib.import_module("git_ai_trail.pipeline.prices").prices_of(self.config)
        return found

    @cached_property
    def color(self) -> bool:
        context = click.get_current_context(silent=True)
        choice = context.find_root().obj if context is not None else "auto"
        return terminal.use_color(sys.stdout, choice or "auto", self.env)

    @cached_property
    def store(self) -> UserStore | None:
        """The store, or None where there is none yet."""
        late = importlib.import_module("git_ai_trail.pipeline.user_store")
        found: UserStore | None = late.find_user_store(self.env, self.config)
        return found

    def needed_store(self) -> UserStore:
        """The store; without one there is nothing to show, which is an error."""
        if self.store is None:
            raise StoreError("there is no trail database yet", "run `git ai-trail ingest`")
        return self.store


class Place(Person):
    """A person inside a repository's worktree."""

    @cached_property
    def tree(self) -> worktree.Worktree:
        tree = worktree.open_worktree(os.getcwd())
        unfinished.finish_quietly(tree, now=time.time())
        return tree

    @property
    def git(self) -> Git:
        return self.tree.git

    @cached_property
    def settings(self) -> settings.Settings:
        return settings.read(
            self.git,
            common_dir=self.tree.common_dir,
            toplevel=self.tree.root,
            config_dir=places.config_dir(self.env),
            env=self.env,
        )


def open_person() -> Person:
    """Where a command runs that needs no repository."""
    return Person()


def open_place() -> Place:
    """Where a command runs that needs a worktree; raises `GitError` outside of one."""
    place = Place()
    _ = place.tree
    return place


def index_progress() -> AbstractContextManager[Callable[[int, int, int], None] | None]:
    """A bar for reading logs into the index: callback (done, total, bytes), None where nobody watches."""
    return _watched("index_progress")


def commit_progress() -> AbstractContextManager[Callable[[int, int], None] | None]:
    """A bar for going through commits: callback (done, total), None where nobody watches."""
    return _watched("commit_progress")


def ingest_progress() -> AbstractContextManager[Callable[[int, int, int, int], None] | None]:
    """A bar for ingest: callback (logs done, logs, bytes done, bytes), None where nobody watches."""
    return _watched("ingest_progress")


@contextmanager
def _watched(name: str) -> Iterator[Any]:
    if not terminal.is_interactive():
        yield None
        return
    # Drawing bars costs 60 ms of imports that `show` must not pay, and nobody pays when no terminal is there.
    with getattr(importlib.import_module("git_ai_trail.cli.progress"), name)() as callback:
        yield callback
