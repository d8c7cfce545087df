"""The first sentences: how many commits and lines, with evidence, and what the rest does not mean."""

from __future__ import annotations

from git_ai_trail.report.document import MODES as ALL
from git_ai_trail.report.document import Report, Section
from git_ai_trail.report.phrases import are, count, listed

ID = "headline"
MODES = ALL


def build(report: Report) -> Section:
    lead = [_commits(report)]
    if report.totals.with_evidence:
        lead.append(_lines(report))
    if report.totals.apart.added:
        lead.append(_apart(report))
    if report.filters:
        chosen = "; ".join(f"{name} {value}" for name, value in report.filters.items())
        lead.append(f"Only commits that match are counted: {chosen}.")
    return Section(id=ID, title=report.title, lead=tuple(lead))


def _commits(report: Report) -> str:
    totals = report.totals
    found = totals.with_evidence
    merges = f" {count(totals.merges, 'merge')} {are(totals.merges, 'is', 'are')} not counted." if totals.merges else ""
    if not totals.commits:
        return f"There are no commits to report on.{merges}"
    if not found:
        return (
            f"None of {count(totals.commits, 'commit')} carries evidence of AI assistance, "
            f"which says nothing about who wrote them.{merges}"
        )
    of = f"{found:,} of {count(totals.commits, 'commit')} {are(found, 'carries', 'carry')} evidence of AI assistance"
    return f"{of}.{merges}"


def _lines(report: Report) -> str:
    lines = report.totals.lines
    parts = [f"{lines.generated:,} {are(lines.generated, 'was', 'were')} written by a coding agent's session"]
    if lines.edited:
        parts.append(f"{lines.edited:,} {are(lines.edited, 'was', 'were')} written by one and altered afterwards")
    said = f"Of {count(lines.added, 'added line')}, {listed(parts)}, with evidence"
    if not lines.unattributed:
        return f"{said}."
    rest = f"{lines.unattributed:,} {are(lines.unattributed, 'has', 'have')} none"
    return f"{said}; {rest}, which says nothing about who wrote {are(lines.unattributed, 'it', 'them')}."


def _apart(report: Report) -> str:
    apart = report.totals.apart
    owned = apart.generated + apart.edited
    evidence = f", {owned:,} of them with evidence" if owned else ""
    return (
        f"{count(apart.added, 'added line')} of lock files, generated and vendored files "
        f"{are(apart.added, 'is', 'are')} kept apart and counted nowhere else{evidence}."
    )
