"""What `git ai-trail redact` says of a change: what it is, where it holds, and what it meant for what is stored."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime

import click

from git_ai_trail.cli.terminal import clean, count, moment
from git_ai_trail.model import ManualRedaction
from git_ai_trail.pipeline import manual, withhold

_TOLD = 5


def tell(done: manual.Changed, action: str, *, dry_run: bool, as_json: bool) -> int:
    applied = done.applied
    fine = applied.clean and not applied.left
    if as_json:
        value = {
            "redaction": manual.view(done.entry),
            "action": action,
            "changed": done.new and not dry_run,
            "dry_run": dry_run,
            "sessions": dict(applied.counts),
            "logs": applied.logs,
            "read_again": applied.again,
            "cleaned_in_place": applied.in_place,
            "kept": list(applied.kept),
            "failed": [{"log": one.where, "reason": one.kind} for one in applied.failed],
            "pages_clean": applied.clean and not applied.left,
        }
        click.echo(json.dumps(value, indent=2, ensure_ascii=False))
        return 0 if fine else 1
    for line in _lines(done, action, dry_run=dry_run):
        click.echo(line)
    for one in applied.failed:
        click.echo(f"{clean(one.where)}: {clean(one.kind)}", err=True)
    if not applied.clean:
        click.echo("another process reads the database: run `git ai-trail ingest --rescrub` when it is done", err=True)
    if applied.left:
        click.echo(
            f"the text still stands in {applied.left} places of the database's files (a name, a reason?)", err=True
        )
    if done.entry.active and not dry_run and action != "remove":
        _say_published(done.entry)
    return 0 if fine else 1


def _say_published(entry: ManualRedaction) -> None:
    """Annexes in the repository around hold copies, which only withholding takes away."""
    found = withhold.published(os.getcwd(), os.environ, entry)
    for oid, prompt in found[:_TOLD]:
        click.echo(
            f"published: the annex of {oid[:12]} holds it; git ai-trail redact withhold {oid[:12]} {prompt}", err=True
        )
    if len(found) > _TOLD:
        click.echo(f"published: and {len(found) - _TOLD} more", err=True)


def _lines(done: manual.Changed, action: str, *, dry_run: bool) -> Iterator[str]:
    entry, applied = done.entry, done.applied
    name = f"redaction {entry.id}" if entry.id else "redaction"
    if not done.new:
        yield f"{name}: {'there already' if action == 'add' else 'nothing to change'}"
        return
    words = {"add": "added", "edit": "changed", "remove": "taken back", "undo": "undone"}
    yield f"{name}: {'would be ' if dry_run else ''}{words[action]} ({what(entry)}, {where(entry)})"
    if entry.type == "pattern" and action in ("add", "edit"):
        yield "the pattern itself is kept as you wrote it: it should not spell out what it is meant to hide"
    for session, times in sorted(applied.counts.items(), key=lambda item: (-item[1], item[0])):
        yield f"  {clean(session)}: {count(times, 'place')}"
    parts = [f"{count(applied.again, 'log')} of {applied.logs} {'to be read' if dry_run else 'read'} again"]
    if applied.in_place:
        parts.append(f"{count(applied.in_place, 'log')} gone and cleaned where stored")
    yield "; ".join(parts)
    if applied.kept:
        sessions = ", ".join(clean(one)[:8] for one in applied.kept)
        yield f"stays redacted, because the log is gone: {sessions}"


def what(entry: ManualRedaction) -> str:
    if entry.type == "pattern":
        return f"pattern {clean(entry.pattern)[:60]}"
    if entry.type == "prompt":
        return f"prompt {entry.turn + 1}"
    if entry.type == "field":
        return "whole field"
    return f"text of {count(entry.tokens, 'word')}"


def where(entry: ManualRedaction) -> str:
    place = {"prompt": "prompts", "field": f"field {clean(entry.field)}"}.get(entry.scope, "everywhere")
    if entry.session:
        place = f"session {clean(entry.session)[:8]}" + ("" if entry.scope == "global" else f", {place}")
    return place if entry.active else f"{place} (taken back)"


def since(at: float) -> str:
    return moment(datetime.fromtimestamp(at, UTC))
