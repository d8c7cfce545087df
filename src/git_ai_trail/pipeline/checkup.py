"""What `doctor` looks at: this machine, the agents' logs, our databases, and the repository where there is one."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence

from git_ai_trail import places, settings
from git_ai_trail.config import load_repository, load_user
from git_ai_trail.errors import ConfigError, TrailError
from git_ai_trail.formats import is_own
from git_ai_trail.formats.sources import in_worktree, is_container
from git_ai_trail.git import Git
from git_ai_trail.install import doctor, place
from git_ai_trail.install.database_file import check_database, check_put_aside
from git_ai_trail.install.hooks_check import check_hooks
from git_ai_trail.install.place import Place
from git_ai_trail.model import Check
from git_ai_trail.pipeline import third_party
from git_ai_trail.pipeline.discovery import admitted, all_formats
from git_ai_trail.pipeline.in_force import in_force
from git_ai_trail.pipeline.logfile import open_log
from git_ai_trail.pipeline.user_store import store_url
from git_ai_trail.store import open_store


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
    checks += check_logs(env, where.toplevel if where is not None else "")
    checks += doctor.check_folders([("data folder", places.data_dir(env)), ("cache folder", places.cache_dir(env))])
    checks.append(check_database("index", places.index_path(env), "run 'git ai-trail init'"))
    checks += _check_store(env)
    return checks + doctor.check_clock(git if where else None, env, time.time())


def check_logs(env: Mapping[str, str], worktree: str = "") -> list[Check]:
    """Whether the agents' logs are found, folder by folder; every folder of the person's own must be there."""
    try:
        config = load_user(places.config_dir(env))
    except ConfigError as error:
        return [Check(name="logs", state="fail", detail=error.message, advice=error.hint or "correct the file")]
    own, here = config.log_roots, in_worktree(worktree) if worktree else ()
    checks = _check_formats(config.formats)
    found = 0
    for fmt in all_formats():
        for root in dict.fromkeys((*fmt.roots(env, places.home_dir(env)), *own, *here)):
            if not os.path.isdir(root) and not (is_container(root, (fmt,)) and os.path.isfile(root)):
                if root in own:
                    advice = "correct logs.roots in config.toml"
                    checks.append(Check(name="logs", state="warn", detail=f"{root}: no such folder", advice=advice))
                continue
            logs = [log for log in fmt.discover(root) if root not in own or is_own(fmt, log, all_formats())]
            checks += [_unreadable(log) for log in logs if is_container(log, (fmt,))]
            count = sum(not is_container(log, (fmt,)) for log in logs)
            found += count
            if not os.access(root, os.R_OK | (os.X_OK if os.path.isdir(root) else 0)):
                detail = f"{root}: cannot be read"
                checks.append(Check(name="logs", state="fail", detail=detail, advice="make it readable"))
            elif count:
                checks.append(Check(name="logs", state="ok", detail=f"{fmt.AGENT}: {count} in {root}"))
    if not found:
        advice = "run an agent first, or name its folder under logs.roots in config.toml"
        checks.append(Check(name="logs", state="warn", detail="no session log found", advice=advice))
    return checks


def _unreadable(database: str) -> Check:
    """What keeps an agent's database from being read."""
    try:
        open_log(database).close()
        why = "could not be read just now"
    except OSError as error:
        why = error.strerror or "cannot be read"
    return Check(name="logs", state="warn", detail=f"{database}: {why}", advice="see docs/formats.md")


def _check_formats(names: Sequence[str]) -> list[Check]:
    """Formats of other packages, where the person's configuration names any."""
    refused = third_party.admit_what_can(names)
    checks = [Check(name="formats", state="fail", detail=one.message, advice=one.hint or "") for one in refused]
    return checks + [
        Check(name="formats", state="ok", detail=f"{fmt.NAME}: {fmt.AGENT}, from {fmt.package}") for fmt in admitted()
    ]


def _check_store(env: Mapping[str, str]) -> list[Check]:
    """The trail database, where it is a file of this machine."""
    try:
        where = store_url(env, load_user(places.config_dir(env))).removeprefix("sqlite://")
    except ConfigError:
        return []  # said with the logs
    if "://" in where:
        return [Check(name="database", state="ok", detail=f"{where.partition('://')[0]}, not looked at")]
    found = check_database("database", where, "run 'git ai-trail ingest'")
    more = _check_redaction(env, where) if found.state == "ok" else []
    return [found, *check_put_aside(where), *more]


def _check_redaction(env: Mapping[str, str], where: str) -> list[Check]:
    """Whether stored sessions were redacted under the rules that are in force."""
    try:
        store = open_store(where, create=False)
    except TrailError as error:
        return [Check(name="redaction", state="fail", detail=error.message, advice=error.hint or "see the database")]
    try:
        states = [state for state in store.file_states().values() if state.session_id]
        rules = in_force(env, store)
        old = {state.session_id for state in states if not rules.is_current(state)}
        broken = rules.problems()
    except TrailError as error:
        return [
            Check(name="redaction", state="fail", detail=error.message, advice=error.hint or "correct the rule file")
        ]
    finally:
        store.close()
    count = len({state.session_id for state in states})
    if broken:
        return [Check(name="redaction", state="fail", detail=one, advice="correct the rule file") for one in broken]
    if old:
        detail = f"{len(old)} of {count} stored sessions were redacted under other rules than those in force"
        return [Check(name="redaction", state="warn", detail=detail, advice="run 'git ai-trail ingest --rescrub'")]
    return [Check(name="redaction", state="ok", detail=f"{count} stored sessions, all under the rules in force")]


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
