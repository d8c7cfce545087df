"""What `doctor` looks at: this machine, the agents' logs, our databases, and the repository where there is one."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

from git_ai_trail import places, settings
from git_ai_trail.config import load_repository, load_user
from git_ai_trail.errors import ConfigError, TrailError
from git_ai_trail.formats import FORMATS, is_own
from git_ai_trail.git import Git
from git_ai_trail.install import doctor, place
from git_ai_trail.install.database_file import check_database
from git_ai_trail.install.hooks_check import check_hooks
from git_ai_trail.install.place import Place
from git_ai_trail.model import Check
from git_ai_trail.pipeline.user_store import store_url


def checkup(root: str, env: Mapping[str, str]) -> list[Check]:
    """Every check, in the order in which a person would mend things. Changes nothing."""
    git = Git(root)
    checks = [doctor.check_git(git), doctor.check_path(env)]
    try:
        where: Place | None = place.find(root)
    except TrailError as error:
        where = None
        advice = "run 'git ai-trail doctor' in a repository to have it checked"
        checks.append(Check(name="repository", state="warn", detail=error.message, advice=advice))
    if where is not None:
        checks += _check_repository(where, env)
    checks += check_logs(env)
    checks += doctor.check_folders([("data folder", places.data_dir(env)), ("cache folder", places.cache_dir(env))])
    checks.append(check_database("index", places.index_path(env), "run 'git ai-trail init'"))
    checks += _check_store(env)
    return checks + doctor.check_clock(git if where else None, env, time.time())


def check_logs(env: Mapping[str, str]) -> list[Check]:
    """Whether the agents' logs are found, folder by folder; every folder of the person's own must be there."""
    try:
        own = load_user(places.config_dir(env)).log_roots
    except ConfigError as error:
        return [Check(name="logs", state="fail", detail=error.message, advice=error.hint or "correct the file")]
    checks = []
    found = 0
    for fmt in FORMATS:
        for root in dict.fromkeys((*fmt.roots(env, places.home_dir(env)), *own)):
            if not os.path.isdir(root):
                if root in own:
                    advice = "correct logs.roots in config.toml"
                    checks.append(Check(name="logs", state="warn", detail=f"{root}: no such folder", advice=advice))
                continue
            count = sum(1 for log in fmt.discover(root) if root not in own or is_own(fmt, log))
            found += count
            if not os.access(root, os.R_OK | os.X_OK):
                detail = f"{root}: cannot be read"
                checks.append(Check(name="logs", state="fail", detail=detail, advice="make it readable"))
            elif count:
                checks.append(Check(name="logs", state="ok", detail=f"{fmt.AGENT}: {count} in {root}"))
    if not found:
        advice = "run an agent first, or name its folder under logs.roots in config.toml"
        checks.append(Check(name="logs", state="warn", detail="no session log found", advice=advice))
    return checks


def _check_store(env: Mapping[str, str]) -> list[Check]:
    """The trail database, where it is a file of this machine."""
    try:
        where = store_url(env, load_user(places.config_dir(env))).removeprefix("sqlite://")
    except ConfigError:
        return []  # said with the logs
    if "://" in where:
        return [Check(name="database", state="ok", detail=f"{where.partition('://')[0]}, not looked at")]
    return [check_database("database", where, "run 'git ai-trail ingest'")]


def _check_repository(where: Place, env: Mapping[str, str]) -> list[Check]:
    config_dir = places.config_dir(env)
    found = settings.read(
        where.git, common_dir=where.common_dir, toplevel=where.toplevel, config_dir=config_dir, env=env
    )
    return [
        *doctor.check_settings(found, env),
        *_check_policy(where.toplevel),
        *check_hooks(where),
        *doctor.check_carrying(where.git),
        *doctor.check_state(where),
    ]


def _check_policy(toplevel: str) -> list[Check]:
    """The settings name a broken file already; here is the hint that goes with it."""
    try:
        load_repository(toplevel)
    except ConfigError as error:
        return [Check(name="policy", state="fail", detail=error.message, advice=error.hint or "correct the file")]
    if not os.path.exists(os.path.join(toplevel, settings.REPOSITORY_FILE)):
        detail = f"no {settings.REPOSITORY_FILE}, so the defaults hold"
        return [Check(name="policy", state="ok", detail=detail)]
    return [Check(name="policy", state="ok", detail=settings.REPOSITORY_FILE)]
