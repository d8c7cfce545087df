"""Errors a person can act on. Anything else that escapes is our bug and is reported as one."""

from __future__ import annotations


class TrailError(Exception):
    """What happened, where, and what to do about it; printed as one line, exit code 1.

    `message` says what happened and where, `hint` says what to do. Neither ever holds text from a log.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class GitError(TrailError):
    """git refused or is missing; `message` carries git's own first line."""


class ConfigError(TrailError):
    """A configuration or rule file that cannot be used; `message` names file, line and key."""

    exit_code = 2


class StoreError(TrailError):
    """The trail database cannot be opened, is too new, or holds something it must not."""
