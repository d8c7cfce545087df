"""What is known of a commit: its record as git has it, and more where this machine's database knows the session. Cold path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from git_ai_trail.agents import spoken
from git_ai_trail.apart import Kinds
from git_ai_trail.attach import annex, notes, status, tombstones
from git_ai_trail.attach.claims import claims
from git_ai_trail.attach.record import parse_note, tombstone_line
from git_ai_trail.errors import TrailError
from git_ai_trail.facts import EvidenceFact, FileDiff
from git_ai_trail.git import Git, base_of
from git_ai_trail.model import PromptInfo, Shown, ShownPrompt, ShownSession
from git_ai_trail.pipeline import merges
from git_ai_trail.pipeline.apart import of_commit, parted
from git_ai_trail.pipeline.commits import commits
from git_ai_trail.pipeline.cost import added, cost, cost_of_prompts
from git_ai_trail.pipeline.prices import NO_PRICES, Prices
from git_ai_trail.pipeline.sessions import time_json, tokens_json
from git_ai_trail.pipeline.shallow import refuse_cut_off
from git_ai_trail.shown import Commit
from git_ai_trail.store.protocol import Store


def show(
    git: Git,
    rev: str,
    store: Store | None = None,
    *,
    policy: str = "none",
    prices: Prices | None = None,
    patterns: Sequence[str] = (),
) -> Shown:
    """The record of one commit, judged against its content; raises `TrailError` if git knows no such commit.

    `patterns` are those of the policy for files whose lines are kept apart.
    """
    oid = git.resolve(rev)
    if oid is None:
        raise TrailError(f"git knows no commit {rev!r}", "give a commit, a branch or a tag")
    # Four questions that do not wait for each other: most of what this takes is git starting.
    with ThreadPoolExecutor(4) as pool:
        own, annexed = pool.submit(notes.read, git, oid), pool.submit(notes.read, git, oid, notes.ANNEX_REF)
        standing, withheld = pool.submit(tombstones.standing, git, notes.ANNEX_REF), pool.submit(notes.withheld_in, git)
        commit = commits(git, [oid], limit=1)[0]
        if not commit.parents:
            refuse_cut_off(git, [oid])
        note, more = _with_tombstones(
            commit, own.result(), annexed.result(), standing=standing.result(), withheld=withheld.result()
        )
    return shown(git, commit, note, more, store, policy=policy, prices=prices, patterns=patterns)


def shown(
    git: Git,
    commit: Commit,
    note: bytes,
    annex_note: bytes,
    store: Store | None,
    *,
    policy: str = "none",
    prices: Prices | None = None,
    patterns: Sequence[str] = (),
) -> Shown:
    """The record of a commit whose notes are at hand."""
    diffs = git.diff(base_of(commit.parents, commit.oid), commit.oid)
    found = status.assess(commit.message, note, diffs)
    if found.status == "unknown":
        found = _recovered(git, commit, found, diffs)
    found = merges.own(commit, found, attached=bool(note))
    extra = annex.parse_annex(annex_note, withheld=found.withheld).get(found.digest)
    kinds = of_commit(git, commit.oid, found.files, patterns)
    return assessed(commit, found, extra, store, policy=policy, prices=prices, kinds=kinds)


def assessed(
    commit: Commit,
    found: status.Assessment,
    extra: annex.Annex | None,
    store: Store | None,
    *,
    policy: str,
    prices: Prices | None,
    kinds: Kinds,
) -> Shown:
    """The same for a commit whose record was judged already."""
    return Shown(
        commit=commit,
        status=found.status,
        added=found.added,
        generated=found.generated,
        edited=found.edited,
        unattributed=found.unattributed,
        deleted=found.deleted,
        sessions=tuple(_session(one, extra, store, prices or NO_PRICES) for one in found.sessions),
        files=tuple(replace(file, kind=kinds(file.path)) if kinds(file.path) else file for file in found.files),
        redactions=_redactions(extra),
        policy=policy,
        digest=found.digest,
        trailer=found.trailer,
        lineage=found.lineage,
        problems=found.problems,
        claims=tuple(claims(commit.message, commit.author, commit.email)),
        apart=parted(found, kinds),
    )


def _with_tombstones(
    commit: Commit, note: bytes, more: bytes, *, standing: bytes, withheld: set[str]
) -> tuple[bytes, bytes]:
    """A commit's notes with the tombstones about them that stand on other commits: they count wherever they stand."""
    named = {digest.encode() for digest in (tombstones.read(standing).digests | withheld)}
    about = [digest for digest in sorted(named) if digest in note or digest in commit.message.encode()]
    # A prompt's commitment stands in the record that it belongs to, and does not withhold that.
    prompts = {
        line.digest.encode() for line in parse_note(standing) if line.kind == "withheld" and b'"turn"' in line.raw
    }
    lines = [tombstone_line(digest.decode()) for digest in about if digest not in prompts]
    return b"\n".join(part for part in (note, *lines) if part), b"\n".join(part for part in (more, standing) if part)


def _recovered(git: Git, commit: Commit, found: status.Assessment, diffs: Sequence[FileDiff]) -> status.Assessment:
    """A commit whose note stayed behind (cherry-pick, a rewrite elsewhere): its trailer still names the record."""
    elsewhere = notes.find_by_digest(git, found.digest) if found.digest else None
    return status.assess(commit.message, elsewhere[1].raw, diffs) if elsewhere else found


def _session(one: Mapping[str, Any], extra: annex.Annex | None, store: Store | None, prices: Prices) -> ShownSession:
    """A session of the record. Tokens and cost are those of the prompts that led to the commit, not of the session."""
    known = store.find((one["id"],)).get(one["id"]) if store is not None else None
    noted = next((each for each in extra.sessions if each.id == one["id"]), None) if extra else None
    local = {each.index: each for each in store.prompts(one["id"])} if store is not None and known else {}
    tokens = noted.tokens if noted else None
    price = float(noted.cost_usd) if noted and noted.cost_usd else None
    if store is not None and local:
        turns = {p["turn"] for p in one["prompts"]}
        tokens = added([local[turn].tokens for turn in turns if turn in local])
        worked_out = cost_of_prompts(store, one["id"], turns & local.keys(), prices)
        price = float(worked_out) if worked_out is not None else price
    elif noted is not None and price is None:
        roughly = cost(noted.tokens, one["models"][-1] if one["models"] else "", prices)
        price = None if roughly is None else float(roughly)
    return ShownSession(
        id=one["id"],
        agent=spoken(one["agent"]),
        agent_version=one["agent_version"],
        models=tuple(one["models"]),
        role=one["role"],
        started_at=known.started_at if known else None,
        ended_at=known.ended_at if known else None,
        evidence=tuple(
            EvidenceFact(fact["kind"], fact["lines"], fact["rare"], fact["cover"], fact["detail"])
            for fact in one["evidence"]
        ),
        actions=dict(one["actions"]),
        tokens=tokens,
        cost_usd=price,
        prompts=tuple(_prompt(p, local, dict(noted.prompts) if noted else {}) for p in one["prompts"]),
    )


def _prompt(prompt: Mapping[str, Any], local: Mapping[int, PromptInfo], texts: Mapping[int, str]) -> ShownPrompt:
    turn = prompt["turn"]
    own = local.get(turn)
    return ShownPrompt(
        turn=turn,
        at=own.at if own else None,
        text=own.text if own else texts.get(turn),
        commitment=prompt["commitment"],
    )


def _redactions(extra: annex.Annex | None) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for session in extra.sessions if extra else ():
        for rule, count in session.redactions.items():
            counts[rule] = counts.get(rule, 0) + count
    return counts


def as_json(view: Shown) -> dict[str, Any]:
    """The record as `show --json` prints it; the schema is docs/show.schema.json."""
    return {
        "commit": view.commit.oid,
        "subject": view.commit.subject,
        "authored_at": time_json(view.commit.authored_at),
        "committed_at": time_json(view.commit.committed_at),
        "status": view.status,
        "summary": {
            "added": view.added,
            "generated": view.generated,
            "edited": view.edited,
            "unattributed": view.unattributed,
            "deleted": view.deleted,
            "apart": view.apart._asdict(),
        },
        "sessions": [_session_json(one) for one in view.sessions],
        "files": [
            {
                "path": file.path,
                "added": file.added,
                "apart": file.kind or None,
                "ranges": [
                    {
                        "start": r.start,
                        "end": r.end,
                        "session": r.session,
                        "class": r.line_class,
                        "turn": r.turn,
                        "evidence": r.evidence,
                    }
                    for r in file.ranges
                ],
            }
            for file in view.files
        ],
        "redactions": dict(view.redactions),
        "policy": view.policy,
        "record": {
            "digest": view.digest or None,
            "trailer": view.trailer or None,
            "lineage": list(view.lineage),
        },
        "problems": list(view.problems),
        "claims": [{"agent": agent, "source": source} for agent, source in view.claims],
    }


def _session_json(one: ShownSession) -> dict[str, Any]:
    return {
        "id": one.id,
        "agent": one.agent,
        "agent_version": one.agent_version,
        "models": list(one.models),
        "role": one.role,
        "started_at": time_json(one.started_at),
        "ended_at": time_json(one.ended_at),
        "evidence": [fact._asdict() for fact in one.evidence],
        "actions": dict(one.actions),
        "tokens": None if one.tokens is None else tokens_json(one.tokens),
        "cost_usd": one.cost_usd,
        "prompts": [
            {"turn": p.turn, "at": time_json(p.at), "text": p.text, "commitment": p.commitment} for p in one.prompts
        ],
    }
