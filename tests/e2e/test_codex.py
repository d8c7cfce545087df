"""A real Codex, scripted, in real repositories with our hooks: trailer, note, `show --json` and every line's owner."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e import installs, model, scenario, scene, truth
from tests.e2e.codex import Codex
from tests.e2e.scenario import Scenario
from tests.e2e.scene import hold, played
from tests.e2e.stage import Stage

# (version, model): a legacy log, a paginated log, and a model that writes scripts instead of calling tools.
USUAL = (("0.145.0", "gpt-5.5"), ("0.169.0", "gpt-5.5"), ("0.169.0", "gpt-6-astra"))
OTHERS = (("0.133.0", "gpt-5.5"), ("0.148.0", "gpt-5.5"), ("0.153.4", "gpt-5.5"), ("0.160.0", "gpt-5.5"))
NEWEST = ("0.169.0", "gpt-5.5")
SCENARIOS = scenario.all_scenarios()
# The scenarios differ in what people do, the versions in what they log, the hook managers in when they run us.
MANAGED = [(told, NEWEST) for told in SCENARIOS]
MANAGED += [(told, agent) for told in scene.named(*scene.USUAL) for agent in USUAL if agent != NEWEST]

pytestmark = pytest.mark.codex


@pytest.fixture
def staged(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Stage]]:
    """Plays a scenario and returns the stage with everything that it left behind."""
    with model.serve() as scripted:

        def play(told: Scenario, agent: tuple[str, str], mode: str) -> Stage:
            codex = Codex.install(version=agent[0], model=agent[1], home=home, url=scripted.url)
            return played(told, Stage(tmp_path, codex, scripted), installs.installer(mode, monkeypatch))

        yield play


@pytest.mark.parametrize("agent", USUAL, ids="-".join)
@pytest.mark.parametrize("told", SCENARIOS, ids=lambda told: told.name)
def test_every_line_has_its_true_owner(told: Scenario, agent: tuple[str, str], staged: Callable[..., Stage]) -> None:
    hold(told, staged(told, agent, "native"))


@pytest.mark.proof
@pytest.mark.parametrize("agent", OTHERS, ids="-".join)
@pytest.mark.parametrize("told", scene.named(*scene.USUAL, "read-only-home"), ids=lambda told: told.name)
def test_other_versions_are_read_as_well(told: Scenario, agent: tuple[str, str], staged: Callable[..., Stage]) -> None:
    hold(told, staged(told, agent, "native"))


@pytest.mark.parametrize("mode", ["pre-commit", "prek"])
def test_hook_managers_run_the_same_hooks(mode: str, staged: Callable[..., Stage]) -> None:
    (told,) = scene.named("agent-then-person")
    hold(told, staged(told, NEWEST, mode))


def test_the_hooks_alone_are_enough_under_a_manager(staged: Callable[..., Stage]) -> None:
    (told,) = scene.named("agent-commits")
    hold(told, staged(told, NEWEST, "prek-only"))


def test_switched_off_nothing_is_recorded_and_the_check_notices(
    staged: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    (told,) = scene.named("agent-commits")
    monkeypatch.setenv("GIT_AI_TRAIL", "0")
    stage = staged(told, NEWEST, "native")
    assert stage.repo("main").git("for-each-ref", "refs/notes") == ""
    wrong = " ".join(truth.check(stage, told))
    for complaint in ("AI-Trail trailers are []", "status is 'none'", "belongs to nobody, not to one turn 0"):
        assert complaint in wrong


@pytest.mark.parametrize("agent", USUAL, ids="-".join)
def test_ingest_knows_the_prompts_and_tokens_of_every_session(
    agent: tuple[str, str], staged: Callable[..., Stage]
) -> None:
    (told,) = scene.named("resumed")
    stage = staged(told, agent, "native")
    repo = stage.repo("main")
    said = repo.run("git", "ai-trail", "ingest").stdout
    listed = {one["id"]: one for one in json.loads(repo.run("git", "ai-trail", "sessions", "--json").stdout)}
    found = {name: listed[id]["prompts"] for name, id in stage.sessions.items()}
    logs = {
        log.name: log.read_text().splitlines() for id in stage.sessions.values() for log in stage.agent.rollouts(id)
    }
    shown = {name: [line[:160] for line in lines if "user_message" in line] for name, lines in logs.items()}
    assert found == {"one": 2, "two": 1}, f"{said}\n{shown}"
    session = repo.run("git", "ai-trail", "session", stage.sessions["one"]).stdout
    assert all(action.prompt in session for action in told.actions if action.alias == "one")
    hold(told, stage)


@pytest.mark.proof
@pytest.mark.parametrize("mode", ["pre-commit", "prek"])
@pytest.mark.parametrize(("told", "agent"), MANAGED, ids=lambda part: getattr(part, "name", None) or "-".join(part))
def test_hook_managers_lose_nothing(
    told: Scenario, agent: tuple[str, str], mode: str, staged: Callable[..., Stage]
) -> None:
    if mode not in told.modes:
        pytest.skip(f"{told.name} is not meant for {mode}")
    hold(told, staged(told, agent, mode))
