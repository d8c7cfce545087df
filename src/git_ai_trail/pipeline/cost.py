"""What tokens cost. A model without a price has no cost, which is not a cost of zero."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal

from git_ai_trail.model import TokenTotals, UsageFilter, Used
from git_ai_trail.pipeline.prices import Prices, Rate
from git_ai_trail.store.protocol import Store

_MILLION = Decimal(1_000_000)


def cost(tokens: TokenTotals, model: str, prices: Prices) -> Decimal | None:
    """US dollars for tokens of which nothing more is known, at the usual rate of today; None where the model has no price."""
    rate = prices.rate(model)
    return None if rate is None else charged(tokens, rate)


def charged(tokens: TokenTotals, rate: Rate, *, cache_write_1h: int = 0) -> Decimal:
    """US dollars. Cached tokens and those written to a cache are part of the input, reasoning of the output; `cache_write_1h`
    are those of the written ones that stay for an hour."""
    plain = max(0, tokens.input - tokens.cached - tokens.cache_write)
    an_hour = min(cache_write_1h, tokens.cache_write)
    parts = (
        (plain, rate.input),
        (tokens.cached, rate.cached),
        (tokens.cache_write - an_hour, rate.cache_write),
        (an_hour, rate.cache_write_1h),
        (tokens.output, rate.output),
    )
    return sum((count * each for count, each in parts), Decimal(0)) / _MILLION


def cost_of(used: Used, prices: Prices) -> Decimal | None:
    """US dollars for responses at the price that their model had then, None where no price of it is known."""
    rate = prices.rate(used.model, used.at, over=used.over)
    return None if rate is None else charged(used.tokens, rate, cache_write_1h=used.cache_write_1h)


def cost_of_all(parts: Iterable[Used], prices: Prices) -> Decimal | None:
    """The sum; None without any part, and where a part has no cost, since the sum would pass for the whole."""
    total: Decimal | None = None
    for part in parts:
        spent = cost_of(part, prices)
        if spent is None:
            return None
        total = spent if total is None else total + spent
    return total


def cost_of_prompts(store: Store, session: str, turns: Collection[int], prices: Prices) -> Decimal | None:
    """What a session's responses to these prompts cost."""
    if prices.none:
        return None
    parts = store.usage(UsageFilter(sessions=(session,)), prices.steps)
    return cost_of_all((part for part in parts if part.turn in turns), prices)


def added(totals: Sequence[TokenTotals]) -> TokenTotals:
    """The sum of token counts."""
    return TokenTotals(
        input=sum(one.input for one in totals),
        cached=sum(one.cached for one in totals),
        cache_write=sum(one.cache_write for one in totals),
        output=sum(one.output for one in totals),
        reasoning=sum(one.reasoning for one in totals),
    )
