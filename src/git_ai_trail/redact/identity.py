"""Who the user is, so that their home and names can be told from other words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from git_ai_trail.redact.detectors.people import GENERIC, name_in_home

_MIN_NAME = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """`home` is the home folder, `accounts` are login names, `names` real names, `emails` addresses."""

    home: str = ""
    accounts: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()

    @classmethod
    def of(cls, env: Mapping[str, str], *, name: str = "", email: str = "") -> Identity:
        """From the environment, and from `user.name` and `user.email` of git's configuration."""
        home = env.get("HOME") or env.get("USERPROFILE") or ""
        logins = (env.get("USER"), env.get("LOGNAME"), env.get("USERNAME"), name_in_home(home))
        accounts = dict.fromkeys(login for login in logins if login)
        return cls(home=home, accounts=tuple(accounts), names=(name,) if name else (), emails=(email,) if email else ())

    def words(self) -> tuple[str, ...]:
        """The names that are replaced wherever they stand as words: long enough, and nobody's in general."""
        parts = [*self.accounts, *self.names]
        return tuple(word for word in dict.fromkeys(parts) if len(word) >= _MIN_NAME and word.lower() not in GENERIC)
