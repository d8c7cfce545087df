"""Our entries in a repository's git configuration: added beside others, taken away one by one."""

from __future__ import annotations

from git_ai_trail.git import Git
from git_ai_trail.install.journal import Journal


def values(git: Git, key: str) -> list[str]:
    """Every value of `key`, from all of git's configuration files, in order."""
    _, out = git.call("config", "-z", "--get-all", key)
    return out.decode("utf-8", "surrogateescape").split("\0")[:-1]


def add(git: Git, journal: Journal, key: str, value: str) -> None:
    """Adds one value to the repository's configuration and remembers it."""
    if (key, value) not in journal.settings:
        journal.settings.append((key, value))
    journal.save()
    git.run("config", "--local", "--add", key, value)


def take_back(git: Git, journal: Journal, prefix: str) -> list[str]:
    """Removes what `add` added to keys that begin with `prefix`; returns the keys that were still there."""
    removed = []
    for key, value in [pair for pair in journal.settings if pair[0].startswith(prefix)]:
        code, _ = git.call("config", "--local", "--unset-all", "--fixed-value", key, value)
        if code == 0:
            removed.append(key)
        journal.settings.remove((key, value))
        journal.save()
    return removed
