"""`git ai-trail rules`: the redaction rules in force."""

from __future__ import annotations

import json
import os

import click

from git_ai_trail.cli.options import json_option, open_person
from git_ai_trail.cli.tables import drawn
from git_ai_trail.cli.terminal import clean, count, table_width
from git_ai_trail.errors import GitError
from git_ai_trail.git import Git
from git_ai_trail.pipeline import rules as pipeline


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
    """List the rules in force, and what is switched off."""
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
        found = pipeline.validated(files, trusted=not repository)
        click.echo(f"{count(found, 'rule')} in {count(len(files), 'file')}: fine", err=True)
        return 0
    rules = pipeline.in_force(open_person().env, _top())
    for source, path in rules.files:
        click.echo(f"{clean(path)} ({source}): fine")
    click.echo(f"{count(len(rules.files), 'rule file')} in force", err=True)
    return 0


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
