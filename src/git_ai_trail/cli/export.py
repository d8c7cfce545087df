"""`git ai-trail export`: records in other tools' forms."""

from __future__ import annotations

import click

from git_ai_trail.cli.first_publication import tell_of_text
from git_ai_trail.cli.options import commit_progress, open_place
from git_ai_trail.cli.terminal import count
from git_ai_trail.pipeline import export as pipeline


@click.command("export")
@click.argument("revisions", nargs=-1)
@click.option("--format", "form", type=click.Choice(pipeline.FORMS), required=True, help="Whose form.")
@click.option(
    "--notes", "attach", is_flag=True, help="git-ai only: attach them in refs/notes/ai where a commit has none."
)
def command(revisions: tuple[str, ...], form: str, attach: bool) -> None:
    """Print the records of a range in another tool's form, a line of JSON for each commit.

    REVISIONS are given as to `git log`; without any, all commits of the current branch. Only records that hold are passed on,
    and nothing is printed or attached unless the finished export passes a second look.
    """
    if attach and form != "git-ai":
        raise click.UsageError("--notes goes with --format git-ai")
    place = open_place()
    with commit_progress() as progress:
        found = list(pipeline.export(place.git, revisions or ("HEAD",), form, progress=progress))
    if attach:
        written, left = pipeline.add_notes(place.git, found)
        click.echo(f"{count(written, 'note')} written, {left} commits had one", err=True)
    else:
        pipeline.refuse_unclean_export(place.git, found)
        click.echo(pipeline.text_of(found), nl=False)
        click.echo(count(len(found), "record"), err=True)
    if found:
        tell_of_text(place.tree.common_dir, f"export {form}", pipeline.text_of(found))
