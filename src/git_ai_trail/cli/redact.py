"""`git ai-trail redact`: what a person wants gone, whatever the rules say."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click

from git_ai_trail.cli import redact_preview, redact_view, redact_withhold
from git_ai_trail.cli.options import commit_progress, json_option, open_person
from git_ai_trail.cli.tables import drawn
from git_ai_trail.cli.terminal import clean, count, number, table_width
from git_ai_trail.errors import ConfigError
from git_ai_trail.pipeline import manual

MAX_TEXT = 1 << 20

dry_run_option = click.option("-n", "--dry-run", is_flag=True, help="Only say what would change.")
reason_option = click.option("--reason", default="", help="Why; one line, kept.")
actor_option = click.option("--actor", default="", help="Who; your user.name if left out.")


@click.group("redact", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Redact by hand: texts, prompts and fields, with who and why; see it beside the log; withhold from notes.

    What is redacted by hand goes whatever the rules say, at once from everything stored and later from everything read.
    Of a text only keyed digests are kept.
    """


def deed_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of everything that changes what is redacted."""
    for option in (json_option, dry_run_option, actor_option, reason_option):
        function = option(function)
    return function


def what_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say what is to go, and where."""
    for option in reversed(
        (
            click.option(
                "--text", "is_text", is_flag=True, help="A text, from stdin or asked for (the default of `add`)."
            ),
            click.option("--pattern", default="", help="A regular expression. It is kept as you write it."),
            click.option("--prompt", type=click.IntRange(min=1), help="This prompt of --session, as `session` counts."),
            click.option("--whole", is_flag=True, help="All of --field."),
            click.option("--scope", type=click.Choice(["prompt", "field", "global"]), help="Where to look."),
            click.option("--field", default="", help="Only in this field of a log's lines, such as payload.arguments."),
            click.option("--session", default="", help="Only in this session (its id or the beginning of it)."),
            click.option("-i", "--ignore-case", is_flag=True, help="Capitals count as small letters."),
        )
    ):
        function = option(function)
    return function


@command.command("add")
@click.argument("text", required=False, metavar="[TEXT]")
@what_options
@deed_options
def add(dry_run: bool, as_json: bool, **what: Any) -> int:
    """Redact something in everything stored, at once, and in everything read from now on.

    Without TEXT (which stays in your shell's history) a text is read from stdin, or asked for and not shown.
    """
    with _book() as book, _watched() as progress:
        done = book.add(_asked(what, new=True), dry_run=dry_run, progress=progress)
    return redact_view.tell(done, "add", dry_run=dry_run, as_json=as_json)


@command.command("edit")
@click.argument("number", type=click.IntRange(min=1), metavar="ID")
@click.argument("text", required=False, metavar="[TEXT]")
@what_options
@deed_options
def edit(number: int, dry_run: bool, as_json: bool, **what: Any) -> int:
    """Change a redaction; what is not given stays as it is."""
    with _book() as book, _watched() as progress:
        done = book.edit(number, _asked(what, new=False), dry_run=dry_run, progress=progress)
    return redact_view.tell(done, "edit", dry_run=dry_run, as_json=as_json)


@command.command("remove")
@click.argument("number", type=click.IntRange(min=1), metavar="ID")
@deed_options
def remove(number: int, reason: str, actor: str, dry_run: bool, as_json: bool) -> int:
    """Take a redaction back. The text returns where its log is still there."""
    with _book() as book, _watched() as progress:
        done = book.remove(number, reason=reason, actor=actor, dry_run=dry_run, progress=progress)
    return redact_view.tell(done, "remove", dry_run=dry_run, as_json=as_json)


@command.command("undo")
@click.argument("number", type=click.IntRange(min=1), metavar="[ID]", required=False)
@actor_option
@dry_run_option
@json_option
def undo(number: int | None, actor: str, dry_run: bool, as_json: bool) -> int:
    """Take back the last change, of one redaction or of all."""
    with _book() as book, _watched() as progress:
        done = book.undo(number, actor=actor, dry_run=dry_run, progress=progress)
    return redact_view.tell(done, "undo", dry_run=dry_run, as_json=as_json)


@command.command("list")
@click.option("--all", "everything", is_flag=True, help="Those too that were taken back.")
@json_option
def list_redactions(everything: bool, as_json: bool) -> None:
    """List the redactions by hand."""
    person = open_person()
    with _book() as book:
        found = book.entries(everything=everything)
        places = book.places(found)
    if as_json:
        rows = [{**manual.view(one), "places": places[one.id]} for one in found]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    if found:
        names = ("id", "what", "where", "places", "by", "since", "reason")
        table_rows = [
            [
                str(one.id),
                redact_view.what(one),
                redact_view.where(one),
                number(places[one.id]),
                clean(one.actor),
                redact_view.since(one.made_at),
                clean(one.reason),
            ]
            for one in found
        ]
        table = drawn(
            names, table_rows, figures=("id", "places"), gives_way="reason", color=person.color, width=table_width()
        )
        click.echo(table, nl=False, color=person.color)
    click.echo(f"{count(len(found), 'redaction')} by hand", err=True)


@command.command("history")
@click.argument("number", type=click.IntRange(min=1), metavar="[ID]", required=False)
@json_option
def history(number: int | None, as_json: bool) -> None:
    """Say who changed what, when and why; of one redaction or of all."""
    with _book() as book:
        found = book.history(number)
    if as_json:
        rows = [
            {"id": one.subject, "at": _iso(one.at), "actor": one.actor, "action": one.action, "reason": one.reason}
            for one in found
        ]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for one in found:
        number_of = one.subject.removeprefix(manual.SUBJECT)
        click.echo(
            f"{redact_view.since(one.at)}  {number_of:>4}  {one.action:<7} {clean(one.actor)}  {clean(one.reason)}".rstrip()
        )


command.add_command(redact_preview.command, "preview")
command.add_command(redact_withhold.command, "withhold")


@contextmanager
def _book() -> Iterator[manual.Book]:
    person = open_person()
    with manual.Book(person.env, person.config) as book:
        yield book


@contextmanager
def _watched() -> Iterator[Callable[[int, int], None] | None]:
    with commit_progress() as progress:
        yield progress


def _asked(what: dict[str, Any], *, new: bool) -> manual.Asked:
    """What the options ask for; a text comes from stdin, or from the person without being shown."""
    what["scope"] = what["scope"] or ""
    is_text, prompt, said = what.pop("is_text"), what.pop("prompt") or 0, what.pop("text")
    ways = [
        name
        for name, given in (("--pattern", what["pattern"]), ("--prompt", prompt), ("--whole", what["whole"]))
        if given
    ]
    if is_text or said is not None:
        ways.append("--text")
    if len(ways) > 1:
        raise click.UsageError(f"{' and '.join(ways)} do not go together: give one of them")
    if said == "-":
        said, is_text = None, True
    text = said or (_read_text() if is_text or (new and not ways) else "")
    return manual.Asked(text=text, prompt=prompt, **what)


def _read_text() -> str:
    if sys.stdin.isatty():
        text = str(
            click.prompt("Text to redact (not shown)", hide_input=True, default="", show_default=False, err=True)
        )
    else:
        raw = sys.stdin.buffer.read(MAX_TEXT + 1)
        if len(raw) > MAX_TEXT:
            raise ConfigError("the text is longer than 1 MiB", "give a part of it")
        text = raw.decode("utf-8", "replace").rstrip("\r\n")
    if not text.strip():
        raise ConfigError(
            "no text was given", "type it, or pipe it in: it does not belong into the command's arguments"
        )
    return text


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
