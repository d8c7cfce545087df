"""Where a repository keeps its hooks, its settings and our own state."""

from __future__ import annotations

import os
from dataclasses import dataclass

from git_ai_trail.errors import TrailError
from git_ai_trail.git import Git

# The folder below a git directory that holds everything of ours.
STATE = "ai-log-trail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One worktree and the git directory that it shares with its siblings. All paths are absolute."""

    git: Git
    toplevel: str
    common_dir: str
    hooks_dir: str  # where git looks for hooks, core.hooksPath included

    @property
    def own_hooks_dir(self) -> str:
        """Where git looks when nobody has set core.hooksPath."""
        return os.path.join(self.common_dir, "hooks")

    @property
    def redirected(self) -> bool:
        """Whether core.hooksPath points away from the repository's own hooks."""
        return os.path.realpath(self.hooks_dir) != os.path.realpath(self.own_hooks_dir)

    @property
    def state_dir(self) -> str:
        return os.path.join(self.common_dir, STATE)


def find(root: str) -> Place:
    """The place of the worktree that `root` lies in; raises `TrailError` where there is no worktree."""
    git = Git(root)
    if git.text("rev-parse", "--is-inside-work-tree") != "true":
        bare = git.text("rev-parse", "--is-bare-repository") == "true"
        raise TrailError(
            f"{root}: {'a bare repository' if bare else 'inside a git directory'}, nobody commits here",
            "run this in a worktree",
        )
    return Place(
        git=git,
        toplevel=git.toplevel(),
        common_dir=git.common_dir(),
        hooks_dir=git.git_path("hooks"),
    )
