"""`git ai-trail blame`: a file line by line."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

import click

from git_ai_trail.agents import spoken
from git_ai_trail.cli.options import json_option, open_place
from git_ai_trail.cli.terminal import clean, number, styled
from git_ai_trail.pipeline import blame as pipeline

_MARKS = {"generated": "▇", "edited": "▅"}


@click.command("blame")
@click.argument("rev_and_path", nargs=-1, required=True, metavar="[REV] [--] FILE")
@click.option(
    "-L", "ranges", multiple=True, metavar="START,END", help="Only these lines, or :FUNCTION; can be repeated."
)
@click.option("-w", "spaces", is_flag=True, help="Look through changes of white space.")
@click.option("-M", "moved", is_flag=True, help="Find lines that were moved within the file.")
@click.option("-C", "copied", count=True, help="Find lines that came from other files; twice and thrice look further.")
@click.option("--first-parent", is_flag=True, help="Follow only the first parent of merges.")
@click.option(
    "--ignore-revs-file", "ignored", type=click.Path(), default="", help="Look through the commits listed there."
)
@click.option("--porcelain", is_flag=True, help="For programs: git's line porcelain with lines of ours.")
@json_option
def command(
    rev_and_path: tuple[str, ...],
    ranges: tuple[str, ...],
    spaces: bool,
    moved: bool,
    copied: int,
    first_parent: bool,
    ignored: str,
    porcelain: bool,
    as_json: bool,
) -> None:
    """Show for each line of a file which commit it comes from, and which session wrote it.

    What stands there now is followed back through renames and edits as `git blame` does it; the owner of a line is what the
    record of the commit says. A line without an owner has no evidence, which says nothing about who wrote it.
    """
    if len(rev_and_path) > 2:
        raise click.UsageError("give one file, and before it a revision if you like")
    *rev, path = rev_and_path
    place = open_place()
    place.know_agents()
    options = ["-w"] * spaces + ["-M"] * moved + ["-C"] * min(copied, 3) + ["--first-parent"] * first_parent
    done = pipeline.blame(place.git, path, rev[0] if rev else "", ranges=ranges, options=options, ignored=ignored)
    if as_json:
        click.echo(json.dumps(pipeline.as_json(done), indent=2, ensure_ascii=False))
    elif porcelain:
        click.echo("".join(f"{text}\n" for text in pipeline.porcelain(done)), nl=False)
    else:
        click.echo("".join(f"{text}\n" for text in _rows(done, color=place.color)), nl=False, color=place.color)
        if done.lines:
            click.echo(_total(done), err=True)


def _rows(done: pipeline.Blamed, *, color: bool) -> Iterator[str]:
    """`oid  mark owner  author date line) text`, an owner only where it begins or changes."""
    names = {oid: clean(one.name)[:16] for oid, one in done.authors.items()}
    dates = {oid: _date(one.at) for oid, one in done.authors.items()}
    widest = max((len(name) for name in names.values()), default=0)
    owners = {key: _owner(done, key) for key in done.sessions}
    room = max((len(text) for text in owners.values()), default=0) + (4 if owners else 0)
    digits = len(str(done.lines[-1].number)) if done.lines else 1
    before = None
    for line in done.lines:
        owner, said, mark = line.owner, "", " "
        if owner is not None:
            mark = _MARKS[owner.line_class]
            if before is None or (before.session, before.turn) != (owner.session, owner.turn):
                said = f"{owners[owner.session]} #{owner.turn + 1}"
        before = owner
        oid = styled(line.oid[:7] if line.oid else "0000000", "yellow", color)
        name = names.get(line.oid, "not committed"[:widest])
        head = f"{oid} {styled(mark, 'green', color)} {said:<{room}} {name:<{widest}} {dates.get(line.oid, ' ' * 10)}"
        yield f"{head} {line.number:>{digits}}) {clean(line.text.replace(chr(9), '    '))}"


def _date(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%Y-%m-%d")


def _owner(done: pipeline.Blamed, key: str) -> str:
    session = done.sessions[key]
    return f"{spoken(session['agent'])} {key.removeprefix('ses_')[:8]}"


def _total(done: pipeline.Blamed) -> str:
    counts = Counter(line.owner.line_class for line in done.lines if line.owner is not None)
    found = sum(counts.values())
    parts = ", ".join(f"{number(counts[name])} {name}" for name in ("generated", "edited") if counts[name])
    sessions = len(done.sessions)
    said = f" ({parts}, {sessions} session{'s' if sessions != 1 else ''})" if found else ""
    return f"{number(found)} of {number(len(done.lines))} lines have evidence{said}."
