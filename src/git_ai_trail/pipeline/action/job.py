"""What every mode of the action shares: the run, the inputs, git with the token, the API, and what is said in the log."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass

from git_ai_trail.errors import ConfigError, GitError, TrailError
from git_ai_trail.forge import answer, contents, inputs, run
from git_ai_trail.forge.github import GitHub
from git_ai_trail.forge.inputs import Inputs
from git_ai_trail.forge.run import Run
from git_ai_trail.git import Git

# GitHub shows ten annotations of a level for a step, and an error is the one that must be seen.
_LONGEST = 4000


class Log:
    """What the step says. Every line is harmless where the runner looks for commands, but for our own annotations."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        """A line for whoever reads the log."""
        self.lines.append(answer.printable(text))

    def notice(self, text: str) -> None:
        """Something that a person should know and need not act on."""
        self.lines.append(answer.annotation("notice", "AI trail", text[:_LONGEST]))

    def warn(self, text: str) -> None:
        """Something that did not come about and fails nothing."""
        self.lines.append(answer.annotation("warning", "AI trail", text[:_LONGEST]))

    def fail(self, error: TrailError, what: str = "") -> None:
        """What went wrong, and what to do about it."""
        text = f"{error.message}\n{error.hint}" if error.hint else error.message
        self.lines.append(answer.annotation("error", f"AI trail: {what}" if what else "AI trail", text[:_LONGEST]))

    def annotations(self, lines: list[str]) -> None:
        """Workflow commands that are escaped already."""
        self.lines += lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One step of a workflow."""

    inputs: Inputs
    run: Run
    git: Git
    api: GitHub
    env: Mapping[str, str]
    log: Log

    @property
    def dry(self) -> bool:
        return self.inputs.flag("dry-run")

    def outputs(self, **values: str | int) -> None:
        """Sets outputs of the step; an underscore stands for a hyphen."""
        stated = {name.replace("_", "-"): str(value) for name, value in values.items()}
        answer.set_outputs(self.run.output_file, stated)

    def summary(self, text: str) -> bool:
        """Adds to the job's summary; False where the runner has none."""
        return answer.add_summary(self.run.summary_file, text)

    def default_branch(self) -> str:
        """The repository's default branch, from the event or the API."""
        return self.run.default_branch or contents.default_branch(self.api)


def opened(env: Mapping[str, str], log: Log) -> Job:
    """The job that the environment describes. Raises `ConfigError` for inputs that cannot be used."""
    wanted = inputs.read(env)
    this = run.read(env)
    token = env.get(inputs.variable("token"), "").strip()
    if not token.isprintable() or len(token) > 4000 or not token.isascii():
        raise ConfigError("input token: this is no token", "leave it at its default, or pass a secret")
    workspace = env.get("GITHUB_WORKSPACE") or os.getcwd()
    folder = os.path.normpath(os.path.join(workspace, wanted["working-directory"]))
    git = Git(folder, env=_git_env(env, this, token, {folder, os.path.normpath(workspace)}))
    try:
        git.toplevel()
    except GitError as error:
        hint = "run actions/checkout with fetch-depth: 0 before this step, or set the input working-directory"
        raise TrailError(f"there is no checkout of the repository here ({error.message})", hint) from None
    return Job(inputs=wanted, run=this, git=git, api=GitHub(this.api_url, this.repository, token), env=env, log=log)


def _git_env(env: Mapping[str, str], this: Run, token: str, folders: set[str]) -> dict[str, str]:
    """git's environment: the token for this host alone, and never in an argument that other processes could see.

    The empty value first takes back the header that actions/checkout may have left; GitHub refuses two.
    """
    key = f"http.{this.server_url}/.extraheader"
    pairs = [("safe.directory", folder) for folder in sorted(folders)]
    if token:
        secret = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        pairs += [(key, ""), (key, f"AUTHORIZATION: basic {secret}")]
    there = env.get("GIT_CONFIG_COUNT", "")
    first = int(there) if there.isdigit() and len(there) < 5 else 0
    made = {**env, "GIT_CONFIG_COUNT": str(first + len(pairs)), "GIT_TERMINAL_PROMPT": "0"}
    for number, (name, value) in enumerate(pairs, first):
        made[f"GIT_CONFIG_KEY_{number}"], made[f"GIT_CONFIG_VALUE_{number}"] = name, value
    # Nothing that git starts needs these.
    return {name: value for name, value in made.items() if name != inputs.variable("token")}
