"""The commits that carry evidence, each with its kind of evidence and what its record is worth."""

from __future__ import annotations

from git_ai_trail.report.document import Cell, Column, CommitFact, Report, Section, Table
from git_ai_trail.report.phrases import EVIDENCE, STATUS, agent_model, count
from git_ai_trail.report.sums import authored, counted

ID = "commits"
MODES = ("summary", "prompts", "actions")

_COLUMNS = (
    Column(id="commit", title="Commit", kind="commit"),
    Column(id="subject", title="Subject", kind="text"),
    Column(id="author", title="Author", kind="text"),
    Column(id="evidence", title="Evidence", kind="label"),
    Column(id="lines", title="Lines with evidence", kind="lines"),
    Column(id="agents", title="Agent · model", kind="text"),
    Column(id="record", title="Record", kind="label"),
)


def build(report: Report) -> Section | None:
    found = [one for one in counted(report.commits) if one.evidence]
    if not found:
        return None
    columns = tuple(one for one in _COLUMNS if one.id != "author" or any(commit.author for commit in found))
    kinds = dict.fromkeys(one.evidence for one in found)
    states = dict.fromkeys(one.status for one in found)
    notes = [f"{kind}: {EVIDENCE[kind]}." for kind in EVIDENCE if kind in kinds]
    notes += [f"{status}: {STATUS[status]}." for status in STATUS if status in states]
    return Section(
        id=ID,
        title=f"Commits with evidence ({len(found):,})",
        table=Table(columns=columns, rows=tuple(_row(one) for one in found)),
        notes=tuple(notes),
        folded=True,
    )


def _row(commit: CommitFact) -> dict[str, Cell]:
    agents = dict.fromkeys(agent_model(one.agent, one.models[-1] if one.models else "") for one in authored(commit))
    names = list(agents)
    more = f" and {count(len(names) - 3, 'other')}" if len(names) > 3 else ""
    return {
        "commit": commit.oid,
        "subject": commit.subject,
        "author": commit.author,
        "evidence": commit.evidence,
        "generated": commit.lines.generated,
        "edited": commit.lines.edited,
        "added": commit.lines.added,
        "agents": ", ".join(names[:3]) + more,
        "record": commit.status,
    }
