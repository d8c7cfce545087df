"""People and agents at work in real repositories, and who wrote each line: every line ever written is a text that occurs nowhere
else, so what it says is who it is.

Agents write to logs in the forms of Codex and Claude Code; the oracle knows them by what they were told to do, not by a log.
"""

from __future__ import annotations

import difflib
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from git_ai_trail.facts import CommitMatch, FileDiff
from git_ai_trail.pipeline.indexing import open_user_index, refresh_all
from git_ai_trail.pipeline.past import match_past, past_commits, whereabouts
from git_ai_trail.pipeline.worktree import open_worktree
from tests.support.claude_log import ClaudeLog
from tests.support.codex_log import CodexLog
from tests.support.repo import Repo

BEGIN = 1_780_000_000.0
FILES = ("main.py", "src/fetch.py", "src/deep/store.py")
PLACES = ("here", "beside", "other")
# What a session must have left in a commit to be named, as docs/accuracy.md states it; the oracle asks for no less.
_FEWEST, _COVER = 3, 20


class Wrote(NamedTuple):
    """Somebody wrote a line: a session in a turn, or (with an empty session) a person."""

    at: float
    session: str
    turn: int


class Agent:
    """A session in one place. It says in its log what it does to files, as its program would."""

    def __init__(self, home: Path, place: Repo, at: float, *, claude: bool) -> None:
        log = ClaudeLog if claude else CodexLog
        self.log: ClaudeLog | CodexLog = log(home / (".claude" if claude else ".codex"), place.root, at=at)
        self.turn = -1

    @property
    def session(self) -> str:
        return self.log.session_id

    def ask(self, at: float) -> None:
        self.log.at = max(at, self.log.at + 1)
        self.log.prompt(f"Do number {self.turn + 2}")
        self.turn += 1

    def writes(self, path: str, before: Sequence[str], after: Sequence[str]) -> None:
        text = "".join(f"{line}\n" for line in after)
        if not before:
            self.log.add_file(path, text)
            return
        hunks = list(_hunks(before, after))
        if isinstance(self.log, ClaudeLog):
            patch = [
                {"oldStart": old, "oldLines": count, "newStart": new, "newLines": more, "lines": lines}
                for old, count, new, more, lines in hunks
            ]
            self.log.edit(path, "\n".join(before), "\n".join(after), patch)
        else:
            diff = "".join(
                f"@@ -{old},{count} +{new},{more} @@\n" + "".join(f"{line}\n" for line in lines)
                for old, count, new, more, lines in hunks
            )
            self.log.update_file(path, diff)


def _hunks(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[int, int, int, int, list[str]]]:
    for group in difflib.SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(2):
        lines: list[str] = []
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                lines += [f" {line}" for line in before[i1:i2]]
            else:
                lines += [f"-{line}" for line in before[i1:i2]] + [f"+{line}" for line in after[j1:j2]]
        first, last = group[0], group[-1]
        yield first[1] + 1, last[2] - first[1], first[3] + 1, last[4] - first[3], lines


class World:
    """Three places: two worktrees of one repository, and another repository where people copy things to."""

    def __init__(self, root: Path, home: Path) -> None:
        self.home = home
        self.at = BEGIN
        self.tokens = 0
        self.history: dict[str, list[Wrote]] = {}
        self.brought_back: set[str] = set()
        here = Repo.init(root / "here")
        other = Repo.init(root / "other")
        self.places = {"here": here, "other": other}
        for place in (here, other):
            self.repo = place
            place.write("README.md", "".join(f"{self.token()}\n" for _ in range(3)))
            self.commit(place)
        here.git("worktree", "add", "-q", "-b", "side", str(root / "beside"))
        self.places["beside"] = Repo(root / "beside")
        self.agents: dict[str, list[Agent]] = {name: [] for name in PLACES}
        self.stashed: set[str] = set()

    def token(self) -> str:
        """A line of three words that no other line has."""
        self.tokens += 1
        words = hashlib.sha256(str(self.tokens).encode()).hexdigest()
        # No sign between the words: lines that have half of their parts in common count as one that was altered.
        return f"t{words[:9]} f{words[9:18]} a{words[18:27]}"

    def tick(self, seconds: float = 60) -> None:
        self.at += seconds

    def agent(self, place: str, which: int) -> Agent:
        """One of two sessions of a place, begun when it is first needed; one is Codex, the other Claude Code."""
        agents = self.agents[place]
        while len(agents) <= which:
            self.tick()
            agents.append(Agent(self.home, self.places[place], self.at, claude=len(agents) % 2 == 1))
        return agents[which]

    def read(self, place: str, path: str) -> list[str]:
        file = self.places[place].root / path
        return file.read_text().splitlines() if file.exists() else []

    def write(self, place: str, path: str, lines: Sequence[str], wrote: Wrote, agent: Agent | None = None) -> None:
        """Puts a file there, by whoever; what was not there before is now theirs."""
        before = self.read(place, path)
        if list(lines) == before or not lines:
            return
        if agent is not None:
            agent.writes(path, before, lines)
        kept = set(before) if agent is None else set(_untouched(before, lines))
        for line in lines:
            if line not in kept and (agent is not None or line not in self.history):
                self.history.setdefault(line, []).append(wrote)
        self.places[place].write(path, "".join(f"{line}\n" for line in lines))

    def commit(self, place: Repo, *more: str) -> None:
        self.tick()
        clock = {"GIT_AUTHOR_DATE": f"@{int(self.at)} +0000", "GIT_COMMITTER_DATE": f"@{int(self.at)} +0000"}
        if not more:
            place.git("add", "-A")
        place.git("commit", "-q", "--allow-empty", "-m", f"at {int(self.at)}", *more, env=clock)

    def committed_and_gone(self, place: str, path: str) -> list[str]:
        """Lines that came to a file with a commit, stand there no more, and were written by nobody since they came."""
        tracked = self.places[place].git("ls-tree", "--name-only", "HEAD", "--", path)
        head = self.places[place].git("show", f"HEAD:{path}").splitlines() if tracked else []
        here = {*self.read(place, path), *head}
        landed: dict[str, float] = {}
        at = 0.0
        for row in self.places[place].git("log", "--reverse", "--format=@%ct", "-p", "-U0", "--", path).splitlines():
            if row.startswith("@") and row[1:].isdigit():
                at = float(row[1:])
            elif row.startswith("+") and not row.startswith("+++"):
                landed[row[1:]] = at
        return [
            line
            for line, at in landed.items()
            if line not in here and line in self.history and self.history[line][-1].at <= at
        ]

    def author(self, line: str, until: float) -> Wrote:
        """Who wrote a line last before a time."""
        found = [one for one in self.history.get(line, ()) if one.at <= until]
        return found[-1] if found else Wrote(0, "", -1)


def _untouched(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    """Lines that a patch shows as standing where they stood: an agent that moves a block writes it again."""
    for block in difflib.SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks():
        yield from before[block.a : block.a + block.size]


def contradictions(world: World, env: dict[str, str]) -> list[str]:
    """Where what the logs say of all commits is not what happened, in words."""
    wrong: list[str] = []
    index = open_user_index(env)
    try:
        refresh_all(index, env)
        for name in ("here", "other"):
            tree = open_worktree(str(world.places[name].root))
            seen: dict[str, set[str]] = {}
            for commit in past_commits(tree.git, ["--branches"]):
                before = set().union(*(seen.get(parent, set()) for parent in commit.parents))
                found = match_past(tree.git, index, whereabouts(tree, index), commit)
                until = max(commit.authored_at, commit.committed_at)
                said = _of_commit(world, name, found.match, found.diffs, before, until)
                removed = _removed(tree.git.text("show", "--numstat", "--no-renames", "--format=", commit.oid))
                if removed != found.match.deleted:
                    said.append(f"{found.match.deleted} lines deleted instead of {removed}")
                wrong += [f"{name} {commit.oid[:9]}: {one}" for one in said]
                seen[commit.oid] = before | {line.decode() for diff in found.diffs for line in diff.added}
    finally:
        index.close()
    return wrong


def _removed(numstat: str) -> int:
    """The lines that git itself counts as deleted."""
    fields = [line.split("\t") for line in numstat.splitlines() if line]
    return sum(int(removed) for _, removed, _ in fields if removed.isdigit())


def _of_commit(
    world: World, place: str, match: CommitMatch, diffs: Sequence[FileDiff], before: set[str], until: float
) -> list[str]:
    wrong: list[str] = []
    mine = {agent.session for name in PLACES if (name == "other") == (place == "other") for agent in world.agents[name]}
    strict: Counter[str] = Counter()
    lost: dict[str, list[str]] = {}
    size: Counter[str] = Counter()
    for diff, file in zip(diffs, match.files, strict=True):
        claimed: dict[int, tuple[str, int, str]] = {}
        for r in file.ranges:
            for at in range(r.start - 1, r.start - 1 + r.count):
                if at in claimed:
                    wrong.append(f"{diff.path}: two owners of added line {at + 1}")
                claimed[at] = (r.session, r.turn, r.line_class)
        owners = set()
        for at, raw in enumerate(diff.added):
            line = raw.decode()
            wrote = world.author(line, until)
            truth = (wrote.session, wrote.turn, "generated")
            said = claimed.get(at)
            if line in world.brought_back and raw in diff.removed:
                continue  # what is moved stood there, and says nothing of who brought it
            if said is not None and (said != truth or wrote.session not in mine):
                wrong.append(f"{diff.path}: {line} is said to be {said}, and is {truth}")
            if wrote.session in mine:
                owners.add(wrote.session)
                # A line that was committed before is no news: it may be told or not.
                if line not in before:
                    strict[wrote.session] += 1
                    if said is None:
                        lost.setdefault(wrote.session, []).append(f"{diff.path}: {line} of turn {wrote.turn}")
        for session in owners:
            size[session] += len(diff.added)
    for session, lines in lost.items():
        if strict[session] >= _FEWEST and strict[session] * 100 >= _COVER * size[session]:
            wrong += [f"{session[:8]} is not named for {line}" for line in lines]
    if match.added != sum(len(diff.added) for diff in diffs):
        wrong.append("the added lines are miscounted")
    if match.generated + match.edited != sum(r.count for file in match.files for r in file.ranges):
        wrong.append("the lines with evidence are miscounted")
    return wrong
