#!/usr/bin/env python3
"""How often the sessions named for a commit are the right ones, over commits whose sessions are known.

    python bench/accuracy.py EVAL_DIR [--repo NAME=GIT_DIR]... [--without KIND]... [--in-place] [--agent AGENT] [--json]

EVAL_DIR holds `eval.json` (labels), and for each repository `NAME/index.json` (commits, and the oids that each session's log
printed) and `NAME/sessions/ID.jsonl` (logs). A repository is looked for as `EVAL_DIR/NAME/repo`, `EVAL_DIR/NAME.git`, or given
with --repo. The logs of all repositories lie in one home, so that a session of one can be taken for a session of another; the
matching is what `backfill` does.

Three truths: *gold* (linked when the commit was made, with lines to show for it), *oid* (the log printed the commit's oid), and
their *union*. Two kinds of claim are on neither side: `open`, where the set links the pair without enough evidence for its truth, and
`unlinked`, where it does not link it though it shares lines, or has no label; `floor` is the precision if these were all wrong. Intervals are Wilson's, 95 %.

Checkouts are taken to have moved (no folder that a log names is here); with --in-place, the folders where a repository's
sessions began are its worktrees, as on the machine where the logs were written.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from git_ai_trail.errors import TrailError
from git_ai_trail.facts import Considered, EvidenceFact
from git_ai_trail.formats import FORMATS
from git_ai_trail.git import Git, empty_tree
from git_ai_trail.index.access import Index
from git_ai_trail.index.candidates import Where
from git_ai_trail.match.score import STRONG
from git_ai_trail.pipeline.evidence import gather
from git_ai_trail.pipeline.indexing import open_user_index, refresh_all
from git_ai_trail.pipeline.past import PastCommit, past_commits, whereabouts
from git_ai_trail.pipeline.worktree import Worktree

TRUTHS = ("gold", "oid", "union")
# A session that begins so long after the commit only repeats a log that printed its oid.
REPLAY = 60.0
# Commits with fewer telling lines say nothing about lines; they are no part of the oid truth.
FEWEST_LINES = 3


class Repository(NamedTuple):
    """One repository of the set: its labels, and what its sessions' logs printed."""

    name: str
    git_dir: Path
    rows: dict[str, dict[str, Any]]
    commits: dict[str, dict[str, Any]]
    sessions: dict[str, dict[str, Any]]


class Verdict(NamedTuple):
    """A pair of commit and session under one truth. `outcome`: right, wrong, lost, open, unlinked."""

    truth: str
    outcome: str
    agent: str
    repository: str
    oid: str
    session: str
    evidence: tuple[EvidenceFact, ...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="EVAL_DIR")
    parser.add_argument("--repo", action="append", default=[], metavar="NAME=GIT_DIR")
    parser.add_argument(
        "--without", action="append", default=[], metavar="KIND", help="a kind of evidence to do without"
    )
    parser.add_argument(
        "--in-place", action="store_true", help="take the folders of a repository's sessions for its worktrees"
    )
    parser.add_argument("--agent", help="only sessions of this agent, as the set names it")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    given = dict(pair.split("=", 1) for pair in options.repo)
    repositories = load(options.folder, given)
    with tempfile.TemporaryDirectory(prefix="accuracy-") as home:
        env = {"HOME": home, "CODEX_HOME": f"{home}/.codex", "CLAUDE_CONFIG_DIR": f"{home}/.claude"}
        unread = lay_out(options.folder, repositories, Path(home))
        verdicts, unreadable = measure(repositories, env, frozenset(options.without), in_place=options.in_place)
    if options.agent:
        verdicts = [one for one in verdicts if one.agent == options.agent]
    if options.json:
        print(json.dumps([one._asdict() | {"evidence": [f._asdict() for f in one.evidence]} for one in verdicts]))
        return
    show(repositories, verdicts, unread=unread, unreadable=unreadable, without=options.without)


def load(folder: Path, given: Mapping[str, str]) -> list[Repository]:
    labels = json.loads((folder / "eval.json").read_text())["repos"]
    found = []
    for name, part in labels.items():
        index = json.loads((folder / name / "index.json").read_text())
        places = [Path(given[name])] if name in given else [folder / name / "repo", folder / f"{name}.git"]
        git_dir = next((place for place in places if place.is_dir()), None)
        if git_dir is None:
            sys.exit(f"no clone of {name}: looked at {', '.join(map(str, places))}; give it with --repo {name}=GIT_DIR")
        rows = {row["sha"]: row for row in part["commits"]}
        found.append(Repository(name, git_dir, rows, index["commits"], index["sessions"]))
    return found


def lay_out(folder: Path, repositories: Sequence[Repository], home: Path) -> Counter[str]:
    """Puts each log where its agent would have it; returns the sessions of agents that have no reader."""
    formats = {fmt.AGENT: fmt for fmt in FORMATS}
    unread: Counter[str] = Counter()
    for repository in repositories:
        for session, about in repository.sessions.items():
            source = folder / repository.name / "sessions" / f"{session}.jsonl"
            if about["agent"] not in formats or not source.exists():
                unread[about["agent"]] += 1
                continue
            day = datetime.fromtimestamp(about["first"] or 0, UTC)
            if formats[about["agent"]].NAME == "codex":
                name = f"rollout-{day:%Y-%m-%dT%H-%M-%S}-{session}.jsonl"
                target = home / ".codex" / "sessions" / f"{day:%Y/%m/%d}" / name
            else:
                target = home / ".claude" / "projects" / "all" / f"{session}.jsonl"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    return unread


def measure(
    repositories: Sequence[Repository], env: Mapping[str, str], without: frozenset[str], *, in_place: bool
) -> tuple[list[Verdict], int]:
    """A verdict for each pair that is claimed or true, and how many commits git could not show."""
    agents = {session: about["agent"] for one in repositories for session, about in one.sessions.items()}
    verdicts: list[Verdict] = []
    unreadable = 0
    index = open_user_index(env)
    try:
        refresh_all(index, env)
        for repository in repositories:
            git = Git(str(repository.git_dir))
            tree = Worktree(git, str(repository.git_dir), "", "", "", False, ())
            where = whereabouts(tree, index)
            if in_place:
                folders = {about["cwd"] for about in repository.sessions.values() if about["cwd"]}
                where = where._replace(roots=(*where.roots, *sorted(folders)))
            for commit in labelled(git, repository):
                try:
                    considered = claims(git, index, where, commit, without)
                except TrailError:
                    unreadable += 1
                    continue
                verdicts += judge(repository, agents, commit.oid, considered, without)
    finally:
        index.close()
    return verdicts, unreadable


def labelled(git: Git, repository: Repository) -> Iterator[PastCommit]:
    """The commits of the set that have a label under one of the truths."""
    wanted = [
        oid
        for oid, commit in repository.commits.items()
        if oid in repository.rows or (not commit["merge"] and printed(repository, oid))
    ]
    _, out = git.call("cat-file", "--batch-check", data="".join(f"{oid}\n" for oid in wanted).encode())
    here = [line.split()[0].decode() for line in out.splitlines() if line.split()[1:2] == [b"commit"]]
    return iter(past_commits(git, ["--no-walk=unsorted", *here]) if here else [])


def claims(git: Git, index: Index, where: Where, commit: PastCommit, without: frozenset[str]) -> tuple[Considered, ...]:
    making = (
        ()
        if "committed-by-session" in without
        else index.made_before(where, commit.oid, commit.committed_at, commit.subject)
    )
    return gather(
        git,
        index,
        where,
        base=commit.parents[0] if commit.parents else empty_tree(commit.oid),
        tip=commit.oid,
        until=max(commit.committed_at, commit.authored_at),
        making=making,
    ).considered


def judge(
    repository: Repository,
    agents: Mapping[str, str],
    oid: str,
    considered: Sequence[Considered],
    without: frozenset[str],
) -> Iterator[Verdict]:
    seen = {one.candidate.session.session_id: one for one in considered}
    claimed = {
        session
        for session, one in seen.items()
        if one.accepted and any(fact.kind in STRONG and fact.kind not in without for fact in one.evidence)
    }
    row = repository.rows.get(oid)
    gold = {one["sid"] for one in row["positive"]} if row else set()
    by_oid = printed(repository, oid)
    linked = {one["sid"] for part in ("weak", "disputed") for one in row[part]} if row else set()
    sharing = {one["sid"] for one in row["ambiguous_unlinked"]} if row else set(repository.sessions)
    truths = {"gold": gold, "oid": by_oid, "union": gold | by_oid}
    for name, truth in truths.items():
        if (name == "gold" and row is None) or (name == "oid" and not by_oid):
            continue
        for session in sorted(claimed | truth):
            if session not in agents:
                continue
            outcome = "lost" if session not in claimed else "right" if session in truth else "wrong"
            if outcome == "wrong" and session in linked | gold | by_oid:
                outcome = "open"
            elif outcome == "wrong" and session in sharing:
                outcome = "unlinked"
            facts = seen[session].evidence if session in seen else ()
            yield Verdict(name, outcome, agents[session], repository.name, oid, session, facts)


def printed(repository: Repository, oid: str) -> set[str]:
    """Sessions whose log printed this commit's oid, without those that only repeat another's log."""
    commit = repository.commits[oid]
    if commit["merge"] or commit.get("diff_unreadable") or commit["nsig"] < FEWEST_LINES:
        return set()
    return {
        session
        for session, about in repository.sessions.items()
        if any(oid.startswith(short) for short in about.get("shas") or ())
        and not (about["first"] and commit["ct"] < about["first"] - REPLAY)
    }


def show(
    repositories: Sequence[Repository],
    verdicts: Sequence[Verdict],
    *,
    unread: Mapping[str, int],
    unreadable: int,
    without: Sequence[str],
) -> None:
    sessions = Counter(about["agent"] for one in repositories for about in one.sessions.values())
    print(f"{len(repositories)} repositories, {sum(sessions.values())} sessions in one home: {dict(sessions)}")
    if unread:
        print(f"not read (no reader or no log): {dict(unread)}")
    if unreadable:
        print(f"{unreadable} commits could not be read")
    if without:
        print(f"without {', '.join(without)}")
    for truth in TRUTHS:
        mine = [one for one in verdicts if one.truth == truth]
        print(f"\n{truth}: {len({(one.repository, one.oid) for one in mine})} commits with a pair")
        for agent in ("all", *sorted({one.agent for one in mine})):
            print("  " + figures(agent, Counter(one.outcome for one in mine if agent in ("all", one.agent))))
    bad = [one for one in verdicts if one.truth == "union" and one.outcome in ("wrong", "lost")]
    print(f"\nwrong or lost against the union: {len(bad)}")
    for one in bad:
        facts = "; ".join(f"{f.kind} lines {f.lines} rare {f.rare} cover {f.cover}" for f in one.evidence)
        print(f"  {one.outcome:5} {one.repository} {one.oid[:9]} {one.session} {one.agent}: {facts or 'no candidate'}")


def figures(agent: str, counts: Mapping[str, int]) -> str:
    right, wrong, lost = (counts.get(name, 0) for name in ("right", "wrong", "lost"))
    unlinked = counts.get("unlinked", 0)
    f1 = 2 * right / (2 * right + wrong + lost) if right else 0.0
    return (
        f"{agent:12} right {right:4} wrong {wrong:3} lost {lost:3} open {counts.get('open', 0):3} unlinked {unlinked:3}"
        f"  P {share(right, right + wrong)}  R {share(right, right + lost)}  F1 {f1:.3f}"
        f"  floor P {right / (right + wrong + unlinked) if right else 0.0:.3f}"
    )


def share(part: int, whole: int) -> str:
    if not whole:
        return "-"
    low, high = wilson(part, whole)
    return f"{part / whole:.3f} [{low:.3f}, {high:.3f}]"


def wilson(part: int, whole: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a proportion that stays within 0 and 1."""
    p = part / whole
    middle = (p + z * z / (2 * whole)) / (1 + z * z / whole)
    half = z * math.sqrt(p * (1 - p) / whole + z * z / (4 * whole * whole)) / (1 + z * z / whole)
    return max(0.0, middle - half), min(1.0, middle + half)


if __name__ == "__main__":
    main()
