"""Tokens and cost, by agent and model."""

from __future__ import annotations

from git_ai_trail.report.document import Cell, Column, Report, Section, SessionFact, Table
from git_ai_trail.report.phrases import agent_model, count
from git_ai_trail.report.spent import Spent, spent
from git_ai_trail.report.sums import authored, counted

ID = "tokens"
MODES = ("tokens",)

_COLUMNS = (
    Column(id="agent", title="Agent · model", kind="text"),
    Column(id="input", title="Input", kind="count"),
    Column(id="cached", title="of it cached", kind="count"),
    Column(id="output", title="Output", kind="count"),
    Column(id="reasoning", title="of it reasoning", kind="count"),
    Column(id="total", title="Total", kind="count"),
    Column(id="cost_usd", title="Cost", kind="money"),
)


def build(report: Report) -> Section | None:
    parts: dict[str, list[SessionFact]] = {}
    for commit in counted(report.commits):
        for part in authored(commit):
            parts.setdefault(agent_model(part.agent, part.models[-1] if part.models else ""), []).append(part)
    if not parts:
        return None
    sums = {name: spent(mine) for name, mine in parts.items()}
    order = sorted(sums, key=lambda name: (-_total(sums[name]), name))
    return Section(
        id=ID,
        title="Tokens and cost",
        lead=("Counted are the prompts that led to these commits, not all that their sessions did.",),
        table=Table(columns=_COLUMNS, rows=tuple(_row(name, sums[name]) for name in order)),
        notes=_notes([part for mine in parts.values() for part in mine]),
        folded=report.mode != "tokens",
    )


def _total(took: Spent) -> int:
    return took.tokens.total if took.tokens else 0


def _row(name: str, took: Spent) -> dict[str, Cell]:
    tokens = took.tokens
    return {
        "agent": name,
        "input": tokens.input if tokens else None,
        "cached": tokens.cached if tokens else None,
        "output": tokens.output if tokens else None,
        "reasoning": tokens.reasoning if tokens else None,
        "total": tokens.total if tokens else None,
        "cost_usd": took.cost_usd,
    }


def _notes(parts: list[SessionFact]) -> tuple[str, ...]:
    notes = []
    unknown = len({part.id for part in parts if part.tokens is None})
    unpriced = len({part.id for part in parts if part.tokens is not None and part.cost_usd is None})
    if unknown:
        notes.append(f"Of {count(unknown, 'session')} the tokens are not recorded, so they are missing from the sums.")
    if unpriced:
        notes.append(f"For {count(unpriced, 'session')} no price is known; a row with one of them has no cost.")
    if spent(parts).doubled:
        notes.append(
            "Some prompts led to several commits together with others; their tokens may be counted more than once."
        )
    return tuple(notes)
