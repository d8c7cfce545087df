"""`git ai-trail ingest`: agents' logs into the trail database."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime

import click

from git_ai_trail.cli.options import Person, When, agent_option, ingest_progress, json_option, open_person
from git_ai_trail.cli.terminal import clean, count, number, size
from git_ai_trail.model import Ingested, Outcome, Skipped
from git_ai_trail.pipeline import ingest as pipeline
from git_ai_trail.pipeline.worktree import top


@click.command("ingest")
@click.argument("paths", nargs=-1, type=click.Path())
@agent_option
@click.option("--since", type=When(), help="Only logs written to since then (2026-11-01, 7d).")
@click.option("--limit", type=click.IntRange(min=1), help="At most this many logs, newest first.")
@click.option("--jobs", type=click.IntRange(min=0), default=0, help="Processes to use; 0 as many as help.")
@click.option("--rescrub", is_flag=True, help="Read every log again, with the rules as they are now.")
@click.option("-v", "--verbose", is_flag=True, help="A line for each log.")
@click.option("--debug", is_flag=True, help="Say where reading a log failed; one process, a line for each log.")
@click.option("--after-commit", nargs=2, type=str, metavar="REPO OID", hidden=True)
@json_option
def command(
    paths: tuple[str, ...],
    agent: str | None,
    since: datetime | None,
    limit: int | None,
    jobs: int,
    rescrub: bool,
    verbose: bool,
    debug: bool,
    after_commit: tuple[str, str] | None,
    as_json: bool,
) -> None:
    """Read agents' logs into the trail database, redacted.

    Reads what is new in the agents' own log folders, or in the files and folders named. Logs are only read. What is
    stored went through redaction first; a log that has not changed is not read again, and an interrupted run goes on
    where it stopped.
    """
    person = open_person()
    if after_commit is not None:
        run_after_commit(person, after_commit[0])
        return
    with ingest_progress() as progress:
        done = pipeline.ingest(
            person.env,
            person.config,
            paths=paths,
            worktree="" if paths else top(os.getcwd()),
            agent=agent or "",
            since=since,
            limit=limit,
            jobs=1 if debug else jobs,
            rescrub=rescrub,
            debug=debug,
            progress=progress,
            report=_say if verbose or debug else None,
        )
    if as_json:
        click.echo(json.dumps(_json(done), ensure_ascii=False, indent=2))
        return
    for line in _summary(done):
        click.echo(line)


def run_after_commit(person: Person, repository: str) -> None:
    """The run that a hook starts: nobody waits for it and nobody reads what it says."""
    # What it takes to match commits and write notes is of no use to any other run.
    importlib.import_module("git_ai_trail.pipeline.after_commit").after_commit(person.env, person.config, repository)


def _say(one: Ingested | Skipped) -> None:
    if isinstance(one, Skipped):
        click.echo(f"{clean(one.where)}: {clean(one.kind)}", err=True)
        return
    figures = (count(one.prompts, "prompt"), count(one.calls, "call"), count(sum(one.redactions.values()), "redaction"))
    click.echo(f"{clean(one.path)}: {size(one.bytes_read)}, {', '.join(figures)}", err=True)


def _summary(done: Outcome) -> Iterator[str]:
    yield _row("logs", f"{number(done.logs)} found, {number(done.unchanged)} unchanged, {size(done.bytes_read)} read")
    yield _row("sessions", number(done.sessions))
    yield _row("prompts", number(done.prompts))
    yield _row("calls", number(done.calls))
    yield _row("tokens", number(done.tokens))
    yield _row("redactions", number(sum(done.redactions.values())))
    yield from _counts(done.redactions)
    files = [one for one in done.skipped if one.where]
    lines = {one.kind: one.count for one in done.skipped if not one.where}
    yield _row("skipped", count(sum(lines.values()), "line"))
    yield from _counts(lines)
    for one in files:
        yield f"  {clean(one.where)}: {clean(one.kind)}"
    for warning in done.warnings:
        yield f"warning: {clean(warning)}"


def _counts(counts: Mapping[str, int]) -> Iterator[str]:
    for name, value in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        yield f"  {number(value):>9}  {clean(name)}"


def _row(label: str, text: str) -> str:
    return f"{label:<11}{text}"


def _json(done: Outcome) -> dict[str, object]:
    return {**asdict(done), "skipped": [asdict(one) for one in done.skipped], "warnings": list(done.warnings)}
