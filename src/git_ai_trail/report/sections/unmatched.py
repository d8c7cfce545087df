"""What could not be matched: records that are missing, and those that nothing supports."""

from __future__ import annotations

from git_ai_trail.report.document import Cell, Column, CommitFact, Report, Section, Table
from git_ai_trail.report.phrases import STATUS, are, count
from git_ai_trail.report.sums import counted

ID = "unmatched"
MODES = ("summary", "prompts", "actions", "tokens")

_COLUMNS = (
    Column(id="commit", title="Commit", kind="commit"),
    Column(id="subject", title="Subject", kind="text"),
    Column(id="record", title="Record", kind="label"),
    Column(id="why", title="Why", kind="text"),
)


def build(report: Report) -> Section | None:
    ours = counted(report.commits)
    odd = [one for one in ours if one.status in ("claim", "unknown") or (one.status != "none" and not one.evidence)]
    silent = sum(1 for one in ours if one.status == "none")
    if not odd and not silent and not report.problems:
        return None
    lead = []
    if silent:
        lead.append(
            f"{count(silent, 'commit')} {are(silent, 'has', 'have')} no record: no evidence was found or looked for, "
            "which says nothing about who wrote them."
        )
    if odd:
        lead.append(
            f"{count(len(odd), 'commit')} {are(len(odd), 'names or has', 'name or have')} a record that does not count."
        )
    states = dict.fromkeys(one.status for one in odd)
    return Section(
        id=ID,
        title=f"What could not be matched ({count(silent + len(odd), 'commit')})",
        lead=(*lead, *report.problems),
        table=Table(columns=_COLUMNS, rows=tuple(_row(one) for one in odd)) if odd else None,
        notes=tuple(f"{status}: {STATUS[status]}." for status in ("claim", "unknown") if status in states),
        folded=True,
    )


def _row(commit: CommitFact) -> dict[str, Cell]:
    why = commit.problems[0] if commit.problems else "its sessions wrote nothing that stands in the commit"
    return {"commit": commit.oid, "subject": commit.subject, "record": commit.status, "why": why}
