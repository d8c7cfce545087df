"""Redaction as this person has it: the built-in rules, their own rule file, their key and their names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from git_ai_trail import places, userkey
from git_ai_trail.errors import TrailError
from git_ai_trail.git import Git
from git_ai_trail.redact import Identity, Scrubber, ruleset

RULE_FILES = ("redactions.yml", "redactions.yaml", "redactions.json")


class Redactor(NamedTuple):
    """A scrubber, and the digest of the rules it goes by."""

    scrubber: Scrubber
    ruleset_digest: str


def open_redactor(env: Mapping[str, str]) -> Redactor:
    """The redactor for what is kept on this machine; raises `TrailError` if rules or key cannot be used."""
    own = [os.path.join(places.config_dir(env), name) for name in RULE_FILES]
    rules = ruleset.load(*(path for path in own if os.path.lexists(path)))
    try:
        key = userkey.load_or_create(places.data_dir(env))
    except OSError as error:
        raise TrailError(
            f"{places.data_dir(env)}: {error.strerror}", "GIT_AI_TRAIL_DATA can name another folder"
        ) from error
    return Redactor(Scrubber(rules, key, identity=identity(env), cache_dir=places.cache_dir(env)), rules.digest)


def identity(env: Mapping[str, str]) -> Identity:
    """Who this person is, from the environment and from git's configuration for everything they do."""
    git = Git(places.home_dir(env), foreign=True)
    name, email = (git.text("config", "--get", key, check=False) for key in ("user.name", "user.email"))
    return Identity.of(env, name=name, email=email)
