"""`git ai-trail redact withhold`: takes prompts' texts out of the notes for good."""

from __future__ import annotations

import json
from collections.abc import Iterator

import click

from git_ai_trail.cli.options import json_option, open_place
from git_ai_trail.cli.terminal import clean, count
from git_ai_trail.pipeline import withhold as pipeline

_AFTER_PURGE = (
    "git still keeps the old texts here until `git gc --prune=now`, and wherever somebody fetched them: clones, forks,",
    "mirrors and a host's caches cannot be purged from here. If a secret stood in them, rotate it.",
)


@click.command("withhold")
@click.argument("rev", required=False)
@click.argument("prompts", nargs=-1, type=click.IntRange(min=1), metavar="[PROMPT…]")
@click.option("--session", default="", help="The session, where several have a prompt of that number.")
@click.option("--all", "everything", is_flag=True, help="Every prompt of the commit's record.")
@click.option("--purge", is_flag=True, help="Also take the old texts out of the notes' history.")
@click.option("--push", is_flag=True, help="With --purge: put the purged history in the remote's place.")
@click.option("--remote", default="origin", show_default=True, help="The remote for --push.")
@click.option("-n", "--dry-run", is_flag=True, help="Only say what would be withheld.")
@json_option
def command(
    rev: str | None,
    prompts: tuple[int, ...],
    session: str,
    everything: bool,
    purge: bool,
    push: bool,
    remote: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Withdraw prompts' texts from a commit's annex for good.

    PROMPT is a prompt's number as `show` prints it. A line that withholds it takes the place of the text; it beats the text in
    every merge and for every reader, and no text of it is written again. The record itself stays and still verifies.
    """
    if push and not purge:
        raise click.UsageError("--push goes with --purge; `git ai-trail notes push` shares what is withheld")
    if rev is None and not purge:
        raise click.UsageError("name a commit and a prompt, or --purge alone")
    if rev is not None and bool(prompts) == everything:
        raise click.UsageError("name prompts by their numbers, or --all")
    place = open_place()
    done = pipeline.Withheld()
    if rev is not None:
        done = pipeline.withhold(place.tree, rev, prompts, session=session, everything=everything, dry_run=dry_run)
    purged = pipeline.Withheld()
    if purge and not dry_run:
        purged = pipeline.purge_history(place.tree, remote=remote if push else "")
    if as_json:
        click.echo(json.dumps(_json(done, purged, dry_run), indent=2))
        return
    for line in _lines(done, purged, dry_run):
        click.echo(line)
    if purged.purged:
        for line in _AFTER_PURGE:
            click.echo(line, err=True)


def _lines(done: pipeline.Withheld, purged: pipeline.Withheld, dry_run: bool) -> Iterator[str]:
    for one in done.prompts:
        verb = "would be withheld" if dry_run else "withheld" if done.new else "withheld already"
        yield f"prompt {one.turn + 1} of session {clean(one.session)[:8]}: {verb}"
    if done.prompts:
        yield f"its text stood in the annexes of {count(len(done.commits), 'commit')}"
    if done.new and not purged.purged:
        yield "the text is still in the notes' history: see --purge"
    if purged.purged:
        yield "the annexes' ref has no history any more"
    if purged.pushed:
        yield f"{clean(purged.pushed)}: replaced by force, with lease"


def _json(done: pipeline.Withheld, purged: pipeline.Withheld, dry_run: bool) -> dict[str, object]:
    return {
        "prompts": [
            {"record": one.record, "session": one.session, "prompt": one.turn + 1, "commitment": one.commitment}
            for one in done.prompts
        ],
        "commits": list(done.commits),
        "changed": done.new,
        "dry_run": dry_run,
        "purged": purged.purged,
        "pushed": purged.pushed,
    }
