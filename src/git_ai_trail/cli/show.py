"""`git ai-trail show`: one commit, explained."""

from __future__ import annotations

import json

import click

from git_ai_trail.cli import commit_view
from git_ai_trail.cli.options import json_option, open_place
from git_ai_trail.pipeline import show as pipeline


@click.command("show")
@click.argument("rev", default="HEAD")
@json_option
def command(rev: str, as_json: bool) -> None:
    """Show what is known of a commit: sessions, evidence, lines.

    REV is a commit as git names it. Works from the commit's note alone; prompts, tokens and cost are shown where this
    machine's database knows the session.
    """
    place = open_place()
    settings = place.settings
    view = pipeline.show(
        place.git, rev, place.store, policy=settings.publish, prices=place.prices, patterns=settings.apart
    )
    if as_json:
        click.echo(json.dumps(pipeline.as_json(view), indent=2, ensure_ascii=False))
        return
    for line in commit_view.lines(view, color=place.color, width=place.width):
        click.echo(line, color=place.color)
