"""A repository with hooks and a home with an agent's log, which can be put back to how they were."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.support.codex_log import CodexLog
from tests.support.faults import WRITES, Event
from tests.support.repo import Repo

PROGRAM = (sys.executable, "-m", "git_ai_trail")
# At how many changes a slow proof strikes: all of them would take hours.
_PROOF = 16
# These fail the same calls two by two; of each two the one strikes where the other does not.
_TURNS = {"ENOSPC": (0, 2), "EDQUOT": (1, 2), "EROFS": (0, 2), "EACCES": (1, 2)}
MODULE = "".join(f"def value_{n}(argument): return compute_something_with(argument, {n})\n" for n in range(6))
ANOTHER = MODULE.replace("value_", "amount_").replace("compute_something_with", "weigh_anything_against")
SECRET = "ghp_" + "q7Z" * 12


class World:
    """`repo` and `home` lie side by side in one folder, so that a copy of it is the whole state."""

    words = PROGRAM

    def __init__(self, folder: Path, home: Path) -> None:
        self.home = home
        self.repo = Repo(folder / "repo")
        self.kept = folder / "kept"

    def keep(self) -> None:
        """Remembers how everything is."""
        for name, place in (("repo", self.repo.root), ("home", self.home)):
            shutil.copytree(place, self.kept / name, symlinks=True)

    def put_back(self) -> None:
        for name, place in (("repo", self.repo.root), ("home", self.home)):
            shutil.rmtree(place)
            shutil.copytree(self.kept / name, place, symlinks=True)

    # -- what there is ---------------------------------------------------------------------------------------------

    @property
    def codex(self) -> Path:
        return self.home / ".codex"

    @property
    def index(self) -> Path:
        return self.home / ".cache" / "git-ai-trail" / "index.db"

    @property
    def trail(self) -> Path:
        return self.home / ".local" / "share" / "git-ai-trail" / "trail.db"

    def session_writes(self, name: str, text: str) -> CodexLog:
        """A session adds a file, and the file is staged."""
        session = CodexLog(self.codex, self.repo.root)
        session.prompt(f"Write {name}")
        session.add_file(name, text)
        self.repo.write(name, text)
        self.repo.git("add", "-A")
        return session

    def program(self, *args: str, exit: int = 0) -> subprocess.CompletedProcess[str]:
        return self.repo.run(*PROGRAM, *args, exit=exit)

    def show(self, rev: str = "HEAD") -> dict:
        return json.loads(self.program("show", "--json", rev).stdout)

    def head(self) -> str:
        return self.repo.git("rev-parse", "HEAD")

    def trailer(self, rev: str = "HEAD") -> str:
        return self.repo.git("log", "-1", "--format=%(trailers:key=AI-Trail,valueonly)", rev).strip()

    def minutes_later(self) -> None:
        """Makes what the repository's git folder holds, objects apart, older."""
        git_dir = self.repo.root / ".git"
        for path in [*git_dir.glob("*"), *git_dir.glob("ai-log-trail/**/*"), *git_dir.glob("refs/notes/**/*")]:
            if path.is_file() and path.name != "index":
                if path.parent.name == "pending" and len(path.name) == 64:
                    body = json.loads(path.read_bytes())
                    path.write_text(json.dumps({**body, "created": body["created"] - 300}))
                os.utime(path, (path.stat().st_atime, path.stat().st_mtime - 300))

    # -- what must hold --------------------------------------------------------------------------------------------

    def assert_whole(self) -> None:
        """Nothing in the repository is damaged, no lock is left where a person's own git would meet it, no text is left over."""
        git_dir = self.repo.root / ".git"
        fsck = self.repo.run("git", "fsck", "--strict")
        assert "error" not in fsck.stderr, fsck.stderr
        # A lock on a ref of ours that a killed git leaves is in nobody's way; the next writer takes it away.
        locks = [str(path) for path in git_dir.rglob("*.lock") if "ai-log-trail" not in str(path)]
        assert not locks
        for database in (self.index, self.trail):
            if database.exists():
                assert integrity(database) == "ok", database

    def assert_swept(self) -> None:
        """Nothing of ours that is unfinished lies about."""
        git_dir = self.repo.root / ".git"
        left = [
            str(path.relative_to(git_dir))
            for path in git_dir.rglob("*")
            if path.is_file()
            and "objects" not in path.parts
            and ("tmp" in path.name or ".ai-trail-" in path.name or path.suffix == ".lock" or "crash" in path.name)
        ]
        assert not left
        assert not self.repo.git("for-each-ref", "--format=%(refname)", "refs/notes/").count("tmp")
        pending = git_dir / "ai-log-trail" / "pending"
        assert (sorted(os.listdir(pending)) if pending.exists() else []) == []


def integrity(database: Path) -> str:
    connection = sqlite3.connect(database)
    try:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
    finally:
        connection.close()


def every(events: Sequence[Event], fault: str, step: int = 1) -> list[int]:
    """The numbers of events for a slow proof of that fault: of different kinds, or with `TRAIL_PROOF=all` every one (every
    `step`-th of many)."""
    if os.environ.get("TRAIL_PROOF") == "all":
        points = sorted({*one_of_each(events, 200), *range(1, len(events) + 1, step)})
    else:
        first, apart = _TURNS.get(fault, (0, 1))
        points = one_of_each(events, _PROOF)[first::apart]
    # Where nothing is written, torn is the same as killed.
    return [at for at in points if fault != "torn" or events[at - 1].call in WRITES]


def one_of_each(events: Sequence[Event], many: int) -> list[int]:
    """The numbers of events of different kinds: one for each call on each kind of file, and at most so many, evenly spread."""
    kinds: dict[tuple[str, str], int] = {}
    for number, event in enumerate(events, 1):
        name = "".join(sign for sign in os.path.basename(event.path) if not sign.isdigit())
        kinds.setdefault((event.call, "object" if "/objects/" in event.path else name[:24]), number)
    points = sorted(kinds.values())
    if len(points) <= many:
        return points
    return sorted({points[round(at * (len(points) - 1) / (many - 1))] for at in range(many)})
