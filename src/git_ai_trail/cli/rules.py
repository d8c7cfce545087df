"""`git ai-trail rules`: the redaction rules in force."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import TextIO

import click

from git_ai_trail.cli.options import json_option, open_person, open_place
from git_ai_trail.cli.tables import drawn
from git_ai_trail.cli.terminal import clean, count, table_width
from git_ai_trail.errors import GitError
from git_ai_trail.git import Git
from git_ai_trail.pipeline import near_misses, sharing
from git_ai_trail.pipeline import rules as pipeline
from git_ai_trail.pipeline import rules_sync as pipeline_sync
from git_ai_trail.pipeline.near_misses import Miss


@click.group("rules", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """List, check and try out the redaction rules.

    The built-in rules come first, then the repository's (.git-ai-trail/redactions.yml, which may only add), then your own
    (redactions.yml in your configuration folder, which may also switch off and override).
    """


def _top() -> str:
    try:
        return Git(os.getcwd()).toplevel()
    except GitError:
        return ""


@command.command("list")
@click.option(
    "--all", "everything", is_flag=True, help="Built-in rules too, not only what the files add or switch off."
)
@json_option
def list_rules(everything: bool, as_json: bool) -> None:
    """List the rules in force, and what is switched off.

    `ip-address` and `internal-host` hold only where a rule file switches them on.
    """
    person = open_person()
    rules = pipeline.in_force(person.env, _top())
    found = pipeline.listed(rules)
    shown = found if everything or as_json else [one for one in found if one.source != "built-in" or not one.enabled]
    if as_json:
        click.echo(json.dumps(pipeline.as_json(shown), indent=2, ensure_ascii=False))
        return
    if shown:
        names = ("rule", "kind", "type", "scope", "source", "where", "reason")
        rows = [
            [
                clean(one.id),
                clean(one.kind),
                one.type if one.enabled else "off",
                clean(one.scope),
                one.source,
                clean(one.origin),
                clean(one.reason),
            ]
            for one in shown
        ]
        table = drawn(names, rows, figures=(), gives_way="reason", color=person.color, width=table_width())
        click.echo(table, nl=False, color=person.color)
    built_in = sum(1 for one in found if one.source == "built-in" and one.enabled)
    others = sum(1 for one in found if one.source != "built-in")
    off = sum(1 for one in found if not one.enabled)
    click.echo(
        f"{count(built_in, 'built-in rule')}, {others} of {count(len(rules.files), 'rule file')}, {off} switched off;"
        f" rule set {rules.ruleset.digest[:12]}",
        err=True,
    )


@command.command("validate")
@click.argument("files", nargs=-1, type=click.Path())
@click.option("--repository", is_flag=True, help="Hold FILES to what a repository may do: only add.")
def validate(files: tuple[str, ...], repository: bool) -> int:
    """Check rule FILES, or those in force: syntax, unknown keys, doubled ids, patterns that could run for ever."""
    if files:
        found, notes = pipeline.validated(files, trusted=not repository)
        for note in notes:
            click.echo(clean(note), err=True)
        click.echo(f"{count(found, 'rule')} in {count(len(files), 'file')}: fine", err=True)
        return 0
    rules = pipeline.in_force(open_person().env, _top())
    for source, path in rules.files:
        click.echo(f"{clean(path)} ({source}): fine")
    for note in rules.ruleset.superseded:
        click.echo(clean(note), err=True)
    click.echo(f"{count(len(rules.files), 'rule file')} in force", err=True)
    return 0


@command.command("sync")
@click.option("-n", "--dry-run", is_flag=True, help="Only say what is different.")
@click.option(
    "--to-file", is_flag=True, help="The other way: write your own rules, as synced last, into your rule file."
)
@click.option("--file", "path", type=click.Path(dir_okay=False), default="", help="With --to-file: into this file.")
@click.option("--force", is_flag=True, help="With --to-file: also where there is a file already.")
@json_option
def sync(dry_run: bool, to_file: bool, path: str, force: bool, as_json: bool) -> None:
    """Bring the database's account of the rules in step with the rule files, and say which sessions that concerns.

    The database keeps every rule in force with a fingerprint, and for each session under which rules it was redacted. Sessions
    that were redacted under other rules are redacted again by `git ai-trail ingest --rescrub`.
    """
    person = open_person()
    if to_file:
        where, many = pipeline_sync.to_file(person.env, person.config, path=path, force=force, dry_run=dry_run)
        click.echo(f"{clean(where)}: {count(many, 'rule')}{' to be written' if dry_run else ''}")
        return
    done = pipeline_sync.sync(person.env, person.config, dry_run=dry_run)
    if as_json:
        click.echo(json.dumps(pipeline_sync.as_json(done), indent=2, ensure_ascii=False))
        return
    for one in done.changes:
        mark = {"added": "+", "removed": "-"}.get(one.change, "~")
        click.echo(f"{mark} {clean(one.rule)} ({one.source}): {one.change}")
    state = "to be noted" if dry_run and done.before != done.digest else "noted" if done.written else "as noted"
    click.echo(f"rule set {done.digest[:12]}, {count(done.rules, 'rule')}: {state}")
    for known in done.repositories:
        gone = ", as they were last" if known.remembered else ""
        said = clean(known.problem) or f"{count(known.rules, 'rule')} of its own{gone}, rule set {known.digest[:12]}"
        click.echo(f"{clean(known.root)}: {said}; {count(known.sessions, 'session')}")
    for each in done.outdated:
        gone = ", its log is gone: cleaned where it is stored" if each.gone else ""
        click.echo(f"! session {clean(each.session)[:12]} was redacted under {each.digest[:12]}{gone}")
    in_all = sum(done.sessions.values())
    advice = "; run `git ai-trail ingest --rescrub`" if done.outdated else ""
    click.echo(f"{len(done.outdated)} of {count(in_all, 'session')} to be redacted again{advice}", err=True)


@command.command("test")
@click.argument("ids", nargs=-1)
@json_option
def test(ids: tuple[str, ...], as_json: bool) -> int:
    """Try every rule in force, or those of IDS, on its own examples (`matches`, `non_matches`)."""
    rules = pipeline.in_force(open_person().env, _top())
    tried, problems = pipeline.tried_out(rules.ruleset, only=ids)
    if as_json:
        value = {
            "tried": tried,
            "failed": [
                {"rule": one.rule, "where": one.origin, "list": one.list, "number": one.number, "text": one.text}
                for one in problems
            ],
        }
        click.echo(json.dumps(value, indent=2, ensure_ascii=False))
    else:
        for one in problems:
            click.echo(f"{clean(one.origin)}: rule {clean(one.rule)}: example {one.number} of {one.list} {one.text}")
    click.echo(f"{count(tried, 'example')} tried, {len(problems)} failed", err=True)
    return 1 if problems else 0


@command.command("near-misses")
@click.argument("file", type=click.File("r", encoding="utf-8", errors="replace"), required=False)
@click.option(
    "--outgoing",
    metavar="[REMOTE]",
    is_flag=False,
    flag_value="origin",
    help="Instead of a file: the notes that `notes push` would send to REMOTE (origin).",
)
@click.option("--limit", type=click.IntRange(1, 10_000), default=40, show_default=True, help="So many at most.")
@json_option
def near_misses_command(file: TextIO | None, outgoing: str | None, limit: int, as_json: bool) -> None:
    """List what in FILE, a finished report or export, is most like a secret and was not redacted.

    For a person to look through before the first publication: what should not be there deserves a rule. Highest score first.
    Without FILE what is piped in is read.
    """
    if file is not None and outgoing is not None:
        raise click.UsageError("give a file or --outgoing, not both")
    if outgoing is not None:
        place = open_place()
        notes = sharing.outgoing(place.git, outgoing, limit)
        _list(notes, [f"{one.ref}: {one.place}" for one in notes], as_json)
        return
    if file is None and sys.stdin.isatty():
        raise click.UsageError("name a file, pipe one in, or give --outgoing")
    found = near_misses.in_text((file or sys.stdin).read(), limit)
    _list(found, [f"{one.line}:{one.column}" for one in found], as_json)


def _list(found: Sequence[Miss], places: Sequence[str], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([one._asdict() for one in found], indent=2, ensure_ascii=False))
        return
    for one, place in zip(found, places, strict=True):
        click.echo(f"{one.score:5.1f}  {place}  {clean(one.token)}  ×{one.times}")
    click.echo(f"{count(len(found), 'token')} to look at", err=True)
