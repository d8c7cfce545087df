"""`git ai-trail sessions`: what is in the trail database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

import click

from git_ai_trail.cli.options import When, agent_option, json_option, open_person
from git_ai_trail.cli.tables import drawn, widths
from git_ai_trail.cli.terminal import clean, count, moment, number, table_width
from git_ai_trail.model import SessionFilter, SessionInfo
from git_ai_trail.pipeline.sessions import folders_of, info_json, listed


@click.command("sessions")
@click.option("--repo", type=click.Path(), help="Only sessions that worked in this repository or folder.")
@click.option("--since", type=When(), help="Only sessions active since then (2026-11-01, 7d).")
@click.option("--until", type=When(), help="Only sessions that began before then.")
@agent_option
@click.option("--tag", default="", help="Only sessions with this tag.")
@click.option("--limit", type=click.IntRange(min=1), help="At most this many, newest first.")
@json_option
def command(
    repo: str | None,
    since: datetime | None,
    until: datetime | None,
    agent: str | None,
    tag: str,
    limit: int | None,
    as_json: bool,
) -> None:
    """List the sessions in the trail database, newest first."""
    person = open_person()
    wanted = SessionFilter(
        folders=folders_of(repo, person.env) if repo else (),
        since=since,
        until=until,
        agent=agent or "",
        tag=tag,
        limit=limit,
    )
    found = listed(person.needed_store(), wanted, person.prices)
    if as_json:
        click.echo(json.dumps([info_json(info) for info in found], ensure_ascii=False, indent=2))
        return
    if found:
        click.echo(_table(found, color=person.color, width=table_width()), nl=False, color=person.color)
    click.echo(count(len(found), "session"), err=True)


_COLUMNS = ("session", "started", "agent", "model", "prompts", "calls", "edits", "tokens", "cost", "folder")
_FIGURES = ("prompts", "calls", "edits", "tokens", "cost")


def _table(found: Sequence[SessionInfo], *, color: bool, width: int) -> str:
    rows: list[tuple[str, ...]] = [_row(info) for info in found]
    columns: tuple[str, ...] = _COLUMNS
    if sum(widths(columns, rows, "folder")) + 2 * (len(columns) - 1) > width:
        columns, rows = _without_cost(columns), [_without_cost(row) for row in rows]
    return drawn(columns, rows, figures=_FIGURES, gives_way="folder", color=color, width=width, first="yellow")


def _without_cost(row: tuple[str, ...]) -> tuple[str, ...]:
    """What a narrow terminal can do without: `session` and `usage` say it too."""
    at = _COLUMNS.index("cost")
    return row[:at] + row[at + 1 :]


def _row(info: SessionInfo) -> tuple[str, ...]:
    return (
        clean(info.id)[:13],
        moment(info.started_at),
        f"{clean(info.agent)} {clean(info.agent_version)}".strip()[:24],
        clean(info.models[-1])[:24] if info.models else "",
        number(info.prompts),
        number(info.calls),
        number(info.edits),
        number(info.tokens.total),
        "" if info.cost_usd is None else f"${info.cost_usd:,.2f}",
        clean(info.cwd),
    )
