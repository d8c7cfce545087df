"""`git ai-trail log`: a range of commits, a line or two each."""

from __future__ import annotations

import json

import click

from git_ai_trail.cli import commit_view
from git_ai_trail.cli.options import json_option, open_place
from git_ai_trail.pipeline import log as pipeline
from git_ai_trail.pipeline.show import as_json as shown_json


@click.command("log")
@click.argument("revisions", nargs=-1)
@click.option("-n", "--max-count", type=click.IntRange(min=1), help="Show at most this many commits.")
@click.option("--all", "everything", is_flag=True, help="All commits of all branches and tags.")
@click.option("--with-evidence", is_flag=True, help="Leave out commits without a record.")
@json_option
def command(
    revisions: tuple[str, ...], max_count: int | None, everything: bool, with_evidence: bool, as_json: bool
) -> None:
    """List commits with their share of lines with evidence.

    REVISIONS are given as to `git log`; without any, all commits of the current branch.
    """
    place = open_place()
    views = pipeline.log(
        place.git,
        ("--branches", "--tags", "HEAD") if everything else revisions,
        place.store,
        limit=max_count,
        policy=place.settings.publish,
        prices=place.prices,
        patterns=place.settings.apart,
    )
    if with_evidence:
        views = [view for view in views if view.status != "none"]
    if as_json:
        click.echo(json.dumps([shown_json(view) for view in views], indent=2, ensure_ascii=False))
        return
    for view in views:
        click.echo(commit_view.row(view, color=place.color, width=place.width), color=place.color)
    if views:
        click.echo(commit_view.total(views), err=True)
