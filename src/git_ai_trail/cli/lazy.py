"""A click group that knows its commands by a table and imports a command's module only when it is called."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import click


class Listed(NamedTuple):
    """A command `x` is the attribute `command` of the module `cli/x.py`."""

    name: str
    summary: str


class LazyGroup(click.Group):
    """Shows the summaries of the table as help, so that `-h` imports no command."""

    def __init__(self, *args: Any, listed: Sequence[Listed] = (), **more: Any) -> None:
        super().__init__(*args, **more)
        self.listed = {one.name: one for one in listed}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.listed)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.listed:
            return None
        found: click.Command = importlib.import_module(f"git_ai_trail.cli.{cmd_name}").command
        found.name = cmd_name
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.listed and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], list(self.listed), n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            name = "".join(c if c.isprintable() else "?" for c in args[0][:40])
            raise click.UsageError(f"No such command {name!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(one.name, one.summary) for one in self.listed.values()])
