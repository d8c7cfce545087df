"""`git ai-trail verify`: the gate."""

from __future__ import annotations

import json

import click

from git_ai_trail.cli.commit_view import styled
from git_ai_trail.cli.options import commit_progress, json_option, open_place
from git_ai_trail.cli.terminal import clean, table_width
from git_ai_trail.pipeline import verify as pipeline
from git_ai_trail.pipeline.policy import policy_of

_COLORS = {"ok": "green", "none": "white", "unknown": "yellow", "fail": "red"}


@click.command("verify")
@click.argument("revisions", nargs=-1)
@click.option(
    "--policy-from", metavar="REV", default="", help="Take the policy from this commit, not from the worktree."
)
@click.option("--require-known", is_flag=True, help="Fail where a message names a record that is not here.")
@click.option("--format", "form", type=click.Choice(["text", "json", "github"]), default="text", help="Default: text.")
@json_option
def command(revisions: tuple[str, ...], policy_from: str, require_known: bool, form: str, as_json: bool) -> int:
    """Check commits: does each record hold, and does it keep to the policy?

    REVISIONS are given as to `git log`; without any, what has not been pushed yet, or the last commit where there is no
    upstream branch. Exits with 1 if a commit fails, each with a reason. In a pull request take the policy from the base
    branch (--policy-from origin/main), since the request could change it.
    """
    place = open_place()
    policy = policy_of(place.git, policy_from)
    wanted = list(revisions) or [pipeline.default_range(place.git)]
    with commit_progress() as progress:
        done = pipeline.verify(place.git, wanted, policy, require_known=require_known, progress=progress)
    if as_json or form == "json":
        # Escaped so that no subject becomes a command of the workflow in whose log this is printed.
        text = json.dumps(pipeline.as_json(done), indent=2, ensure_ascii=False)
        click.echo(text.replace("##[", "#\\u0023["))
    elif form == "github":
        for line in pipeline.annotations(done):
            click.echo(line)
    else:
        _print(done, color=place.color, width=table_width())
    if form != "github" and not as_json:
        click.echo(pipeline.summary(done), err=True)
    return 1 if done.failed else 0


def _print(done: pipeline.Verified, *, color: bool, width: int) -> None:
    for one in done.verdicts:
        room = max(20, width - 18)
        subject = _harmless(one.subject)
        subject = subject if len(subject) <= room else subject[: room - 1] + "…"
        result = styled(f"{one.result:<7}", _COLORS[one.result], color)
        click.echo(f"{styled(one.oid[:7], 'yellow', color)}  {result}  {subject}", color=color)
        # The path stands last: a line of a workflow's log must not begin with text from the repository.
        place = f" ({_harmless(one.file)}:{one.line})" if one.file else ""
        for number, reason in enumerate(one.reasons):
            click.echo(f"{'':<18}{reason}{'' if number else place}", color=color)


def _harmless(text: str) -> str:
    """Text from the repository for a terminal and for a workflow's log, where `##[` begins a command."""
    return clean(text).replace("##[", "##\\[")
