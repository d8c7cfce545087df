"""Writes the annexes of commits: what their prompts took, and as much of their text as the policy allows. Cold path."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from git_ai_trail.attach import annex, notes, record
from git_ai_trail.config import UserConfig
from git_ai_trail.git import Git
from git_ai_trail.model import PromptInfo
from git_ai_trail.pipeline.cost import added, cost_of_prompts
from git_ai_trail.pipeline.prices import Prices, prices_of
from git_ai_trail.pipeline.worktree import Worktree
from git_ai_trail.redact.publish import publish_scan
from git_ai_trail.store.protocol import Store


def write(git: Git, common_dir: str, store: Store, config: UserConfig, oids: Sequence[str], *, policy: str) -> int:
    """Adds an annex to each record whose sessions are in the store, unless the same is there; returns how many."""
    cores, there = notes.read_many(git, oids), notes.read_many(git, oids, notes.ANNEX_REF)
    written, prices = 0, prices_of(config)
    for oid, note in cores.items():
        lines_there = record.parse_note(note)
        gone = {line.digest for line in lines_there if line.kind == "withheld"}
        known = annex.parse_annex(there.get(oid, b""), withheld=gone)
        lines = []
        for line in lines_there:
            if line.core is None or line.digest in gone:
                continue
            sessions = [found for one in line.core["sessions"] if (found := _session(store, prices, one)) is not None]
            before = known.get(line.digest)
            if sessions and not (before and before.policy == policy and _same(before.sessions, sessions, policy)):
                ruleset = next(iter(store.ruleset_digests(sessions[0].id)), "")
                now = int(time.time())
                lines.append(annex.annex_line(line.digest, sessions, policy=policy, ruleset=ruleset, made_at=now))
        if lines:
            notes.add_lines(git, common_dir, oid, lines, ref=notes.ANNEX_REF)
            written += len(lines)
    return written


def complete(tree: Worktree, store: Store, config: UserConfig, revisions: Sequence[str], *, policy: str) -> int:
    """Adds what is missing to the annexes of all records of a range; returns how many got one."""
    code, out = tree.git.call("log", "--format=%H", *revisions, "--")
    oids = out.decode("ascii", "replace").split() if code == 0 else []
    return write(tree.git, tree.common_dir, store, config, oids, policy=policy)


def _session(store: Store, prices: Prices, one: Mapping[str, Any]) -> annex.AnnexSession | None:
    if one["id"] not in store.find((one["id"],)):
        return None
    turns = {prompt["turn"] for prompt in one["prompts"]}
    prompts = list({prompt.index: prompt for prompt in store.prompts(one["id"]) if prompt.index in turns}.values())
    tokens = added([prompt.tokens for prompt in prompts])
    spent = cost_of_prompts(store, one["id"], {prompt.index for prompt in prompts}, prices)
    redactions: dict[str, int] = {}
    for prompt in prompts:
        for rule, count in prompt.redactions.items():
            redactions[rule] = redactions.get(rule, 0) + count
    return annex.AnnexSession(
        id=one["id"],
        tokens=tokens,
        cost_usd="" if spent is None else f"{spent:.6f}",
        redactions=redactions,
        prompts=[(prompt.index, _publishable(prompt)) for prompt in prompts],
    )


def _publishable(prompt: PromptInfo) -> str:
    """The redacted prompt, or nothing where the second look at what will be published finds something."""
    return "" if publish_scan(prompt.text) else prompt.text


def _same(before: Sequence[annex.AnnexSession], now: Sequence[annex.AnnexSession], policy: str) -> bool:
    def figures(sessions: Sequence[annex.AnnexSession]) -> list[tuple[object, ...]]:
        return [(one.id, one.tokens, one.cost_usd, dict(one.redactions)) for one in sessions]

    return policy == "none" and figures(before) == figures(now)
