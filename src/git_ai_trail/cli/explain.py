"""`git ai-trail explain`: why each session matched a commit or did not."""

from __future__ import annotations

import json

import click

from git_ai_trail.cli.commit_view import short
from git_ai_trail.cli.options import index_progress, json_option, open_place
from git_ai_trail.cli.terminal import clean, styled
from git_ai_trail.facts import Considered
from git_ai_trail.pipeline import explain as pipeline


@click.command("explain")
@click.argument("rev", default="HEAD")
@json_option
def command(rev: str, as_json: bool) -> None:
    """Say why each session passed or failed for a commit.

    The evidence is worked out anew from the logs on this machine, whatever the commit's record says.
    """
    place = open_place()
    place.need_formats()
    with index_progress() as progress:
        found = pipeline.explain(place.tree, place.settings, place.env, rev, index_progress=progress)
    if as_json:
        click.echo(json.dumps(pipeline.as_json(found), indent=2, ensure_ascii=False))
        return
    match = found.gathered.match
    click.echo(f"{styled(short(found.commit.oid), 'yellow', place.color)}  {clean(found.commit.subject)}")
    click.echo(
        f"lines     {match.generated} generated · {match.edited} edited · {match.unattributed} unattributed"
        f" · {match.deleted} deleted"
    )
    if match.apart.added:
        click.echo(f"apart     {match.apart.added} of these lines stand in lock, generated or vendored files")
    if match.beyond:
        click.echo(f"bound     {match.beyond} added lines are too many to be matched; they count as unattributed")
    if not found.considered:
        click.echo(f"No session in {found.logs} logs wrote to these files or was active here around that time.")
    for one in found.considered:
        for line in _lines(one, color=place.color):
            click.echo(line, color=place.color)


def _lines(one: Considered, *, color: bool) -> list[str]:
    session = one.candidate.session
    mark = styled("passed", "green", color) if one.accepted else styled("failed", "red", color)
    model = clean(session.models[-1]) if session.models else "model not known"
    head = (
        f"{mark}    {clean(session.session_id)}  {clean(one.candidate.agent)} {clean(session.agent_version)} · {model}"
    )
    rows = [head]
    for fact in one.evidence:
        figures = f"{fact.lines} lines, {fact.rare} rare, cover {fact.cover} %, " if fact.lines else ""
        rows.append(f"  {fact.kind:<20} {figures}{clean(fact.detail)}")
    files = sorted({path for path, _ in one.candidate.edits})
    if files:
        more = f" and {len(files) - 5} more" if len(files) > 5 else ""
        rows.append(f"  wrote to             {', '.join(clean(path) for path in files[:5])}{more}")
    return rows
