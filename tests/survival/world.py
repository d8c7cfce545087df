"""A repository with our native hooks, sessions that write into it, and a model that knows who wrote which line.

Every line that is ever written is a text of its own, so who wrote a line never depends on where it stands. The model keeps, for
each commit by the first word of its subject, which lines a record of it may speak of; what it expects of a commit are those of
them that the commit itself adds, as git shows them.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from git_ai_trail.attach import notes
from git_ai_trail.attach.sharing import SHARED
from git_ai_trail.git import Git
from git_ai_trail.pipeline.history import told
from git_ai_trail.pipeline.rederive import rederive
from git_ai_trail.pipeline.worktree import open_worktree
from git_ai_trail.settings import Settings
from tests.support.codex_log import CodexLog
from tests.support.repo import Repo

FILES = ("one.txt", "two.txt", "folder/three.txt")
PERSON = "person"
_EMPTY = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_HUNK = re.compile(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@")


class Added(NamedTuple):
    """What a commit adds: its lines by (path, number), and all that it changes, to be compared with another's."""

    lines: Mapping[tuple[str, int], str]
    change: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]


class Home:
    """A home folder with an agent's logs, copied with a repository that is set up, so that many worlds begin quickly."""

    def __init__(self, folder: Path, install: Callable[[Repo], None]) -> None:
        self.folder = folder
        repo = Repo.init(folder / "repo")
        for number, path in enumerate(FILES):
            repo.write(path, "".join(f"{_text('base', number * 100 + at)}\n" for at in range(12)))
        repo.git("config", "ai-log-trail.ingest", "false")
        repo.git("config", "advice.detachedHead", "false")
        install(repo)
        repo.git("add", "-A")
        repo.git("commit", "-q", "--no-verify", "-m", "c0 base", env={"GIT_AI_TRAIL": "0"})

    def world(self, folder: Path) -> World:
        shutil.copytree(self.folder, folder, symlinks=True)
        return World(folder)


def _environment(folder: Path) -> dict[str, str]:
    home = folder / "home"
    home.mkdir(exist_ok=True)
    return {
        "HOME": str(home),
        "CODEX_HOME": str(home / ".codex"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_DATA_HOME": str(home / ".local" / "share"),
        "XDG_STATE_HOME": str(home / ".local" / "state"),
        "XDG_CONFIG_HOME": str(home / ".config"),
    }


def _text(who: str, number: int) -> str:
    """A line that resembles no other; a person's has no letter and no sign in common with a session's."""
    drawn = hashlib.sha256(f"{who} {number}".encode()).hexdigest()
    if who == PERSON:
        words = drawn.translate(str.maketrans("0123456789abcdef", "ghijklmnopqrstuv"))
        return f"{words[:8]} {words[8:13]} {words[13:24]} {words[24:30]}!"
    return f"{drawn[:9]}({drawn[9:21]}, {drawn[21:33]}).{drawn[33:45]}"


class World(Repo):
    """The repository and what the model knows of it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "repo")
        self.folder = folder
        self.env = _environment(folder)
        self.owner: dict[str, str] = {}
        self.claims: dict[str, set[str]] = {}
        self.stamped: dict[str, set[tuple[object, ...]]] = {}
        self.sessions: list[CodexLog] = []
        self.said: list[str] = []
        self._lines = 0
        self._commits = 0
        self._known: dict[str, Added] = {}

    def run(self, *command: str, env: Mapping[str, str] | None = None, **more: Any) -> subprocess.CompletedProcess[str]:
        """As for any repository, in this world's home."""
        self.said.append(" ".join(command))
        return super().run(*command, env={**self.env, **(env or {})}, **more)

    def tries(self, *args: str, env: Mapping[str, str] | None = None) -> bool:
        """Whether `git ARGS` went through; what stops half-way (a conflict) is for the caller to finish."""
        self.said.append(f"git {' '.join(args)}")
        whole = {**os.environ, **self.env, **(env or {})}
        done = subprocess.run(
            ["git", *args], cwd=self.root, env=whole, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        return done.returncode == 0

    def at(self, root: Path) -> World:
        """The same world, seen from another worktree."""
        other = object.__new__(World)
        other.__dict__ = dict(self.__dict__)
        other.root = root
        return other

    # What is written

    def lines(self, path: str) -> list[str]:
        file = self.root / path
        return file.read_text().splitlines() if file.exists() else []

    def put(self, path: str, lines: Sequence[str]) -> None:
        self.write(path, "".join(f"{line}\n" for line in lines))

    def writes(self, who: int, path: str, place: int, count: int = 3) -> list[str]:
        """Session 1 or 2, or a person (0), inserts `count` lines into a file and takes one away now and then."""
        before = self.lines(path)
        name = PERSON if not who else self._session(who).session_id
        new = [self._line(name) for _ in range(count)]
        at = place * len(before) // 8
        if who:
            hunk = "".join(f"+{line}\n" for line in new)
            self._session(who).update_file(path, f"@@ -{at},0 +{at + 1},{count} @@\n{hunk}")
        self.put(path, [*before[:at], *new, *before[at:]])
        return new

    def _line(self, name: str) -> str:
        self._lines += 1
        text = _text(name if name == PERSON else "session", self._lines)
        self.owner[text] = name
        return text

    def _session(self, who: int) -> CodexLog:
        found = [one for one in self.sessions if one.cwd == str(self.root)]
        while len(found) < who:
            session = CodexLog(Path(self.env["CODEX_HOME"]), self.root)
            session.prompt("Go on")
            self.sessions.append(session)
            found.append(session)
        return found[who - 1]

    # What the model is told

    def subject(self, words: str = "work") -> str:
        self._commits += 1
        return f"c{self._commits} {words}"

    def stamps(self, rev: str = "HEAD") -> None:
        """The hooks saw this commit being made: its record may speak of all that sessions wrote in it."""
        key = self.key(rev)
        added = self.added(rev)
        # Logs of sessions that worked in another worktree are not looked for here: what they wrote is theirs to commit.
        here = {one.session_id for one in self.sessions if one.cwd == str(self.root)}
        mine = {line for line in added.lines.values() if self.owner.get(line) in here}
        self.claims[key] = self.claims.get(key, set()) | mine
        self.stamped.setdefault(key, set()).add(added.change)

    def joins(self, into: str, keys: Sequence[str]) -> None:
        """A commit was made of others, whose records it takes over."""
        self.claims[into] = self.claims.get(into, set()).union(*(self.claims.get(key, set()) for key in keys))

    def key(self, rev: str) -> str:
        return _key(self.git("log", "-1", "--format=%s", rev))

    # What git says

    def oids(self, *span: str) -> list[str]:
        return self.git("rev-list", "--reverse", "--topo-order", *span).split()

    def added(self, rev: str) -> Added:
        """What a commit adds; of a merge what stands in none of its parents."""
        oid = self.git("rev-parse", rev)
        if oid not in self._known:
            parents = self.git("log", "-1", "--format=%P", oid).split() or [_EMPTY]
            first, *others = (
                _parsed(self.git("diff", "-U0", "--no-renames", "--no-color", parent, oid)) for parent in parents
            )
            # What was moved on the way stands in a parent.
            moved = {line for one in (first, *others) for _, removed, _ in one.change for line in removed}
            lines = {
                place: line
                for place, line in first.lines.items()
                if line not in moved and all(place in one.lines for one in others)
            }
            self._known[oid] = (
                Added(lines, tuple((path, (), (line,)) for (path, _), line in lines.items())) if others else first
            )
        return self._known[oid]

    # What is compared

    def problems(self) -> list[str]:
        """Where the product says something else than the model, for each commit of each branch."""
        git = Git(str(self.root), env={**os.environ, **self.env})
        found = []
        for commit, view, _ in told(git, ["--branches"]):
            key = _key(commit.subject)
            added = self.added(commit.oid)
            expected = {
                place: self.owner[line] for place, line in added.lines.items() if line in self.claims.get(key, ())
            }
            shown = {
                (file.path, number): r.session
                for file in view.files
                for r in file.ranges
                for number in range(r.start, r.end + 1)
            }
            name = f"{commit.oid[:7]} {commit.subject!r}"
            outside = sorted(set(shown) - set(added.lines))
            if outside:
                found.append(f"{name}: credited outside its own diff: {outside}")
            if shown != expected:
                more, less = set(shown.items()) - set(expected.items()), set(expected.items()) - set(shown.items())
                found.append(f"{name} ({view.status}): credited too much {sorted(more)}, too little {sorted(less)}")
            wanted = self._statuses(key, commit.message, added, bool(expected))
            if view.status not in wanted:
                found.append(f"{name}: is {view.status}, and not {' or '.join(wanted)}: {view.problems}")
        return found + self._unread(git)

    def contradictions(self) -> list[str]:
        """Commits of which the logs do not hold what their records say, as `verify --evidence` finds it out."""
        env = {**os.environ, **self.env}
        git = Git(str(self.root), env=env)
        tree = open_worktree(str(self.root))._replace(git=git)
        found = rederive(tree, Settings(), env, told(git, ["--branches"]))
        return [f"{oid[:7]}: {one.reason}" for oid, one in found.items() if one.result == "contradicted"]

    def _statuses(self, key: str, message: str, added: Added, credited: bool) -> tuple[str, ...]:
        named = "AI-Trail: 1:" in message
        if not credited:
            # Nothing is credited, and nothing that was honestly made is called forged or missing.
            return ("none", "unanchored", "carried", "exact")
        if not named:
            return ("unanchored",)
        return ("exact",) if added.change in self.stamped.get(key, ()) else ("carried", "exact")

    def _unread(self, git: Git) -> list[str]:
        """Notes that git's own machinery has made unreadable would be lost in silence."""
        return [
            f"the note on {oid[:7]} ({ref}) holds no record of ours"
            for ref in SHARED
            for oid, body in notes.read_many(git, [one for one, _, _ in notes.annotated(git, ref)], ref).items()
            if not any(key in body for key in (b'"digest"', b'"origin"', b'"annex"'))
        ]


def _key(subject: str) -> str:
    return "revert" if subject.startswith(("Revert ", "Reapply ")) else subject.split(" ", maxsplit=1)[0]


def _parsed(diff: str) -> Added:
    lines: dict[tuple[str, int], str] = {}
    change: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = []
    for part in re.split(r"^diff --git .*\n", diff, flags=re.MULTILINE)[1:]:
        path, number, removed, added = "", 0, [], []
        for line in part.splitlines():
            if line.startswith(("--- ", "+++ ")) and not added and not removed:
                path = line[6:] if line[4:] != "/dev/null" else path
            elif met := _HUNK.match(line):
                number = int(met[1])
            elif line.startswith("-"):
                removed.append(line[1:])
            elif line.startswith("+"):
                added.append(line[1:])
                lines[path, number] = line[1:]
                number += 1
        change.append((path, tuple(removed), tuple(added)))
    return Added(lines, tuple(change))
