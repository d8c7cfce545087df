"""`git ai-trail report`: the transparency report on a release or a range."""

from __future__ import annotations

import gc
import os
from datetime import datetime

import click

from git_ai_trail.cli.first_publication import tell_of_text
from git_ai_trail.cli.options import Place, When, commit_progress, open_place
from git_ai_trail.errors import TrailError
from git_ai_trail.pipeline import report as pipeline
from git_ai_trail.pipeline.policy import policy_of


@click.command("report")
@click.argument("revisions", nargs=-1)
@click.option("--release", metavar="TAG", default="", help="What came with this release: from the one before to TAG.")
@click.option("--previous", metavar="TAG", default="", help="The release before, where it is not found by itself.")
@click.option(
    "--tag-prefix", default=None, help="Only tags that begin so are releases (several projects in one repository)."
)
@click.option(
    "--mode", type=click.Choice(pipeline.MODES), help="How much to say. Default: the repository's, else summary."
)
@click.option("--format", "form", type=click.Choice(pipeline.FORMS), help="Default: the repository's, else md.")
@click.option("--section", default="", help="With csv: the section whose table is wanted (commits, agents, …).")
@click.option("--path", "paths", multiple=True, help="Only commits that touch this path, and what they did there.")
@click.option("--since", type=When(), help="Only commits since then.")
@click.option("--until", type=When(), help="Only commits before then.")
@click.option("--author", default="", help="Only commits of authors whose name has this in it.")
@click.option("--agent", default="", help="Only commits in which this agent took part.")
@click.option("--session", default="", help="Only commits in which a session took part whose id begins so.")
@click.option("--tag", default="", help="Only commits in which a session took part that you tagged so.")
@click.option("--authors", is_flag=True, help="Name the commits' authors (off by default).")
@click.option("--title", default="", help="Heading; {name} stands for the release or range.")
@click.option(
    "--policy-from", metavar="REV", default="", help="Take the policy from this commit, not from the worktree."
)
@click.option("--no-store", is_flag=True, help="Use records and trailers alone, as in CI; the same anywhere.")
@click.option("--from-json", metavar="FILE", default="", help="Render this report again instead of making one.")
@click.option("--templates", metavar="DIR", default="", help="Your own templates, which replace ours one by one.")
@click.option("--max-chars", type=click.IntRange(min=100), help="Shorten the report so that it is no longer than this.")
@click.option("--full-url", default="", help="Where the whole report is, for links from a shortened one.")
@click.option("-o", "--output", metavar="FILE", help="Write to this file.")
@click.option("--into", metavar="FILE", help="Put it between markers into this file; everything else there stays.")
@click.option(
    "--second-opinion",
    is_flag=True,
    help="Ask another engine (kingfisher) too, and write nothing if it finds a secret.",
)
@click.option(
    "--check", is_flag=True, help="With --into or --output: write nothing, exit 1 if the file is not up to date."
)
def command(
    revisions: tuple[str, ...],
    form: str | None,
    section: str,
    policy_from: str,
    no_store: bool,
    from_json: str,
    templates: str,
    max_chars: int | None,
    full_url: str,
    output: str | None,
    into: str | None,
    check: bool,
    second_opinion: bool,
    tag_prefix: str | None,
    since: datetime | None,
    until: datetime | None,
    **wanted: str | bool | tuple[str, ...] | None,
) -> int:
    """Report on AI assistance in a release or range, with evidence.

    REVISIONS are given as v1.2..v1.3; without any and without --release, what came since the last release. All texts are
    redacted, and nothing is printed or written unless the finished report passes a second look.
    """
    if (into and output) or (check and not (into or output)):
        raise click.UsageError("give one of --into and --output, and --check only with one of them")
    if revisions and wanted["release"]:
        raise click.UsageError("give a range or --release, not both")
    # A report is a hundred thousand small values that all live until it is printed; looking for garbage among them takes a good part of the time.
    gc.disable()
    place = open_place()
    if from_json:
        report, policy_form = pipeline.load(from_json), "md"
    else:
        policy = policy_of(place.git, policy_from)
        policy_form = policy.report_format
        asked = pipeline.wanted(revisions=revisions, prefix=tag_prefix, since=since, until=until, **wanted)
        with commit_progress() as progress:
            report = pipeline.make(
                place.git,
                asked,
                env=place.env,
                policy=policy,
                policy_source=policy_from or "the worktree",
                store=None if no_store else place.store,
                user=None if no_store else place.config,
                progress=progress,
            )
    text = pipeline.written(
        report,
        form or policy_form,
        templates=templates or _own_templates(place),
        section=section,
        limit=max_chars,
        full_url=full_url,
        second_opinion=second_opinion,
        folder=os.getcwd(),
    )
    return _deliver(place, text, report, into=into, output=output, check=check)


def _own_templates(place: Place) -> str:
    folder = os.path.join(place.tree.root, pipeline.TEMPLATES)
    return folder if os.path.isdir(folder) else ""


def _deliver(
    place: Place, text: str, report: pipeline.Report, *, into: str | None, output: str | None, check: bool
) -> int:
    if into:
        changed = pipeline.put_into(into, report.subject.name, text, dry_run=check)
    elif output:
        changed = pipeline.save_if_new(output, text, dry_run=check)
    else:
        click.echo(text, nl=False)
        return 0
    name = into or output or ""
    if check and changed:
        raise TrailError(f"{name} is not up to date", "run the same command without --check")
    click.echo(f"{name}: {'written' if changed else 'up to date'}", err=True)
    if not check:
        tell_of_text(place.tree.common_dir, f"report {report.mode}", text, path=name, within=bool(into))
    return 0
