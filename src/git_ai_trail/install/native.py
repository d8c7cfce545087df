"""Hooks as files in the repository's hooks folder, beside what is there already."""

from __future__ import annotations

import os
from collections.abc import Sequence

from git_ai_trail.errors import TrailError
from git_ai_trail.install import EVENTS, PUSH, shim, wanted
from git_ai_trail.install.journal import Journal
from git_ai_trail.install.place import Place
from git_ai_trail.model import Step

PRIOR = ".before-ai-trail"


def install(place: Place, journal: Journal) -> list[Step]:
    """Writes the shims; a hook that stands in the way is kept under another name and run first."""
    folder = place.own_hooks_dir
    _refuse_overwriting(folder, wanted(place.git))
    if not os.path.isdir(folder):
        if folder not in journal.folders:
            journal.folders.append(folder)
        journal.save()
        os.makedirs(folder)
    return [_install_one(os.path.join(folder, event), event, journal) for event in wanted(place.git)]


def remove(place: Place, journal: Journal) -> list[Step]:
    """Takes our shims away and puts the hooks back that they had replaced."""
    steps = []
    for path in dict.fromkeys(
        [*journal.hooks, *(os.path.join(place.own_hooks_dir, event) for event in (*EVENTS, PUSH))]
    ):
        step = _remove_one(path)
        if step is not None:
            steps.append(step)
    journal.hooks = []
    for folder in reversed(journal.folders):
        if os.path.isdir(folder) and not os.listdir(folder):
            os.rmdir(folder)
    journal.folders = []
    return steps


def _refuse_overwriting(folder: str, events: Sequence[str]) -> None:
    """Before anything is touched: both names taken means that somebody replaced our shim with a hook of their own."""
    for event in events:
        path = os.path.join(folder, event)
        if os.path.lexists(path) and shim.version_of(path) is None and os.path.lexists(path + PRIOR):
            raise TrailError(
                f"{path}: replaced by another program, and {event}{PRIOR} is still there",
                f"keep the one you need as {event}, remove the other, and run 'git ai-trail init' again",
            )


def _install_one(path: str, event: str, journal: Journal) -> Step:
    text = shim.render(event)
    if shim.same(path, text):
        return Step(name=event, state="kept", detail=path)
    if path not in journal.hooks:
        journal.hooks.append(path)
    journal.save()
    ours = shim.version_of(path) is not None
    if os.path.lexists(path) and not ours:
        os.rename(path, path + PRIOR)
    shim.write(path, text)
    if os.path.lexists(path + PRIOR):
        return Step(name=event, state="done", detail=f"{path}, runs {event}{PRIOR} first")
    return Step(name=event, state="done", detail=f"{path}{', renewed' if ours else ''}")


def _remove_one(path: str) -> Step | None:
    event = os.path.basename(path)
    prior = os.path.lexists(path + PRIOR)
    if shim.version_of(path) is not None:
        if prior:
            os.replace(path + PRIOR, path)
            return Step(name=event, state="removed", detail=f"{path} is again the hook it was")
        os.unlink(path)
        return Step(name=event, state="removed", detail=path)
    if prior and not os.path.lexists(path):
        os.rename(path + PRIOR, path)
        return Step(name=event, state="removed", detail=f"{path} is again the hook it was")
    if prior:
        return Step(
            name=event,
            state="todo",
            detail=f"{path} was replaced by another program, so {event}{PRIOR} stays; remove it if nothing needs it",
        )
    return None
