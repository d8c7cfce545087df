"""Puts our hooks and settings into one repository, takes exactly them away again, and checks that they work."""

from __future__ import annotations

from git_ai_trail.git import Git

# The git hooks we take part in; each has a shim of this name in `hooks/`.
EVENTS = ("prepare-commit-msg", "commit-msg", "post-commit", "post-rewrite")
# One that nobody gets unasked: it checks what is pushed, or pushes records along, or both.
PUSH = "pre-push"


def wanted(git: Git) -> tuple[str, ...]:
    """The hooks that this repository is to have."""
    said = (
        git.text("config", "--type=bool", "--get", f"ai-log-trail.{key}", check=False) for key in ("push", "verify")
    )
    return (*EVENTS, PUSH) if "true" in said else EVENTS
