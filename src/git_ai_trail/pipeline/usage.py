"""What models took and what that costs, by day, model, repository, session, agent or commit. Cold path.

Everything is summed from single responses as the trail database has them. Copied history of forks and sub-agents is not in
it. For commits the responses are those to the prompts that led to the commit, as its record names them; where the
database does not know a session, the record's annex speaks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any

from git_ai_trail.agents import AGENTS, format_of
from git_ai_trail.attach.annex import Annex, AnnexSession
from git_ai_trail.errors import TrailError
from git_ai_trail.git import Git, normal_url
from git_ai_trail.model import TokenTotals, UsageFilter, Used
from git_ai_trail.pipeline import history
from git_ai_trail.pipeline.cost import added, charged
from git_ai_trail.pipeline.prices import Prices
from git_ai_trail.pipeline.sessions import tokens_json
from git_ai_trail.store.protocol import Store

KEYS = ("day", "model", "repository", "session", "agent", "commit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Tokens and cost of some responses. `cost_usd` is what is known of it, None if nothing; `unpriced` counts tokens without."""

    sessions: int
    responses: int  # 0 where only an annex knows
    tokens: TokenTotals
    cost_usd: float | None
    unpriced: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRow:
    """One line: what the keys asked for are here, in their order, and what it took."""

    keys: tuple[str, ...]
    spent: Spent


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """How a model was priced. origin: own, file, bundled, none; `matched` is the name in the list, `since` of its newest row."""

    model: str
    matched: str
    origin: str
    since: str
    source: str
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The whole answer. In `total` each prompt counts once, however many commits it led to."""

    by: tuple[str, ...]
    timezone: str
    rows: tuple[UsageRow, ...]
    total: Spent
    models: tuple[Priced, ...]
    prices: str


@dataclass(frozen=True, slots=True)
class _Part:
    """Responses with the commit that they led to, which is empty where commits are not asked for."""

    used: Used
    commit: str


def usage(
    store: Store | None,
    wanted: UsageFilter,
    by: Sequence[str],
    prices: Prices,
    *,
    zone: tzinfo | None = None,
    git: Git | None = None,
    revisions: Sequence[str] = ("HEAD",),
) -> Usage:
    """Sums over the responses asked for. Days are those of `zone`, the system's if None. By commit, `git` is the repository."""
    unknown = next((key for key in by if key not in KEYS), None)
    if unknown is not None or not by:
        raise TrailError(f"cannot sum up by {unknown!r}", f"one or more of {', '.join(KEYS)}")
    if "commit" in by:
        if git is None:
            raise TrailError("commits are those of a repository", "run it inside one, or name it with --repo")
        parts = list(_of_commits(git, store, wanted, prices, revisions))
    else:
        if store is None:
            raise TrailError("there is no trail database yet", "run `git ai-trail ingest`")
        parts = [_Part(used, "") for used in store.usage(wanted, prices.steps)]
    return _summed(parts, tuple(dict.fromkeys(by)), prices, zone)


def _summed(parts: Sequence[_Part], by: tuple[str, ...], prices: Prices, zone: tzinfo | None) -> Usage:
    readers = [_reader(key, zone) for key in by]
    groups: dict[tuple[str, ...], list[Used]] = {}
    for part in parts:
        groups.setdefault(tuple(read(part) for read in readers), []).append(part.used)
    rows = [UsageRow(keys=keys, spent=_spent(mine, prices)) for keys, mine in groups.items()]
    every = [part.used for part in parts]
    once = list(dict.fromkeys(every)) if "commit" in by else every
    return Usage(
        by=by,
        timezone=str(zone or datetime.now().astimezone().tzname() or "local"),
        rows=tuple(_ordered(rows, by, [part.commit for part in parts])),
        total=_spent(once, prices),
        models=tuple(_priced(once, prices)),
        prices=prices.described,
    )


def _ordered(rows: list[UsageRow], by: tuple[str, ...], commits: Sequence[str]) -> list[UsageRow]:
    """Days from the first to the last, commits as git lists them, all else by cost and tokens, most first."""
    if by[0] == "commit":
        place = {oid: number for number, oid in enumerate(dict.fromkeys(commits))}
        return sorted(rows, key=lambda row: (place[row.keys[0]], _weight(row), row.keys))
    if by[0] == "day":
        return sorted(rows, key=lambda row: (row.keys[0], _weight(row), row.keys))
    first: dict[str, tuple[float, int]] = {}
    for row in rows:
        spent, tokens = first.get(row.keys[0], (0.0, 0))
        first[row.keys[0]] = spent - (row.spent.cost_usd or 0), tokens - row.spent.tokens.total
    return sorted(rows, key=lambda row: (first[row.keys[0]], row.keys[0], _second(row, by), row.keys))


def _second(row: UsageRow, by: tuple[str, ...]) -> tuple[str, float, int]:
    return (row.keys[1] if by[1:2] == ("day",) else "", *_weight(row))


def _weight(row: UsageRow) -> tuple[float, int]:
    return -(row.spent.cost_usd or 0), -row.spent.tokens.total


def _spent(parts: Iterable[Used], prices: Prices) -> Spent:
    cost: Decimal | None = None
    unpriced, responses = 0, 0
    sessions, totals = set(), []
    for part in parts:
        rate = prices.rate(part.model, part.at, over=part.over)
        if rate is None:
            unpriced += part.tokens.total
        else:
            cost = (cost or Decimal(0)) + charged(part.tokens, rate, cache_write_1h=part.cache_write_1h)
        sessions.add((part.agent, part.session))
        totals.append(part.tokens)
        responses += part.responses
    return Spent(
        sessions=len(sessions),
        responses=responses,
        tokens=added(totals),
        cost_usd=None if cost is None else float(cost),
        unpriced=unpriced,
    )


def _priced(parts: Iterable[Used], prices: Prices) -> Iterator[Priced]:
    tokens: dict[str, int] = {}
    for part in parts:
        tokens[part.model] = tokens.get(part.model, 0) + part.tokens.total
    for model, count in sorted(tokens.items(), key=lambda item: (-item[1], item[0])):
        found = prices.find(model)
        row = found.at(None) if found else None
        yield Priced(
            model=model,
            matched=found.matched if found else "",
            origin=found.origin if found else "none",
            since=row.since if row else "",
            source=row.source if row else "",
            tokens=count,
        )


def _reader(key: str, zone: tzinfo | None) -> Callable[[_Part], str]:
    """How the value of a key is read from responses."""
    readers: dict[str, Callable[[_Part], str]] = {
        "day": lambda part: "" if part.used.at is None else part.used.at.astimezone(zone).strftime("%Y-%m-%d"),
        "model": lambda part: part.used.model,
        "repository": lambda part: normal_url(part.used.git_url) if part.used.git_url else part.used.cwd,
        "session": lambda part: part.used.session,
        "agent": lambda part: AGENTS.get(part.used.agent, part.used.agent),
        "commit": lambda part: part.commit,
    }
    return readers[key]


def _of_commits(
    git: Git, store: Store | None, wanted: UsageFilter, prices: Prices, revisions: Sequence[str]
) -> Iterator[_Part]:
    """What led to each commit of the range that has a record, newest commit first."""
    told = [one for one in history.told(git, revisions, cores=False, whole=False) if _in_time(one, wanted)]
    ids = tuple(dict.fromkeys(str(each["id"]) for one in told for each in one.found.sessions))
    local: dict[str, list[Used]] = {}
    prompts: dict[str, set[int]] = {}
    if store is not None:
        known = store.find(ids)
        prompts = {each: {prompt.index for prompt in store.prompts(each)} for each in known}
        for used in store.usage(UsageFilter(sessions=tuple(known), agent=wanted.agent), prices.steps):
            local.setdefault(used.session, []).append(used)
    for one in told:
        for each in one.found.sessions:
            if wanted.agent and format_of(str(each["agent"])) != wanted.agent:
                continue
            turns = {prompt["turn"] for prompt in each["prompts"]} & prompts.get(str(each["id"]), set())
            if prompts.get(str(each["id"])):
                mine = [used for used in local.get(str(each["id"]), ()) if used.turn in turns]
            else:
                mine = [_noted(one, each, noted)] if (noted := _in_annex(one.annexes, one.found, each)) else []
            yield from (_Part(used, one.commit.oid) for used in mine)


def _in_time(one: history.Told, wanted: UsageFilter) -> bool:
    at = one.commit.committed_at
    return (wanted.since is None or at >= wanted.since) and (wanted.until is None or at < wanted.until)


def _in_annex(annexes: Mapping[str, Annex], found: Any, each: Mapping[str, Any]) -> AnnexSession | None:
    annex = annexes.get(found.digest)
    return next((noted for noted in annex.sessions if noted.id == each["id"]), None) if annex else None


def _noted(one: history.Told, each: Mapping[str, Any], noted: AnnexSession) -> Used:
    """An annex knows sums only: they stand at the last model of the record, at the time of the commit."""
    return Used(
        session=str(each["id"]),
        agent=format_of(str(each["agent"])),
        cwd="",
        git_url="",
        turn=min((prompt["turn"] for prompt in each["prompts"]), default=-1),
        model=str(each["models"][-1]) if each["models"] else "",
        at=one.commit.committed_at.replace(tzinfo=UTC),
        over=0,
        responses=0,
        tokens=noted.tokens,
    )


def as_json(found: Usage) -> dict[str, Any]:
    """The answer as `--json` prints it."""
    return {
        "by": list(found.by),
        "timezone": found.timezone,
        "prices": found.prices,
        "rows": [{**dict(zip(found.by, row.keys, strict=True)), **_spent_json(row.spent)} for row in found.rows],
        "total": _spent_json(found.total),
        "models": [
            {
                "model": one.model,
                "matched": one.matched or None,
                "origin": one.origin,
                "since": one.since or None,
                "source": one.source or None,
                "tokens": one.tokens,
            }
            for one in found.models
        ],
    }


def _spent_json(spent: Spent) -> dict[str, Any]:
    return {
        "sessions": spent.sessions,
        "responses": spent.responses,
        "tokens": tokens_json(spent.tokens),
        "cost_usd": spent.cost_usd,
        "tokens_without_price": spent.unpriced,
    }
