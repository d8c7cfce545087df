"""`git ai-trail verify`: the gate."""

from __future__ import annotations

import json
from functools import partial

import click

from git_ai_trail.cli.options import Place, commit_progress, json_option, open_place
from git_ai_trail.cli.terminal import clean, styled, table_width
from git_ai_trail.pipeline import attest as attesting
from git_ai_trail.pipeline import verify as pipeline
from git_ai_trail.pipeline.policy import policy_of
from git_ai_trail.pipeline.rederive import rederive
from git_ai_trail.pipeline.sarif import sarif

_COLORS = {"ok": "green", "none": "white", "unknown": "yellow", "fail": "red"}


@click.command("verify")
@click.argument("revisions", nargs=-1)
@click.option(
    "--policy-from", metavar="REV", default="", help="Take the policy from this commit, not from the worktree."
)
@click.option("--require-known", is_flag=True, help="Fail where a message names a record that is not here.")
@click.option("--evidence", is_flag=True, help="Look at the logs on this machine again: do they hold what records say?")
@click.option("--only-problems", is_flag=True, help="Print only commits that fail or that the logs contradict.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "github", "sarif"]), default="text", help="Default: text."
)
@click.option(
    "--attestation",
    type=click.Path(exists=True, dir_okay=False),
    help="Compare this statement with the records here instead; its signature is for other tools.",
)
@click.option(
    "--report",
    "report_path",
    type=click.Path(exists=True, dir_okay=False),
    help="The report that the attestation names.",
)
@json_option
def command(
    revisions: tuple[str, ...],
    policy_from: str,
    require_known: bool,
    evidence: bool,
    only_problems: bool,
    form: str,
    attestation: str | None,
    report_path: str | None,
    as_json: bool,
) -> int:
    """Check commits: does each record hold, and does it keep to the policy?

    REVISIONS are given as to `git log`; without any, what has not been pushed yet, or the last commit where there is no
    upstream branch. Exits with 1 if a commit fails, each with a reason. In a pull request take the policy from the base
    branch (--policy-from origin/main), since the request could change it.
    """
    place = open_place()
    if attestation:
        if revisions:
            raise click.UsageError("an attestation names its own range")
        return _attested(place, attestation, report_path, as_json=as_json or form == "json")
    if report_path:
        raise click.UsageError("--report goes with --attestation")
    policy = policy_of(place.git, policy_from)
    wanted = list(revisions) or [pipeline.default_range(place.git)]
    logs = None
    if evidence or "evidence" in policy.require:
        place.need_formats()
        logs = partial(rederive, place.tree, place.settings, place.env)
    with commit_progress() as progress:
        done = pipeline.verify(place.git, wanted, policy, require_known=require_known, progress=progress, logs=logs)
    if as_json or form == "json":
        # Escaped so that no subject becomes a command of the workflow in whose log this is printed.
        text = json.dumps(pipeline.as_json(done), indent=2, ensure_ascii=False)
        click.echo(text.replace("##[", "#\\u0023["))
    elif form == "sarif":
        click.echo(json.dumps(sarif(done), indent=2).replace("##[", "#\\u0023["))
    elif form == "github":
        for line in pipeline.annotations(done):
            click.echo(line)
    else:
        _print(done, only_problems=only_problems, color=place.color, width=table_width())
    if form != "github" and not as_json:
        click.echo(pipeline.summary(done), err=True)
    return 1 if done.failed else 0


def _attested(place: Place, path: str, report_path: str | None, *, as_json: bool) -> int:
    with open(path, "rb") as file:
        data = file.read(attesting.MAX_BYTES + 1)
    report = None
    if report_path:
        with open(report_path, "rb") as file:
            report = file.read()
    with commit_progress() as progress:
        done = attesting.check(place.git, data, report=report, progress=progress)
    if as_json:
        click.echo(json.dumps(attesting.as_json(done), indent=2, ensure_ascii=False).replace("##[", "#\\u0023["))
        return 0 if done.holds else 1
    for oid, text in done.differences:
        click.echo(f"{oid[:10]}  {text}")
    click.echo(_harmless(attesting.summary(done)), err=True)
    return 0 if done.holds else 1


def _print(done: pipeline.Verified, *, only_problems: bool, color: bool, width: int) -> None:
    for one in done.problems if only_problems else done.verdicts:
        room = max(20, width - 18)
        subject = _harmless(one.subject)
        subject = subject if len(subject) <= room else subject[: room - 1] + "…"
        result = styled(f"{one.result:<7}", _COLORS[one.result], color)
        click.echo(f"{styled(one.oid[:7], 'yellow', color)}  {result}  {subject}", color=color)
        # The path stands last: a line of a workflow's log must not begin with text from the repository.
        if one.evidence:
            click.echo(f"{'':<18}evidence {one.evidence}", color=color)
        place = f" ({_harmless(one.file)}:{one.line})" if one.file else ""
        for number, reason in enumerate(one.reasons):
            click.echo(f"{'':<18}{reason}{'' if number else place}", color=color)


def _harmless(text: str) -> str:
    """Text from the repository for a terminal and for a workflow's log, where `##[` begins a command."""
    return clean(text).replace("##[", "##\\[")
