"""Sets a repository up for us and takes that back: hooks, notes settings, policy file, and the user's index."""

from __future__ import annotations

import os
from collections.abc import Mapping

from git_ai_trail import places
from git_ai_trail.config import load_user
from git_ai_trail.errors import TrailError
from git_ai_trail.formats.sources import in_worktree
from git_ai_trail.install import EVENTS, carry_settings, config_hooks, journal, native, place, policy_file, snippet
from git_ai_trail.install.journal import Journal
from git_ai_trail.install.place import Place
from git_ai_trail.model import Step
from git_ai_trail.pipeline import third_party
from git_ai_trail.pipeline.indexing import Progress, build

MODES = ("auto", "native", "config", "snippet")


def init(root: str, *, mode: str = "auto", profile: str | None = None) -> list[Step]:
    """Sets the repository around `root` up; what is so already is left as it is.

    `mode` is how the hooks get in: as entries of git's configuration, as files in its hooks folder, or not at all
    but as text for the hook manager that owns them; `auto` takes the first that works without anybody's help.
    """
    policy_file.check_profile(profile)
    where = place.find(root)
    log = journal.read(where.state_dir)
    chosen = _choose(where, mode)
    steps = _switch(where, log, chosen)
    steps += _hooks(where, log, chosen)
    log.mode = chosen
    log.save()
    steps += carry_settings.install(where.git, log)
    steps.append(policy_file.install(where, log, profile))
    return steps


def build_index(root: str, env: Mapping[str, str], progress: Progress | None = None) -> Step:
    """Builds the person's index, so that the first commit finds it ready; a commit without one only looks less far."""
    try:
        config = third_party.usable(load_user(places.config_dir(env)))
        logs = (*config.log_roots, *in_worktree(place.find(root).toplevel))
        found = build(env, log_roots=logs, progress=progress)
    except (OSError, TrailError) as error:
        return Step(name="index", state="todo", detail=f"not built: {error}; 'git ai-trail doctor' says more")
    return Step(
        name="index", state="done" if found.read else "kept", detail=f"{found.logs} logs, {found.read} read now"
    )


def uninit(root: str) -> list[Step]:
    """Takes back what `init` did to the repository around `root`. Notes and trailers are records, and stay."""
    where = place.find(root)
    log = journal.read(where.state_dir)
    steps = [*native.remove(where, log), *config_hooks.remove(where, log)]
    steps += carry_settings.remove(where.git, log)
    policy = policy_file.remove(where, log)
    steps += [policy] if policy else []
    if log.mode == "snippet":
        steps.append(_leftover_snippet(where))
    log.remove()
    _drop_state(where)
    if where.git.call("rev-parse", "--verify", "--quiet", carry_settings.REFS[0])[0] == 0:
        steps.append(
            Step(
                name="notes",
                state="kept",
                detail=f"{carry_settings.REFS[0]} holds the records; git update-ref -d removes it",
            )
        )
    return steps


def _choose(where: Place, mode: str) -> str:
    version = where.git.version()
    if mode == "config" and version < config_hooks.SINCE:
        raise TrailError(
            f"git {version[0]}.{version[1]} has no hooks in its configuration",
            "use git 2.54 or later, or 'git ai-trail init --native'",
        )
    if mode == "native" and where.redirected:
        raise TrailError(
            f"core.hooksPath is set, so git runs no hook from {where.own_hooks_dir}",
            "'git ai-trail init --snippet' prints what to add to the hooks that run instead",
        )
    if mode != "auto":
        return mode
    if version >= config_hooks.SINCE:
        return "config"
    return "snippet" if _manager(where) else "native"


def _switch(where: Place, log: Journal, chosen: str) -> list[Step]:
    """Never two ways at once: what an earlier `init` put elsewhere is taken back first."""
    steps = []
    if chosen != "native":
        steps += native.remove(where, log)
    if chosen != "config":
        steps += config_hooks.remove(where, log)
    return steps


def _hooks(where: Place, log: Journal, chosen: str) -> list[Step]:
    if chosen == "native":
        return native.install(where, log)
    if chosen == "config":
        return config_hooks.install(where, log)
    return [_snippet(where)]


def _snippet(where: Place) -> Step:
    manager = _manager(where) or "pre-commit"
    if manager == "pre-commit":
        config = snippet.pre_commit_config(where.toplevel)
        if len(snippet.pre_commit_ids(config)) == len(EVENTS):
            return Step(name="hooks", state="kept", detail="pre-commit runs them; 'pre-commit install' after a change")
    owner = "the folder that core.hooksPath names" if manager == "another" else manager
    return Step(
        name="hooks",
        state="todo",
        detail=f"not installed: {owner} owns the hooks here; add this, or use 'git ai-trail init --native'"
        if not where.redirected
        else f"not installed: {owner} owns the hooks here ({where.hooks_dir}); add this",
        text=snippet.text(manager, where.toplevel),
    )


def _leftover_snippet(where: Place) -> Step:
    return Step(
        name="hooks",
        state="todo",
        detail=f"what you added for {_manager(where) or 'a hook manager'} is yours to remove",
    )


def _manager(where: Place) -> str:
    return snippet.manager(where.toplevel, where.hooks_dir, redirected=where.redirected)


def _drop_state(where: Place) -> None:
    """Removes what is derived; a record that waits for its commit, and the lock that others may hold, stay."""
    for name in ("policy.json", "settled"):
        path = os.path.join(where.state_dir, name)
        if os.path.isfile(path):
            os.unlink(path)
    for folder in (os.path.join(where.state_dir, "pending"), where.state_dir):
        if os.path.isdir(folder) and not os.listdir(folder):
            os.rmdir(folder)
