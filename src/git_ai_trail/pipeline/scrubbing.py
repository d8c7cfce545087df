"""Redaction as this person has it: the built-in rules, their own rule file, their key and their names."""

from __future__ import annotations

import hashlib
import importlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from git_ai_trail import places, userkey
from git_ai_trail.errors import TrailError
from git_ai_trail.git import Git
from git_ai_trail.model import ManualRedaction

if TYPE_CHECKING:
    from git_ai_trail.redact import Identity, Scrubber
    from git_ai_trail.redact.rule import RuleSet

RULE_FILES = ("redactions.yml", "redactions.yaml", "redactions.json")

_ENGINE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "redact")


def open_redactor(env: Mapping[str, str], manual: Sequence[ManualRedaction] = ()) -> Scrubber:
    """The redactor for what is kept on this machine; raises `TrailError` if rules or key cannot be used.

    `manual` is what the store knows of redactions made by hand.
    """
    key = _key(env)
    redact = importlib.import_module("git_ai_trail.redact")
    scrubber: Scrubber = redact.Scrubber(
        _rules(env),
        key,
        identity=identity(env),
        cache_dir=places.cache_dir(env),
        manual=manual,
        secrets_in=importlib.import_module("git_ai_trail.pipeline.env_files").values_in,
    )
    return scrubber


def by_hand_alone(env: Mapping[str, str], manual: Sequence[ManualRedaction]) -> Scrubber:
    """A redactor that knows no rule: it finds what is to go by hand, in every form in which `open_redactor` finds it."""
    redact, rule = (importlib.import_module(f"git_ai_trail.redact{name}") for name in ("", ".rule"))
    nothing = rule.RuleSet(rules=(), disabled=frozenset(rule.CODE_DETECTORS))
    scrubber: Scrubber = redact.Scrubber(
        nothing, _key(env), identity=redact.Identity(), cache_dir=places.cache_dir(env), manual=manual
    )
    return scrubber


def effective_digest(env: Mapping[str, str], manual: Sequence[ManualRedaction]) -> str:
    """The digest of everything that decides what becomes of a log: the rules, and what is to go by hand."""
    digest = ruleset_digest(env)
    if not any(entry.active for entry in manual):
        return digest
    effective: str = importlib.import_module("git_ai_trail.redact.manual").effective_digest(digest, manual)
    return effective


def key_of(env: Mapping[str, str]) -> bytes:
    """The person's own key, made where there is none yet."""
    return _key(env)


def ruleset_digest(env: Mapping[str, str]) -> str:
    """The digest of the rules that `open_redactor` goes by; raises as it does.

    Reading the rules takes longer than looking at ten thousand logs, so the digest is kept under one of everything that
    it depends on: the files of the program's redaction, and the words of the person's own rules.
    """
    _key(env)
    path = os.path.join(places.cache_dir(env), f"rules-{_signature(env)}")
    try:
        with open(path, encoding="ascii") as file:
            kept = file.read(65)
    except (OSError, UnicodeDecodeError):
        kept = ""
    if len(kept) == 64 and not set(kept) - set("0123456789abcdef"):
        return kept
    digest = _rules(env).digest
    _keep(path, digest)
    return digest


def identity(env: Mapping[str, str]) -> Identity:
    """Who this person is, from the environment and from git's configuration for everything they do."""
    git = Git(places.home_dir(env), foreign=True)
    name, email = (git.text("config", "--get", key, check=False) for key in ("user.name", "user.email"))
    found: Identity = importlib.import_module("git_ai_trail.redact").Identity.of(env, name=name, email=email)
    return found


def _rules(env: Mapping[str, str]) -> RuleSet:
    rules: RuleSet = importlib.import_module("git_ai_trail.redact.ruleset").load(*_own(env))
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


def _program(folder: str) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.is_dir() and entry.name != "__pycache__":
                yield from _program(entry.path)
            elif entry.name.endswith((".py", ".yaml")):
                yield entry


def _keep(path: str, digest: str) -> None:
    """Keeps the digest where it can be; a run that cannot keep it reads the rules again."""
    folder, name = os.path.split(path)
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        for other in os.listdir(folder):
            if other.startswith("rules-") and other != name:
                os.unlink(os.path.join(folder, other))
        with tempfile.NamedTemporaryFile("w", dir=folder, prefix=".rules-", delete=False, encoding="ascii") as file:
            file.write(digest)
        os.replace(file.name, path)
    except OSError:
        return
