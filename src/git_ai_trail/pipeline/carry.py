"""Carries records over a rewrite that happened elsewhere: a squash or rebase merge on a code host. Cold path."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from git_ai_trail.attach import notes, tombstones, trailers
from git_ai_trail.attach.annex import POLICIES, Annex, AnnexSession, annex_line, parse_annex
from git_ai_trail.attach.carrying import Load, Origin, load, weight
from git_ai_trail.attach.record import MAX_LINE, MAX_NOTE, parse_note, patch_digest
from git_ai_trail.attach.shape import HEX64
from git_ai_trail.config import RepositoryConfig
from git_ai_trail.errors import TrailError
from git_ai_trail.facts import FileDiff
from git_ai_trail.git import Git, base_at
from git_ai_trail.pipeline.shallow import refuse_cut_off
from git_ai_trail.redact import publish_scan
from git_ai_trail.settings import effective_publish
from git_ai_trail.words import word

# An annex that claims to be made later than this from now would win over every one that is made after it.
_AHEAD = 24 * 3600
# A record that is attached elsewhere costs a search through all notes.
_MOST_SEARCHED = 100
_MOST_NAMED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A commit of the pull request with its notes; the commit itself need not be here."""

    oid: str
    note: bytes
    annex: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What went to `target`: records by digest, how many of its added lines they own, annexes; and what stayed behind, as
    (digest, reason)."""

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

    `op` is squash or rebase (default: by the number of sources). Of annexes goes along what `policy` lets through. Raises
    `TrailError` for a merge, and where a shallow clone ends.
    """
    oid = git.resolve(target)
    if oid is None:
        raise TrailError(f"git knows no commit {target!r}", "give a commit, a branch or a tag")
    refuse_cut_off(git, [oid])
    if git.resolve(f"{oid}^2") and any(one.oid != oid for one in sources):
        raise TrailError(
            f"{oid[:12]} is a merge: it brings no lines of its own, and the commits that it merged keep their records",
            "name the commit that a squash or a rebase made",
        )
    made = load(
        _origins(git, sources),
        notes.read(git, oid),
        _diff(git, oid),
        op=op or ("squash" if len(sources) > 1 else "rebase"),
        withheld=notes.withheld_in(git),
        named=trailers.anywhere(git.text("log", "-1", "--no-show-signature", "--format=%B", oid)),
    )
    extra = _annexes(git, oid, made, sources, policy)
    if not dry_run:
        if made.lines:
            notes.add_lines(git, common_dir, oid, list(made.lines))
        if extra:
            notes.add_lines(git, common_dir, oid, extra, ref=notes.ANNEX_REF)
    return Carried(
        target=oid, records=tuple(made.records), lines=made.credited, annexes=len(extra), skipped=made.skipped
    )


def carry_rewritten(
    git: Git,
    common_dir: str,
    pairs: Sequence[tuple[str, str]],
    *,
    op: str = "",
    policy: RepositoryConfig,
    dry_run: bool,
) -> list[Carried]:
    """`carry` for each commit that `pairs` (old, new) name as new, from all that became it, in their order.

    What has no record, and what is not here or is a merge, is passed over.
    """
    news: dict[str, dict[str, None]] = {}
    for old, new in pairs:
        news.setdefault(new, {})[old] = None
    done = []
    for new, olds in news.items():
        sources = [one for one in sources_of(git, list(olds)) if one.note]
        if sources and git.resolve(new) == new and not git.resolve(f"{new}^2"):
            done.append(carry(git, common_dir, new, sources, op=op, policy=policy, dry_run=dry_run))
    return done


def sources_of(git: Git, oids: Sequence[str]) -> list[Source]:
    """Commits with their own notes, or else with the records that their messages name, wherever those are attached."""
    cores, annexes = notes.read_many(git, oids), notes.read_many(git, oids, notes.ANNEX_REF)
    found = []
    for oid in oids:
        own = cores.get(oid) or (_named_elsewhere(git, oid) if len(oids) <= _MOST_SEARCHED else b"")
        found.append(Source(oid=oid, note=own, annex=annexes.get(oid, b"")))
    return found


def _named_elsewhere(git: Git, oid: str) -> bytes:
    code, out = git.call("log", "-1", "--no-show-signature", "--format=%B", oid)
    named = trailers.anywhere(out.decode("utf-8", "surrogateescape")) if code == 0 else ()
    there = (notes.find_by_digest(git, digest) for digest in named[:_MOST_NAMED])
    return b"\n".join(one[1].raw for one in there if one)


def pair(git: Git, targets: Sequence[str], sources: Sequence[Source]) -> list[tuple[str, list[Source]]]:
    """Which commit became which, after a rebase of several (all oldest first).

    First by the same change, each target for one source and in order; what is left goes where most of its lines stand. What
    fits nowhere is in no pair.
    """
    diffs = {target: _diff(git, target) for target in targets}
    free: dict[str, list[str]] = {}
    for target, found in diffs.items():
        free.setdefault(patch_digest(found), []).append(target)
    chosen: dict[int, str] = {}
    left: list[tuple[int, Origin]] = []
    for number, origin in enumerate(_origins(git, sources)):
        same = next((free[patch] for patch in _patches(origin) if free.get(patch)), None)
        if same:
            chosen[number] = same.pop(0)
        else:
            left.append((number, origin))
    for number, origin in left:
        taken = set(chosen.values())
        weights = {target: (weight(origin, found), target not in taken) for target, found in diffs.items()}
        best = max(weights, key=weights.__getitem__, default="")
        if best and weights[best][0]:
            chosen[number] = best
    pairs: dict[str, list[Source]] = {target: [] for target in targets}
    for number in sorted(chosen):
        pairs[chosen[number]].append(sources[number])
    return [(target, found) for target, found in pairs.items() if found]


def _patches(origin: Origin) -> list[str]:
    """What the commit changed: as it shows itself, and as its records say."""
    shown = [patch_digest(origin.diffs)] if origin.diffs else []
    return [*shown, *(line.patch for line in parse_note(origin.note) if line.kind in ("core", "derived"))]


def _origins(git: Git, sources: Sequence[Source]) -> list[Origin]:
    return [
        Origin(oid=one.oid, note=one.note, diffs=_diff(git, one.oid) if git.resolve(one.oid) == one.oid else ())
        for one in sources
    ]


def _diff(git: Git, oid: str) -> tuple[FileDiff, ...]:
    return git.diff(base_at(git, oid), oid)


def _annexes(git: Git, oid: str, made: Load, sources: Sequence[Source], policy: RepositoryConfig) -> list[bytes]:
    """The annexes of the records that are carried, the last made of each. What is withheld in any note has none."""
    there = notes.read(git, oid, notes.ANNEX_REF)
    blobs = [there, *(blob for one in sources for blob in (one.note, one.annex))]
    gone = {
        line.digest for blob in blobs if b'"withheld"' in blob for line in parse_note(blob) if line.kind == "withheld"
    }
    elsewhere = tombstones.standing(git, notes.ANNEX_REF)
    latest = int(time.time()) + _AHEAD
    found: dict[str, Annex] = {}
    for one in sources:
        for digest, annex in parse_annex(one.annex, withheld=gone, elsewhere=elsewhere).items():
            if annex.made_at <= latest and (digest not in found or annex.made_at >= found[digest].made_at):
                found[digest] = annex
    room = MAX_NOTE - len(there)
    lines = []
    for digest, core in made.records.items():
        line = _checked(found[digest], core, policy) if digest in found else b""
        if line and len(line) <= MAX_LINE and len(line) < room:
            room -= len(line) + 1
            lines.append(line)
    return lines


def _checked(annex: Annex, core: Mapping[str, Any], policy: RepositoryConfig) -> bytes:
    """The annex as far as its record names sessions and turns and this repository lets it through; a prompt in which the
    second look finds something is left out."""
    turns = {one["id"]: {prompt["turn"] for prompt in one["prompts"]} for one in core["sessions"]}
    sessions = [
        AnnexSession(
            id=one.id,
            tokens=one.tokens,
            cost_usd=one.cost_usd,
            redactions={rule: count for rule, count in one.redactions.items() if word(rule) == rule},
            prompts=[(turn, text) for turn, text in one.prompts if turn in turns[one.id] and not publish_scan(text)],
        )
        for one in annex.sessions
        if one.id in turns
    ]
    level = effective_publish(annex.policy, policy.publish)
    return annex_line(
        annex.digest,
        sessions,
        policy=level if level in POLICIES else "none",
        ruleset=annex.ruleset if HEX64.fullmatch(annex.ruleset) else word(annex.ruleset),
        made_at=annex.made_at,
        reviewer=annex.reviewer if not publish_scan(annex.reviewer) else "",
    )
