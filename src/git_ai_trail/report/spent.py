"""What sessions took, over several commits: a prompt that led to two commits is counted once where the record can tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from git_ai_trail.model import TokenTotals
from git_ai_trail.report.document import SessionFact


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """`tokens` is None where nothing is known, `cost_usd` where not all of it is. `doubled`: a prompt may be counted twice."""

    tokens: TokenTotals | None
    cost_usd: float | None
    doubled: bool


def spent(parts: Iterable[SessionFact]) -> Spent:
    """The sum over sessions' parts in commits. The same prompts of a session in two commits are one expense."""
    counted: dict[tuple[str, tuple[int, ...]], SessionFact] = {}
    for part in parts:
        key = part.id, tuple(prompt.turn for prompt in part.prompts)
        # Of two records of the same prompts the one that knows more counts.
        if key not in counted or counted[key].tokens is None:
            counted[key] = part
    known = [part.tokens for part in counted.values() if part.tokens is not None]
    costs = [part.cost_usd for part in counted.values()]
    whole = [cost for cost in costs if cost is not None]
    return Spent(
        tokens=_added(known) if known else None,
        cost_usd=sum(whole) if whole and len(whole) == len(costs) else None,
        doubled=_overlap(counted),
    )


def _overlap(counted: Iterable[tuple[str, tuple[int, ...]]]) -> bool:
    seen: set[tuple[str, int]] = set()
    for session, turns in counted:
        mine = {(session, turn) for turn in turns}
        if mine & seen:
            return True
        seen |= mine
    return False


def _added(totals: Iterable[TokenTotals]) -> TokenTotals:
    figures = [(one.input, one.cached, one.cache_write, one.output, one.reasoning) for one in totals]
    sums = [sum(column) for column in zip(*figures, strict=True)]
    return TokenTotals(input=sums[0], cached=sums[1], cache_write=sums[2], output=sums[3], reasoning=sums[4])
