"""Redaction as this person has it: the built-in rules, those of repositories, their own, their key and their names."""

from __future__ import annotations

import hashlib
import importlib
import os
import tempfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from git_ai_trail import places, userkey
from git_ai_trail.errors import ConfigError, TrailError
from git_ai_trail.git import Git
from git_ai_trail.model import ManualRedaction
from git_ai_trail.pipeline.repository_rules import NONE, RULE_FILES, Files, Repositories, Scope, UnusableRulesError

if TYPE_CHECKING:
    from git_ai_trail.redact import Identity, Scrubber
    from git_ai_trail.redact.rule import RuleSet

__all__ = ["RULE_FILES"]

# Engines that are kept while others are made. One takes a few megabytes, and seconds to make.
_MOST_MADE = 32

_ENGINE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "redact")


class Redactors:
    """The redactor for what is kept on this machine, by the repositories that a session is of.

    Rules are compiled once for each rule set that is in force. Raises `UnusableRulesError` for a repository's rule file that
    cannot be used, `TrailError` if the person's own rules or key cannot be.
    """

    def __init__(
        self,
        env: Mapping[str, str],
        manual: Sequence[ManualRedaction] = (),
        remembered: Mapping[str, str] | None = None,
    ) -> None:
        self._env = env
        self._manual = manual
        self._key = _key(env)
        self._identity: Identity | None = None
        self._digests: dict[Scope, str | UnusableRulesError] = {}
        self._made: OrderedDict[str, Scrubber] = OrderedDict()
        self.repositories = Repositories(env, self._key, remembered or {})

    def digest(self, scope: Scope = NONE) -> str:
        """The digest of everything that decides what becomes of a log of these repositories."""
        found = self._digests.get(scope)
        if found is None:
            try:
                found = _effective(self._ruleset_digest(scope), self._manual)
            except UnusableRulesError as error:
                found = error
            self._digests[scope] = found
        if isinstance(found, UnusableRulesError):
            raise UnusableRulesError(found.message, found.hint)
        return found

    def of(self, scope: Scope = NONE) -> Scrubber:
        digest = self.digest(scope)
        if digest not in self._made:
            if len(self._made) >= _MOST_MADE:
                self._made.popitem(last=False)
            self._made[digest] = self._opened(_rules(self._env, self._files(scope)))
        self._made.move_to_end(digest)
        return self._made[digest]

    def rules(self, scope: Scope) -> RuleSet:
        """The rules themselves."""
        return _rules(self._env, self._files(scope))

    def ready(self) -> None:
        """Raises now what would be wrong whatever a session is of: the person's own rules, or a git that is not there."""
        self.digest()
        if self._identity is None:
            self._identity = identity(self._env)

    def _opened(self, rules: RuleSet) -> Scrubber:
        if self._identity is None:
            self._identity = identity(self._env)
        scrubber: Scrubber = importlib.import_module("git_ai_trail.redact").Scrubber(
            rules,
            self._key,
            identity=self._identity,
            cache_dir=places.cache_dir(self._env),
            manual=self._manual,
            secrets_in=importlib.import_module("git_ai_trail.pipeline.env_files").values_in,
        )
        return scrubber

    def _files(self, scope: Scope) -> list[Files]:
        return [self.repositories.files(root) for root in scope]

    def _ruleset_digest(self, scope: Scope) -> str:
        return _digest_of(self._env, self._files(scope))


def by_hand_alone(env: Mapping[str, str], manual: Sequence[ManualRedaction]) -> Scrubber:
    """A redactor that knows no rule: it finds what is to go by hand, in every form in which `Redactors` find it."""
    redact, rule = (importlib.import_module(f"git_ai_trail.redact{name}") for name in ("", ".rule"))
    nothing = rule.RuleSet(rules=(), disabled=frozenset(rule.CODE_DETECTORS))
    scrubber: Scrubber = redact.Scrubber(
        nothing, _key(env), identity=redact.Identity(), cache_dir=places.cache_dir(env), manual=manual
    )
    return scrubber


def key_of(env: Mapping[str, str]) -> bytes:
    """The person's own key, made where there is none yet."""
    return _key(env)


def ruleset_digest(env: Mapping[str, str]) -> str:
    """The digest of the rules that hold everywhere; raises as `Redactors` do."""
    _key(env)
    return _digest_of(env, ())


def _digest_of(env: Mapping[str, str], repositories: Sequence[Files]) -> str:
    """The digest of the rules that hold in these repositories.

    Reading the rules takes longer than looking at ten thousand logs, so the digest is kept under one of everything that
    it depends on: the files of the program's redaction, and the words of the person's own rules and the repositories'.
    """
    base = _signature(env)
    path = os.path.join(places.cache_dir(env), f"rules-{base}{_signature_of(repositories)}")
    try:
        with open(path, encoding="ascii") as file:
            kept = file.read(65)
    except (OSError, UnicodeDecodeError):
        kept = ""
    if len(kept) == 64 and not set(kept) - set("0123456789abcdef"):
        return kept
    digest = _rules(env, repositories).digest
    _keep(path, digest, f"rules-{base}")
    return digest


def _effective(digest: str, manual: Sequence[ManualRedaction]) -> str:
    if not any(entry.active for entry in manual):
        return digest
    effective: str = importlib.import_module("git_ai_trail.redact.manual").effective_digest(digest, manual)
    return effective


def identity(env: Mapping[str, str]) -> Identity:
    """Who this person is, from the environment and from git's configuration for everything they do."""
    git = Git(places.home_dir(env), foreign=True)
    name, email = (git.text("config", "--get", key, check=False) for key in ("user.name", "user.email"))
    found: Identity = importlib.import_module("git_ai_trail.redact").Identity.of(env, name=name, email=email)
    return found


def _rules(env: Mapping[str, str], repositories: Sequence[Files] = ()) -> RuleSet:
    """Built-in rules, then those of repositories (which may only add), then the person's own."""
    ruleset = importlib.import_module("git_ai_trail.redact.ruleset")
    base = None
    if repositories:
        try:
            base = ruleset.of_repositories(repositories)
        except ConfigError as error:
            raise UnusableRulesError(error.message, error.hint) from None
    rules: RuleSet = ruleset.load(*_own(env), base=base)
    return rules


def _own(env: Mapping[str, str]) -> list[str]:
    own = (os.path.join(places.config_dir(env), name) for name in RULE_FILES)
    return [path for path in own if os.path.lexists(path)]


def _key(env: Mapping[str, str]) -> bytes:
    try:
        return userkey.load_or_create(places.data_dir(env))
    except OSError as error:
        raise TrailError(
            f"{places.data_dir(env)}: {error.strerror}", "GIT_AI_TRAIL_DATA can name another folder"
        ) from error


def _signature(env: Mapping[str, str]) -> str:
    found = hashlib.blake2b(digest_size=16)
    for entry in _program(_ENGINE):
        stat = entry.stat()
        found.update(f"{entry.name}\0{stat.st_size}\0{stat.st_mtime_ns}\0".encode())
    for path in _own(env):
        found.update(path.encode("utf-8", "surrogateescape") + b"\0")
        try:
            with open(path, "rb") as file:
                found.update(file.read())
        except OSError:
            found.update(os.urandom(16))  # loading it says what is wrong
    return found.hexdigest()


def _signature_of(repositories: Sequence[Files]) -> str:
    if not repositories:
        return ""
    found = hashlib.blake2b(digest_size=16)
    for files in repositories:
        found.update(f"{len(files)}\0".encode())
        for _, content in files:
            found.update(f"{len(content)}\0".encode())
            found.update(content)
    return f"-{found.hexdigest()}"


def _program(folder: str) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.is_dir() and entry.name != "__pycache__":
                yield from _program(entry.path)
            elif entry.name.endswith((".py", ".yaml")):
                yield entry


def _keep(path: str, digest: str, current: str) -> None:
    """Keeps the digest where it can be; a run that cannot keep it reads the rules again."""
    folder = os.path.dirname(path)
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        for other in os.listdir(folder):
            if other.startswith("rules-") and not other.startswith(current):
                os.unlink(os.path.join(folder, other))
        with tempfile.NamedTemporaryFile("w", dir=folder, prefix=".rules-", delete=False, encoding="ascii") as file:
            file.write(digest)
        os.replace(file.name, path)
    except OSError:
        return
