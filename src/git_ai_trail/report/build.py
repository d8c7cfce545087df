"""Facts about commits in, a report out: sums them up and asks every section for its part."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import replace

from git_ai_trail.report.document import (
    FORMAT,
    CommitFact,
    Policy,
    Redactions,
    Report,
    Repository,
    Subject,
    Totals,
)
from git_ai_trail.report.sections import SECTIONS
from git_ai_trail.report.spent import spent
from git_ai_trail.report.sums import authored, counted, parted, redacted, summed


def build(
    *,
    tool: str,
    title: str,
    repository: Repository,
    subject: Subject,
    mode: str,
    filters: Mapping[str, str],
    policy: Policy,
    commits: tuple[CommitFact, ...],
    removed: Mapping[str, int],
    rulesets: tuple[str, ...],
    problems: tuple[str, ...] = (),
    prices: str = "",
) -> Report:
    """The report on `commits` (newest first), whose texts are clean; `mode` decides which sections it has.

    `removed` are redactions by rule that were made while the texts were cleaned for this report, `rulesets` the digests of
    the rules by which the records' texts were. `prices` names the price lists by which costs were worked out here.
    """
    draft = Report(
        format=FORMAT,
        tool=tool,
        title=title,
        repository=repository,
        subject=subject,
        mode=mode,
        filters=filters,
        policy=policy,
        totals=totals(commits),
        redactions=Redactions(records=redacted(commits), report=removed, rulesets=rulesets),
        commits=commits,
        sections=(),
        check=f"git ai-trail verify {shlex.join(subject.revisions.split(' '))}",
        problems=problems,
        prices=prices,
    )
    found = (each.build(draft) for each in SECTIONS if mode == "full" or mode in each.MODES)
    return replace(draft, sections=tuple(section for section in found if section is not None))


def totals(commits: Iterable[CommitFact]) -> Totals:
    """The sums over commits; a merge counts only if it has a record of its own."""
    ours = counted(commits)
    parts = [part for one in ours for part in authored(one)]
    took = spent(parts)
    return Totals(
        commits=len(ours),
        merges=sum(1 for one in commits if one.merge),
        with_evidence=sum(1 for one in ours if one.evidence),
        claims=sum(1 for one in ours if one.status == "claim"),
        unknown=sum(1 for one in ours if one.status == "unknown"),
        lines=summed(one.lines for one in ours),
        sessions=len({part.id for part in parts}),
        prompts=len({(part.id, prompt.turn) for part in parts for prompt in part.prompts}),
        tokens=took.tokens,
        cost_usd=took.cost_usd,
        costed=took.cost_usd is not None,
        apart=parted(one.apart for one in ours),
    )
