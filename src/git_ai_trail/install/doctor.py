"""Looks at one repository and this machine, and says what is wrong and what to do about it."""

from __future__ import annotations

import os
import sys
import time
import zoneinfo
from collections.abc import Iterable, Mapping

from git_ai_trail.git import Git
from git_ai_trail.install import carry_settings, repo_config
from git_ai_trail.install.place import Place
from git_ai_trail.model import Check
from git_ai_trail.settings import Settings, switched_off

# --path-format and --fixed-value are younger than the rest of what we ask of git.
OLDEST_GIT = (2, 31)
_CLOCK_SLACK = 300.0


def check_git(git: Git) -> Check:
    """Whether git is there and young enough."""
    major, minor = git.version()
    if (major, minor) < OLDEST_GIT:
        advice = f"install git {OLDEST_GIT[0]}.{OLDEST_GIT[1]} or later"
        return Check(name="git", state="fail", detail=f"{major}.{minor}", advice=advice)
    return Check(name="git", state="ok", detail=f"{major}.{minor}")


def check_settings(settings: Settings, env: Mapping[str, str]) -> list[Check]:
    """Whether we are switched on, and whether every setting could be read."""
    checks = [
        Check(name="settings", state="fail", detail=problem, advice="correct it; until then no line is added")
        for problem in settings.problems
    ]
    if switched_off(env):
        advice = "unset GIT_AI_TRAIL to switch it on"
        return [*checks, Check(name="settings", state="warn", detail="GIT_AI_TRAIL switches it off", advice=advice)]
    if not settings.enabled:
        advice = "git config ai-log-trail.enabled true"
        off = Check(name="settings", state="warn", detail="ai-log-trail.enabled is false", advice=advice)
        return [*checks, off]
    if not checks:
        detail = f"on, profile {settings.profile}, publishes {settings.publish}"
        checks.append(Check(name="settings", state="ok", detail=detail))
    return checks


def check_carrying(git: Git) -> list[Check]:
    """Whether git carries our notes over amend and rebase without losing lines."""
    checks = []
    missing = carry_settings.missing_refs(git)
    if missing:
        advice = f"git config --add {carry_settings.REF_KEY} {missing[0]}"
        detail = f"{', '.join(missing)} not carried over amend and rebase"
        checks.append(Check(name="notes", state="warn", detail=detail, advice=advice))
    mode = (repo_config.values(git, carry_settings.MODE_KEY) or ["concatenate"])[-1]
    if mode not in (carry_settings.MODE, "concatenate"):
        advice = f"git config {carry_settings.MODE_KEY} {carry_settings.MODE}"
        detail = f"{carry_settings.MODE_KEY} is {mode}: where two notes meet, one is lost"
        checks.append(Check(name="notes", state="warn", detail=detail, advice=advice))
    return checks or [Check(name="notes", state="ok", detail="carried over amend and rebase")]


def check_path(env: Mapping[str, str]) -> Check:
    """Whether `git ai-trail` starts this program and not another of the same name."""
    found = _on_path("git-ai-trail", env)
    if not found:
        advice = f"add {os.path.dirname(sys.executable)} to PATH"
        return Check(name="PATH", state="warn", detail="no git-ai-trail on PATH", advice=advice)
    foreign = [path for path in found if not _is_ours(path)]
    if foreign and foreign[0] == found[0]:
        detail = f"{foreign[0]} is another program and comes first"
        return Check(name="PATH", state="fail", detail=detail, advice="put this program's folder before it")
    if foreign:
        detail = f"{found[0]}; another program of that name is {foreign[0]}"
        return Check(name="PATH", state="warn", detail=detail, advice="nothing, as long as the order of PATH stays")
    return Check(name="PATH", state="ok", detail=found[0])


def check_folders(folders: Iterable[tuple[str, str]]) -> list[Check]:
    """Whether each (name, folder) can be written, or made where it does not exist yet."""
    checks = []
    for name, folder in folders:
        there = folder
        while not os.path.exists(there) and os.path.dirname(there) != there:
            there = os.path.dirname(there)
        if os.access(there, os.W_OK | os.X_OK) and os.path.isdir(there):
            checks.append(Check(name=name, state="ok", detail=folder))
        else:
            advice = "make it writable; commits work, but what they find is not kept there"
            checks.append(Check(name=name, state="warn", detail=f"{folder} cannot be written", advice=advice))
    return checks


def check_clock(git: Git | None, env: Mapping[str, str], now: float) -> list[Check]:
    """Whether times can be compared: logs and commits are matched by them, in UTC."""
    offset = time.strftime("%z", time.localtime(now))
    zone = env.get("TZ", "").removeprefix(":")
    checks = []
    # The C library takes a zone it does not know for UTC without a word.
    if "/" in zone and not os.path.isabs(zone) and not _is_zone(zone):
        detail = f"TZ names an unknown zone, so times are shown as {offset}"
        checks.append(Check(name="time zone", state="warn", detail=detail, advice="correct TZ, or install tzdata"))
    else:
        checks.append(Check(name="time zone", state="ok", detail=f"local time is {offset}; all matching is in UTC"))
    code, out = git.call("log", "-1", "--format=%ct") if git else (1, b"")
    if code == 0 and out.strip().isdigit() and float(out) > now + _CLOCK_SLACK:
        detail = f"HEAD was committed {int((float(out) - now) / 60)} min in the future"
        checks.append(Check(name="clock", state="warn", detail=detail, advice="check this machine's clock"))
    return checks


def check_state(place: Place) -> list[Check]:
    """Whether we can keep our state in the repository, and whether a record waits for a commit that never came."""
    return check_folders([("repository", place.state_dir)])


def _on_path(name: str, env: Mapping[str, str]) -> list[str]:
    folders = dict.fromkeys(folder for folder in env.get("PATH", "").split(os.pathsep) if folder)
    paths = [os.path.join(folder, name) for folder in folders]
    return [path for path in paths if os.path.isfile(path) and os.access(path, os.X_OK)]


def _is_ours(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return b"git_ai_trail" in file.read(256 * 1024)
    except OSError:
        return False


def _is_zone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
