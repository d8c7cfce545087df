"""`git ai-trail notes`: share records, and carry them over a squash or rebase merge."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TextIO

import click

from git_ai_trail.cli.commit_view import short
from git_ai_trail.cli.first_publication import tell_of_notes
from git_ai_trail.cli.options import Place, json_option, open_place
from git_ai_trail.errors import TrailError
from git_ai_trail.pipeline import carry as carrying
from git_ai_trail.pipeline import sharing
from git_ai_trail.pipeline.near_misses import NearNote
from git_ai_trail.pipeline.policy import policy_of
from git_ai_trail.pipeline.rewritten import pairs_in

OPS = ("squash", "rebase", "cherry-pick")
_LONGEST_LIST = 1 << 28
_CONTEXT = {"help_option_names": ["-h", "--help"]}


@click.group("notes", context_settings=_CONTEXT)
def command() -> None:
    """Share records with a remote; carry them over a squash or rebase merge."""


@command.command("fetch")
@click.argument("remote", default="origin")
@json_option
def fetch(remote: str, as_json: bool) -> None:
    """Bring the records of REMOTE and unite them with those here."""
    place = open_place()
    _tell(sharing.fetch(place.git, place.tree.common_dir, remote), remote, as_json)


@command.command("push")
@click.argument("remote", default="origin")
@json_option
def push(remote: str, as_json: bool) -> None:
    """Give the records here to REMOTE, united with those that it has. Never forced.

    Before the first time it says how much in them comes near to a secret, and asks where somebody sits at a terminal.
    """
    place = open_place()

    def tell(found: Sequence[NearNote]) -> None:
        tell_of_notes(found, remote, may_ask=not as_json)

    _tell(sharing.push(place.git, place.tree.common_dir, remote, tell=tell), remote, as_json)


def _tell(shared: sharing.Shared, remote: str, as_json: bool) -> None:
    if as_json:
        fetched = {
            ref: {"new": one.new, "grown": one.grown, "left_out": one.left_out} for ref, one in shared.fetched.items()
        }
        click.echo(
            json.dumps({"fetched": fetched, "pushed": list(shared.pushed), "too_large": shared.too_large}, indent=2)
        )
        return
    for ref, one in shared.fetched.items():
        click.echo(f"{ref}: {one.new} new notes, {one.grown} with new lines")
        if one.left_out:
            click.echo(f"{ref}: {one.left_out} notes are larger than readers read and were left out", err=True)
    for ref in shared.pushed:
        click.echo(f"{ref}: {remote} has it as it is here")
    if shared.too_large:
        click.echo(f"{shared.too_large} of the notes here are larger than the 4 MiB that readers read", err=True)


@command.command("carry")
@click.argument("target", required=False)
@click.option("--from", "origins", metavar="REV|RANGE", multiple=True, help="The commits it came from.")
@click.option("--op", type=click.Choice(OPS), help="What happened. Default: squash of several commits, else rebase.")
@click.option(
    "--rewritten",
    type=click.File("r", encoding="ascii", errors="replace"),
    help="Instead: lines with an old and a new oid, as git's post-rewrite hook has them, or filter-repo's commit-map.",
)
@click.option("--policy-from", metavar="REV", default="", help="Take the policy from this commit.")
@click.option("-n", "--dry-run", is_flag=True, help="Only say what would be carried.")
@json_option
def carry(
    target: str | None,
    origins: tuple[str, ...],
    op: str | None,
    rewritten: TextIO | None,
    policy_from: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Attach to TARGET what the records of other commits say of lines that stand in it.

    For a squash or rebase merge that a code host made: notes do not go along there. What no longer stands is left behind.
    With --rewritten, for a whole history that another program rewrote.
    """
    if (rewritten is None) != bool(target and origins) or (rewritten is not None and (target or origins)):
        raise click.UsageError("give a commit and --from, or --rewritten alone")
    place = open_place()
    policy = policy_of(place.git, policy_from)
    where = place.git, place.tree.common_dir
    if rewritten is not None:
        pairs = pairs_in(rewritten.read(_LONGEST_LIST))
        done = carrying.carry_rewritten(*where, pairs, op=op or "", policy=policy, dry_run=dry_run)
    else:
        sources = carrying.sources_of(place.git, _oids(place, origins))
        done = [carrying.carry(*where, target or "", sources, op=op or "", policy=policy, dry_run=dry_run)]
    if as_json:
        views = [_view(one) for one in done]
        click.echo(json.dumps(views if rewritten is not None else views[0], indent=2))
        return
    for one in done:
        _say(one, dry_run=dry_run)


def _view(done: carrying.Carried) -> dict[str, object]:
    return {
        "target": done.target,
        "records": list(done.records),
        "lines": done.lines,
        "annexes": done.annexes,
        "skipped": [{"record": digest, "reason": reason} for digest, reason in done.skipped],
    }


def _say(done: carrying.Carried, *, dry_run: bool) -> None:
    verb = "would be carried" if dry_run else "carried"
    count = f"{len(done.records)} record{'' if len(done.records) == 1 else 's'}"
    click.echo(f"{short(done.target)}: {count} {verb}, {done.lines:,} of its lines have evidence by them")
    for digest, reason in done.skipped:
        click.echo(f"  left behind 1:{digest[:10]}…: {reason}")


def _oids(place: Place, origins: tuple[str, ...]) -> list[str]:
    """The commits that are named, oldest first; a range stands for all in it."""
    oids: list[str] = []
    for one in origins:
        if one.startswith("-"):
            raise TrailError(f"not a commit or range: {one[:80]!r}")
        span = () if ".." in one else ("--max-count=1",)
        code, out = place.git.call("rev-list", "--reverse", "--topo-order", *span, one, "--")
        if code != 0:
            raise TrailError(
                f"git knows no such commit or range: {one[:80]!r}", "give a commit, or a range like main..topic"
            )
        oids += out.decode("ascii", "replace").split()
    order = place.git.text("rev-list", "--reverse", "--topo-order", "--no-walk=unsorted", *oids, "--").split()
    return list(dict.fromkeys([*order, *oids])) if len(origins) == 1 else list(dict.fromkeys(oids))
