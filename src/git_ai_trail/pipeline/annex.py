"""Writes the annexes of commits: what their prompts took, and as much of their text as the policy allows. Cold path."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from git_ai_trail.attach import annex, notes, record, tombstones
from git_ai_trail.config import UserConfig
from git_ai_trail.git import Git
from git_ai_trail.model import PromptInfo
from git_ai_trail.pipeline import scrubbing
from git_ai_trail.pipeline.cost import added, cost_of_prompts
from git_ai_trail.pipeline.prices import Prices, prices_of
from git_ai_trail.pipeline.worktree import Worktree
from git_ai_trail.redact.publish import publish_scan
from git_ai_trail.store.protocol import Store

if TYPE_CHECKING:
    from git_ai_trail.redact import Scrubber


def write(
    git: Git,
    common_dir: str,
    store: Store,
    config: UserConfig,
    oids: Sequence[str],
    *,
    policy: str,
    env: Mapping[str, str] = os.environ,
) -> int:
    """Adds an annex to each record whose sessions are in the store, unless the same is there; returns how many."""
    cores, there = notes.read_many(git, oids), notes.read_many(git, oids, notes.ANNEX_REF)
    written, prices = 0, prices_of(config)
    elsewhere = tombstones.standing(git, notes.ANNEX_REF)
    withheld = tombstones.read(elsewhere)
    by_hand = _by_hand(env, store) if policy != "none" else None
    for oid, note in cores.items():
        lines_there = record.parse_note(note)
        gone = {line.digest for line in lines_there if line.kind == "withheld"}
        known = annex.parse_annex(there.get(oid, b""), withheld=gone, elsewhere=elsewhere)
        lines = []
        for line in lines_there:
            if line.core is None or line.digest in gone or line.digest in withheld.digests:
                continue
            known_here = [one for one in line.core["sessions"] if one["id"] in store.find((one["id"],))]
            sessions = [_session(store, prices, one, by_hand) for one in known_here]
            before = known.get(line.digest)
            if sessions and not (before and before.policy == policy and _same(before.sessions, sessions, policy)):
                ruleset = next(iter(store.ruleset_digests(sessions[0].id)), "")
                now = int(time.time())
                made = annex.annex_line(line.digest, sessions, policy=policy, ruleset=ruleset, made_at=now)
                lines.append(tombstones.stripped(made, withheld))
        if lines:
            notes.add_lines(git, common_dir, oid, lines, ref=notes.ANNEX_REF)
            written += len(lines)
    return written


def complete(tree: Worktree, store: Store, config: UserConfig, revisions: Sequence[str], *, policy: str) -> int:
    """Adds what is missing to the annexes of all records of a range; returns how many got one."""
    code, out = tree.git.call("log", "--format=%H", *revisions, "--")
    oids = out.decode("ascii", "replace").split() if code == 0 else []
    return write(tree.git, tree.common_dir, store, config, oids, policy=policy)


def _by_hand(env: Mapping[str, str], store: Store) -> Scrubber | None:
    """What finds texts that are to go by hand in prompts of the store, where there are any such."""
    entries = store.manual()
    return scrubbing.by_hand_alone(env, entries) if any(entry.active for entry in entries) else None


def _session(store: Store, prices: Prices, one: Mapping[str, Any], by_hand: Scrubber | None) -> annex.AnnexSession:
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
        prompts=[(prompt.index, _publishable(prompt, by_hand)) for prompt in prompts],
    )


def _publishable(prompt: PromptInfo, by_hand: Scrubber | None) -> str:
    """The redacted prompt, or nothing where the second look at what will be published finds something."""
    text = prompt.text
    if by_hand is not None:
        # The store is in line with what is to go by hand; a run that was killed in between would be noticed here.
        text, _ = by_hand.going_on(prompt.session_id, {}).text(text, "prompt")
    return "" if publish_scan(text) else text


def _same(before: Sequence[annex.AnnexSession], now: Sequence[annex.AnnexSession], policy: str) -> bool:
    def figures(sessions: Sequence[annex.AnnexSession]) -> list[tuple[object, ...]]:
        return [(one.id, one.tokens, one.cost_usd, dict(one.redactions)) for one in sessions]

    return policy == "none" and figures(before) == figures(now)
