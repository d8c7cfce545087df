"""A real OpenCode, scripted, in real repositories with our hooks: trailer, note, `show --json` and every line's owner."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import claude_model, installs, scenario, truth
from tests.e2e.opencode import OpenCode, OpenCodeModel, call
from tests.e2e.scenario import Scenario, Step
from tests.e2e.stage import Stage
from tests.support.repo import Repo

MODEL = "claude-sonnet-4-5"
NEWEST = "1.18.33"
# The first generation that kept a database, and the last that kept files.
OTHERS = ("1.2.4", "1.1.53")
SCENARIOS = [told for told in scenario.all_scenarios() if told.name != "read-only-home"]
USUAL = ("agent-commits", "agent-then-person", "resumed", "shell-writes", "side-by-side")
PLAYED = [(told, NEWEST) for told in SCENARIOS]
PLAYED += [(told, version) for told in SCENARIOS if told.name in USUAL for version in OTHERS]

pytestmark = pytest.mark.proof


@pytest.fixture
def model() -> Iterator[OpenCodeModel]:
    with claude_model.serve(OpenCodeModel) as scripted:
        yield scripted


@pytest.fixture
def play(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: OpenCodeModel
) -> Callable[[Scenario, str], Stage]:
    """Plays a scenario and returns the stage with everything that it left behind."""

    def played(told: Scenario, version: str) -> Stage:
        install = installs.installer("native", monkeypatch)
        agent = OpenCode.install(version=version, model=MODEL, home=home, url=model.url)
        if told.name == "side-by-side":
            agent.make_database()
        stage = Stage(tmp_path, agent, model)
        stage.build(told, install)
        stage.play(told)
        return stage

    return played


@pytest.mark.parametrize(("told", "version"), PLAYED, ids=lambda part: getattr(part, "name", part))
def test_every_line_has_its_true_owner(told: Scenario, version: str, play: Callable[[Scenario, str], Stage]) -> None:
    stage = play(told, version)
    wrong = truth.check(stage, told)
    assert not wrong, "\n".join([told.claim, *wrong, "-- what the tools answered:", *stage.model.answers])


class Scene:
    """One repository with our hooks, and an OpenCode that works in it."""

    def __init__(self, root: Path, agent: OpenCode, model: OpenCodeModel) -> None:
        self.agent = agent
        self.model = model
        self.repo = Repo.init(root)
        self.repo.commit_file("README.md", "Title\nOld line\n", "base")

    def ask(self, prompt: str, *script: Step, resume: str = "", fork: bool = False) -> str:
        self.model.learn(prompt, script)
        return self.agent.run(prompt, place=self.repo.root, resume=resume, fork=fork)

    def shown(self, rev: str = "HEAD") -> dict[str, dict[str, tuple[str, ...]]]:
        """For each authoring session of a commit: the kinds of its evidence, and its lines by path."""
        view = json.loads(self.repo.run("git", "ai-trail", "show", "--json", rev).stdout)
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
        self.repo.run("git", "ai-trail", "ingest")
        return {one["id"]: one for one in json.loads(self.repo.run("git", "ai-trail", "sessions", "--json").stdout)}


@pytest.fixture
def scene(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: OpenCodeModel, request: pytest.FixtureRequest
) -> Scene:
    install = installs.installer("native", monkeypatch)
    agent = OpenCode.install(version=request.param, model=MODEL, home=home, url=model.url)
    made = Scene(tmp_path / "shop", agent, model)
    install(made.repo)
    made.repo.commit("set up")
    return made


def shell(text: str) -> Step:
    return Step(kind="shell", text=text)


def write(name: str, content: str) -> Step:
    return call("write", filePath=f"FOLDER/{name}", content=content)


def say(text: str) -> Step:
    return Step(kind="say", text=text)


every_version = pytest.mark.parametrize("scene", [NEWEST, *OTHERS], indirect=True)
TASK = "Fill the shelf, and say which goods there are"
GOODS = "goods = []\nfor number in range(10):\n    goods.append(number)\n"


@every_version
def test_a_sub_agents_lines_are_its_own_and_its_task_is_no_prompt(scene: Scene) -> None:
    heredoc = "cat >> shelf.py <<'X'\nprint(len(goods), 'goods')\nX"
    scene.model.learn(TASK, (write("shelf.py", GOODS), shell(heredoc), say("Ten goods.")))
    task = call("task", description="a piece of work", prompt=TASK, subagent_type="general")
    session = scene.ask("Let somebody fill the shelf", task, shell("git add -A && git commit -qm Shelf"))
    found = scene.shown()
    (agent,) = found.keys() - {session}
    assert found[agent]["shelf.py"] == (*GOODS.splitlines(), "print(len(goods), 'goods')")
    assert "committed-by-session" in found[session]["evidence"]
    listed = scene.listed()
    assert (listed[session]["prompts"], listed[agent]["prompts"]) == (1, 0)
    assert (listed[agent]["source"], listed[agent]["parent_id"]) == ("subagent", session)


@pytest.mark.parametrize("scene", [NEWEST, "1.2.4"], indirect=True)
def test_a_fork_is_the_author_of_its_own_lines_only(scene: Scene) -> None:
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
    assert "cart.py" not in cart[fork]
    listed = scene.listed()
    assert (listed[session]["prompts"], listed[fork]["prompts"]) == (1, 1)
    assert (listed[session]["edits"], listed[fork]["edits"]) == (1, 1)


@every_version
def test_tabs_and_indentation_and_crlf_are_exact(scene: Scene) -> None:
    """The diffs of edits lose the indentation that all their lines share."""
    tall = "class Shelf:\n" + "".join(f"    a{n} = {n}\n" for n in range(9)) + "\n"
    deep = "".join(f"        self.item_{n} = take_from_the_cellar({n})\n" for n in range(12))
    scene.repo.write("shelf.py", f"{tall}    def fill(self):\n{deep}")
    scene.repo.write("shelf.go", "func find() {\n" + "".join(f"\tlog.Println({n})\n" for n in range(12)) + "}\n")
    scene.repo.write("crlf.txt", "first\r\nsecond line\r\nthird\r\n")
    scene.repo.git("-c", "core.autocrlf=false", "add", "-A")
    scene.repo.git("-c", "core.autocrlf=false", "commit", "-qm", "by a person")
    old = "        self.item_6 = take_from_the_cellar(6)\n"
    new = "        if self.open:\n            self.item_6 = take_from_the_attic(6)\n"
    session = scene.ask(
        "Take one from the attic",
        call("read", filePath="FOLDER/shelf.py"),
        call("edit", filePath="FOLDER/shelf.py", oldString=old, newString=new),
        call("read", filePath="FOLDER/shelf.go"),
        call("edit", filePath="FOLDER/shelf.go", oldString="\tlog.Println(6)\n", newString="\tlog.Println(six())\n"),
        call("read", filePath="FOLDER/crlf.txt"),
        call("edit", filePath="FOLDER/crlf.txt", oldString="second line", newString="a second line of goods"),
        shell("git -c core.autocrlf=false commit -qam Shelves"),
    )
    assert scene.shown()[session] == {
        "evidence": ("committed-by-session", "content"),
        "shelf.py": tuple(new.splitlines()),
        "shelf.go": ("\tlog.Println(six())",),
        "crlf.txt": ("a second line of goods",),
    }


@every_version
def test_of_a_file_written_over_only_the_new_lines_are_claimed(scene: Scene) -> None:
    scene.repo.commit_file("goods.txt", "an apple of the autumn\na bread of the baker\n", "by a person")
    session = scene.ask(
        "Add a cheese",
        call("read", filePath="FOLDER/goods.txt"),
        write("goods.txt", "an apple of the autumn\na cheese of the dairy\na bread of the baker\n"),
        shell("git commit -qam Goods"),
    )
    assert scene.shown()[session]["goods.txt"] == ("a cheese of the dairy",)


@every_version
def test_what_failed_is_not_claimed_and_nothing_of_the_agents_is_touched(scene: Scene) -> None:
    session = scene.ask(
        "Try to change the title",
        call("read", filePath="FOLDER/README.md"),
        call("edit", filePath="FOLDER/README.md", oldString="Not there", newString="A line that was never written"),
        shell("echo 'a line in a shell that failed' > failed.txt; exit 3"),
        write("done.txt", "a line that was written\n"),
    )
    data = scene.agent.home / ".local" / "share" / "opencode"
    before = {path: path.read_bytes() for path in data.glob("opencode.db*")}
    scene.repo.write("README.md", "Title\nA line that was never written\n")
    scene.repo.commit("by a person")
    view = json.loads(scene.repo.run("git", "ai-trail", "show", "--json").stdout)
    owned = {file["path"]: [part["session"] for part in file["ranges"]] for file in view["files"]}
    assert owned == {"README.md": [], "done.txt": [session], "failed.txt": []}
    assert scene.listed()[session]["prompts"] == 1
    assert {path: path.read_bytes() for path in data.glob("opencode.db*")} == before
