"""Plays a scenario: repositories, a person's steps in them, and a real agent driven by a scripted model."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.e2e.agent import Agent
from tests.e2e.claude_model import ClaudeModel
from tests.e2e.model import ScriptedModel
from tests.e2e.scenario import Action, Scenario
from tests.support.repo import Repo

_EDITOR = """\
#!/bin/sh
{{ cat {message}; cat "$1"; }} >"$1.edited" && mv "$1.edited" "$1"
"""


class Stage:
    """The folders of one run, and the sessions that the agent has opened so far (scenario's name → id)."""

    def __init__(self, root: Path, agent: Agent, model: ScriptedModel | ClaudeModel) -> None:
        self.root = root
        self.agent = agent
        self.model = model
        self.sessions: dict[str, str] = {}

    def repo(self, place: str) -> Repo:
        return Repo(self.root / place)

    def build(self, scenario: Scenario, install: Callable[[Repo], None]) -> None:
        """Every repository of the scenario with its base commit, then set up by `install` and committed again."""
        for place in scenario.places:
            repo = Repo.init(self.root / place)
            for path, text in scenario.base:
                repo.write(path, text)
            repo.commit("base")
            install(repo)
            repo.commit("set up")

    def play(self, scenario: Scenario) -> None:
        for action in scenario.actions:
            self._act(action)

    def _act(self, action: Action) -> None:
        match action.kind:
            case "agent":
                self._turn(action)
            case "together":
                with ThreadPoolExecutor(len(action.actions)) as pool:
                    list(pool.map(self._act, action.actions))
            case "write":
                for path, text in action.files:
                    self.repo(action.place).write(path, text)
            case "append":
                for path, text in action.files:
                    with open(self.root / action.place / path, "a", encoding="utf-8", newline="") as file:
                        file.write(text)
            case "git":
                self.repo(action.place).git(*shlex.split(action.words), env=self._editor(action))
            case "worktree":
                folder = self.root / action.words
                self.repo(action.place).git("worktree", "add", "-q", "-b", action.words, str(folder))

    def _turn(self, action: Action) -> None:
        self.model.learn(action.prompt, action.script)
        place = self.root / action.place
        opened = self.sessions.get(action.alias, "")
        session = self.agent.run(action.prompt, place=place, resume=opened, locked=action.locked)
        assert opened in ("", session), f"{action.alias} was resumed under another id"
        assert self.agent.rollouts(session), f"no rollout for {action.alias}"
        self.sessions[action.alias] = session

    def _editor(self, action: Action) -> dict[str, str]:
        """An editor that puts the scenario's text above what git (and our hooks) have written."""
        if not action.editor:
            return {}
        message, script = self.root / "message", self.root / "editor"
        message.write_text(action.editor)
        script.write_text(_EDITOR.format(message=shlex.quote(str(message))))
        os.chmod(script, 0o755)
        return {"GIT_EDITOR": str(script)}
