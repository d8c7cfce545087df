"""What a person adds by hand where a hook manager owns the hooks: pre-commit, prek, husky, lefthook or another."""

from __future__ import annotations

import os
from typing import Any

import yaml

from git_ai_trail.install import EVENTS

PRE_COMMIT_FILES = (".pre-commit-config.yaml", ".pre-commit-config.yml", "prek.toml")
LEFTHOOK_FILES = ("lefthook.yml", ".lefthook.yml", "lefthook.yaml", ".lefthook.yaml")
_MAX_READ = 1024 * 1024


def manager(toplevel: str, hooks_dir: str, *, redirected: bool) -> str:
    """The hook manager that owns this worktree's hooks: pre-commit, lefthook, husky, another, or the empty string."""
    if redirected:
        inside = os.path.relpath(os.path.realpath(hooks_dir), os.path.realpath(toplevel)).split(os.sep)
        return "husky" if ".husky" in inside else "another"
    if any(os.path.isfile(os.path.join(toplevel, name)) for name in PRE_COMMIT_FILES):
        return "pre-commit"
    if any(os.path.isfile(os.path.join(toplevel, name)) for name in LEFTHOOK_FILES):
        return "lefthook"
    return ""


def text(name: str, toplevel: str) -> str:
    """What to add for the manager `name`."""
    if name == "pre-commit":
        return _pre_commit(pre_commit_config(toplevel))
    if name == "lefthook":
        return _lefthook()
    return _lines(".husky/" if name == "husky" else "")


def pre_commit_config(toplevel: str) -> dict[str, Any]:
    """The parsed configuration of pre-commit; empty where there is none that can be read."""
    for name in PRE_COMMIT_FILES[:2]:
        try:
            with open(os.path.join(toplevel, name), encoding="utf-8") as file:
                config = yaml.safe_load(file.read(_MAX_READ))
        except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError):
            continue
        return config if isinstance(config, dict) else {}
    return {}


def pre_commit_ids(config: dict[str, Any]) -> set[str]:
    """The hook ids of ours that a pre-commit configuration names, without the `-system` ending."""
    found = set()
    repos = config.get("repos")
    for repo in repos if isinstance(repos, list) else []:
        hooks = repo.get("hooks") if isinstance(repo, dict) else None
        for hook in hooks if isinstance(hooks, list) else []:
            name = str(hook.get("id", "")) if isinstance(hook, dict) else ""
            if name.startswith("ai-trail-"):
                found.add(name.removesuffix("-system"))
    return found


def hook_types(config: dict[str, Any]) -> list[str]:
    """The hook types that `pre-commit install` must install: the person's own and ours."""
    own = config.get("default_install_hook_types")
    kept = [kind for kind in own if isinstance(kind, str)] if isinstance(own, list) else ["pre-commit"]
    return list(dict.fromkeys([*kept, *EVENTS]))


def _pre_commit(config: dict[str, Any]) -> str:
    out = [
        "# .pre-commit-config.yaml; afterwards: pre-commit install",
        f"default_install_hook_types: [{', '.join(hook_types(config))}]",
        "repos:",
        "  - repo: local",
        "    hooks:",
    ]
    for event in EVENTS:
        out += [
            f"      - id: ai-trail-{event}",
            f"        name: ai-trail {event}",
            f"        entry: git-ai-trail hook {event}",
            "        language: system",
            f"        stages: [{event}]",
            "        always_run: true",
            "        require_serial: true",
        ]
        # The message file is the only argument that counts; after a commit there are no files to pass.
        out += ["        pass_filenames: false"] if event.startswith("post-") else []
        # pre-commit swallows what a hook says unless it is told not to.
        out += ["        verbose: true"] if event == "post-commit" else []
    return "\n".join(out)


def _lefthook() -> str:
    out = ["# lefthook.yml; afterwards: lefthook install"]
    for event in EVENTS:
        out += [f"{event}:", "  commands:", "    ai-trail:", f"      run: git-ai-trail hook {event} {{0}}"]
        out += ["      use_stdin: true"] if event == "post-rewrite" else []
    return "\n".join(out)


def _lines(folder: str) -> str:
    return "\n".join(
        f'{folder}{event}:  if command -v git-ai-trail >/dev/null 2>&1; then git-ai-trail hook {event} "$@"; fi'
        for event in EVENTS
    )
