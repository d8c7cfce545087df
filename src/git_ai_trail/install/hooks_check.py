"""Looks whether git will really run our hooks: present, executable, ours, of this version, and only once."""

from __future__ import annotations

import os
from collections.abc import Sequence

from git_ai_trail.install import config_hooks, native, repo_config, shim, snippet, wanted
from git_ai_trail.install.place import Place
from git_ai_trail.model import Check

_AGAIN = "run 'git ai-trail init'"


def check_hooks(place: Place) -> list[Check]:
    """One check for each way the hooks got in, or a failure where they are not in at all."""
    events = wanted(place.git)
    ways = {
        "native": _native(place, events),
        "config": _config(place, events),
        "pre-commit": _pre_commit(place, events),
        "another manager": _mentioned(place, events),
    }
    found = {way: checks for way, checks in ways.items() if checks}
    if not found:
        return [Check(name="hooks", state="fail", detail="not set up here", advice=_AGAIN)]
    checks = [check for way in found.values() for check in way]
    if len(found) > 1:
        detail = f"set up more than once: {', '.join(found)}"
        checks.append(Check(name="hooks", state="warn", detail=detail, advice="keep one way; a second only costs time"))
    return checks


def _native(place: Place, events: Sequence[str]) -> list[Check]:
    folder = place.own_hooks_dir
    states = {event: _shim_problem(os.path.join(folder, event)) for event in events}
    if all(state == "missing" for state in states.values()):
        return []
    checks = [
        Check(name=event, state="fail", detail=f"{os.path.join(folder, event)}: {state}", advice=_AGAIN)
        for event, state in states.items()
        if state
    ]
    if place.redirected:
        detail = f"core.hooksPath is {place.hooks_dir}: git does not look into {folder}"
        advice = "'git ai-trail init --snippet' prints what to add there"
        checks.append(Check(name="hooks", state="fail", detail=detail, advice=advice))
    return checks or [_age("native hooks", [os.path.join(folder, event) for event in events])]


def _config(place: Place, events: Sequence[str]) -> list[Check]:
    entries = {event: repo_config.values(place.git, f"{config_hooks.SECTION}{event}.command") for event in events}
    if not any(entries.values()):
        return []
    version = place.git.version()
    if version < config_hooks.SINCE:
        detail = f"they are in git's configuration, which git {version[0]}.{version[1]} does not read"
        return [Check(name="hooks", state="fail", detail=detail, advice=_AGAIN)]
    folder = config_hooks.scripts_dir(place)
    checks = []
    for event in events:
        problem = "no entry" if not entries[event] else _shim_problem(os.path.join(folder, event))
        if problem:
            detail = f"{config_hooks.SECTION}{event}: {problem}"
            checks.append(Check(name=event, state="fail", detail=detail, advice=_AGAIN))
    return checks or [_age("config hooks", [os.path.join(folder, event) for event in events])]


def _shim_problem(path: str) -> str:
    version = shim.version_of(path)
    if version is not None:
        return "" if os.access(path, os.X_OK) else "not executable"
    if not os.path.lexists(path):
        return "missing"
    # pre-commit runs the hook that it replaced, lefthook does not.
    if shim.version_of(path + ".legacy") is not None:
        return ""
    if shim.version_of(path + ".old") is not None:
        return "put aside as .old by another program, which does not run it"
    return "replaced by another program" if os.path.lexists(path + native.PRIOR) else "missing"


def _age(name: str, paths: list[str]) -> Check:
    versions = {version for path in paths if (version := shim.version_of(path)) is not None}
    current = shim.current_version()
    if any(version < current for version in versions):
        return Check(name=name, state="warn", detail="written by an older version", advice=_AGAIN)
    if any(version > current for version in versions):
        advice = "use the newer git-ai-trail"
        return Check(name=name, state="warn", detail="written by a newer version", advice=advice)
    for path in paths:
        python = shim.interpreter_of(path)
        if python and not os.access(python, os.X_OK):
            detail = f"{python} is gone; git-ai-trail on PATH is used, if there is one"
            return Check(name=name, state="warn", detail=detail, advice=_AGAIN)
    return Check(name=name, state="ok", detail=f"{len(paths)} in place")


def _pre_commit(place: Place, events: Sequence[str]) -> list[Check]:
    ids = snippet.pre_commit_ids(snippet.pre_commit_config(place.toplevel))
    if not ids:
        return []
    checks = [
        Check(name="pre-commit", state="fail", detail=f"ai-trail-{event} is not configured", advice=_AGAIN)
        for event in events
        if f"ai-trail-{event}" not in ids
    ]
    absent = [event for event in events if not _runs_pre_commit(os.path.join(place.hooks_dir, event))]
    if absent:
        types = " ".join(f"-t {event}" for event in absent)
        detail = f"configured, but git does not call it at {', '.join(absent)}"
        checks.append(Check(name="pre-commit", state="fail", detail=detail, advice=f"pre-commit install {types}"))
    return checks or [Check(name="pre-commit", state="ok", detail=f"{len(events)} configured and installed")]


def _runs_pre_commit(path: str) -> bool:
    text = _read(path)
    return os.access(path, os.X_OK) and ("pre-commit" in text or "prek" in text)


def _mentioned(place: Place, events: Sequence[str]) -> list[Check]:
    """Our command in the files of another hook manager."""
    if place.redirected:
        folders = (place.hooks_dir, os.path.dirname(place.hooks_dir))
        texts = {event: "".join(_read(os.path.join(folder, event)) for folder in folders) for event in events}
    else:
        lefthook = "".join(_read(os.path.join(place.toplevel, name)) for name in snippet.LEFTHOOK_FILES)
        texts = dict.fromkeys(events, lefthook)
    called = [event for event, text in texts.items() if f"git-ai-trail hook {event}" in text]
    if not called:
        return []
    absent = [event for event in events if event not in called]
    if absent:
        detail = f"{', '.join(absent)} not called"
        advice = "'git ai-trail init --snippet' prints what to add"
        return [Check(name="hook manager", state="fail", detail=detail, advice=advice)]
    return [Check(name="hook manager", state="ok", detail=f"calls all {len(events)}")]


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(256 * 1024)
    except OSError:
        return ""
