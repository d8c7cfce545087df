#!/usr/bin/env python3
"""How often a line is given to the session that wrote it, where that is known for certain.

    python bench/lines.py CLONE... [--commits 200] [--seed 1] [--worst 10] [--json]

Real histories are replayed as the work of made-up sessions: each commit of a clone is made again in a new repository, and what it
adds is written into logs in the forms of Codex and Claude Code, by one of these kinds, in these shares:

    clean         30 %  the session's work as it is
    interleaved   20 %  lines of the session and of a person in turn
    partial       10 %  only some of the session's hunks are staged
    formatter     10 %  a formatter went over the lines: quotes, indent, trailing commas, long calls wrapped
    human-edit    10 %  a person changed a little in every fifth line
    two-sessions  10 %  two sessions at once, one correcting the other
    shell          5 %  whole files written by a shell command
    carried        5 %  one to six days old

Beside half of the commits a session in another repository writes to a file of the same name, every other time the same lines.
Printed per kind: lines, and of the lines that got an owner, how many are right (precision); of the lines that a session wrote,
how many got that session (recall). Lines that git shows as added though nobody wrote them (a block that slides) are left out and
counted.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from replay import BASE, PERSON, SHARES, Replay

from git_ai_trail.git import Git
from git_ai_trail.pipeline.indexing import open_user_index, refresh_all
from git_ai_trail.pipeline.past import match_past, past_commits, whereabouts
from git_ai_trail.pipeline.worktree import open_worktree


def judge(replay: Replay, home: Path) -> tuple[dict[str, Counter[str]], list[str]]:
    """Counts by kind (right, wrong, lost, none, slid), and a sentence on each line that is wrong or lost."""
    counts: dict[str, Counter[str]] = {}
    bad: list[str] = []
    env = {"HOME": str(home)}
    tree = open_worktree(str(replay.repo))
    index = open_user_index(env)
    try:
        refresh_all(index, env)
        where = whereabouts(tree, index)
        for commit in past_commits(tree.git, ["HEAD"]):
            if commit.oid not in replay.truth:
                continue
            kind, rows, writers = replay.truth[commit.oid]
            gathered = match_past(tree.git, index, where, commit)
            tally = counts.setdefault(kind, Counter())
            for diff, match in zip(gathered.diffs, gathered.match.files, strict=True):
                claimed = {at: one for one in match.ranges for at in range(one.start - 1, one.start - 1 + one.count)}
                for at, position in enumerate(diff.positions):
                    row = rows[diff.path][position - 1]
                    if row.owner == BASE:
                        tally["slid"] += 1
                        continue
                    true = None if row.owner == PERSON else writers[int(row.owner)]
                    said = claimed[at].session if at in claimed else None
                    outcome = verdict(true, said)
                    tally.update(outcome)
                    if "wrong" in outcome or "lost" in outcome:
                        bad.append(f"{kind} {'+'.join(outcome)} {commit.oid[:9]} {diff.path}:{position}: {row.text!r}")
    finally:
        index.close()
    return counts, bad


def verdict(true: str | None, said: str | None) -> list[str]:
    if true == said:
        return ["none" if true is None else "right"]
    return [*(["wrong"] if said is not None else []), *(["lost"] if true is not None else [])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clones", nargs="+", metavar="CLONE")
    parser.add_argument("--commits", type=int, default=200, help="of each clone, the latest (default 200)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--worst", type=int, default=0, metavar="N", help="print so many of the lines that went wrong")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    counts: dict[str, Counter[str]] = {}
    bad: list[str] = []
    for number, clone in enumerate(options.clones):
        with tempfile.TemporaryDirectory(prefix="lines-") as folder:
            home, repo = Path(folder).resolve() / "home", Path(folder).resolve() / "repo"
            home.mkdir()
            repo.mkdir()
            replay = Replay(repo, home, options.seed + number)
            replay.run(Git(clone), options.commits)
            part, more = judge(replay, home)
        bad += more
        for kind, tally in part.items():
            counts.setdefault(kind, Counter()).update(tally)
    if options.json:
        print(json.dumps(counts))
        return
    show(counts)
    for line in random.Random(options.seed).sample(bad, min(options.worst, len(bad))):
        print(f"  {line}")


def show(counts: Mapping[str, Counter[str]]) -> None:
    print(f"{'kind':14}{'right':>8}{'wrong':>7}{'lost':>7}{'no one':>8}{'slid':>6}{'P':>8}{'R':>8}")
    everything: Counter[str] = Counter()
    for kind in SHARES:
        everything.update(counts.get(kind, Counter()))
    for kind in (*SHARES, "all"):
        tally = everything if kind == "all" else counts.get(kind, Counter())
        right, wrong, lost = tally["right"], tally["wrong"], tally["lost"]
        precision = f"{right / (right + wrong):.4f}" if right + wrong else "-"
        recall = f"{right / (right + lost):.4f}" if right + lost else "-"
        row = f"{kind:14}{right:>8}{wrong:>7}{lost:>7}{tally['none']:>8}{tally['slid']:>6}"
        print(f"{row}{precision:>8}{recall:>8}")


if __name__ == "__main__":
    sys.exit(main())
