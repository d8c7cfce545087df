"""How the report was made, what it can and cannot say, and how anybody can check it."""

from __future__ import annotations

import shlex

from git_ai_trail.report.document import MODES as ALL
from git_ai_trail.report.document import Report, Section

ID = "method"
MODES = ALL

_FETCH = "git fetch origin 'refs/notes/ai-log-trail*:refs/notes/ai-log-trail*'"
_HOW = (
    "Sessions of coding agents were matched with commits by the lines that they wrote: a line counts as generated where a "
    "session's log shows that it wrote exactly this line to this file, and as edited where it wrote the line and it was "
    "altered since. Lines that many sessions or the repository itself contain prove nothing by themselves."
)
_RECORDS = (
    "The records are notes attached to the commits; the trailer in a commit's message holds the digest of its record. "
    "This report was made from them, and counts only lines that stand in the commits now."
)
_SILENCE = "A line without evidence is called unattributed. Absence of evidence says nothing about who wrote a line."


def build(report: Report) -> Section:
    return Section(
        id=ID,
        title="How this was made and how to check it",
        lead=(_HOW, _RECORDS, _SILENCE),
        commands=(_FETCH, report.check, _again(report)),
        notes=tuple(_facts(report)),
        folded=True,
    )


def _again(report: Report) -> str:
    words = ["git", "ai-trail", "report"]
    subject = report.subject
    if subject.kind == "release":
        words += ["--release", subject.tag, *(("--previous", subject.previous) if subject.previous else ())]
    else:
        words += subject.revisions.split(" ")
    for name, value in report.filters.items():
        words += [f"--{name}", value]
    return shlex.join([*words, *(("--mode", report.mode) if report.mode != "summary" else ()), "--no-store"])


def _facts(report: Report) -> list[str]:
    subject, policy = report.subject, report.policy
    start = f"from {subject.base_oid[:12]} (not counted)" if subject.base_oid else "from the first commit"
    facts = [
        f"Commits: {start} to {subject.tip_oid[:12]}. {subject.chosen}".strip(),
        f"Policy ({policy.source}): publish {policy.publish}, profile {policy.profile}, "
        f"require {', '.join(policy.require) or 'nothing'}.",
        f"Made by {report.tool}, format {report.format}; it holds no time of its making, so the same commits and notes give the same report.",
    ]
    if report.prices:
        facts.append(f"Costs that the records do not state were worked out by {report.prices}.")
    if report.redactions.rulesets:
        facts.append(
            f"Redaction rules in force (digests): {', '.join(one[:16] for one in report.redactions.rulesets)}."
        )
    return facts
