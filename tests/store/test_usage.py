"""What models took, as every store sums it up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from git_ai_trail.facts import Tokens
from git_ai_trail.model import TokenTotals, UsageFilter, Used
from git_ai_trail.store import BACKENDS, open_store
from git_ai_trail.store.protocol import ReadUpTo, Store
from tests.store.test_store import PROOF, Log

NOON = datetime(2026, 9, 21, 12, tzinfo=UTC)


@pytest.fixture(params=sorted(BACKENDS))
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "trail.db"), is_clean=lambda session: session.proof is PROOF)


def keep(store: Store, log: Log) -> None:
    store.add(log.session(), read_up_to=lambda: ReadUpTo(log.offset, "prefix", "{}"))


def a_log(name: str = "aaaa-1", *, cwd: str = "~/work", at: datetime = NOON) -> Log:
    log = Log(name, f"~/logs/{name}.jsonl", cwd=cwd)
    log.clock = at.timestamp()
    return log.prompt("do it")


def took(model: str, given: int, output: int = 1) -> Tokens:
    return Tokens(model, given, given // 2, given // 4, output, 0)


def sums(found: list[Used]) -> list[tuple[str, int, str, int, int, int]]:
    return [(one.session, one.turn, one.model, one.over, one.responses, one.tokens.input) for one in found]


def test_responses_are_summed_by_session_prompt_model_and_quarter_of_an_hour(store: Store) -> None:
    log = a_log().add("tokens", took("m", 4)).add("tokens", took("m", 8)).add("tokens", took("n", 16))
    log.clock += 900
    log.add("tokens", took("m", 32)).prompt("again").add("tokens", took("m", 64))
    keep(store, log)
    found = list(store.usage(UsageFilter()))
    assert sums(found) == [
        ("aaaa-1", 0, "m", 0, 2, 12),
        ("aaaa-1", 0, "n", 0, 1, 16),
        ("aaaa-1", 0, "m", 0, 1, 32),
        ("aaaa-1", 1, "m", 0, 1, 64),
    ]
    assert [one.at for one in found] == [NOON, NOON, NOON + timedelta(minutes=15), NOON + timedelta(minutes=15)]
    assert found[0].tokens == TokenTotals(input=12, cached=6, cache_write=3, output=2, reasoning=0)
    assert (found[0].agent, found[0].cwd, found[0].git_url) == ("codex", "~/work", "https://h/r")


def test_a_response_with_an_input_above_a_step_is_kept_apart(store: Store) -> None:
    log = a_log()
    for given in (100, 101, 200, 201, 5000):
        log.add("tokens", took("m", given))
    keep(store, log)
    found = sums(list(store.usage(UsageFilter(), (200, 100))))
    assert [(over, count, given) for *_, over, count, given in found] == [(0, 1, 100), (100, 2, 301), (200, 2, 5201)]


def test_filters_restrict_what_is_summed(store: Store) -> None:
    keep(store, a_log().add("tokens", took("m", 1)))
    keep(store, a_log("bbbb-1", cwd="~/other/below", at=NOON + timedelta(days=1)).add("tokens", took("m", 2)))

    def given(**wanted: object) -> list[int]:
        return [one.tokens.input for one in store.usage(UsageFilter(**wanted))]  # type: ignore[arg-type]

    assert given() == [1, 2]
    assert given(sessions=("bbbb-1", "nobody")) == [2]
    assert given(sessions=()) == []
    assert given(sessions=(*(f"no-{n}" for n in range(2000)), "aaaa-1")) == [1]
    assert given(folders=("~/other",)) == [2]
    assert given(folders=("~/oth",)) == []
    assert given(url="https://h/r") == [1, 2]
    assert (given(agent="codex"), given(agent="claude")) == ([1, 2], [])
    assert given(since=NOON + timedelta(hours=1)) == [2]
    assert given(until=NOON + timedelta(hours=1)) == [1]
