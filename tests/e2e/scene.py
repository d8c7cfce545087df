"""What the tests with real agents share: a scenario that is played and held to its truth, and a scene made of single steps."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.e2e import scenario, truth
from tests.e2e.agent import Agent
from tests.e2e.claude_model import ClaudeModel
from tests.e2e.model import ScriptedModel
from tests.e2e.scenario import Scenario, Step
from tests.e2e.stage import Stage
from tests.support.repo import Repo

# Those that every agent can play: only Codex has a sandbox that is tested.
SCENARIOS = [told for told in scenario.all_scenarios() if told.name != "read-only-home"]
USUAL = ("agent-commits", "agent-then-person", "resumed", "shell-writes", "side-by-side")

TASK = "Fill the shelf, and say which goods there are"
GOODS = "goods = []\nfor number in range(10):\n    goods.append(number)\n"
HEREDOC = "cat >> shelf.py <<'X'\nprint(len(goods), 'goods')\nX"


def named(*names: str) -> list[Scenario]:
    return [told for told in scenario.all_scenarios() if told.name in names]


def played(told: Scenario, stage: Stage, install: Callable[[Repo], None]) -> Stage:
    """The stage with everything that the scenario left behind."""
    stage.build(told, install)
    stage.play(told)
    return stage


def hold(told: Scenario, stage: Stage) -> None:
    """Fails unless everything is as the scenario says."""
    wrong = truth.check(stage, told)
    assert not wrong, "\n".join([told.claim, *wrong, "-- what the tools answered:", *stage.model.answers])


def call(tool: str, **given: object) -> Step:
    """A call of a tool by its name; FOLDER in it stands for the repository."""
    return Step(kind="call", text=json.dumps([tool, given]))


def shell(text: str) -> Step:
    return Step(kind="shell", text=text)


def say(text: str) -> Step:
    return Step(kind="say", text=text)


class Scene:
    """One repository with our hooks, and an agent that works in it."""

    def __init__(
        self, root: Path, agent: Agent, model: ClaudeModel | ScriptedModel, install: Callable[[Repo], None]
    ) -> None:
        self.agent = agent
        self.model = model
        self.repo = Repo.init(root)
        self.repo.commit_file("README.md", "Title\nOld line\n", "base")
        install(self.repo)
        self.repo.commit("set up")

    def ask(self, prompt: str, *script: Step, resume: str = "", fork: bool = False) -> str:
        """The session's id, after a turn in which the model does what the script says."""
        self.model.learn(prompt, script)
        return self.agent.run(prompt, place=self.repo.root, resume=resume, fork=fork)

    def view(self, rev: str = "HEAD") -> dict[str, Any]:
        """What `show --json` says of a commit."""
        return dict(json.loads(self.repo.run("git", "ai-trail", "show", "--json", rev).stdout))

    def owners(self) -> dict[str, list[str]]:
        """For each path of the last commit the sessions of its ranges."""
        return {file["path"]: [part["session"] for part in file["ranges"]] for file in self.view()["files"]}

    def shown(self, rev: str = "HEAD") -> dict[str, dict[str, tuple[str, ...]]]:
        """For each authoring session of a commit: the kinds of its evidence, and its lines by path."""
        view = self.view(rev)
        lines = truth.added_lines(self.repo, rev)
        found: dict[str, dict[str, tuple[str, ...]]] = {
            one["id"]: {"evidence": tuple(fact["kind"] for fact in one["evidence"])} for one in view["sessions"]
        }
        for file in view["files"]:
            for part in file["ranges"]:
                assert part["class"] == "generated", (file["path"], part)
                texts = tuple(lines[file["path"]][n] for n in range(part["start"], part["end"] + 1))
                owned = found[part["session"]]
                owned[file["path"]] = (*owned.get(file["path"], ()), *texts)
        assert view["summary"]["unattributed"] == 0, self.model.answers
        return found

    def listed(self) -> dict[str, dict[str, Any]]:
        """What `sessions --json` says of each session, once the logs are ingested."""
        self.repo.run("git", "ai-trail", "ingest")
        return {one["id"]: one for one in json.loads(self.repo.run("git", "ai-trail", "sessions", "--json").stdout)}


def fork_in(scene: Scene, write: Callable[[str, str], Step]) -> None:
    """A session and a fork of it, both at work: fails unless each is the author of its own lines only. `write` makes the call that
    writes a file by that name with that text."""
    session = scene.ask("Add a cart", write("cart.py", "cart = list()\nprint('cart')\n"))
    fork = scene.ask(
        "Add a shelf",
        write("shelf.py", GOODS),
        shell("git add shelf.py && git commit -qm Shelf; git add -A && git commit -qm Cart"),
        resume=session,
        fork=True,
    )
    assert fork != session
    shelf, cart = scene.shown("HEAD^"), scene.shown("HEAD")
    assert shelf[fork]["shelf.py"] == tuple(GOODS.splitlines())
    assert cart[session]["cart.py"] == ("cart = list()", "print('cart')")
    assert set(cart) == {session, fork}
    assert "cart.py" not in cart[fork]
    listed = scene.listed()
    assert [(listed[one]["prompts"], listed[one]["edits"]) for one in (session, fork)] == [(1, 1), (1, 1)]
