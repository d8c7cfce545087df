"""`git ai-trail usage`: what the sessions took, and what that costs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import click

from git_ai_trail.cli.options import When, agent_option, json_option, open_person
from git_ai_trail.cli.tables import drawn
from git_ai_trail.cli.terminal import clean, number, table_width
from git_ai_trail.git import Git
from git_ai_trail.model import UsageFilter
from git_ai_trail.pipeline import usage as pipeline
from git_ai_trail.pipeline.prices import prices_of
from git_ai_trail.pipeline.sessions import folders_of

_FIGURES = ("sessions", "input", "cached", "output", "reasoning", "total", "cost")


class Keys(click.ParamType[tuple[str, ...]]):
    """One or more of what can be summed up by, with commas between."""

    name = "key,…"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        keys = tuple(key.strip() for key in value.split(","))
        wrong = next((key for key in keys if key not in pipeline.KEYS), None)
        if wrong is not None:
            self.fail(f"{wrong!r} is not one of {', '.join(pipeline.KEYS)}", param, ctx)
        return keys


class Zone(click.ParamType[ZoneInfo]):
    """A time zone by its name in the IANA data base."""

    name = "zone"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> ZoneInfo:
        try:
            return value if isinstance(value, ZoneInfo) else ZoneInfo(value)
        except (ValueError, OSError, KeyError):
            self.fail("give a name like Europe/Berlin or UTC", param, ctx)


@click.command("usage")
@click.argument("revisions", nargs=-1)
@click.option("--by", type=Keys(), multiple=True, help=f"Sum up by these: {', '.join(pipeline.KEYS)}. Default: day.")
@click.option("--since", help="Only responses since then (2026-11-01, 7d); by commit, only commits since then.")
@click.option("--until", help="Only responses, or commits, before then.")
@agent_option
@click.option("--repo", type=click.Path(exists=True), help="Only sessions that worked in this repository or folder.")
@click.option("--prices", type=click.Path(), help="A price list to ask before our own: in our form, or LiteLLM's.")
@click.option("--timezone", type=Zone(), help="Whose days they are (Europe/Berlin); the system's if not given.")
@json_option
def command(
    revisions: tuple[str, ...],
    by: tuple[tuple[str, ...], ...],
    since: str | None,
    until: str | None,
    agent: str | None,
    repo: str | None,
    prices: str | None,
    timezone: ZoneInfo | None,
    as_json: bool,
) -> None:
    """Sum up tokens and cost by day, model, repository, session, agent or commit.

    Several keys make a line for each combination: --by day,model. By commit, what counts are the prompts that led to each
    commit that has a record; REVISIONS (HEAD if not given) say which. Costs are those of the vendors' public prices: what
    a subscription costs is not in any log.
    """
    keys = tuple(key for each in by for key in each) or ("day",)
    if revisions and "commit" not in keys:
        raise click.UsageError("a range is for --by commit")
    person = open_person()
    wanted = UsageFilter(
        folders=folders_of(repo, person.env) if repo and "commit" not in keys else (),
        agent=agent or "",
        since=_moment(since, timezone),
        until=_moment(until, timezone),
    )
    found = pipeline.usage(
        person.store if "commit" in keys else person.needed_store(),
        wanted,
        keys,
        prices_of(person.config, file=prices or ""),
        zone=timezone,
        git=Git(repo or os.getcwd(), foreign=bool(repo)) if "commit" in keys else None,
        revisions=revisions or ("HEAD",),
    )
    if as_json:
        click.echo(json.dumps(pipeline.as_json(found), ensure_ascii=False, indent=2))
        return
    if found.rows:
        click.echo(_table(found, color=person.color, width=table_width()), nl=False, color=person.color)
    for line in _notes(found):
        click.echo(line, err=True)


def _moment(text: str | None, zone: tzinfo | None) -> datetime | None:
    """A date without a zone is one of the zone asked for."""
    if text is None:
        return None
    try:
        stated = datetime.fromisoformat(text.strip())
    except ValueError:
        return When().convert(text, None, None)
    if stated.tzinfo is None and zone is not None:
        return stated.replace(tzinfo=zone)
    return When().convert(text, None, None)


def _table(found: pipeline.Usage, *, color: bool, width: int) -> str:
    rows = [
        [*(_key(key, value) for key, value in zip(found.by, row.keys, strict=True)), *_figures(row.spent)]
        for row in found.rows
    ]
    if len(rows) > 1:
        rows.append(["total", *[""] * (len(found.by) - 1), *_figures(found.total)])
    gives_way = next((key for key in ("repository", "model", "session") if key in found.by), found.by[0])
    return drawn((*found.by, *_FIGURES), rows, figures=_FIGURES, gives_way=gives_way, color=color, width=width)


def _key(key: str, value: str) -> str:
    if key == "commit":
        return value[:10]
    return clean(value)[:13] if key == "session" else clean(value) or "unknown"


def _figures(spent: pipeline.Spent) -> list[str]:
    tokens = spent.tokens
    counts = (tokens.input, tokens.cached, tokens.output, tokens.reasoning, tokens.total)
    return [number(spent.sessions), *map(number, counts), _cost(spent)]


def _cost(spent: pipeline.Spent) -> str:
    """Nothing where no price is known; a plus where some of it has none."""
    if spent.cost_usd is None:
        return ""
    said = "<$0.01" if 0 < spent.cost_usd < 0.005 else f"${spent.cost_usd:,.2f}"
    return f"{said}+" if spent.unpriced else said


def _notes(found: pipeline.Usage) -> Iterator[str]:
    if not found.rows:
        yield "no responses"
        return
    yield f"days of {found.timezone}; cached is part of input, reasoning of output"
    yield f"prices: {found.prices}" if found.prices else "no prices"
    for one in found.models:
        if one.matched and one.matched != one.model:
            yield f"{clean(one.model)} has the price of {clean(one.matched)}"
    lacking = [one for one in found.models if one.origin == "none"]
    for one in lacking:
        name = clean(one.model) or "responses whose log names no model"
        yield f"no price is known for {name}: {number(one.tokens)} tokens without a cost"
