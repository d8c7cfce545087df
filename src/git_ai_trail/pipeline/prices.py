"""What a token of each model costs: a person's own prices, then a file of theirs, then the dated table that ships with us.

A price list is JSON, either in our own form (`git-ai-trail-prices/1`) or LiteLLM's `model_prices_and_context_window.json`.
A model is found by its exact name or by what is left of it when a provider's dressing is taken off, never by resemblance:
a model that no list names has no price.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from git_ai_trail import resources
from git_ai_trail.config import Price, UserConfig
from git_ai_trail.errors import ConfigError

FORMAT = "git-ai-trail-prices/1"
# LiteLLM's list has 2 MB and three thousand models.
MAX_BYTES = 32 << 20
_MODELS = 50_000
_NAME = 200
_HIGHEST = Decimal(1_000_000)
_MILLION = Decimal(1_000_000)

_FIGURES = ("input", "cached", "cache_write", "cache_write_1h", "output")
_LITELLM = {
    "input": "input_cost_per_token",
    "cached": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
    "cache_write_1h": "cache_creation_input_token_cost_above_1hr",
    "output": "output_cost_per_token",
}
_LITELLM_OVER = re.compile(r"input_cost_per_token_above_([0-9]{1,5})k_tokens")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

# What providers and clients hang on a model's name, in the order in which it is taken off.
_DRESSING = (
    re.compile(r"\[[0-9a-z]+\]$"),  # Claude Code's mark of a context window: claude-opus-4-8[1m]
    re.compile(r"^.*/"),  # openai/, anthropic/, openrouter/anthropic/, bedrock/us-east-1/
    re.compile(r"^(?:us|eu|apac|au|jp|ca|sa|global|us-gov)\.(?=[a-z]+\.)"),  # Bedrock's inference profile
    re.compile(r"^(?:anthropic|openai|google)\."),  # Bedrock's vendor
    re.compile(r"-v[0-9]+(?::[0-9]+)?$"),  # Bedrock's revision: -v1:0
    re.compile(r"@(?:default|latest)$"),  # Vertex
    re.compile(r"[-@](?:20[0-9]{2}-[0-9]{2}-[0-9]{2}|20[0-9]{6})$"),  # a snapshot's date
    re.compile(r"-latest$"),
)


class Rate(NamedTuple):
    """US dollars for a million tokens of each kind; `over` is the size of the input above which the rate holds."""

    over: int
    input: Decimal
    cached: Decimal
    cache_write: Decimal
    cache_write_1h: Decimal
    output: Decimal


class Row(NamedTuple):
    """The rates of a model since the beginning of a day (UTC); `since` is empty for the first row. Rates by rising `over`."""

    since: str
    rates: tuple[Rate, ...]
    source: str


class Found(NamedTuple):
    """Which rows of which list a model's name led to. origin: own, file, bundled."""

    matched: str
    origin: str
    rows: tuple[Row, ...]

    def at(self, moment: datetime | None) -> Row:
        """The row in force at a moment; without one the newest that is in force already."""
        day = (moment or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%d")
        return next((row for row in reversed(self.rows) if row.since <= day), self.rows[0])


class PriceList(NamedTuple):
    """One list: rows by model, oldest first; `date` is the day of its figures, empty where it does not say."""

    date: str
    models: Mapping[str, tuple[Row, ...]]


class Prices:
    """Every price that holds for a person. Lists are read when a price is first asked for."""

    def __init__(self, own: Mapping[str, Price] | None = None, *, file: str = "", bundled: bool = True) -> None:
        self._own = own or {}
        self._file = file
        self._bundled = bundled
        self._found: dict[str, Found | None] = {}

    @cached_property
    def _lists(self) -> tuple[tuple[str, PriceList], ...]:
        lists = [("own", PriceList("", {name.lower(): (_own(price),) for name, price in self._own.items()}))]
        if self._file:
            lists.append(("file", read(self._file)))
        if self._bundled:
            lists.append(("bundled", read(resources.price_table())))
        return tuple((origin, _by_every_name(one)) for origin, one in lists)

    def find(self, model: str) -> Found | None:
        """The rows for a model; None where no list names it."""
        if model not in self._found:
            self._found[model] = self._look_up(model)
        return self._found[model]

    def _look_up(self, model: str) -> Found | None:
        names = tuple(undressed(model))
        for origin, one in self._lists:
            for name in names:
                if name in one.models:
                    return Found(name, origin, one.models[name])
        return None

    def rate(self, model: str, at: datetime | None = None, *, over: int = 0) -> Rate | None:
        """The rate for a response at a moment whose input was larger than `over` (one of `steps`)."""
        found = self.find(model)
        if found is None:
            return None
        return next(rate for rate in reversed(found.at(at).rates) if rate.over <= over)

    @cached_property
    def steps(self) -> tuple[int, ...]:
        """The sizes of an input above which some model costs something else, rising."""
        rows = (row for _, one in self._lists for rows in one.models.values() for row in rows)
        return tuple(sorted({rate.over for row in rows for rate in row.rates if rate.over}))

    @property
    def none(self) -> bool:
        """Whether there is no list at all."""
        return not (self._own or self._file or self._bundled)

    @property
    def described(self) -> str:
        """Which lists were asked, in words, with their dates."""
        words = {"own": "your own prices", "file": "your price list", "bundled": "the table of git-ai-trail"}
        said = [words[origin] + (f" of {one.date}" if one.date else "") for origin, one in self._lists if one.models]
        return ", then ".join(said)


NO_PRICES = Prices(bundled=False)


def prices_of(config: UserConfig, *, file: str = "") -> Prices:
    """A person's prices; `file` stands in for the list that their configuration names."""
    return Prices(config.prices, file=file or config.price_file)


def undressed(model: str) -> Iterator[str]:
    """The names under which a model may be listed, the one that was given first. Dressing comes off step by step."""
    name = model.strip().lower()[:_NAME]
    yield name
    for pattern in _DRESSING:
        bare = pattern.sub("", name)
        if bare and bare != name:
            name = bare
            yield name
    if name.startswith("claude-") and "." in name:  # claude-opus-4.5, as other clients write it
        yield name.replace(".", "-")


def read(path: str) -> PriceList:
    """A price list from a file; `ConfigError` says what cannot be used."""
    name = os.path.basename(path)
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"cannot read the price list {name}: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise ConfigError(f"the price list {name} is larger than {MAX_BYTES >> 20} MiB")
    try:
        value = json.loads(content, parse_float=Decimal, parse_int=_whole, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ConfigError(f"the price list {name} is not JSON", _HINT) from None
    if not isinstance(value, dict) or len(value) > _MODELS:
        raise ConfigError(f"the price list {name} is neither ours nor LiteLLM's", _HINT)
    found = _ours(value, name) if value.get("format") == FORMAT else _litellm(value)
    if not found.models:
        raise ConfigError(f"the price list {name} has no price in it", _HINT)
    return found


_HINT = f"give a list in the form {FORMAT}, or LiteLLM's model_prices_and_context_window.json"


def _whole(digits: str) -> int:
    # A number of a million digits is a trap; no figure here has more than ten.
    return int(digits) if len(digits) <= 20 else -1


def _no_constant(word: str) -> None:
    raise ValueError(word)


def _ours(value: Mapping[str, Any], name: str) -> PriceList:
    rows: dict[str, list[Row]] = {}
    entries = value.get("models")
    for number, entry in enumerate(entries if isinstance(entries, list) else [], 1):
        row = _our_row(entry)
        if row is None:
            raise ConfigError(f"the price list {name}: entry {number} cannot be used", "see docs/usage.md for its form")
        also = entry.get("also")
        for model in (entry["model"], *(also if isinstance(also, list) else ())):
            if isinstance(model, str):
                rows.setdefault(model.lower()[:_NAME], []).append(row)
    date = value.get("date")
    return PriceList(_day(date) or "", {model: tuple(sorted(mine)) for model, mine in rows.items()})


def _our_row(entry: object) -> Row | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("model"), str):
        return None
    base = _rate(entry, 0)
    since = _day(entry.get("from", ""))
    longer = entry.get("long", [])
    if base is None or since is None or not isinstance(longer, list):
        return None
    rates = [base]
    for each in longer[:8]:
        over = each.get("over") if isinstance(each, dict) else None
        rate = _rate(each, over) if isinstance(over, int) and over > 0 else None
        if rate is None:
            return None
        rates.append(rate)
    source = entry.get("source")
    return Row(since, tuple(sorted(rates)), source[:500] if isinstance(source, str) else "")


def _day(value: object) -> str | None:
    return value if isinstance(value, str) and (not value or _DAY.fullmatch(value)) else None


def _rate(entry: Mapping[str, Any], over: int) -> Rate | None:
    figures = {name: _figure(entry[name]) for name in _FIGURES if name in entry}
    if figures.get("input") is None or figures.get("output") is None or None in figures.values():
        return None
    return _made(over, {name: figure for name, figure in figures.items() if figure is not None})


def _made(over: int, figures: Mapping[str, Decimal]) -> Rate:
    """Without a price of its own what is cached or written to a cache costs what input costs, and what is written for an hour
    what is written at all."""
    plain = figures["input"]
    write = figures.get("cache_write", plain)
    return Rate(
        over, plain, figures.get("cached", plain), write, figures.get("cache_write_1h", write), figures["output"]
    )


def _figure(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    figure = Decimal(str(value))
    return figure if figure.is_finite() and 0 <= figure < _HIGHEST else None


def _litellm(value: Mapping[str, Any]) -> PriceList:
    models = {}
    for model, entry in value.items():
        if isinstance(entry, dict) and model != "sample_spec":
            base = _litellm_rate(entry, 0, "", {})
            if base is not None:
                longer = [rate for rate in _litellm_longer(entry, base) if rate is not None]
                source = entry.get("source")
                row = Row("", tuple(sorted([base, *longer])), source[:500] if isinstance(source, str) else "")
                models[model.lower()[:_NAME]] = (row,)
    return PriceList("", models)


def _litellm_longer(entry: Mapping[str, Any], base: Rate) -> Iterator[Rate | None]:
    known = {name: getattr(base, name) for name in _FIGURES}
    for name in entry:
        found = _LITELLM_OVER.fullmatch(name)
        if found:
            yield _litellm_rate(entry, int(found[1]) * 1000, f"_above_{found[1]}k_tokens", known)


def _litellm_rate(entry: Mapping[str, Any], over: int, ending: str, instead: Mapping[str, Decimal]) -> Rate | None:
    """Their figures are dollars for one token; a longer input's rate takes from the usual one what it does not name."""
    figures = dict(instead)
    for ours, theirs in _LITELLM.items():
        figure = _figure(entry.get(theirs + ending))
        if figure is not None and figure * _MILLION < _HIGHEST:
            figures[ours] = (figure * _MILLION).normalize()
    return _made(over, figures) if "input" in figures and "output" in figures else None


def _own(price: Price) -> Row:
    figures = {name: getattr(price, name) for name in _FIGURES}
    known = {name: Decimal(str(figure)) for name, figure in figures.items() if figure is not None}
    return Row("", (_made(0, known),), "")


def _by_every_name(one: PriceList) -> PriceList:
    """The list under its models' bare names too, where these are not listed themselves."""
    models = dict(one.models)
    for model, rows in one.models.items():
        bare: Sequence[str] = tuple(undressed(model))
        if not model.startswith(bare[-1]) or bare[-1] == model:
            continue  # another provider's price for a model is not the model's own
        models.setdefault(bare[-1], rows)
    return PriceList(one.date, models)
