"""`git ai-trail attest`: a statement for others to sign."""

from __future__ import annotations

import os

import click

from git_ai_trail.cli.first_publication import tell_of_text
from git_ai_trail.cli.options import commit_progress, open_place
from git_ai_trail.pipeline import attest as pipeline
from git_ai_trail.pipeline import report as reports
from git_ai_trail.pipeline.policy import policy_of


@click.command("attest")
@click.argument("revisions", nargs=-1)
@click.option("--release", metavar="TAG", default="", help="The release instead of a range.")
@click.option(
    "--previous", metavar="TAG", default="", help="The release before it; found among its ancestors by default."
)
@click.option(
    "--mode", type=click.Choice(pipeline.MODES), default="summary", help="How much the report says. Default: summary."
)
@click.option(
    "--policy-from", metavar="REV", default="", help="Take the policy from this commit, not from the worktree."
)
@click.option(
    "--report", "report_path", type=click.Path(dir_okay=False), help="Also write the report that it names (JSON)."
)
@click.option(
    "--predicate", "predicate_only", is_flag=True, help="Print the predicate alone, as actions/attest takes it."
)
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write here instead of printing.")
def command(
    revisions: tuple[str, ...],
    release: str,
    previous: str,
    mode: str,
    policy_from: str,
    report_path: str | None,
    predicate_only: bool,
    output: str | None,
) -> None:
    """State what the records of a range or release say: an in-toto Statement, ready to be signed.

    It is made from commits and notes alone, so that anybody can make it again; `verify --attestation` compares one with a clone.
    """
    if revisions and release:
        raise click.UsageError("give a range or --release, not both")
    place = open_place()
    with commit_progress() as progress:
        made, report = pipeline.attest(
            place.git,
            reports.wanted(revisions=revisions, release=release, previous=previous, mode=mode),
            env=place.env,
            policy=policy_of(place.git, policy_from),
            policy_source=policy_from or "the worktree",
            report_name=os.path.basename(report_path) if report_path else "",
            progress=progress,
        )
    if report_path:
        reports.save(report_path, report)
    text = pipeline.to_json(made.predicate if predicate_only else made)
    if output:
        reports.save(output, text)
    else:
        click.echo(text, nl=False)
    tell_of_text(
        place.tree.common_dir, f"attest {mode}", report if report_path else text, path=report_path or output or ""
    )
