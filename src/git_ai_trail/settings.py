"""What is switched on for one repository, read fast enough for every commit. Hot-safe.

Knows environment, git configuration and the compiled form of the two TOML files. TOML itself is understood by
`config.py` alone, which is imported here only when a file changed since it was last compiled.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from git_ai_trail.errors import ConfigError
from git_ai_trail.git import Git

REPOSITORY_FILE = ".git-ai-trail.toml"
USER_FILE = "config.toml"

PROFILES = (
    "default",
    "linux",
    "linux-2025",
    "fedora",
    "llvm",
    "apache",
    "openinfra",
    "nodejs",
    "none",
    "kubernetes",
    "forbid",
)
# From the least to the most that may be published.
PUBLISH_LEVELS = ("none", "first-line", "redacted")
MAX_FILE = 256 * 1024
SWITCHED_OFF = ("0", "false", "no", "off")

# Raised whenever the compiled form changes, so that one written by another version is not believed.
_COMPILED = 2
_KEPT = 8


class Settings(NamedTuple):
    """What holds for one repository and one person.

    `publish` is the effective level. `problems` says in one line each what could not be read; a policy that cannot be
    read adds no line to any message (`profile` is then `none`) and publishes nothing.
    """

    enabled: bool = True
    quiet: bool = False
    ingest: bool = True
    push: bool = False
    verify: bool = False
    profile: str = "default"
    weak_trailer: bool = False
    publish: str = "none"
    log_roots: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def read(git: Git, *, common_dir: str, toplevel: str, config_dir: str, env: Mapping[str, str]) -> Settings:
    """The settings for the repository of `git`, with one git process."""
    _, out = git.call("config", "-z", "--get-regexp", r"^ai-log-trail\.")
    return load(out, common_dir=common_dir, toplevel=toplevel, config_dir=config_dir, env=env)


def load(git_config: bytes, *, common_dir: str, toplevel: str, config_dir: str, env: Mapping[str, str]) -> Settings:
    """The settings, from `git config -z --get-regexp '^ai-log-trail\\.'` and the two files. Never raises."""
    if switched_off(env):
        return Settings(enabled=False)
    problems: list[str] = []
    own = parse_git_config(git_config)
    if not _flag(own, "enabled", True, problems):
        return Settings(enabled=False, problems=tuple(problems))
    cache = _Compiled(os.path.join(common_dir, "ai-log-trail", "policy.json"))
    policy = cache.get("repository", os.path.join(toplevel, REPOSITORY_FILE), problems)
    user = cache.get("user", os.path.join(config_dir, USER_FILE), problems)
    cache.keep()
    return Settings(
        quiet=_flag(own, "quiet", False, problems),
        ingest=_flag(own, "ingest", True, problems),
        push=_flag(own, "push", False, problems),
        verify=_flag(own, "verify", False, problems),
        profile=_profile(policy, own, problems),
        weak_trailer=_weak_trailer(policy, own, problems),
        publish=_publish(policy, user, own, env, problems),
        log_roots=tuple(user.get("logs.roots", ())) if user else (),
        apart=tuple(policy.get("policy.apart", ())) if policy else (),
        problems=tuple(problems),
    )


def switched_off(env: Mapping[str, str]) -> bool:
    """Whether the environment switches everything off."""
    return env.get("GIT_AI_TRAIL", "").lower() in SWITCHED_OFF


def effective_publish(*levels: str) -> str:
    """The least of what policy, consent and environment allow; an unknown word allows nothing."""
    ranks = [PUBLISH_LEVELS.index(level) if level in PUBLISH_LEVELS else 0 for level in levels]
    return PUBLISH_LEVELS[min(ranks, default=0)]


def read_file(path: str) -> bytes | None:
    """A configuration file's bytes, None where there is none; raises `ConfigError` for what cannot be one.

    A repository can hold a symlink to anything, so only a regular file of a sensible size is read.
    """
    if not os.path.isfile(path):
        if os.path.lexists(path):
            raise ConfigError(f"{path}: not a regular file", "replace it by a file, or remove it")
        return None
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}", "make the file readable, or remove it") from error
    if len(data) > MAX_FILE:
        raise ConfigError(f"{path}: larger than {MAX_FILE // 1024} KiB", "make it smaller")
    return data


def parse_git_config(out: bytes) -> dict[str, str]:
    """Our keys of `git config -z --get-regexp`, without the section, in lower case; the last value wins."""
    found: dict[str, str] = {}
    for entry in out.decode("utf-8", "surrogateescape").split("\0"):
        key, newline, value = entry.partition("\n")
        section, _, name = key.partition(".")
        if section.lower() == "ai-log-trail" and name:
            # A key without "=" is git's way to write true.
            found[name.lower()] = value if newline else "true"
    return found


def _flag(own: Mapping[str, str], name: str, default: bool, problems: list[str]) -> bool:
    value = own.get(name.lower())
    if value is None:
        return default
    word = value.strip().lower()
    if word in ("true", "yes", "on", "1"):
        return True
    if word in ("", *SWITCHED_OFF):
        return False
    problems.append(f"git config ai-log-trail.{name}: neither true nor false")
    return default


def _profile(policy: Mapping[str, Any] | None, own: Mapping[str, str], problems: list[str]) -> str:
    if policy is None:
        return "none"
    stated = policy.get("policy.profile")
    if stated is None and "profile" in own:
        stated = own["profile"]
        if stated not in PROFILES:
            problems.append(f"git config ai-log-trail.profile: not one of {', '.join(PROFILES)}")
            return "none"
    return str(stated or "default")


def _weak_trailer(policy: Mapping[str, Any] | None, own: Mapping[str, str], problems: list[str]) -> bool:
    if policy is None:
        return False
    stated = policy.get("policy.weak-trailer")
    return _flag(own, "weakTrailer", False, problems) if stated is None else bool(stated)


def _publish(
    policy: Mapping[str, Any] | None,
    user: Mapping[str, Any] | None,
    own: Mapping[str, str],
    env: Mapping[str, str],
    problems: list[str],
) -> str:
    allowed = "none" if policy is None else str(policy.get("policy.publish", "none"))
    consent = own.get("publish") or ("none" if user is None else str(user.get("consent.publish", "none")))
    if consent not in PUBLISH_LEVELS:
        problems.append(f"git config ai-log-trail.publish: not one of {', '.join(PUBLISH_LEVELS)}")
    return effective_publish(allowed, consent, env.get("GIT_AI_TRAIL_PUBLISH") or PUBLISH_LEVELS[-1])


class _Compiled:
    """The TOML files as JSON, kept in the repository's git folder by the digest of their bytes.

    Several versions are kept, because the worktrees of one repository can hold different ones.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.known: dict[str, Any] | None = None
        self.changed = False

    def get(self, kind: str, path: str, problems: list[str]) -> Mapping[str, Any] | None:
        """Flat keys and values of one file; empty where there is no file, None where it cannot be used."""
        try:
            data = read_file(path)
        except ConfigError as error:
            problems.append(error.message)
            return None
        if data is None:
            return {}
        name = f"{kind}:{hashlib.sha256(data).hexdigest()}"
        known = self._load()
        if not isinstance(known.get(name), dict):
            known.pop(name, None)
            try:
                known[name] = _compile(kind, data, path)
            except ConfigError as error:
                problems.append(error.message)
                return None
            self.changed = True
        found: dict[str, Any] = known[name]
        return found

    def keep(self) -> None:
        """Writes what was compiled; where that is not possible the next run compiles again."""
        if not self.changed or self.known is None:
            return
        kept = dict(list(self.known.items())[-_KEPT:])
        temporary = f"{self.path}.{os.getpid()}"
        try:
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
            with open(temporary, "w", encoding="utf-8") as file:
                json.dump({"version": _COMPILED, "files": kept}, file)
            os.replace(temporary, self.path)
        except OSError:
            return

    def _load(self) -> dict[str, Any]:
        if self.known is None:
            self.known = {}
            try:
                with open(self.path, encoding="utf-8") as file:
                    stored = json.load(file)
            except (OSError, ValueError, RecursionError):
                return self.known
            if isinstance(stored, dict) and stored.get("version") == _COMPILED:
                files = stored.get("files")
                self.known = files if isinstance(files, dict) else {}
        return self.known


def _compile(kind: str, data: bytes, path: str) -> dict[str, Any]:
    # The one late import of the commit path: tomllib costs 8 ms, and files change far more seldom than commits happen.
    config = importlib.import_module("git_ai_trail.config")
    compiled: dict[str, Any] = config.compile_file(kind, data, path)
    return compiled
