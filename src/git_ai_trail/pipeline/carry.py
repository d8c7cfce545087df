"""Carries records over a rewrite that happened elsewhere: a squash or rebase merge on a code host. Cold path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from git_ai_trail.attach import notes
from git_ai_trail.attach.annex import POLICIES, Annex, AnnexSession, allowed, annex_line, parse_annex
from git_ai_trail.attach.carrying import Load, Origin, load, weight
from git_ai_trail.attach.record import parse_line, parse_note, patch_digest
from git_ai_trail.config import RepositoryConfig
from git_ai_trail.errors import TrailError
from git_ai_trail.facts import FileDiff
from git_ai_trail.git import Git, empty_tree
from git_ai_trail.pipeline.shallow import refuse_cut_off
from git_ai_trail.redact import publish_scan
from git_ai_trail.settings import effective_publish


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A commit of the pull request with its notes; the commit itself need not be here."""

    oid: str
    note: bytes
    annex: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What went to `target`: records by digest, how many of its lines they credit, annexes; and what stayed behind, with the reason."""

    target: str
    records: tuple[str, ...]
    lines: int
    annexes: int
    skipped: tuple[tuple[str, str], ...]


def carry(
    git: Git,
    common_dir: str,
    target: str,
    sources: Sequence[Source],
    *,
    op: str = "",
    policy: RepositoryConfig,
    dry_run: bool = False,
) -> Carried:
    """Attaches to `target` what the records of `sources` (oldest first) say of lines that stand in it. Again: changes nothing.

    `op` is squash or rebase (default: by the number of sources). Of annexes goes along what `policy` lets through.
    """
    oid = git.resolve(target)
    if oid is None:
        raise TrailError(f"git knows no commit {target!r}", "give a commit, a branch or a tag")
    refuse_cut_off(git, [oid])
    if git.resolve(f"{oid}^2") is not None:
        raise TrailError(
            f"{oid[:12]} is a merge, which brings no lines of its own", "its parents have their own records"
        )
    there = notes.read(git, oid)
    made = load(_origins(git, sources), there, _diff(git, oid), op=op or ("squash" if len(sources) > 1 else "rebase"))
    gone = {line.digest for line in parse_note(there) if line.kind == "withheld"}
    extra = _annexes(made, sources, policy, gone)
    if not dry_run:
        if made.lines:
            notes.add_lines(git, common_dir, oid, list(made.lines))
        if extra:
            notes.add_lines(git, common_dir, oid, extra, ref=notes.ANNEX_REF)
    return Carried(
        target=oid, records=tuple(made.records), lines=made.credited, annexes=len(extra), skipped=made.skipped
    )


def sources_of(git: Git, oids: Sequence[str]) -> list[Source]:
    """Commits with their own notes."""
    cores, annexes = notes.read_many(git, oids), notes.read_many(git, oids, notes.ANNEX_REF)
    return [Source(oid=oid, note=cores.get(oid, b""), annex=annexes.get(oid, b"")) for oid in oids]


def pair(git: Git, targets: Sequence[str], sources: Sequence[Source]) -> list[tuple[str, list[Source]]]:
    """Which commit became which, after a rebase of several: by the same change first, then by whose lines stand where."""
    diffs = {target: _diff(git, target) for target in targets}
    patches: dict[str, list[str]] = {}
    for target, found in diffs.items():
        patches.setdefault(patch_digest(found), []).append(target)
    pairs: dict[str, list[Source]] = {target: [] for target in targets}
    for source, origin in zip(sources, _origins(git, sources), strict=True):
        known = [patch_digest(origin.diffs)] if origin.diffs else []
        known += [line.core["patch"] for line in parse_note(origin.note) if line.core is not None]
        # Two commits can make the same change; each is one source's.
        same = next((patches[one].pop(0) for one in known if patches.get(one)), None)
        target = same or _heaviest(origin, diffs)
        if target:
            pairs[target].append(source)
    return [(target, found) for target, found in pairs.items() if found]


def _heaviest(origin: Origin, diffs: Mapping[str, tuple[FileDiff, ...]]) -> str:
    """The commit in which most of the origin's lines stand; empty if they stand in none."""
    weights = {one: weight(origin, found) for one, found in diffs.items()}
    best = max(weights, key=lambda one: weights[one], default="")
    return best if best and weights[best] else ""


def _origins(git: Git, sources: Sequence[Source]) -> list[Origin]:
    return [
        Origin(oid=one.oid, note=one.note, diffs=_diff(git, one.oid) if git.resolve(one.oid) == one.oid else ())
        for one in sources
    ]


def _diff(git: Git, oid: str) -> tuple[FileDiff, ...]:
    parent = git.resolve(f"{oid}^1")
    return git.diff(parent or empty_tree(oid), oid)


def _annexes(made: Load, sources: Sequence[Source], policy: RepositoryConfig, gone: set[str]) -> list[bytes]:
    found: dict[str, Annex] = {}
    for one in sources:
        withheld = gone | {line.digest for line in parse_note(one.note) if line.kind == "withheld"}
        found |= parse_annex(one.annex, withheld=withheld)
    cores = {line.digest: line.core for raw in made.lines if (line := parse_line(raw)).core is not None}
    return [_checked(found[digest], cores[digest] or {}, policy) for digest in made.records if digest in found]


def _checked(annex: Annex, core: Mapping[str, Any], policy: RepositoryConfig) -> bytes:
    """The annex as far as this repository lets it through, of what the record itself names; a prompt in which the second look
    finds something is left out."""
    turns = {one["id"]: {prompt["turn"] for prompt in one["prompts"]} for one in core["sessions"]}
    level = effective_publish(annex.policy, policy.publish)
    sessions = [
        AnnexSession(
            id=one.id,
            tokens=one.tokens,
            cost_usd=one.cost_usd,
            redactions={rule: count for rule, count in one.redactions.items() if not publish_scan(rule)},
            prompts=[
                (turn, text)
                for turn, text in one.prompts
                if turn in turns[one.id] and allowed(text, level) and not publish_scan(text)
            ],
        )
        for one in annex.sessions
        if one.id in turns
    ]
    ruleset = annex.ruleset if not publish_scan(annex.ruleset) else ""
    reviewer = annex.reviewer if not publish_scan(annex.reviewer) else ""
    return annex_line(
        annex.digest,
        sessions,
        policy=level if level in POLICIES else "none",
        ruleset=ruleset,
        made_at=annex.made_at,
        reviewer=reviewer,
    )
