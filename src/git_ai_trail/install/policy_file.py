"""The repository's `.git-ai-trail.toml`: written once with its defaults spelled out, never changed afterwards."""

from __future__ import annotations

import hashlib
import os

from git_ai_trail.config import load_repository
from git_ai_trail.errors import ConfigError
from git_ai_trail.install.journal import Journal
from git_ai_trail.install.place import Place
from git_ai_trail.model import Step
from git_ai_trail.settings import PROFILES, REPOSITORY_FILE

_TEXT = """\
# What this repository asks of everyone who commits with `git ai-trail`. Commit this file.
# A line that begins with # states a default.

[policy]
# Which disclosure line a commit with evidence gets:
# default, linux, linux-2025, fedora, llvm, apache, openinfra, nodejs; or none, kubernetes, forbid, which add no line.
{profile}

# What may be published of the prompts: none, first-line or redacted. Each person must have agreed as well.
# publish = "none"

# Whether weak evidence (few or common lines, time and place only) is enough for a trailer.
# weak-trailer = false

# What `git ai-trail verify` insists on: any of "trailer", "record", "disclosure".
# require = []

# Paths in which no line may have evidence of a session's work: folders end with a slash, * and ? stand for any text.
# forbid-paths = ["crypto/", "*.sql"]

# The largest part of a commit's added lines that may have evidence, from 0 to 1.
# share-limit = 1

# Whose commits need not keep to all this: "Name <address>" of the author, with * for any text.
# exempt = ["dependabot[bot] <*>"]

# Which commits must have a good signature: none, evidence (those with evidence) or all.
# signed = "none"

[report]
# What reports say: summary, prompts, actions, tokens or full; and how: md, html, json, csv or txt.
# mode = "summary"
# format = "md"
# {{name}} stands for the release.
# title = "AI assistance in {{name}}"
"""


def install(place: Place, journal: Journal, profile: str | None) -> Step:
    """Writes the file where there is none."""
    path = os.path.join(place.toplevel, REPOSITORY_FILE)
    if os.path.lexists(path):
        return _kept(place, profile)
    line = f'profile = "{profile}"' if profile else '# profile = "default"'
    data = _TEXT.format(profile=line).encode()
    journal.policy_path = path
    journal.policy_digest = hashlib.sha256(data).hexdigest()
    journal.save()
    with open(path, "xb") as file:
        file.write(data)
    return Step(
        name=REPOSITORY_FILE, state="done", detail="written, defaults only" if not profile else f"profile {profile}"
    )


def remove(place: Place, journal: Journal) -> Step | None:
    """Removes the file if it is still ours alone: unchanged, and unknown to git."""
    path, digest = journal.policy_path, journal.policy_digest
    journal.policy_path = journal.policy_digest = ""
    if not path or not os.path.isfile(path):
        return None
    with open(path, "rb") as file:
        if hashlib.sha256(file.read()).hexdigest() != digest:
            return Step(name=REPOSITORY_FILE, state="kept", detail="it was edited, so it is yours")
    if place.git.call("ls-files", "--error-unmatch", "--", path)[0] == 0:
        return Step(name=REPOSITORY_FILE, state="kept", detail="git tracks it, so it belongs to everyone here")
    os.unlink(path)
    return Step(name=REPOSITORY_FILE, state="removed", detail=path)


def check_profile(profile: str | None) -> None:
    """Raises `ConfigError` for a profile that does not exist."""
    if profile is not None and profile not in PROFILES:
        raise ConfigError(f"no such profile: {profile}", f"one of {', '.join(PROFILES)}")


def _kept(place: Place, profile: str | None) -> Step:
    try:
        stated = load_repository(place.toplevel).profile or "default"
    except ConfigError as error:
        return Step(name=REPOSITORY_FILE, state="todo", detail=error.message)
    if profile is None or profile == stated:
        return Step(name=REPOSITORY_FILE, state="kept", detail=f"profile {stated}")
    detail = f"states the profile {stated}, and that file is yours to change"
    return Step(name=REPOSITORY_FILE, state="todo", detail=detail, text=f'[policy]\nprofile = "{profile}"')
