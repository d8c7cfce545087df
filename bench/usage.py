#!/usr/bin/env python3
"""Our tokens and costs beside those of ccusage, on the same logs, and from the logs themselves why they differ.

    python bench/usage.py [--codex FOLDER …] [--claude FOLDER …] [--ccusage PROGRAM] [--json]

Folders hold logs at any depth. Without any, a folder `../shared/corpus` beside this project is used where there is one,
else logs that are made here. ccusage (npm, version 20.0.24) is found on PATH or named; it runs offline, with the prices
it ships. Every difference that a line of a log explains is worked out from that line: `theirs - ours` in tokens (input and
output). What is left over is printed as unexplained, and makes the exit code 1.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

PROGRAM = str(Path(sys.executable).with_name("git-ai-trail"))
CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"
Tokens = dict[tuple[str, str], int]


class Why(NamedTuple):
    """A difference and the place that explains it; `tokens` is what ccusage has more (or, below zero, less) than we."""

    kind: str
    place: str
    tokens: int


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--codex", nargs="*", type=Path, default=[])
    parser.add_argument("--claude", nargs="*", type=Path, default=[])
    parser.add_argument("--ccusage", default=shutil.which("ccusage") or "")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    if not options.ccusage:
        parser.error("no ccusage on PATH: npm install ccusage@20.0.24, then --ccusage node_modules/.bin/ccusage")
    with tempfile.TemporaryDirectory(prefix="usage-bench-") as folder:
        home = Path(folder)
        codex, claude = options.codex, options.claude
        if not codex and not claude:
            codex, claude = default(home / "made")
        results = [
            compare(agent, gather(home / agent, agent, folders), options.ccusage)
            for agent, folders in (("codex", codex), ("claude", claude))
            if folders
        ]
    if options.json:
        print(json.dumps(results))
    else:
        for result in results:
            show(result)
    return int(any(result["unexplained"] for result in results))


def default(made: Path) -> tuple[list[Path], list[Path]]:
    if CORPUS.is_dir():
        made_claude = sorted((CORPUS / "generated-other").glob("claude-code-*/claude_config"))
        return [CORPUS / "real", *sorted((CORPUS / "generated").glob("*/codex_home"))], made_claude
    import made_logs  # noqa: PLC0415  # only where there is nothing better

    made_logs.make(made, 20_000_000)
    return [made], []


def gather(home: Path, agent: str, folders: list[Path]) -> Path:
    """The logs under names by which both programs find them; a log that lies in two folders is taken once."""
    seen: set[str] = set()
    for number, folder in enumerate(folders):
        for path in sorted([*folder.rglob("*.jsonl"), *folder.rglob("*.jsonl.zst")]):
            target = home / ("sessions" if agent == "codex" else "projects") / f"{number:03}" / codex_name(path, agent)
            if agent == "claude":
                target = (
                    home / "projects" / f"{number:03}-{path.relative_to(folder).as_posix().removeprefix('projects/')}"
                )
            if target.name not in seen or agent == "claude":
                seen.add(target.name)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
    return home


def codex_name(path: Path, agent: str) -> str:
    if agent != "codex" or path.name.startswith("rollout-"):
        return path.name
    for record in (one for _, one in lines(path)):
        payload = record.get("payload") if isinstance(record.get("payload"), dict) else record
        at, name = str(record.get("timestamp") or ""), str(payload.get("id") or "")
        if len(at) >= 19 and name:
            return f"rollout-{re.sub('[:.]', '-', at[:19])}-{name}.jsonl"
        break
    return path.name


def lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if isinstance(record, dict):
                yield number, record


def compare(agent: str, home: Path, ccusage: str) -> dict[str, Any]:
    roots = {"codex": "CODEX_HOME", "claude": "CLAUDE_CONFIG_DIR"}
    nowhere = str(home / "nowhere")
    env = {
        **os.environ,
        **dict.fromkeys(roots.values(), nowhere),
        roots[agent]: str(home),
        "HOME": str(home),
        "TZ": "UTC",
    }
    env |= {"GIT_AI_TRAIL_DATA": str(home / "data"), "XDG_CONFIG_HOME": nowhere}
    run([PROGRAM, "ingest"], env)
    mine = json.loads(run([PROGRAM, "usage", "--by", "day,model", "--timezone", "UTC", "--json"], env))
    mine_by_session = json.loads(run([PROGRAM, "usage", "--by", "session", "--json"], env))
    common = ["--json", "--offline", "--timezone", "UTC", *(["--speed", "standard"] if agent == "codex" else [])]
    other = json.loads(run([ccusage, agent, "daily", *common], env))
    sessions = {row["session"]: row["tokens"]["total"] for row in mine_by_session["rows"]}
    if agent == "codex":
        listed = json.loads(run([ccusage, agent, "session", *common], env))["sessions"]
        reasons = list(codex_reasons(home, sessions, {one["sessionId"]: one["totalTokens"] for one in listed}))
    else:
        reasons = list(claude_reasons(home))
    a = {(row["day"], row["model"]): row["tokens"]["total"] for row in mine["rows"]}
    b = theirs(agent, other)
    rows = [(day, model, a.get((day, model), 0), b.get((day, model), 0)) for day, model in sorted({*a, *b})]
    difference = sum(b.values()) - sum(a.values())
    unpriced = [one["model"] for one in mine["models"] if one["origin"] == "none"]
    return {
        "agent": agent,
        "rows": rows,
        "cost": (mine["total"]["cost_usd"], other["totals"].get("costUSD", other["totals"].get("totalCost"))),
        "unpriced": unpriced,
        "reasons": reasons,
        "difference": difference,
        "unexplained": difference - sum(one.tokens for one in reasons),
    }


def run(words: list[str], env: dict[str, str]) -> str:
    return subprocess.run(words, env=env, capture_output=True, text=True, check=True).stdout


def theirs(agent: str, found: dict[str, Any]) -> Tokens:
    if agent == "codex":
        return {
            (day["date"], name): one["totalTokens"] for day in found["daily"] for name, one in day["models"].items()
        }
    names = ("inputTokens", "cacheReadTokens", "cacheCreationTokens", "outputTokens")
    return {
        (day["date"], one["modelName"]): sum(one[name] for name in names)
        for day in found["daily"]
        for one in day["modelBreakdowns"]
    }


def codex_reasons(home: Path, ours: dict[str, int], listed: dict[str, int]) -> Iterator[Why]:
    for path in sorted(home.glob("sessions/**/*.jsonl*")):
        name = path.relative_to(home / "sessions").as_posix()
        session = path.name.split(".")[0][-36:]
        if path.suffix == ".zst":
            if any(home.glob(f"sessions/**/{path.stem}")):
                continue  # it lies there uncompressed too
            yield Why("ccusage does not read compressed logs", name, -ours.get(session, 0))
            continue
        there = listed.get(name.removesuffix(".jsonl"), 0)
        metas = [(number, one) for number, one in lines(path) if one.get("type") == "session_meta"]
        if not metas:
            if there:
                yield Why("no line says which session it is: not a log for us", name, there)
            continue
        source = metas[0][1]["payload"].get("source")
        if isinstance(source, dict) and "subagent" in source:
            if there != ours.get(session, 0):
                yield Why(
                    "a sub-agent's first responses fall within ccusage's guard against copied ones",
                    name,
                    there - ours.get(session, 0),
                )
            continue
        yield from counts(path, name, metas)


def counts(path: Path, name: str, metas: list[tuple[int, dict[str, Any]]]) -> Iterator[Why]:
    """Copied counts, which ccusage takes for the session's own, and counts that were never written."""
    copied, lost, where = 0, 0, []
    last_copied = copy_end(path, metas)
    before: dict[str, int] | None = None
    exact = any(one.get("type") == "token_usage_record" for _, one in lines(path))
    for number, record in lines(path):
        payload = record.get("payload")
        info = payload.get("info") if isinstance(payload, dict) and payload.get("type") == "token_count" else None
        if not isinstance(info, dict) or not info.get("last_token_usage") or info.get("total_token_usage") == before:
            continue
        total, last = info["total_token_usage"], total_of(info["last_token_usage"])
        if number <= last_copied:
            copied += last
        elif before is not None and not exact:
            grown = total_of(total) - total_of(before)
            if grown > last and all(total[key] >= before.get(key, 0) for key in ("input_tokens", "output_tokens")):
                lost += grown - last
                where.append(number)
        before = total
    if copied:
        yield Why("history copied from another session", f"{name}, lines {metas[1][0]}-{last_copied}", copied)
    if lost:
        shown = ", ".join(map(str, where[:6])) + (f" and {len(where) - 6} more" if len(where) > 6 else "")
        yield Why("the total grew by more than the last response: one was not written", f"{name}, lines {shown}", -lost)


def copy_end(path: Path, metas: list[tuple[int, dict[str, Any]]]) -> int:
    """The last line of the burst in which another session's history was copied; 0 without one."""
    others = [one for one in metas[1:2] if one[1]["payload"].get("id") != metas[0][1]["payload"].get("id")]
    if not others:
        return 0
    last, end = moment(others[0][1]), others[0][0]
    for number, record in lines(path):
        if number > end and record.get("timestamp"):
            at = moment(record)
            if at - last > 1:
                break
            last, end = at, number
    return end


def moment(record: dict[str, Any]) -> float:
    return datetime.fromisoformat(record["timestamp"]).timestamp()


def total_of(usage: dict[str, int]) -> int:
    return usage.get("input_tokens", 0) + usage.get("output_tokens", 0)


def claude_reasons(home: Path) -> Iterator[Why]:
    split: dict[str, int] = {}
    with_request: set[str] = set()
    without: dict[str, tuple[int, str]] = {}
    for path in sorted(home.glob("projects/**/*.jsonl")):
        for number, record in lines(path):
            message = record.get("message")
            usage = message.get("usage") if record.get("type") == "assistant" and isinstance(message, dict) else None
            if not isinstance(usage, dict) or message.get("model") == "<synthetic>":
                continue
            written, kinds = usage.get("cache_creation_input_tokens", 0), usage.get("cache_creation")
            key = str(message.get("id"))
            if isinstance(kinds, dict):
                split[key] = sum(value for value in kinds.values() if isinstance(value, int)) - written
            if record.get("requestId"):
                with_request.add(key)
            else:
                whole = total_of(usage) + usage.get("cache_read_input_tokens", 0) + written
                without.setdefault(key, (whole, f"{path.relative_to(home)}, line {number}"))
    missing = sum(split.values())
    if missing:
        name = (
            "cache_creation does not add up to cache_creation_input_tokens: ccusage believes the first, we the second"
        )
        yield Why(name, f"{sum(1 for one in split.values() if one)} responses", missing)
    by_place: dict[str, int] = defaultdict(int)
    for key, (tokens, place) in without.items():
        if key in with_request:
            by_place[place.partition(",")[0]] += tokens
    for place, tokens in by_place.items():
        yield Why("a fork's copies lack the request's id, so ccusage takes them for other responses", place, tokens)


def show(result: dict[str, Any]) -> None:
    print(f"{result['agent']:<12}{'model':<32}{'ours':>16}{'ccusage':>16}{'difference':>14}")
    for day, model, ours, other in result["rows"]:
        print(f"{day:<12}{model[:31]:<32}{ours:>16,}{other:>16,}{other - ours or '':>14}")
    cost = " and ".join("none" if one is None else f"${one:,.4f}" for one in result["cost"])
    print(
        f"{'total':<44}{sum(r[2] for r in result['rows']):>16,}{sum(r[3] for r in result['rows']):>16,}{result['difference']:>14,}"
    )
    print(f"cost: {cost}" + (f"; we know no price for {', '.join(result['unpriced'])}" if result["unpriced"] else ""))
    for one in result["reasons"]:
        print(f"{one.tokens:>14,}  {one.kind}\n                {one.place}")
    print(f"{result['unexplained']:>14,}  unexplained\n")


if __name__ == "__main__":
    sys.exit(main())
