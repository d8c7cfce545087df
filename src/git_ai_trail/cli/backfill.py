"""`git ai-trail backfill`: records for commits that already exist."""

from __future__ import annotations

import json
from datetime import datetime

import click

from git_ai_trail.cli.commit_view import short
from git_ai_trail.cli.options import When, commit_progress, index_progress, json_option, open_place
from git_ai_trail.cli.terminal import clean, styled
from git_ai_trail.pipeline import backfill as pipeline
from git_ai_trail.pipeline.annex import complete


@click.command("backfill")
@click.argument("revisions", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All commits of all branches and tags.")
@click.option("--since", type=When(), help="Only commits since then (2026-11-01, 7d).")
@click.option("--upgrade", is_flag=True, help="Make records that no message names anew, and say what has changed.")
@click.option("-n", "--dry-run", is_flag=True, help="Only say what would be recorded.")
@json_option
def command(
    revisions: tuple[str, ...],
    everything: bool,
    since: datetime | None,
    upgrade: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Attach records to commits that already exist, from the logs alone.

    REVISIONS are given as to `git log`; without any, all commits of the current branch. History is not rewritten:
    only notes are added, and a commit that has a record keeps it. Tokens, cost and counts of redactions are added to
    records whose sessions `git ai-trail ingest` has read.
    """
    place = open_place()
    place.need_formats()
    wanted = ["--branches", "--tags", "HEAD"] if everything else list(revisions) or ["HEAD"]
    wanted += [f"--since={since.isoformat()}"] if since else []
    with index_progress() as indexing, commit_progress() as matching:
        done = pipeline.backfill(
            place.tree,
            place.settings,
            place.env,
            revisions=wanted,
            dry_run=dry_run,
            upgrade=upgrade,
            index_progress=indexing,
            progress=matching,
        )
    noted = 0
    if not dry_run and place.store is not None:
        noted = complete(place.tree, place.store, place.config, wanted, policy=place.settings.publish)
    if as_json:
        click.echo(
            json.dumps({**done._asdict(), "annexes": noted, "found": [one._asdict() for one in done.found]}, indent=2)
        )
        return
    for one in done.found:
        click.echo(f"{styled(short(one.oid), 'yellow', place.color)}  {clean(one.subject)}", color=place.color)
        changed = f"was {one.before}, now " if one.before is not None else ""
        click.echo(f"         {changed}{clean(one.summary.removesuffix(' · git ai-trail show'))}")
        if one.changes:
            click.echo(f"         changed: {one.changes}")
    if noted:
        click.echo(f"{noted} records got tokens, cost and counts of redactions.", err=True)
    verb = "would get" if dry_run else "got"
    changed_count = sum(1 for one in done.found if one.before is not None)
    if upgrade:
        click.echo(f"{changed_count} records {'would be' if dry_run else 'were'} replaced.", err=True)
    click.echo(
        f"{len(done.found) - changed_count} of {done.commits} commits {verb} a record; {done.had_record} had one"
        f"{f', {done.merges} merges bring no lines of their own' if done.merges else ''}.",
        err=True,
    )
