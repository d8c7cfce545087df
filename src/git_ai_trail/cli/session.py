"""`git ai-trail session`: one session, grouped by prompt."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import IO

import click

from git_ai_trail.cli.options import json_option, open_person
from git_ai_trail.cli.terminal import clean, clean_block, count, moment, number
from git_ai_trail.model import Entry, PromptInfo, SessionInfo
from git_ai_trail.pipeline.sessions import SessionView, view, view_json


@click.command("session")
@click.argument("session_id", metavar="ID")
@click.option("-o", "--output", type=click.File("w", encoding="utf-8", lazy=True), help="Write to this file.")
@click.option(
    "--limit-lines",
    type=click.IntRange(min=0),
    default=12,
    show_default=True,
    help="Lines of each text to show; 0 for all of them.",
)
@json_option
def command(session_id: str, output: IO[str] | None, limit_lines: int, as_json: bool) -> None:
    """Show one session, grouped by prompt.

    ID is a session's id or the beginning of one. Everything shown was redacted before it was stored.
    """
    person = open_person()
    found = view(person.needed_store(), session_id, person.prices)
    color = person.color and output is None
    if as_json:
        text = json.dumps(view_json(found), ensure_ascii=False, indent=2)
    else:
        text = "\n".join(_lines(found, limit_lines, color))
    # JSON of a log may hold lone surrogates, which no file takes.
    click.echo(text.encode("utf-8", "replace").decode("utf-8"), file=output, color=color)


def _lines(found: SessionView, limit: int, color: bool) -> Iterator[str]:
    yield from _head(found, color)
    by_turn: dict[int, list[Entry]] = {}
    for entry in found.entries:
        by_turn.setdefault(entry.turn, []).append(entry)
    yield from _entries(by_turn.pop(-1, []), limit, color)
    for prompt in found.prompts:
        yield ""
        yield from _prompt(prompt, limit, color)
        yield from _entries(by_turn.pop(prompt.index, []), limit, color)
    for turn in sorted(by_turn):
        yield ""
        yield from _entries(by_turn[turn], limit, color)


def _head(found: SessionView, color: bool) -> Iterator[str]:
    info: SessionInfo = found.info
    agent = f"{clean(info.agent)} {clean(info.agent_version)}".strip()
    models = ", ".join(clean(model) for model in info.models)
    times = " – ".join(part for part in (moment(info.started_at), moment(info.ended_at)) if part)
    figures = [count(info.prompts, "prompt"), count(info.calls, "call"), count(info.edits, "edit")]
    figures.append(count(info.tokens.total, "token"))
    if info.cost_usd is not None:
        figures.append(f"${info.cost_usd:.2f}")
    yield _styled(f"session    {clean(info.id)}", color, "yellow")
    yield f"agent      {' · '.join(part for part in (agent, models, clean(info.source)) if part)}"
    yield f"time       {times}"
    yield f"folder     {clean(info.cwd)}" + (f" · {clean(info.git_branch)}" if info.git_branch else "")
    yield f"figures    {' · '.join(figures)}"
    if found.rules:
        rules = ", ".join(f"{clean(rule)} {number(times)}" for rule, times in found.rules.items())
        yield f"redacted   {number(sum(found.rules.values()))}: {rules}"
    if info.tags:
        yield f"tags       {', '.join(clean(tag) for tag in info.tags)}"


def _prompt(prompt: PromptInfo, limit: int, color: bool) -> Iterator[str]:
    figures = f"{count(prompt.calls, 'call')}, {count(prompt.edits, 'edit')}, {count(prompt.tokens.total, 'token')}"
    yield _styled(f"prompt {prompt.index + 1}   {moment(prompt.at)}   {figures}", color, "cyan")
    yield from _block(prompt.text, limit, "  > ")


def _entries(entries: Iterable[Entry], limit: int, color: bool) -> Iterator[str]:
    for entry in entries:
        name = clean(entry.name)
        if entry.kind == "message":
            yield _styled(f"  {name or 'message'}", color, "bold")
            yield from _block(entry.text, limit, "    ")
        elif entry.kind == "reasoning":
            yield from _block(entry.text, min(limit, 3) if limit else 0, "  ~ ")
        elif entry.kind == "plan":
            yield "  plan"
            yield from _plan(entry)
        elif entry.kind == "edit":
            moved = f" (from {clean(entry.output)})" if entry.output else ""
            yield f"  {name} {clean(entry.text)}{moved}  +{number(entry.added)} −{number(entry.removed)}"
        elif entry.kind == "mark":
            yield _styled(f"  ({name})", color, "magenta")
        elif entry.kind == "commit":
            yield f"  commit {clean(entry.text) or '(oid not printed)'}" + (f" on {name}" if name else "")
        else:
            yield from _call(entry, limit, color)


def _call(entry: Entry, limit: int, color: bool) -> Iterator[str]:
    first, *rest = _cut(clean_block(entry.text), limit) or [""]
    yield _styled(f"  $ {first}" if entry.text else f"  {clean(entry.name)}", color, "green")
    for line in rest:
        yield f"    {line}"
    yield from _block(entry.output, limit, "    │ ")
    if entry.exit_code not in (None, 0) or entry.status in ("failed", "declined"):
        code = "" if entry.exit_code is None else f" (exit {entry.exit_code})"
        yield _styled(f"    {clean(entry.status) or 'failed'}{code}", color, "red")


def _plan(entry: Entry) -> Iterator[str]:
    if entry.name:
        yield f"    {clean(entry.name)}"
    steps: Sequence[Sequence[str]] = json.loads(entry.text or "[]")
    for status, step in steps:
        yield f"    [{'x' if status == 'completed' else ' '}] {clean(step)}"


def _block(text: str, limit: int, mark: str) -> Iterator[str]:
    for line in _cut(clean_block(text), limit):
        yield f"{mark}{line}".rstrip()


def _cut(text: str, limit: int) -> list[str]:
    lines = text.rstrip("\n").split("\n") if text.strip() else []
    if limit and len(lines) > limit:
        return [*lines[:limit], f"… {number(len(lines) - limit)} more lines"]
    return lines


def _styled(text: str, color: bool, style: str) -> str:
    if not color:
        return text
    return click.style(text, bold=True) if style == "bold" else click.style(text, fg=style)
