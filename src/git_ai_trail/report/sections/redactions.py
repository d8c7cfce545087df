"""How much was redacted, by which rule, and by hand."""

from __future__ import annotations

from git_ai_trail.report.document import Cell, Column, Report, Section, Table
from git_ai_trail.report.phrases import count

ID = "redactions"
MODES = ("summary", "prompts", "actions", "tokens")

_COLUMNS = (
    Column(id="rule", title="Entries redacted by", kind="code"),
    Column(id="records", title="In the sessions' prompts and actions", kind="count"),
    Column(id="report", title="In what this report shows", kind="count"),
)


def build(report: Report) -> Section | None:
    known = report.redactions
    if not report.totals.with_evidence:
        return None
    total = sum(known.records.values()) + sum(known.report.values())
    if not total:
        return Section(id=ID, title="Redactions: none", lead=("No entry had to be redacted.",), folded=True)
    rules = sorted({*known.records, *known.report}, key=lambda rule: (-known.records.get(rule, 0), rule))
    return Section(
        id=ID,
        title=f"Redactions: {', '.join(_parts(report, rules))}",
        lead=("Removed before anything was stored or published; what stood there is nowhere in the records.",),
        table=Table(columns=_COLUMNS, rows=tuple(_row(report, rule) for rule in rules)),
        folded=True,
    )


def _parts(report: Report, rules: list[str]) -> list[str]:
    """`41 by 6 rules`, `2 by hand`, `12 payloads left out`: what a reader wants to know at a glance."""
    by_kind = {"rule": 0, "manual": 0, "structural": 0}
    for rule in rules:
        kind = rule.partition(":")[0]
        row = _row(report, rule)
        by_kind[kind if kind in by_kind else "rule"] += int(row["records"] or 0) + int(row["report"] or 0)
    used = sum(1 for rule in rules if not rule.startswith(("manual:", "structural:")))
    parts = [f"{by_kind['rule']:,} by {count(used, 'rule')}"] if by_kind["rule"] else []
    parts += [f"{by_kind['manual']:,} by hand"] if by_kind["manual"] else []
    return parts + ([f"{count(by_kind['structural'], 'payload')} left out"] if by_kind["structural"] else [])


def _row(report: Report, rule: str) -> dict[str, Cell]:
    known = report.redactions
    return {"rule": rule, "records": known.records.get(rule, 0), "report": known.report.get(rule, 0)}
