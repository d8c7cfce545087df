"""A real Claude Code, scripted, in real repositories with our hooks: trailer, note, `show --json` and every line's owner."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e import claude_model, installs, scenario, truth
from tests.e2e import claude_terminal as terminal
from tests.e2e.claude import Claude
from tests.e2e.claude_model import ClaudeModel
from tests.e2e.scenario import Scenario, Step
from tests.e2e.stage import Stage
from tests.support.repo import Repo

MODEL = "claude-sonnet-4-5"
NEWEST = "2.1.330"
# The last that wrote a sub-agent beside its session, and one that still had MultiEdit and sub-agents within the log.
OTHERS = ("2.0.76", "1.0.128")
SCENARIOS = [told for told in scenario.all_scenarios() if told.name != "read-only-home"]
USUAL = ("agent-commits", "agent-then-person", "resumed", "shell-writes", "side-by-side")

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
        install = installs.installer("native", monkeypatch)
        claude = Claude.install(version=version, model=MODEL, home=home, url=model.url)
        stage = Stage(tmp_path, claude, model)
        stage.build(told, install)
        stage.play(told)
        return stage

    return play


def hold(told: Scenario, stage: Stage) -> None:
    """Fails unless everything is as the scenario says."""
    wrong = truth.check(stage, told)
    assert not wrong, "\n".join([told.claim, *wrong, "-- what the tools answered:", *stage.model.answers])


def named(*names: str) -> list[Scenario]:
    return [told for told in SCENARIOS if told.name in names]


@pytest.mark.parametrize("told", named(*USUAL), ids=lambda told: told.name)
def test_every_line_has_its_true_owner(told: Scenario, staged: Callable[[Scenario, str], Stage]) -> None:
    hold(told, staged(told, NEWEST))


@pytest.mark.proof
@pytest.mark.parametrize("version", [NEWEST, *OTHERS])
@pytest.mark.parametrize("told", SCENARIOS, ids=lambda told: told.name)
def test_every_scenario_holds_in_every_version(
    told: Scenario, version: str, staged: Callable[[Scenario, str], Stage]
) -> None:
    hold(told, staged(told, version))


class Scene:
    """One repository with our hooks, and a Claude Code that works in it."""

    def __init__(self, root: Path, claude: Claude, model: ClaudeModel) -> None:
        self.claude = claude
        self.model = model
        self.repo = Repo.init(root)
        self.repo.commit_file("README.md", "Title\nOld line\n", "base")

    def ask(self, prompt: str, *script: Step, resume: str = "", fork: bool = False) -> str:
        self.model.learn(prompt, script)
        return self.claude.run(prompt, place=self.repo.root, resume=resume, fork=fork)

    def logs(self) -> list[Path]:
        """The logs of all sessions, without those of sub-agents."""
        return sorted((self.claude.home / ".claude" / "projects").glob("*/*-*-*-*-*.jsonl"))

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


@pytest.fixture
def scene(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: ClaudeModel, request: pytest.FixtureRequest
) -> Scene:
    install = installs.installer("native", monkeypatch)
    claude = Claude.install(version=request.param, model=MODEL, home=home, url=model.url)
    made = Scene(tmp_path / "shop", claude, model)
    install(made.repo)
    made.repo.commit("set up")
    return made


def call(tool: str, **given: object) -> Step:
    """A call of a tool by its name; FOLDER in it stands for the repository."""
    return Step(kind="call", text=json.dumps([tool, given]))


def shell(text: str) -> Step:
    return Step(kind="shell", text=text)


def say(text: str) -> Step:
    return Step(kind="say", text=text)


proofs = [pytest.param(version, marks=pytest.mark.proof) for version in OTHERS]
every_version = pytest.mark.parametrize("scene", [NEWEST, *proofs], indirect=True)

TASK = "Fill the shelf, and say which goods there are"
GOODS = "goods = []\nfor number in range(10):\n    goods.append(number)\n"
HEREDOC = "cat >> shelf.py <<'X'\nprint(len(goods), 'goods')\nX"


# What the sub-agent does.
WORK = (
    call("Write", file_path="FOLDER/shelf.py", content=GOODS),
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
    if scene.claude.version == "1.0.128":
        assert found == {session: {"evidence": ("committed-by-session", "content"), "shelf.py": expected}}
        return
    (agent,) = found.keys() - {session}
    assert agent.endswith(f"-{session}")
    assert found[agent]["shelf.py"] == expected
    assert "committed-by-session" in found[session]["evidence"]
    scene.repo.run("git", "ai-trail", "ingest")
    listed = {one["id"]: one for one in json.loads(scene.repo.run("git", "ai-trail", "sessions", "--json").stdout)}
    assert (listed[session]["prompts"], listed[agent]["prompts"]) == (1, 0)
    assert listed[agent]["source"] == "subagent"


@every_version
def test_a_commit_by_a_sub_agent_is_known_as_its_own(scene: Scene) -> None:
    scene.model.learn(TASK, (*WORK[:2], shell("git add -A && git commit -qm Shelf && git rev-parse --short HEAD")))
    session = scene.ask("Let somebody fill the shelf", call("Agent", prompt=TASK))
    if scene.claude.version == "1.0.128":  # it writes its log when the sub-agent is done
        scene.repo.run("git", "ai-trail", "backfill", "HEAD^..HEAD")
    found = scene.shown()
    (author,) = found
    assert author.endswith(session)
    assert found[author]["evidence"] == ("committed-by-session", "content")


@every_version
def test_a_fork_is_the_author_of_its_own_lines_only(scene: Scene) -> None:
    session = scene.ask(
        "Add a cart", call("Write", file_path="FOLDER/cart.py", content="cart = list()\nprint('cart')\n")
    )
    fork = scene.ask(
        "Add a shelf",
        call("Write", file_path="FOLDER/shelf.py", content=GOODS),
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
    scene.repo.run("git", "ai-trail", "ingest")
    listed = {one["id"]: one for one in json.loads(scene.repo.run("git", "ai-trail", "sessions", "--json").stdout)}
    assert (listed[session]["prompts"], listed[fork]["prompts"]) == (1, 1)
    assert (listed[session]["edits"], listed[fork]["edits"]) == (1, 1)


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
    if scene.claude.version == "1.0.128":
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
        call("Write", file_path="FOLDER/done.txt", content="a line that was written\n"),
    )
    scene.repo.write("README.md", "Title\nA line that was never written\n")
    scene.repo.commit("by a person")
    view = json.loads(scene.repo.run("git", "ai-trail", "show", "--json").stdout)
    owned = {file["path"]: [part["session"] for part in file["ranges"]] for file in view["files"]}
    assert owned == {"README.md": [], "done.txt": [session], "failed.txt": []}


@pytest.mark.proof
@pytest.mark.parametrize("scene", [NEWEST], indirect=True)
def test_what_a_person_does_at_the_terminal_is_told_apart(scene: Scene) -> None:
    """Typed while the agent works, run with `!`, branched, resumed as a fork: one session each, no prompt twice."""
    scene.model.learn(
        "Add a cart", (call("Write", file_path="FOLDER/cart.py", content="cart = list()\n"), say("A cart."))
    )
    scene.model.learn("Take your time", (shell("sleep 4"), say("I took it.")))
    scene.model.learn("and be quick", (say("Quick."),))
    shelf = call("Write", file_path="FOLDER/shelf.py", content=GOODS)
    scene.model.learn("Fill the shelf", (shelf, shell("git add -A && git commit -qm Shelf"), say("A shelf.")))
    scene.model.learn(
        "Add a roof", (call("Write", file_path="FOLDER/roof.py", content="roof = True\n"), say("A roof."))
    )
    with terminal.opened(scene.claude, scene.repo.root) as person:
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
    (main,) = [path.stem for path in scene.logs() if "forkedFrom" not in path.read_text()]
    with terminal.opened(scene.claude, scene.repo.root, ["--resume", main, "--fork-session"]) as person:
        person.type("Add a roof")
        person.until_logged('"text":"A roof."')
    (branch,) = [path.stem for path in scene.logs() if "forkedFrom" in path.read_text()]
    (fork,) = {path.stem for path in scene.logs()} - {main, branch}

    view = json.loads(scene.repo.run("git", "ai-trail", "show", "--json").stdout)
    owners = {file["path"]: {part["session"] for part in file["ranges"]} for file in view["files"]}
    assert owners == {"cart.py": {main}, "person.txt": set(), "shelf.py": {branch}}
    scene.repo.run("git", "ai-trail", "ingest")
    listed = {one["id"]: one for one in json.loads(scene.repo.run("git", "ai-trail", "sessions", "--json").stdout)}
    counted = {name: (listed[name]["prompts"], listed[name]["edits"]) for name in (main, branch, fork)}
    assert counted == {main: (3, 1), branch: (1, 1), fork: (1, 1)}
