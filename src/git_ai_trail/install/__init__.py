"""Puts our hooks and settings into one repository, takes exactly them away again, and checks that they work."""

from __future__ import annotations

from git_ai_trail.git import Git

# The git hooks we take part in; each has a shim of this name in `hooks/`.
EVENTS = ("prepare-commit-msg", "commit-msg", "post-commit", "post-rewrite")
# One that nobody gets unasked: it pushes records along.
PUSH = "pre-push"


def wanted(git: Git) -> tuple[str, ...]:
    """The hooks that this repository is to have."""
    asked = git.text("config", "--type=bool", "--get", "ai-log-trail.push", check=False) == "true"
    return (*EVENTS, PUSH) if asked else EVENTS
