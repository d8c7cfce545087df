"""A real OpenCode, scripted, in real repositories with our hooks: trailer, note, `show --json` and every line's owner."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e import claude_model, installs
from tests.e2e.opencode import OpenCode, OpenCodeModel
from tests.e2e.scenario import Scenario, Step
from tests.e2e.scene import (
    GOODS,
    HEREDOC,
    SCENARIOS,
    TASK,
    USUAL,
    Scene,
    call,
    fork_in,
    hold,
    named,
    played,
    say,
    shell,
)
from tests.e2e.stage import Stage

MODEL = "claude-sonnet-4-5"
NEWEST = "1.18.33"
# The first generation that kept a database, and the last that kept files.
OTHERS = ("1.2.4", "1.1.53")
# All scenarios with one version; the newest takes three times as long to start.
PLAYED = [(told, "1.2.4") for told in SCENARIOS]
PLAYED += [(told, version) for told in named(*USUAL) for version in (NEWEST, "1.1.53")]

pytestmark = pytest.mark.proof


@pytest.fixture
def model() -> Iterator[OpenCodeModel]:
    with claude_model.serve(OpenCodeModel) as scripted:
        yield scripted


@pytest.fixture
def staged(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: OpenCodeModel
) -> Callable[[Scenario, str], Stage]:
    """Plays a scenario and returns the stage with everything that it left behind."""

    def play(told: Scenario, version: str) -> Stage:
        agent = OpenCode.install(version=version, model=MODEL, home=home, url=model.url)
        if told.name == "side-by-side":
            agent.make_database()
        return played(told, Stage(tmp_path, agent, model), installs.installer("native", monkeypatch))

    return play


@pytest.mark.parametrize(("told", "version"), PLAYED, ids=lambda part: getattr(part, "name", part))
def test_every_line_has_its_true_owner(told: Scenario, version: str, staged: Callable[[Scenario, str], Stage]) -> None:
    hold(told, staged(told, version))


@pytest.fixture
def scene(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: OpenCodeModel, request: pytest.FixtureRequest
) -> Scene:
    agent = OpenCode.install(version=request.param, model=MODEL, home=home, url=model.url)
    return Scene(tmp_path / "shop", agent, model, installs.installer("native", monkeypatch))


def write(name: str, content: str) -> Step:
    return call("write", filePath=f"FOLDER/{name}", content=content)


every_version = pytest.mark.parametrize("scene", [NEWEST, *OTHERS], indirect=True)


@every_version
def test_a_sub_agents_lines_are_its_own_and_its_task_is_no_prompt(scene: Scene) -> None:
    scene.model.learn(TASK, (write("shelf.py", GOODS), shell(HEREDOC), say("Ten goods.")))
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
    fork_in(scene, write)


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
    assert scene.owners() == {"README.md": [], "done.txt": [session], "failed.txt": []}
    assert scene.listed()[session]["prompts"] == 1
    assert {path: path.read_bytes() for path in data.glob("opencode.db*")} == before
