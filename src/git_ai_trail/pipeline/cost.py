"""What tokens cost, by the prices a person configured. A model without a price has no cost, which is not a cost of zero."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from git_ai_trail.config import Price
from git_ai_trail.model import TokenTotals

_MILLION = Decimal(1_000_000)


def cost(tokens: TokenTotals, model: str, prices: Mapping[str, Price]) -> Decimal | None:
    """US dollars, or None where the model has no price. Cached tokens are part of the input, reasoning of the output."""
    price = prices.get(model)
    if price is None:
        return None
    cached = price.input if price.cached is None else price.cached
    written = price.input if price.cache_write is None else price.cache_write
    plain = max(0, tokens.input - tokens.cached - tokens.cache_write)
    parts = (
        (plain, price.input),
        (tokens.cached, cached),
        (tokens.cache_write, written),
        (tokens.output, price.output),
    )
    return sum((Decimal(count) * Decimal(str(each)) for count, each in parts), Decimal(0)) / _MILLION


def added(totals: list[TokenTotals]) -> TokenTotals:
    """The sum of token counts."""
    return TokenTotals(
        input=sum(one.input for one in totals),
        cached=sum(one.cached for one in totals),
        cache_write=sum(one.cache_write for one in totals),
        output=sum(one.output for one in totals),
        reasoning=sum(one.reasoning for one in totals),
    )
