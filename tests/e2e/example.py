"""Makes docs/examples: a real Codex builds the repository of example.yaml, and its report is written in every form.

    python -m tests.e2e.example [FOLDER]

A test renders the examples again from their JSON, so that they are never older than the templates.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.e2e import model
from tests.e2e.codex import Codex
from tests.e2e.scenario import Step
from tests.support.repo import Repo

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs" / "examples"
STORY = Path(__file__).with_name("example.yaml")
FORMS = ("md", "html", "json", "csv", "txt")
RELEASE = "v1.1.0"

_CONFIG = """\
[consent]
publish = "redacted"

[prices."gpt-5.5"]
input = 1.25
cached = 0.125
output = 10

[prices."gpt-6-astra"]
input = 2
cached = 0.2
output = 14
"""
_POLICY = """\
[policy]
publish = "redacted"
require = ["record", "disclosure"]

[report]
mode = "full"
"""


class Telling:
    """Plays the story in a repository of its own."""

    def __init__(self, folder: Path, scripted: model.ScriptedModel) -> None:
        self.story: dict[str, Any] = yaml.safe_load(STORY.read_text(encoding="utf-8"))
        self.repo = Repo(folder / "tide-tables")
        self.scripted = scripted
        self.home = folder / "home"
        self.agents: dict[str, tuple[str, str]] = {}
        self.sessions: dict[str, str] = {}

    def begin(self) -> None:
        self.home.mkdir()
        settings = self.home / ".config" / "git-ai-trail"
        settings.mkdir(parents=True)
        settings.joinpath("config.toml").write_text(_CONFIG)
        self.repo.root.mkdir()
        self.repo.git("init", "-q", "-b", "main", ".")
        self.repo.git("config", "user.name", "Mara Lindqvist")
        self.repo.git("config", "user.email", "mara@example.com")
        self.repo.git("config", "ai-log-trail.ingest", "false")
        self.repo.git("remote", "add", "origin", "https://example.com/harbour/tide-tables.git")
        self.repo.write(".git-ai-trail.toml", _POLICY)
        self.repo.run("git", "ai-trail", "init", "--native")

    def tell(self) -> None:
        for step in self.story["steps"]:
            kind = next(iter(step))
            getattr(self, f"_{kind}")(step)

    def finish(self) -> None:
        """Feeds the database, and with it the records' annexes."""
        self.repo.run("git", "ai-trail", "ingest")
        self.repo.run("git", "ai-trail", "backfill", "--all")

    def _who(self, step: Mapping[str, Any]) -> dict[str, str]:
        if "at" not in step:
            return {}
        at = step["at"].strftime("%Y-%m-%dT%H:%M:%SZ") if hasattr(step["at"], "strftime") else str(step["at"])
        name, _, mail = self.story["people"][step.get("by", "mara")].partition(" <")
        mail = mail.rstrip(">")
        return {
            "GIT_AUTHOR_NAME": name,
            "GIT_AUTHOR_EMAIL": mail,
            "GIT_COMMITTER_NAME": name,
            "GIT_COMMITTER_EMAIL": mail,
            "GIT_AUTHOR_DATE": at,
            "GIT_COMMITTER_DATE": at,
        }

    def _write(self, step: Mapping[str, Any]) -> None:
        for path, text in step["write"].items():
            self.repo.write(path, text)

    def _append(self, step: Mapping[str, Any]) -> None:
        for path, text in step["append"].items():
            with open(self.repo.root / path, "a", encoding="utf-8", newline="") as file:
                file.write(text)

    def _commit(self, step: Mapping[str, Any]) -> None:
        self.repo.git("add", "-A")
        self.repo.git("commit", "-q", "-m", step["commit"].strip(), env=self._who(step))

    def _git(self, step: Mapping[str, Any]) -> None:
        self.repo.run("bash", "-c", f"git {step['git']}", env=self._who(step))

    def _run(self, step: Mapping[str, Any]) -> None:
        self.repo.run("bash", "-c", step["run"])

    def _squash(self, step: Mapping[str, Any]) -> None:
        """What the button of a code host does: one commit, its message with those of the branch, no hook of ours."""
        branch = step["squash"]
        log = self.repo.git("log", "--reverse", "--format=* %B", f"main..{branch}")
        sources = self.repo.git("rev-list", f"main..{branch}").split()
        self.repo.git("merge", "-q", "--squash", branch)
        off = {"GIT_AI_TRAIL": "0"}
        self.repo.git("commit", "-q", "-m", f"{step['message']}\n\n{log}", env=self._who(step) | off)
        self.repo.run(
            "git", "ai-trail", "notes", "carry", "HEAD", *(word for oid in sources for word in ("--from", oid))
        )

    def _tag(self, step: Mapping[str, Any]) -> None:
        self.repo.git("tag", "-a", "-m", step["tag"], step["tag"], env=self._who(step))

    def _agent(self, step: Mapping[str, Any]) -> None:
        alias = step["agent"]
        if "as" in step:
            version, name = step["as"].split()
            self.agents[alias] = version, name
        version, name = self.agents[alias]
        script = [Step(kind=kind, text=text) for one in step["does"] for kind, text in one.items()]
        prompt = step["prompt"].strip()
        self.scripted.learn(prompt, script)
        codex = Codex.install(version=version, model=name, home=self.home, url=self.scripted.url)
        os.environ.update(self._who(step))
        try:
            session = codex.run(prompt, place=self.repo.root, resume=self.sessions.get(alias, ""))
        finally:
            for variable in self._who(step):
                os.environ.pop(variable, None)
        self.sessions[alias] = session


def environment(home: Path) -> None:
    """Nothing of whoever runs this: another home, no agents' and no git variables."""
    for name in list(os.environ):
        if name.startswith(("GIT_", "CODEX_", "XDG_", "PRE_COMMIT")):
            del os.environ[name]
    os.environ |= {
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "GIT_CONFIG_NOSYSTEM": "1",
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "EDITOR": "false",
        "USER": "mara",
    }


def main(target: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="ai-trail-example-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        environment(folder / "home")
        with model.serve() as scripted:
            telling = Telling(folder, scripted)
            telling.begin()
            telling.tell()
            telling.finish()
        target.mkdir(parents=True, exist_ok=True)
        for form in FORMS:
            command = ["git", "ai-trail", "report", "--release", RELEASE, "--authors", "--format", form]
            done = subprocess.run(command, cwd=telling.repo.root, capture_output=True, check=False)
            if done.returncode != 0:
                sys.exit(done.stderr.decode())
            (target / f"report.{form}").write_bytes(done.stdout)
        print(subprocess.run(["git", "ai-trail", "log"], cwd=telling.repo.root, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else EXAMPLES)
