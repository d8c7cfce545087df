"""A real Claude Code, scripted, in real repositories with our hooks: trailer, note, `show --json` and every line's owner."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e import claude_model, installs
from tests.e2e import claude_terminal as terminal
from tests.e2e.claude import Claude
from tests.e2e.claude_model import ClaudeModel
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
NEWEST = "2.1.330"
# The last that wrote a sub-agent beside its session, and one that still had MultiEdit and sub-agents within the log.
OTHERS = ("2.0.76", "1.0.128")
# The scenarios differ in what people do, the versions in what they log: all of the former with one of the latter are enough.
FURTHER = [(told, NEWEST) for told in SCENARIOS if told.name not in USUAL]
FURTHER += [(told, version) for told in named(*USUAL) for version in OTHERS]

pytestmark = pytest.mark.claude


@pytest.fixture
def model() -> Iterator[ClaudeModel]:
    with claude_model.serve() as scripted:
        yield scripted


@pytest.fixture
def staged(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: ClaudeModel
) -> Callable[[Scenario, str], Stage]:
    """Plays a scenario and returns the stage with everything that it left behind."""

    def play(told: Scenario, version: str) -> Stage:
        claude = Claude.install(version=version, model=MODEL, home=home, url=model.url)
        return played(told, Stage(tmp_path, claude, model), installs.installer("native", monkeypatch))

    return play


@pytest.mark.parametrize("told", named(*USUAL), ids=lambda told: told.name)
def test_every_line_has_its_true_owner(told: Scenario, staged: Callable[[Scenario, str], Stage]) -> None:
    hold(told, staged(told, NEWEST))


@pytest.mark.proof
@pytest.mark.parametrize(("told", "version"), FURTHER, ids=lambda part: getattr(part, "name", part))
def test_every_line_has_its_true_owner_elsewhere(
    told: Scenario, version: str, staged: Callable[[Scenario, str], Stage]
) -> None:
    hold(told, staged(told, version))


@pytest.fixture
def scene(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: ClaudeModel, request: pytest.FixtureRequest
) -> Scene:
    claude = Claude.install(version=request.param, model=MODEL, home=home, url=model.url)
    return Scene(tmp_path / "shop", claude, model, installs.installer("native", monkeypatch))


proofs = [pytest.param(version, marks=pytest.mark.proof) for version in OTHERS]
every_version = pytest.mark.parametrize("scene", [NEWEST, *proofs], indirect=True)


def write(name: str, content: str) -> Step:
    return call("Write", file_path=f"FOLDER/{name}", content=content)


# What the sub-agent does.
WORK = (
    write("shelf.py", GOODS),
    shell(HEREDOC),
    say("Ten goods."),
)


@every_version
def test_a_sub_agents_lines_are_its_own_where_it_has_a_log(scene: Scene) -> None:
    scene.model.learn(TASK, WORK)
    session = scene.ask(
        "Let somebody fill the shelf", call("Agent", prompt=TASK), shell("git add -A && git commit -qm Shelf")
    )
    expected = (*GOODS.splitlines(), "print(len(goods), 'goods')")
    found = scene.shown()
    if scene.agent.version == "1.0.128":
        assert found == {session: {"evidence": ("committed-by-session", "content"), "shelf.py": expected}}
        return
    (agent,) = found.keys() - {session}
    assert agent.endswith(f"-{session}")
    assert found[agent]["shelf.py"] == expected
    assert "committed-by-session" in found[session]["evidence"]
    listed = scene.listed()
    assert (listed[session]["prompts"], listed[agent]["prompts"]) == (1, 0)
    assert listed[agent]["source"] == "subagent"


@every_version
def test_a_commit_by_a_sub_agent_is_known_as_its_own(scene: Scene) -> None:
    scene.model.learn(TASK, (*WORK[:2], shell("git add -A && git commit -qm Shelf && git rev-parse --short HEAD")))
    session = scene.ask("Let somebody fill the shelf", call("Agent", prompt=TASK))
    if scene.agent.version == "1.0.128":  # it writes its log when the sub-agent is done
        scene.repo.run("git", "ai-trail", "backfill", "HEAD^..HEAD")
    found = scene.shown()
    (author,) = found
    assert author.endswith(session)
    assert "content" in found[author]["evidence"]
    # Whether the call stood in the log when the hook looked is the program's affair; afterwards it does.
    assert "committed-by-session" in scene.repo.run("git", "ai-trail", "explain", "--json").stdout


@every_version
def test_a_fork_is_the_author_of_its_own_lines_only(scene: Scene) -> None:
    fork_in(scene, write)


@every_version
def test_tabs_and_crlf_and_many_edits_of_one_file_are_exact(scene: Scene) -> None:
    go = 'package shop\n\nfunc find(name string) *Shelf {\n\tif name == "" {\n\t\treturn nil\n\t}\n\treturn shelves[name]\n}\n'
    scene.repo.write("shelf.go", go)
    scene.repo.write("crlf.txt", "first\r\nsecond line\r\nthird\r\n")
    scene.repo.git("-c", "core.autocrlf=false", "add", "-A")
    scene.repo.git("-c", "core.autocrlf=false", "commit", "-qm", "by a person")
    path = "FOLDER/shelf.go"
    pairs = [
        (
            '\tif name == "" {\n\t\treturn nil\n',
            '\tif name == "" {\n\t\tlog.Println("a shelf without a name")\n\t\treturn nil\n',
        ),
        ("return shelves[name]", "found := shelves[name]\n\treturn found.open()"),
    ]
    if scene.agent.version == "1.0.128":
        edits = [
            call("MultiEdit", file_path=path, edits=[{"old_string": old, "new_string": new} for old, new in pairs])
        ]
    else:
        edits = [call("Edit", file_path=path, old_string=old, new_string=new) for old, new in pairs]
    session = scene.ask(
        "Tell of shelves without names",
        call("Read", file_path=path),
        *edits,
        call("Read", file_path="FOLDER/crlf.txt"),
        call("Edit", file_path="FOLDER/crlf.txt", old_string="second line", new_string="a second line of goods"),
        shell("git -c core.autocrlf=false commit -qam Shelves"),
    )
    assert scene.shown()[session] == {
        "evidence": ("committed-by-session", "content"),
        "shelf.go": ('\t\tlog.Println("a shelf without a name")', "\tfound := shelves[name]", "\treturn found.open()"),
        "crlf.txt": ("a second line of goods",),
    }


@every_version
def test_what_failed_or_was_written_by_nobody_is_not_claimed(scene: Scene) -> None:
    session = scene.ask(
        "Try to change the title",
        call("Read", file_path="FOLDER/README.md"),
        call("Edit", file_path="FOLDER/README.md", old_string="Not there", new_string="A line that was never written"),
        shell("echo 'a line in a shell that failed' > failed.txt; exit 3"),
        write("done.txt", "a line that was written\n"),
    )
    scene.repo.write("README.md", "Title\nA line that was never written\n")
    scene.repo.commit("by a person")
    assert scene.owners() == {"README.md": [], "done.txt": [session], "failed.txt": []}


@pytest.mark.proof
@pytest.mark.parametrize("scene", [NEWEST], indirect=True)
def test_what_a_person_does_at_the_terminal_is_told_apart(scene: Scene) -> None:
    """Typed while the agent works, run with `!`, branched, resumed as a fork: one session each, no prompt twice."""
    assert isinstance(scene.agent, Claude)
    scene.model.learn("Add a cart", (write("cart.py", "cart = list()\n"), say("A cart.")))
    scene.model.learn("Take your time", (shell("sleep 4"), say("I took it.")))
    scene.model.learn("and be quick", (say("Quick."),))
    shelf = write("shelf.py", GOODS)
    scene.model.learn("Fill the shelf", (shelf, shell("git add -A && git commit -qm Shelf"), say("A shelf.")))
    scene.model.learn("Add a roof", (write("roof.py", "roof = True\n"), say("A roof.")))
    with terminal.opened(scene.agent, scene.repo.root) as person:
        person.type("Add a cart")
        person.until_logged('"text":"A cart."')
        person.type("!echo by the person > person.txt")
        person.until_logged("<bash-stdout>")
        person.type("Take your time")
        person.until_logged('"command":"sleep 4"')
        person.type("and be quick")
        person.until_logged('"text":"I took it."')
        person.type("/branch")
        person.until_logged("forkedFrom")
        person.type("Fill the shelf")
        person.until_logged('"text":"A shelf."')
    (main,) = [path.stem for path in scene.agent.logs() if "forkedFrom" not in path.read_text()]
    with terminal.opened(scene.agent, scene.repo.root, ["--resume", main, "--fork-session"]) as person:
        person.type("Add a roof")
        person.until_logged('"text":"A roof."')
    (branch,) = [path.stem for path in scene.agent.logs() if "forkedFrom" in path.read_text()]
    (fork,) = {path.stem for path in scene.agent.logs()} - {main, branch}

    assert scene.owners() == {"cart.py": [main], "person.txt": [], "shelf.py": [branch]}
    listed = scene.listed()
    counted = {name: (listed[name]["prompts"], listed[name]["edits"]) for name in (main, branch, fork)}
    assert counted == {main: (3, 1), branch: (1, 1), fork: (1, 1)}
