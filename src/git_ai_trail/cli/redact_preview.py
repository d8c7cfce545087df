"""`git ai-trail redact preview`: what redaction takes out of a log, raw beside redacted."""

from __future__ import annotations

import json
import sys
from collections import Counter
from itertools import islice

import click

from git_ai_trail.cli.options import json_option, open_person
from git_ai_trail.cli.terminal import clean, count
from git_ai_trail.errors import ConfigError
from git_ai_trail.pipeline import preview as pipeline


@click.command("preview")
@click.argument("name", metavar="SESSION|FILE")
@click.option("--all", "everything", is_flag=True, help="Texts that stay as they are, too.")
@click.option(
    "--limit", type=click.IntRange(min=0), default=100, show_default=True, help="At most so many texts; 0 for all."
)
@click.option("--force-raw", is_flag=True, help="Print unredacted text although no terminal is there.")
@json_option
def command(name: str, everything: bool, limit: int, force_raw: bool, as_json: bool) -> None:
    """Show what redaction changes in a log, raw beside redacted.

    SESSION is a stored session's id or the beginning of it, FILE a log. The raw text is read from your own log and kept
    nowhere. This is the one command that prints what was not redacted, so it prints to a terminal and nowhere else.
    """
    if not sys.stdout.isatty() and not force_raw:
        raise ConfigError(
            "a preview prints unredacted text, and this is no terminal",
            "--force-raw, if nobody else reads where it goes",
        )
    person = open_person()
    found: list[pipeline.Difference] = []
    more = False
    for source in pipeline.sources(person.env, person.config, name):
        if source.changed:
            click.echo(f"{clean(source.task.shown)}: is not what was read into the database any more", err=True)
        told = pipeline.differences(person.env, person.config, source, everything=everything)
        if not limit:
            found += told
            continue
        found += islice(told, limit - len(found))
        more = next(told, None) is not None
        if more:
            break
    if as_json:
        rows = [{**one._asdict(), "rules": list(one.rules)} for one in found]
        click.echo(json.dumps({"texts": rows, "more": more}, indent=2))
        return
    for one in found:
        _print(one, color=person.color)
    rules = Counter(rule for one in found for rule in one.rules)
    said = ", ".join(f"{clean(rule)} {times}" for rule, times in rules.most_common())
    click.echo(
        f"{count(len(found), 'text')}{' (and more: --limit 0)' if more else ''}" + (f": {said}" if said else ""),
        err=True,
    )


def _print(one: pipeline.Difference, *, color: bool) -> None:
    place = f"prompt {one.turn + 1}" if one.turn >= 0 else "before the first prompt"
    head = f"{place}  {clean(one.field)}  {', '.join(map(clean, one.rules))}".rstrip()
    click.echo(click.style(head, fg="cyan") if color else head, color=color)
    # The names stand before every text, so that no line of a log can pass for one of ours.
    for name, text, hue in (("raw", one.raw, "red"), ("redacted", one.redacted, "green")):
        line = f"  {name:<8} | {clean(text)}"
        click.echo(click.style(line, fg=hue) if color and one.raw != one.redacted else line, color=color)
