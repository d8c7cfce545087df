"""What the sessions did: how often which kind of action, and step by step where that may be published."""

from __future__ import annotations

from dataclasses import replace

from git_ai_trail.report.document import Cell, Column, Report, Section, SessionFact, Table
from git_ai_trail.report.phrases import agent_model
from git_ai_trail.report.sections.prompts import items, lead
from git_ai_trail.report.sums import authored, counted

ID = "actions"
MODES = ("actions",)

_KINDS = {"calls": "Tool calls", "commands": "Commands", "edits": "Edits", "failed": "Failed"}


def build(report: Report) -> Section | None:
    sessions: dict[str, SessionFact] = {}
    for commit in counted(report.commits):
        for part in authored(commit):
            # A record counts what a session had done by then, so the latest, which comes first, counts most.
            known = sessions.setdefault(part.id, part)
            if sum(part.actions.values()) > sum(known.actions.values()):
                sessions[part.id] = part
    if not sessions:
        return None
    whole = report.mode == "actions"
    shown = items(report, deeds=True)
    if not whole:
        # The prompts have a section of their own there.
        steps = (replace(one, texts=tuple(text for text in one.texts if text.kind == "action")) for one in shown)
        shown = tuple(one for one in steps if one.texts)
    done = any(text.kind == "action" for one in shown for text in one.texts)
    step = "What was done is shown for those sessions whose owner agreed and whose log is at hand here." if done else ""
    return Section(
        id=ID,
        title="Prompts and actions" if whole else "Tool actions",
        lead=(*(lead(report) if whole else ()), *((step,) if step else ())),
        table=_table(list(sessions.values())),
        items=shown,
        notes=("Counted are the actions of whole sessions, as far as they had come when the record was made.",),
        folded=report.mode == "full",
    )


def _table(sessions: list[SessionFact]) -> Table:
    kinds = [kind for kind in _KINDS if any(kind in one.actions for one in sessions)]
    kinds += sorted({kind for one in sessions for kind in one.actions} - set(_KINDS))[: 8 - len(kinds)]
    rows: dict[str, dict[str, Cell]] = {}
    for one in sessions:
        name = agent_model(one.agent, one.models[-1] if one.models else "")
        row = rows.setdefault(name, {"agent": name, "sessions": 0, **dict.fromkeys(kinds, 0)})
        row["sessions"] = int(row["sessions"] or 0) + 1
        for kind in kinds:
            row[kind] = int(row[kind] or 0) + one.actions.get(kind, 0)
    columns = [
        Column(id="agent", title="Agent · model", kind="text"),
        Column(id="sessions", title="Sessions", kind="count"),
    ]
    columns += [Column(id=kind, title=_KINDS.get(kind, kind), kind="count") for kind in kinds]
    return Table(columns=tuple(columns), rows=tuple(rows[name] for name in sorted(rows)))
