"""Prices: which list speaks, under which name a model is found, at which rate, and what is refused."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from git_ai_trail import resources
from git_ai_trail.config import Price, UserConfig
from git_ai_trail.errors import ConfigError
from git_ai_trail.model import TokenTotals
from git_ai_trail.pipeline.cost import charged, cost
from git_ai_trail.pipeline.prices import NO_PRICES, Prices, prices_of, read, undressed

TABLE = json.loads(Path(resources.price_table()).read_text())


def ours(path: Path, *models: dict[str, Any], **more: Any) -> str:
    path.write_text(json.dumps({"format": "git-ai-trail-prices/1", "date": "2026-01-02", "models": models, **more}))
    return str(path)


@pytest.mark.parametrize("row", TABLE["models"], ids=lambda row: f"{row['model']}{row.get('from', '')}")
def test_every_row_of_the_table_is_plausible_and_says_where_it_comes_from(row: dict[str, Any]) -> None:
    assert row["source"].startswith("https://")
    assert date(2026, 1, 1) <= date.fromisoformat(row["seen"]) <= date.fromisoformat(TABLE["date"])
    assert row.get("cached", row["input"]) <= row["input"] <= row["output"]
    assert row.get("cache_write", row["input"]) in (row["input"], pytest.approx(row["input"] * 1.25, rel=0.05))
    for longer in row.get("long", ()):
        assert longer["input"] >= row["input"]
        assert longer["output"] >= row["output"]
        assert ("cached" in longer, "cache_write" in longer) == ("cached" in row, "cache_write" in row)


def test_no_two_rows_of_a_model_begin_on_the_same_day() -> None:
    begins = [(name, row.get("from")) for row in TABLE["models"] for name in (row["model"], *row.get("also", ()))]
    assert len(set(begins)) == len(begins)


@pytest.mark.parametrize(
    ("written", "listed"),
    [
        ("gpt-5.2-codex", "gpt-5.2-codex"),
        ("GPT-5", "gpt-5"),
        ("openai/gpt-5-2025-08-07", "gpt-5"),
        ("azure/gpt-5-mini", "gpt-5-mini"),
        ("gpt-5.6", "gpt-5.6"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("claude-opus-4-8[1m]", "claude-opus-4-8"),
        ("claude-3-5-sonnet@20240620", "claude-3-5-sonnet"),
        ("claude-3-7-sonnet-latest", "claude-3-7-sonnet"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"),
        ("bedrock/us-east-1/anthropic.claude-3-haiku-20240307-v1:0", "claude-3-haiku"),
        ("openrouter/anthropic/claude-opus-4.5", "claude-opus-4-5"),
        ("vertex_ai/gemini-2.5-pro", "gemini-2.5-pro"),
    ],
)
def test_a_model_is_found_when_its_dressing_comes_off(written: str, listed: str) -> None:
    found = Prices().find(written)
    assert found is not None
    assert (found.matched, found.origin) == (listed, "bundled")


@pytest.mark.parametrize(
    "name", ["", "gpt-5-turbo-x", "gpt-5.2-codex-next", "codex-auto-review", "claude", "my/own-model", "-latest", "/"]
)
def test_a_model_that_no_list_names_has_no_price_whatever_it_resembles(name: str) -> None:
    assert Prices().find(name) is None
    assert cost(TokenTotals(input=10, output=10), name, Prices()) is None


def test_a_hostile_name_is_cut_and_undressed_quickly() -> None:
    names = list(undressed("openai/" * 100_000 + "-20250101" * 100_000))
    assert all(len(name) <= 200 for name in names)
    assert len(names) < 10


def test_the_persons_own_price_goes_before_their_file_and_that_before_the_table(tmp_path: Path) -> None:
    path = ours(
        tmp_path / "p.json", {"model": "gpt-5", "input": 2, "output": 3}, {"model": "gpt-5.5", "input": 4, "output": 5}
    )
    config = UserConfig(prices={"gpt-5": Price(input=7, output=8)}, price_file=path)
    prices = prices_of(config)
    origins = {name: prices.find(name) for name in ("gpt-5", "openai/gpt-5", "gpt-5.5", "gpt-5.4")}
    assert [one.origin for one in origins.values() if one] == ["own", "own", "file", "bundled"]
    assert prices.described == (
        f"your own prices, then your price list of 2026-01-02, then the table of git-ai-trail of {TABLE['date']}"
    )
    assert (Prices().none, NO_PRICES.none, NO_PRICES.find("gpt-5")) == (False, True, None)


def test_a_price_holds_from_its_day_on() -> None:
    prices = Prices()

    def at(month: int, day: int, hour: int = 12) -> Decimal:
        rate = prices.rate("gpt-5.6-luna", datetime(2026, month, day, hour, tzinfo=UTC))
        assert rate is not None
        return rate.input

    assert (at(7, 1), at(7, 29, 23), at(7, 30, 0), at(11, 1)) == (1, 1, Decimal("0.2"), Decimal("0.2"))


def test_a_longer_input_has_its_own_rate_and_other_models_steps_do_not_matter() -> None:
    prices = Prices()
    assert prices.steps == (100_000, 200_000, 272_000)
    rates = [prices.rate("gpt-5.4", over=over) for over in (0, *prices.steps)]
    assert [rate.input for rate in rates if rate] == [Decimal("2.5")] * 3 + [5]
    flat = [prices.rate("gpt-5", over=over) for over in (0, *prices.steps)]
    assert len({rate for rate in flat if rate}) == 1


def test_what_is_cached_or_written_to_a_cache_costs_as_input_where_it_has_no_price(tmp_path: Path) -> None:
    path = ours(tmp_path / "p.json", {"model": "m", "input": 1, "output": 10})
    prices = Prices(file=path, bundled=False)
    assert cost(TokenTotals(input=1_000_000, cached=900_000, cache_write=50_000), "m", prices) == 1


def test_litellms_table_is_read_with_its_steps(tmp_path: Path) -> None:
    path = tmp_path / "model_prices_and_context_window.json"
    table = {
        "sample_spec": {"input_cost_per_token": 0, "output_cost_per_token": 0},
        "acme-1": {
            "input_cost_per_token": 1.25e-06,
            "cache_read_input_token_cost": 1.25e-07,
            "output_cost_per_token": 1e-05,
            "cache_creation_input_token_cost": 1.5e-06,
            "cache_creation_input_token_cost_above_1hr": 2.5e-06,
            "cache_creation_input_token_cost_above_1hr_above_200k_tokens": 5e-06,
            "input_cost_per_token_above_200k_tokens": 2.5e-06,
            "output_cost_per_token_above_200k_tokens": 1.5e-05,
            "input_cost_per_token_above_200k_tokens_priority": 9,
            "source": "https://example.com",
        },
        "bedrock/acme-2": {"input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06},
        "pictures": {"input_cost_per_image": 1},
        "odd": {"input_cost_per_token": "1", "output_cost_per_token": -1},
    }
    path.write_text(json.dumps(table))
    prices = Prices(file=str(path), bundled=False)
    assert prices.rate("acme/acme-1") == (0, Decimal("1.25"), Decimal("0.125"), Decimal("1.5"), Decimal("2.5"), 10)
    longer = (200_000, Decimal("2.5"), Decimal("0.125"), Decimal("1.5"), 5, 15)
    assert prices.rate("acme-1", over=200_000) == longer
    assert prices.find("bedrock/acme-2") is not None
    assert [prices.find(name) for name in ("acme-2", "pictures", "odd", "sample_spec")] == [None] * 4


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        b'{"format": "git-ai-trail-prices/1", "models": 7}',
        b'{"format": "git-ai-trail-prices/1", "models": [{"model": "m", "input": 1}]}',
        b'{"format": "git-ai-trail-prices/1", "models": [{"model": "m", "input": NaN, "output": 1}]}',
        b'{"format": "git-ai-trail-prices/1", "models": [{"model": "m", "input": -1, "output": 1}]}',
        b'{"format": "git-ai-trail-prices/1", "models": [{"model": "m", "input": 1, "output": 1e99}]}',
        b'{"format": "git-ai-trail-prices/1", "models": [{"model": "m", "input": true, "output": 1}]}',
        b'{"format": "git-ai-trail-prices/1", "models": [{"model": "m", "input": 1, "output": 1, "from": "soon"}]}',
        b'{"format": "git-ai-trail-prices/1", "models": [{"model": "m", "input": 1, "output": 1, "long": [{}]}]}',
        b'{"m": {"input_cost_per_token": ' + b"9" * 5000 + b', "output_cost_per_token": 1}}',
    ],
)
def test_a_list_that_cannot_be_used_is_an_error_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "prices.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"prices\.json"):
        read(str(path))


def test_a_list_that_is_not_there_is_said_when_a_price_is_asked_for(tmp_path: Path) -> None:
    prices = Prices(file=str(tmp_path / "gone.json"))
    with pytest.raises(ConfigError, match="cannot read the price list"):
        prices.find("gpt-5")


def test_what_is_written_to_a_cache_for_an_hour_has_its_own_price() -> None:
    own = Price(input=4.0, cached=0.5, cache_write=5.0, cache_write_1h=8.0, output=20.0)
    rate = Prices({"acme-1": own}, bundled=False).rate("acme-1")
    assert rate is not None
    tokens = TokenTotals(input=1_000_000, cached=200_000, cache_write=500_000, output=100_000)
    assert charged(tokens, rate) == Decimal("5.8")
    assert charged(tokens, rate, cache_write_1h=300_000) == Decimal("6.7")
    assert charged(tokens, rate, cache_write_1h=10**9) == charged(tokens, rate, cache_write_1h=500_000)
    without = Prices({"acme-1": Price(input=4.0, cache_write=5.0, output=20.0)}, bundled=False).rate("acme-1")
    assert without is not None
    assert without.cache_write_1h == 5


def test_every_bundled_price_of_claude_names_the_hour() -> None:
    for model, rows in read(resources.price_table()).models.items():
        for rate in (rate for row in rows for rate in row.rates):
            assert rate.cache_write_1h == (2 * rate.input if model.startswith("claude") else rate.cache_write), model
