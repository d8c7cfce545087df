"""A real git repository in a temporary folder, driven like a person would."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path


class Repo:
    """A worktree. Every call states the exit code it expects and fails the test otherwise."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def init(cls, root: Path) -> Repo:
        root.mkdir(parents=True)
        repo = cls(root)
        repo.git("init", "-q", "-b", "main", ".")
        return repo

    def git(self, *args: str, exit: int = 0, env: Mapping[str, str] | None = None, stdin: str | None = None) -> str:
        """stdout of `git ARGS`, the final newline removed."""
        return self.run("git", *args, exit=exit, env=env, stdin=stdin).stdout.rstrip("\n")

    def run(
        self,
        *command: str,
        exit: int = 0,
        env: Mapping[str, str] | None = None,
        stdin: str | None = None,
        cwd: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command,
            cwd=cwd or self.root,
            env={**os.environ, **(env or {})},
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
        )
        assert done.returncode == exit, f"{command} gave {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def write(self, path: str, text: str) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="")
        return target

    def commit(self, message: str, *, at: str | None = None, env: Mapping[str, str] | None = None) -> str:
        """Stages everything and commits; `at` sets both clocks. Returns the oid."""
        dates = {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at} if at else {}
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, env={**dates, **(env or {})})
        return self.git("rev-parse", "HEAD")

    def commit_file(self, path: str, text: str, message: str = "", *, at: str | None = None) -> str:
        self.write(path, text)
        return self.commit(message or f"write {path}", at=at)
