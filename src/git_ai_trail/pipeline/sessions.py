"""What the trail database knows of sessions: lists, and one session with everything it did."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from git_ai_trail import places
from git_ai_trail.git import Git
from git_ai_trail.model import Entry, PromptInfo, SessionFilter, SessionInfo, TokenTotals, UsageFilter, Used
from git_ai_trail.pipeline.cost import cost_of_all
from git_ai_trail.pipeline.prices import Prices
from git_ai_trail.store.protocol import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """One session as `session <id>` shows it. Entries before the first prompt have turn -1."""

    info: SessionInfo
    prompts: tuple[PromptInfo, ...]
    entries: tuple[Entry, ...]
    rules: Mapping[str, int]


def listed(store: Store, wanted: SessionFilter, prices: Prices) -> list[SessionInfo]:
    """The sessions asked for, newest first, with their cost where every model of theirs has a price."""
    return _priced(store, store.sessions(wanted), prices)


def view(store: Store, name: str, prices: Prices) -> SessionView:
    """The session whose id is, or begins with, `name`."""
    info = _priced(store, [store.session(name)], prices)[0]
    return SessionView(
        info=info,
        prompts=tuple(store.prompts(info.id)),
        entries=tuple(store.entries(info.id)),
        rules=store.rule_counts(info.id),
    )


def _priced(store: Store, found: Sequence[SessionInfo], prices: Prices) -> list[SessionInfo]:
    if prices.none:
        return list(found)
    parts: dict[tuple[str, str], list[Used]] = {}
    for part in store.usage(UsageFilter(sessions=tuple(info.id for info in found)), prices.steps):
        parts.setdefault((part.session, part.agent), []).append(part)
    costs = [cost_of_all(parts.get((info.id, info.agent), ()), prices) for info in found]
    return [
        info if spent is None else replace(info, cost_usd=float(spent))
        for info, spent in zip(found, costs, strict=True)
    ]


def folders_of(path: str, env: Mapping[str, str]) -> tuple[str, ...]:
    """The folders in which sessions on this repository work, as the store names them: all its worktrees.

    A path outside of any repository stands for itself.
    """
    whole = os.path.abspath(path)
    names = [whole, os.path.realpath(whole)]
    if os.path.isdir(whole):
        git = Git(whole, foreign=True)
        code, out = git.call("worktree", "list", "--porcelain", "-z")
        if code == 0:
            lines = out.decode("utf-8", "surrogateescape").split("\0")
            names += [line.removeprefix("worktree ") for line in lines if line.startswith("worktree ")]
            top = git.text("rev-parse", "--show-toplevel", check=False)
            names += [top] if top else []
            names += [_as_reached(whole, top)] if top else []
    return tuple(dict.fromkeys(places.shortened(name, env) for name in names if name))


def _as_reached(path: str, top: str) -> str:
    """The worktree's root as the given path leads to it, where a symbolic link does."""
    depth = os.path.relpath(os.path.realpath(path), os.path.realpath(top))
    return path if depth == "." else os.path.normpath(os.path.join(path, *[".."] * len(depth.split(os.sep))))


def info_json(info: SessionInfo) -> dict[str, Any]:
    """A session as `--json` prints it."""
    return {
        "id": info.id,
        "agent": info.agent,
        "agent_version": info.agent_version,
        "models": list(info.models),
        "source": info.source,
        "cwd": info.cwd,
        "git_url": info.git_url,
        "git_branch": info.git_branch,
        "started_at": time_json(info.started_at),
        "ended_at": time_json(info.ended_at),
        "prompts": info.prompts,
        "calls": info.calls,
        "edits": info.edits,
        "tokens": tokens_json(info.tokens),
        "cost_usd": info.cost_usd,
        "redactions": info.redactions,
        "parent_id": info.parent_id or None,
        "tags": list(info.tags),
    }


def view_json(view: SessionView) -> dict[str, Any]:
    """A session with its prompts and what each led to, as `session --json` prints it."""
    by_turn: dict[int, list[dict[str, Any]]] = {}
    for entry in view.entries:
        by_turn.setdefault(entry.turn, []).append(entry_json(entry))
    prompts = [
        {
            "index": prompt.index,
            "at": time_json(prompt.at),
            "text": prompt.text,
            "calls": prompt.calls,
            "edits": prompt.edits,
            "tokens": tokens_json(prompt.tokens),
            "redactions": dict(prompt.redactions),
            "entries": by_turn.pop(prompt.index, []),
        }
        for prompt in view.prompts
    ]
    rest = [entry for turn in sorted(by_turn) for entry in by_turn[turn]]
    return {**info_json(view.info), "redactions_by_rule": dict(view.rules), "turns": prompts, "other_entries": rest}


def entry_json(entry: Entry) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "at": time_json(entry.at),
        "name": entry.name,
        "text": entry.text,
        "output": entry.output,
        "status": entry.status,
        "exit_code": entry.exit_code,
        "added": entry.added,
        "removed": entry.removed,
    }


def tokens_json(tokens: TokenTotals) -> dict[str, int]:
    return {
        "input": tokens.input,
        "cached": tokens.cached,
        "cache_write": tokens.cache_write,
        "output": tokens.output,
        "reasoning": tokens.reasoning,
        "total": tokens.total,
    }


def time_json(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
