"""Hooks as entries of git's configuration (git 2.54 and later); they work beside any hooks folder and any manager."""

from __future__ import annotations

import os
import shlex

from git_ai_trail.install import EVENTS, PUSH, repo_config, shim, wanted
from git_ai_trail.install.journal import Journal
from git_ai_trail.install.place import Place
from git_ai_trail.model import Step

SINCE = (2, 54)
SECTION = "hook.ai-trail-"


def scripts_dir(place: Place) -> str:
    return os.path.join(place.state_dir, "hooks")


def install(place: Place, journal: Journal) -> list[Step]:
    """Writes the scripts into our own folder and names them in the repository's configuration."""
    folder = scripts_dir(place)
    os.makedirs(folder, exist_ok=True)
    return [_install_one(place, journal, os.path.join(folder, event), event) for event in wanted(place.git)]


def remove(place: Place, journal: Journal) -> list[Step]:
    """Takes the entries and the scripts away."""
    removed = repo_config.take_back(place.git, journal, SECTION)
    folder = scripts_dir(place)
    for event in (*EVENTS, PUSH):
        path = os.path.join(folder, event)
        if os.path.exists(path):
            os.unlink(path)
    if os.path.isdir(folder) and not os.listdir(folder):
        os.rmdir(folder)
    return [
        Step(name=event, state="removed", detail=f"git config {SECTION}{event}")
        for event in (*EVENTS, PUSH)
        if f"{SECTION}{event}.command" in removed
    ]


def command(path: str, event: str) -> str:
    """The command for one event. Git appends the arguments; a missing program would fail the commit, so it is guarded.

    A repository that was moved still finds its script, at the price of one more process.
    """
    moved = f'"$(git rev-parse --git-common-dir)/ai-log-trail/hooks/{event}"'
    return f'hook={shlex.quote(path)}; [ -x "$hook" ] || hook={moved}; [ -x "$hook" ] || exit 0; exec "$hook"'


def _install_one(place: Place, journal: Journal, path: str, event: str) -> Step:
    text = shim.render(event)
    wanted = [(f"{SECTION}{event}.command", command(path, event)), (f"{SECTION}{event}.event", event)]
    there = [repo_config.values(place.git, key) == [value] for key, value in wanted]
    if all(there) and shim.same(path, text):
        return Step(name=event, state="kept", detail=f"git config {SECTION}{event}")
    # The script first: an entry that names a missing script does nothing, but says nothing either.
    shim.write(path, text)
    repo_config.take_back(place.git, journal, f"{SECTION}{event}.")
    for key, value in wanted:
        if repo_config.values(place.git, key) != [value]:
            repo_config.add(place.git, journal, key, value)
    return Step(name=event, state="done", detail=f"git config {SECTION}{event}")
