"""States what the records of a range say, for others to sign, and checks such a statement against a clone. Cold path."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from git_ai_trail.apart import Kinds
from git_ai_trail.config import RepositoryConfig
from git_ai_trail.errors import TrailError
from git_ai_trail.git import Git
from git_ai_trail.pipeline import history
from git_ai_trail.pipeline import report as reports
from git_ai_trail.pipeline.env_files import values_in
from git_ai_trail.pipeline.prices import NO_PRICES
from git_ai_trail.pipeline.report_facts import Allowance, Local, fact
from git_ai_trail.pipeline.second_look import refuse_unclean
from git_ai_trail.report import attestation, saved
from git_ai_trail.report.attestation import Attested, Statement
from git_ai_trail.report.sums import counted

MODES = reports.MODES
MAX_BYTES = attestation.MAX_BYTES
to_json = attestation.to_json

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What became of a statement. `differences` are (oid, what is different); those in `withheld` are an answer, not a failure.

    `report` is ok, differs, or "" where no report was given.
    """

    statement: Statement
    differences: tuple[tuple[str, str], ...]
    withheld: tuple[str, ...]
    report: str

    @property
    def holds(self) -> bool:
        return not self.differences and self.report != "differs"


def attest(
    git: Git,
    wanted: reports.Wanted,
    *,
    env: Mapping[str, str],
    policy: RepositoryConfig,
    policy_source: str,
    report_name: str = "",
    progress: Progress | None = None,
) -> tuple[Statement, str]:
    """(the statement, the report as JSON that it names by its digest). Both from commits and notes alone, so that anybody can
    make them again."""
    if wanted.filters:
        raise TrailError("a statement is about all commits of a range", "leave out the filters")
    if wanted.revisions:
        tips, bases = reports.ends(git, wanted.revisions)
        if len(tips) != 1 or len(bases) > 1:
            raise TrailError("a statement is about a range with one end", "give it as v1.2..v1.3")
    report = reports.make(git, wanted, env=env, policy=policy, policy_source=policy_source, progress=progress)
    text = saved.to_json(report)
    secrets = values_in(git.cwd)
    refuse_unclean(text, is_json=True, secrets=secrets)
    name = report_name or f"ai-trail-{report.subject.tag or report.subject.tip_oid[:12]}.json"
    made = attestation.statement(report, report_name=name, report_sha256=_sha256(text))
    refuse_unclean(attestation.to_json(made), is_json=True, secrets=secrets)
    return made, text


def check(git: Git, data: bytes, *, report: bytes | None = None, progress: Progress | None = None) -> Checked:
    """Compares a statement with the commits and notes of this clone, offline.

    Raises `TrailError` for a file that holds no statement of ours, and for one about commits that are not here.
    """
    statement = attestation.read(data)
    span = statement.predicate.span
    for oid in filter(None, (span.tip, span.base)):
        if git.resolve(oid) != oid:
            raise TrailError(
                f"the commit {oid[:12]} that the attestation is about is not here", "fetch it, then check again"
            )
    revisions = [f"{span.base}..{span.tip}" if span.base else span.tip]
    told = history.told(git, revisions, cores=False, progress=progress)
    withheld = {one.commit.oid for one in told if one.found.digest in one.found.withheld}
    facts = counted([fact(one, Local(None, NO_PRICES), Allowance(), kinds=Kinds()) for one in told])
    here = {one.oid: attestation.attested(one) for one in facts}
    there = {one.oid: one for one in statement.predicate.commits}
    found = [(oid, _difference(there.get(oid), here.get(oid))) for oid in dict.fromkeys([*here, *there])]
    differences = [(oid, text) for oid, text in found if text and oid not in withheld]
    return Checked(
        statement=statement,
        differences=(*differences, *_of_the_whole(statement)),
        withheld=tuple(oid for oid, text in found if text and oid in withheld),
        report="" if report is None else "ok" if _is_report(statement, report) else "differs",
    )


def _difference(there: Attested | None, here: Attested | None) -> str:
    """What is different between what was attested of a commit and what is here, in our own words."""
    if there is None:
        return "is not in the attestation" if here is not None else ""
    if here is None:
        return "is attested, and is no commit of this range here"
    if there == here:
        return ""
    if there.record != here.record:
        return f"was attested with record {_short(there.record)}, and here it has {_short(here.record)}"
    if there.status != here.status:
        return f"was attested as {there.status}, and is {here.status} here"
    return (
        f"was attested with {there.generated + there.edited:,} of {there.added:,} lines with evidence, "
        f"and has {here.generated + here.edited:,} of {here.added:,} here"
    )


def _of_the_whole(statement: Statement) -> list[tuple[str, str]]:
    """What the statement says against itself."""
    said = statement.predicate
    sums = (
        len(said.commits),
        sum(one.added for one in said.commits),
        sum(one.generated for one in said.commits),
        sum(one.edited for one in said.commits),
    )
    stated = (said.totals.commits, said.totals.lines.added, said.totals.lines.generated, said.totals.lines.edited)
    found = []
    if sums != stated:
        found.append((said.span.tip, "is the end of a range whose attested totals are not the sums of its commits"))
    names = {digest for subject in statement.subject for digest in subject.digest.items()}
    # Whoever signs a file only (actions/attest) names that alone.
    if not names & {("gitCommit", said.span.tip), ("sha256", said.report_sha256)}:
        found.append((said.span.tip, "is neither the subject of the attestation, nor is its report"))
    return found


def _is_report(statement: Statement, report: bytes) -> bool:
    return hashlib.sha256(report).hexdigest() == statement.predicate.report_sha256


def _short(digest: str) -> str:
    return f"1:{digest[:12]}" if digest else "none"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def as_json(done: Checked) -> dict[str, Any]:
    """What became of a statement as plain values."""
    said = done.statement.predicate
    return {
        "result": "ok" if done.holds else "fail",
        "range": {"name": said.span.name, "base": said.span.base or None, "tip": said.span.tip},
        "commits": len(said.commits),
        "differences": [{"commit": oid, "text": text} for oid, text in done.differences],
        "withheld": list(done.withheld),
        "report": done.report or None,
    }


def summary(done: Checked) -> str:
    """One sentence about it."""
    said = done.statement.predicate
    count = len(said.commits)
    if not done.differences:
        found = f"all {count:,} commits of {said.span.name} are here as the attestation says"
    else:
        found = f"{len(done.differences):,} differences from the attestation of {said.span.name}"
    parts = [found]
    if done.withheld:
        parts.append(f"{len(done.withheld):,} records were withheld since")
    if done.report:
        parts.append("the report is the one it names" if done.report == "ok" else "the report is another one")
    return "; ".join(parts) + ". Whose statement it is, its signature says, which is not checked here."
