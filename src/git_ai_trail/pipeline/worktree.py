"""Where a command or a hook runs. Hot path."""

from __future__ import annotations

import os
from typing import NamedTuple

from git_ai_trail.attach import notes
from git_ai_trail.errors import GitError
from git_ai_trail.git import Git
from git_ai_trail.lazy import pattern
from git_ai_trail.places import as_written

HEX = pattern("[0-9a-f]{40,64}")


class Worktree(NamedTuple):
    """Where a hook runs."""

    git: Git
    root: str
    git_dir: str  # of this worktree
    common_dir: str  # shared by all worktrees
    head: str  # oid, or empty on an unborn branch
    noted: bool  # the repository has notes of ours
    roots: tuple[str, ...]  # the worktree's root under every name it goes by


def open_worktree(cwd: str) -> Worktree:
    """The worktree around `cwd`, with one git process."""
    git = Git(cwd)
    code, out = git.call(
        "rev-parse",
        *("--path-format=absolute", "--show-toplevel", "--git-dir", "--git-common-dir"),
        *("HEAD", notes.REF),
    )
    lines = out.decode("utf-8", "surrogateescape").split("\n")
    if len(lines) < 4:
        raise GitError("not inside a git worktree", "run it in a folder of your repository")
    root, git_dir, common_dir = lines[:3]
    # Without a commit git stops at HEAD (and repeats the word), without notes at their ref (and repeats that).
    head = lines[3] if HEX.fullmatch(lines[3]) else ""
    return Worktree(git, root, git_dir, common_dir, head, code == 0, worktree_roots(root, cwd))


def top(cwd: str) -> str:
    """The root of the worktree around `cwd`, empty where there is none, or no git."""
    try:
        return Git(cwd).text("rev-parse", "--show-toplevel", check=False)
    except GitError:
        return ""


def worktree_roots(root: str, cwd: str) -> tuple[str, ...]:
    """The worktree's root as git gives it, and as the user reached it through symbolic links."""
    names = list(as_written(root))
    logical = os.environ.get("PWD", "")
    if logical and os.path.realpath(logical) == os.path.realpath(cwd):
        depth = os.path.relpath(os.path.realpath(cwd), os.path.realpath(root))
        up = logical if depth == "." else os.path.normpath(os.path.join(logical, *[".."] * len(depth.split("/"))))
        names.append(up)
    return tuple(dict.fromkeys(names))
