"""`git ai-trail stats`: totals over a range."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime

import click

from git_ai_trail.cli.commit_view import BAR
from git_ai_trail.cli.options import When, commit_progress, json_option, open_place
from git_ai_trail.cli.tables import drawn
from git_ai_trail.cli.terminal import clean, count, number, styled, table_width
from git_ai_trail.pipeline import report as reports
from git_ai_trail.pipeline import stats as pipeline
from git_ai_trail.pipeline.policy import policy_of

_LABEL = 10


@click.command("stats")
@click.argument("revisions", nargs=-1)
@click.option(
    "--kept", "lasting", is_flag=True, help="Also say how many of these lines still stand at the range's end."
)
@click.option("--authors", is_flag=True, help="Also by author of the commits.")
@click.option("--path", "paths", multiple=True, help="Only what touches this path; can be repeated.")
@click.option("--since", type=When(), help="Only commits since then (2026-11-01, 7d).")
@click.option("--until", type=When(), help="Only commits before then.")
@click.option("--agent", default="", help="Only commits in which this agent took part.")
@json_option
def command(
    revisions: tuple[str, ...],
    lasting: bool,
    authors: bool,
    paths: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    agent: str,
    as_json: bool,
) -> None:
    """Sum up a range: by agent and model, by area of the tree, and how much of it still stands.

    REVISIONS are given as to `git log`; without any, all commits of the current branch. The figures are those that
    `report` prints for the same range.
    """
    place = open_place()
    asked = reports.wanted(
        revisions=revisions or ("HEAD",),
        paths=paths,
        since=since,
        until=until,
        agent=agent,
        authors=authors,
        mode="summary",
    )
    policy = policy_of(place.git, "")
    with commit_progress() as progress:
        made = reports.make(
            place.git,
            asked,
            env=place.env,
            policy=policy,
            store=place.store,
            user=place.config,
            progress=progress,
        )
        standing = pipeline.kept(place.git, made, patterns=policy.apart, progress=progress) if lasting else None
    people = pipeline.by_author(made) if authors else []
    if as_json:
        click.echo(json.dumps(pipeline.as_json(made, people, standing), indent=2, ensure_ascii=False))
        return
    for text in _lines(made, standing, color=place.color, width=min(table_width(), 100)):
        click.echo(text, color=place.color)
    for table in _tables(made, people, color=place.color, width=table_width()):
        click.echo("\n" + table, nl=False, color=place.color)


def _lines(made: reports.Report, standing: pipeline.Kept | None, *, color: bool, width: int) -> Iterator[str]:
    totals, lines = made.totals, made.totals.lines

    def labelled(label: str, text: str) -> str:
        return f"{styled(f'{label:<{_LABEL}}', 'cyan', color)}{text}"

    yield labelled("range", clean(made.subject.name))
    said = f"{number(totals.with_evidence)} of {count(totals.commits, 'commit')} with evidence"
    doubts = [f"{number(n)} {word}" for n, word in ((totals.claims, "only claimed"), (totals.unknown, "unknown")) if n]
    yield labelled("commits", " · ".join([said, *doubts]))
    figures = f"{number(lines.generated)} generated · {number(lines.edited)} edited · {number(lines.unattributed)} unattributed"
    yield labelled(
        "lines", f"{figures:<{max(40, width - BAR - _LABEL - 1)}} {_bar(lines.generated, lines.edited, lines.added)}"
    )
    if totals.apart.added:
        owned = totals.apart.generated + totals.apart.edited
        evidence = f", {number(owned)} of them with evidence" if owned else ""
        yield labelled(
            "apart", f"{count(totals.apart.added, 'line')} in lock, generated and vendored files kept apart{evidence}"
        )
    yield labelled("deleted", count(lines.deleted, "line"))
    if totals.sessions:
        parts = [count(totals.sessions, "session"), count(totals.prompts, "prompt")]
        parts += [f"{number(totals.tokens.total)} tokens"] if totals.tokens is not None else []
        parts += (
            [f"${totals.cost_usd:,.2f}{'' if totals.costed else ' at least'}"] if totals.cost_usd is not None else []
        )
        yield labelled("sessions", " · ".join(parts))
    if standing is not None:
        told = [f"{number(now)} of {number(of)} {name}" for name, (now, of) in standing.by_class.items() if of]
        what = " and ".join(told) + " lines still stand" if told else "no lines with evidence"
        yield labelled("kept", f"{what} at {standing.tip[:7]}")
        if len(standing.by_agent) > 1:
            for name, (now, of) in standing.by_agent.items():
                yield labelled("", f"{clean(name)}: {number(now)} of {number(of)}")


def _bar(generated: int, edited: int, added: int) -> str:
    if not added:
        return ""
    full = round(BAR * generated / added)
    half = min(BAR - full, round(BAR * edited / added))
    return "▇" * full + "▅" * half + "▁" * (BAR - full - half)


def _tables(made: reports.Report, people: Sequence[pipeline.AuthorRow], *, color: bool, width: int) -> Iterator[str]:
    names: tuple[str, ...]
    agents = pipeline.table_of(made, "agents")
    if agents is not None:
        names = ("agent · model", "commits", "generated", "edited", "sessions", "tokens", "cost")
        keys = ("agent", "commits", "generated", "edited", "sessions", "tokens", "cost_usd")
        rows = [[_cell(key, row.get(key)) for key in keys] for row in agents.rows]
        yield drawn(names, rows, figures=names[1:], gives_way=names[0], color=color, width=width)
    areas = pipeline.table_of(made, "areas")
    if areas is not None:
        names = ("area", "files", "commits", "generated", "edited", "added")
        rows = [[_cell(key, row.get(key)) for key in names] for row in areas.rows]
        yield drawn(names, rows, figures=names[1:], gives_way="area", color=color, width=width)
    if people:
        names = ("author", "commits", "with_evidence", "generated", "edited", "added")
        rows = [[_cell(key, getattr(row, key)) for key in names] for row in people]
        shown = tuple(name.replace("_", " ") for name in names)
        yield drawn(shown, rows, figures=shown[1:], gives_way="author", color=color, width=width)


def _cell(key: str, value: str | int | float | None) -> str:
    if value is None:
        return ""
    if key == "cost_usd":
        return f"${value:,.2f}"
    return clean(value) if isinstance(value, str) else number(int(value))
