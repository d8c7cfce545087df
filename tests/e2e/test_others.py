"""A real Gemini CLI and a real Copilot CLI, scripted, in real repositories with our hooks: trailer, note, `show --json` and every
line's owner. Neither needs an account for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e import claude_model, installs
from tests.e2e import model as scripted
from tests.e2e.agent import Agent
from tests.e2e.claude_model import ClaudeModel
from tests.e2e.copilot import Copilot, CopilotModel, PatchingModel
from tests.e2e.gemini import Gemini, GeminiModel
from tests.e2e.model import ScriptedModel
from tests.e2e.scenario import Scenario
from tests.e2e.scene import GOODS, SCENARIOS, TASK, Scene, call, hold, named
from tests.e2e.stage import Stage

USUAL = ("agent-commits", "mixed", "resumed")


def by_agent(told: Scenario) -> bool:
    """Whether an agent makes a commit by itself."""
    actions = [one for action in told.actions for one in (action, *action.actions)]
    return any("git commit" in step.text for action in actions for step in action.script)


class Program(NamedTuple):
    agent: type[Agent]
    dialect: type[ClaudeModel] | type[ScriptedModel]
    version: str
    model: str


PROGRAMS = {
    "gemini": Program(Gemini, GeminiModel, "0.61.0", "gemini-2.5-pro"),
    "copilot": Program(Copilot, CopilotModel, "1.0.102", "claude-sonnet-4-5"),
    "patching": Program(Copilot, PatchingModel, "1.0.102", "gpt-5.2-codex"),
}

# Gemini CLI runs commands with hooks switched off (`core.hooksPath`) and without the person's own settings of git.
CASES = [
    pytest.param(name, told, id=f"{name}-{told.name}")
    for name in PROGRAMS
    for told in SCENARIOS
    if (name == "gemini" and not by_agent(told)) or name == "copilot" or (name == "patching" and told.name in USUAL)
]

pytestmark = pytest.mark.proof


@pytest.fixture
def program(request: pytest.FixtureRequest) -> Program:
    return PROGRAMS[request.param]


@pytest.fixture
def model(program: Program) -> Iterator[ClaudeModel | ScriptedModel]:
    served: AbstractContextManager[ClaudeModel | ScriptedModel]
    if issubclass(program.dialect, ClaudeModel):
        served = claude_model.serve(program.dialect)
    else:
        served = scripted.serve(program.dialect)
    with served as listening:
        yield listening


@pytest.fixture
def agent(home: Path, monkeypatch: pytest.MonkeyPatch, program: Program, model: ClaudeModel | ScriptedModel) -> Agent:
    for name in ("GEMINI_CLI_HOME", "COPILOT_HOME"):
        monkeypatch.delenv(name, raising=False)
    return program.agent.install(version=program.version, model=program.model, home=home, url=model.url)


@pytest.fixture
def staged(
    agent: Agent, model: ClaudeModel | ScriptedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Scenario], Stage]:
    """Plays a scenario and returns the stage with everything that it left behind."""
    install = installs.installer("native", monkeypatch)

    def play(told: Scenario) -> Stage:
        stage = Stage(tmp_path, agent, model)
        stage.build(told, install)
        for place in told.places:
            stage.repo(place).git("config", "user.name", "A. Person")
            stage.repo(place).git("config", "user.email", "person@example.com")
        stage.play(told)
        return stage

    return play


@pytest.mark.parametrize(("program", "told"), CASES, indirect=["program"])
def test_every_line_has_its_true_owner(told: Scenario, staged: Callable[[Scenario], Stage]) -> None:
    hold(told, staged(told))


@pytest.mark.parametrize("program", ["gemini"], indirect=True)
@pytest.mark.parametrize("told", named("agent-commits"), ids=["agent-commits"])
def test_a_commit_that_no_hook_saw_gets_its_record_afterwards(
    told: Scenario, staged: Callable[[Scenario], Stage]
) -> None:
    stage = staged(told)
    repo = stage.repo("main")
    assert not repo.git("log", "-1", "--format=%(trailers)")
    repo.run("git", "ai-trail", "backfill", "HEAD^..HEAD")
    hold(replace(told, truths=tuple(replace(one, trailer=False, status="unanchored") for one in told.truths)), stage)
    view = json.loads(repo.run("git", "ai-trail", "show", "--json").stdout)
    (session,) = view["sessions"]
    assert {one["kind"] for one in session["evidence"]} == {"committed-by-session", "content"}
    assert session["agent"] == "Gemini CLI"


@pytest.mark.parametrize("program", ["gemini", "copilot"], indirect=True)
def test_what_a_sub_agent_wrote_is_known(
    agent: Agent, model: ClaudeModel | ScriptedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a log of its own (Gemini CLI), or in the session's (Copilot CLI); what it is told is no prompt in either."""
    scene = Scene(tmp_path / "main", agent, model, installs.installer("native", monkeypatch))
    scene.model.learn(TASK, (call("Write", file_path="FOLDER/shelf.py", content=GOODS),))
    session = scene.ask("Let somebody fill the shelf", call("Agent", prompt=TASK))
    scene.repo.git("add", "-A")
    scene.repo.run("git", "commit", "-qm", "Shelf")
    ((owner, lines),) = scene.shown().items()
    assert lines["shelf.py"] == tuple(GOODS.splitlines())
    assert (owner == session) is isinstance(agent, Copilot)
    listed = scene.listed()
    assert listed[session]["prompts"] == 1
    assert owner == session or (listed[owner]["prompts"], listed[owner]["source"]) == (0, "subagent")
