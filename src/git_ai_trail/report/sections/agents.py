"""Which agents and models took part, with what they wrote and what it took."""

from __future__ import annotations

from git_ai_trail.report.document import Cell, Column, Report, Section, SessionFact, Table
from git_ai_trail.report.phrases import agent_model
from git_ai_trail.report.spent import spent
from git_ai_trail.report.sums import authored, counted

ID = "agents"
MODES = ("summary", "prompts", "actions", "tokens")

_COLUMNS = (
    Column(id="agent", title="Agent · model", kind="text"),
    Column(id="commits", title="Commits", kind="count"),
    Column(id="generated", title="Generated lines", kind="count"),
    Column(id="edited", title="Edited lines", kind="count"),
    Column(id="sessions", title="Sessions", kind="count"),
    Column(id="tokens", title="Tokens", kind="count"),
    Column(id="cost_usd", title="Cost", kind="money"),
)


def build(report: Report) -> Section | None:
    parts: dict[tuple[str, str], list[SessionFact]] = {}
    commits: dict[tuple[str, str], int] = {}
    for commit in counted(report.commits):
        mine = authored(commit)
        for part in mine:
            parts.setdefault(_key(part), []).append(part)
        for key in {_key(part) for part in mine}:
            commits[key] = commits.get(key, 0) + 1
    if not parts:
        return None
    order = sorted(parts, key=lambda key: (-sum(part.generated + part.edited for part in parts[key]), key))
    notes = []
    if sum(commits.values()) > report.totals.with_evidence:
        notes.append("A commit in which several took part is counted in each of their rows.")
    return Section(
        id=ID,
        title="By agent and model",
        table=Table(columns=_COLUMNS, rows=tuple(_row(key, commits[key], parts[key]) for key in order)),
        notes=tuple(notes),
    )


def _key(part: SessionFact) -> tuple[str, str]:
    return part.agent, part.models[-1] if part.models else ""


def _row(key: tuple[str, str], commits: int, parts: list[SessionFact]) -> dict[str, Cell]:
    took = spent(parts)
    return {
        "agent": agent_model(*key),
        "commits": commits,
        "generated": sum(part.generated for part in parts),
        "edited": sum(part.edited for part in parts),
        "sessions": len({part.id for part in parts}),
        "tokens": took.tokens.total if took.tokens else None,
        "cost_usd": took.cost_usd,
    }
