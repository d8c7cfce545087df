"""Puts our hooks and settings into one repository, takes exactly them away again, and checks that they work."""

from __future__ import annotations

# The git hooks we take part in; each has a shim of this name in `hooks/`.
EVENTS = ("prepare-commit-msg", "commit-msg", "post-commit", "post-rewrite")
