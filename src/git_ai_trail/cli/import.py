"""`git ai-trail import`: what other tools report of commits."""

from __future__ import annotations

import json

import click

from git_ai_trail.cli.options import commit_progress, json_option, open_place
from git_ai_trail.cli.tables import drawn
from git_ai_trail.cli.terminal import clean, count, number, table_width
from git_ai_trail.pipeline import export as pipeline


@click.command("import")
@click.argument("source", type=click.Choice(["git-ai"]))
@click.argument("revisions", nargs=-1)
@json_option
def command(source: str, revisions: tuple[str, ...], as_json: bool) -> None:
    """Read what another tool's notes report of a range, cut to the lines that each commit adds.

    It is a report, labelled as that, and never evidence: nothing here can prove it. Notes are read from refs/notes/ai;
    `git fetch origin refs/notes/ai:refs/notes/ai` brings them.
    """
    place = open_place()
    with commit_progress() as progress:
        found = pipeline.reported(place.git, revisions or ("HEAD",), progress=progress)
    if as_json:
        click.echo(json.dumps(pipeline.reported_json(found), indent=2, ensure_ascii=False).replace("##[", "#\\u0023["))
        return
    if found:
        names = ("commit", "agent", "model", "session", "lines", "outside", "subject")
        rows = [
            [
                one.oid[:7],
                clean(one.tool),
                clean(one.model),
                clean(one.session)[:13],
                number(one.inside),
                number(one.outside),
                clean(one.subject),
            ]
            for one in found
        ]
        table = drawn(
            names, rows, figures=("lines", "outside"), gives_way="subject", color=place.color, width=table_width()
        )
        click.echo(table, nl=False, color=place.color)
    commits = len({one.oid for one in found})
    click.echo(f"{count(commits, 'commit')} with a report by {source}, which proves nothing by itself", err=True)
