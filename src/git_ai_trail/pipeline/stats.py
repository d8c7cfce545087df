"""Totals over a range: who took part, where in the tree, and how much of what was written still stands. Cold path.

The figures are those of the report on the same range; what is added is how long lines last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from git_ai_trail.codec import text_path
from git_ai_trail.git import Git
from git_ai_trail.pipeline import history
from git_ai_trail.pipeline.apart import of_commits, without
from git_ai_trail.pipeline.report_facts import SOUND
from git_ai_trail.pipeline.sessions import tokens_json
from git_ai_trail.report.document import CommitFact, Report, Table
from git_ai_trail.report.sums import authored, counted, summed
from git_ai_trail.shown import ShownFile

CLASSES = ("generated", "edited")
# Processes that look for lines side by side.
_AT_ONCE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Of the lines with evidence that the range's commits added, those that still stand at `tip`, by class and by agent.

    Each is (standing, in all). A line counts as standing while git's blame leads from the tip to it: moved along with its
    file, but not altered.
    """

    tip: str
    by_class: Mapping[str, tuple[int, int]]
    by_agent: Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorRow:
    """What the commits of one author hold, whoever wrote it."""

    author: str
    commits: int
    with_evidence: int
    added: int
    generated: int
    edited: int


def by_author(report: Report) -> list[AuthorRow]:
    """The commits by author, those with most lines first; empty unless the report was made with authors."""
    groups: dict[str, list[CommitFact]] = {}
    for one in counted(report.commits):
        if one.author:
            groups.setdefault(one.author, []).append(one)
    rows = [_author(name, mine) for name, mine in groups.items()]
    return sorted(rows, key=lambda row: (-row.added, row.author))


def _author(name: str, mine: Sequence[CommitFact]) -> AuthorRow:
    lines = summed(one.lines for one in mine)
    return AuthorRow(
        author=name,
        commits=len(mine),
        with_evidence=sum(1 for one in mine if one.evidence),
        added=lines.added,
        generated=lines.generated,
        edited=lines.edited,
    )


def kept(
    git: Git,
    report: Report,
    *,
    patterns: Sequence[str] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Kept:
    """How much of what the report counts still stands at its tip: git's blame of every file that the range touched.

    `patterns` are those of the policy for files whose lines are kept apart.
    """
    counting = {one.oid: {part.id: part.agent for part in authored(one)} for one in counted(report.commits)}
    revisions = report.subject.revisions.split(" ")
    owned: dict[str, dict[tuple[str, int], tuple[str, str]]] = {}
    kinds = of_commits(git, list(counting), patterns)
    for one in history.told(git, revisions, cores=False):
        agents = counting.get(one.commit.oid)
        if agents and one.found.status in SOUND:
            found, _ = without(one.found, kinds(one.commit.oid))
            owned[one.commit.oid] = dict(_lines(found.files, agents))
    tip = report.subject.tip_oid
    stands: set[tuple[str, str, int]] = set()
    paths = _paths(git, revisions, tip)
    at_top = Git(git.toplevel(), env=git.env)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        looks = pool.map(lambda path: _standing(at_top, report.subject.base_oid, tip, path, owned), paths)
        for number, standing in enumerate(looks, 1):
            stands |= standing
            if progress is not None:
                progress(number, len(paths))
    sums: dict[str, Counter[str]] = {
        "class": Counter(),
        "agent": Counter(),
        "kept class": Counter(),
        "kept agent": Counter(),
    }
    for oid, lines in owned.items():
        for (path, line), (line_class, agent) in lines.items():
            sums["class"][line_class] += 1
            sums["agent"][agent] += 1
            if (oid, path, line) in stands:
                sums["kept class"][line_class] += 1
                sums["kept agent"][agent] += 1
    return Kept(
        tip=tip,
        by_class={name: (sums["kept class"][name], sums["class"][name]) for name in CLASSES},
        by_agent={name: (sums["kept agent"][name], count) for name, count in sums["agent"].most_common()},
    )


def _lines(files: Sequence[ShownFile], agents: Mapping[str, str]) -> Iterator[tuple[tuple[str, int], tuple[str, str]]]:
    for file in files:
        for r in file.ranges:
            if r.session in agents:
                for line in range(r.start, r.end + 1):
                    yield (file.path, line), (r.line_class, agents[r.session])


def _paths(git: Git, revisions: Sequence[str], tip: str) -> list[str]:
    """Files at the tip that a commit of the range touched; one that was renamed since is touched by that."""
    out = git.run("log", "--format=", "--name-only", "--no-renames", "-z", *revisions, "--")
    touched = {name.strip(b"\n") for name in out.split(b"\0")}
    there = git.run("ls-tree", "-r", "-z", "--full-tree", tip).split(b"\0")
    blobs = (entry.partition(b"\t") for entry in there)
    return [
        name.decode("utf-8", "surrogateescape")
        for head, _, name in blobs
        if name in touched and head.startswith(b"100")
    ]


def _standing(
    git: Git, base: str, tip: str, path: str, owned: Mapping[str, Mapping[tuple[str, int], object]]
) -> set[tuple[str, str, int]]:
    """(commit, path there, line there) of the file's lines that an owner has."""
    span = f"{base}..{tip}" if base else tip
    code, out = git.call("-c", "core.quotePath=false", "blame", "--incremental", span, "--", path)
    if code != 0:
        return set()  # git cannot blame it: a binary file whose attributes say so, or one that went away meanwhile
    found: set[tuple[str, str, int]] = set()
    oid, first, count = "", 0, 0
    for raw in out.split(b"\n"):
        words = raw.split(b" ")
        if len(words) == 4 and len(words[0]) in (40, 64) and words[1].isdigit() and words[3].isdigit():
            oid, first, count = words[0].decode("ascii", "replace"), int(words[1]), int(words[3])
        elif raw.startswith(b"filename ") and oid in owned:
            name = text_path(raw[len(b"filename ") :].decode("utf-8", "surrogateescape"))
            lines = owned[oid]
            found.update((oid, name, line) for line in range(first, first + count) if (name, line) in lines)
    return found


def as_json(report: Report, authors: Sequence[AuthorRow], standing: Kept | None) -> dict[str, Any]:
    """Totals, tables and durability as plain values."""
    totals = report.totals
    found: dict[str, Any] = {
        "range": report.subject.revisions,
        "name": report.subject.name,
        "commits": {
            "all": totals.commits,
            "merges": totals.merges,
            "with_evidence": totals.with_evidence,
            "claims": totals.claims,
            "unknown": totals.unknown,
        },
        "lines": {name: getattr(totals.lines, name) for name in ("added", *CLASSES, "unattributed", "deleted")},
        "apart": {name: getattr(totals.apart, name) for name in ("files", "added", *CLASSES)},
        "sessions": totals.sessions,
        "prompts": totals.prompts,
        "tokens": None if totals.tokens is None else tokens_json(totals.tokens),
        "cost_usd": totals.cost_usd,
        "agents": _rows(table_of(report, "agents")),
        "areas": _rows(table_of(report, "areas")),
    }
    if authors:
        found["authors"] = [{name: getattr(row, name) for name in AuthorRow.__dataclass_fields__} for row in authors]
    if standing is not None:
        found["kept"] = {
            "tip": standing.tip,
            **{
                key: {name: {"kept": now, "of": all_} for name, (now, all_) in group.items()}
                for key, group in (("by_class", standing.by_class), ("by_agent", standing.by_agent))
            },
        }
    return found


def table_of(report: Report, section: str) -> Table | None:
    """The table of one section of the report; None where it has none."""
    return next((one.table for one in report.sections if one.id == section), None)


def _rows(table: Table | None) -> list[dict[str, Any]]:
    return [dict(row) for row in table.rows] if table is not None else []
