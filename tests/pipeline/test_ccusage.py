"""Our sums beside those of ccusage, on the same logs. What it is known to count otherwise is not in these logs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.e2e.outside import CACHE, package_env
from tests.support.claude_log import ClaudeLog
from tests.support.codex_log import CodexLog

VERSION = "20.0.24"
NOON = 1_789_992_000.0  # 2026-09-21 12:00 UTC
DAY = 86_400
# Of the bundled prices, those that this version of ccusage has too.
CODEX_MODELS = ("gpt-5-codex", "gpt-5.1-codex-max", "gpt-5.2-codex", "gpt-5.3-codex", "gpt-5.5", "gpt-6-astra")
CLAUDE_MODELS = ("claude-sonnet-4-5-20250929", "claude-opus-4-6", "claude-haiku-4-5-20251001")


@pytest.fixture(scope="session")
def ccusage() -> Path:
    """The program, fetched once through npm."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("needs npm")
    folder = CACHE / f"ccusage-{VERSION}"
    program = folder / "node_modules" / ".bin" / "ccusage"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        if not program.exists():
            words = [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", f"ccusage@{VERSION}"]
            done = subprocess.run(words, env=package_env(), capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"npm has no ccusage for us: {done.stderr[-200:]}")
    return program


def compact(path: Path) -> None:
    """Writes the lines as the agents do, without spaces: ccusage looks for `"type":"turn_context"` in the bytes."""
    lines = [json.dumps(json.loads(line), separators=(",", ":")) for line in path.read_text().splitlines()]
    path.write_text("\n".join(lines) + "\n")


def codex_logs(home: Path) -> None:
    """Sessions over several days and models, with answers repeated, a change of the model, and counts that were lost."""
    for number, model in enumerate(CODEX_MODELS):
        log = CodexLog(home / ".codex", "/srv/a", at=NOON + number // 2 * DAY, model=model)
        log.prompt("do it")
        total = dict.fromkeys(("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens"), 0)
        for step in range(1, 6):
            if step == 4:
                other = CODEX_MODELS[(number + 1) % len(CODEX_MODELS)]
                log.line("turn_context", {"turn_id": "t1", "cwd": "/srv/a", "model": other})
            last = {
                "input_tokens": 10_000 * step + number,
                "cached_input_tokens": 9_000 * step,
                "output_tokens": 100 * step + number,
                "reasoning_output_tokens": 50 * step,
            }
            total = {name: total[name] + last[name] for name in total}
            for _ in range(1 + step % 2):  # every other one is written again
                both = {"total_token_usage": counted(total), "last_token_usage": counted(last)}
                info = {**both, "model_context_window": 272_000}
                log.line("event_msg", {"type": "token_count", "info": info, "rate_limits": None})
        compact(log.path)


def counted(usage: dict[str, int]) -> dict[str, int]:
    return {**usage, "total_tokens": usage["input_tokens"] + usage["output_tokens"]}


def claude_logs(home: Path) -> None:
    for number, model in enumerate(CLAUDE_MODELS):
        log = ClaudeLog(home / ".claude", "/srv/a", at=NOON + number * DAY, model=model)
        log.prompt("do it")
        for step in range(1, 5):
            written, an_hour = 700 * step, 300 * (step % 3)
            usage = {
                "input_tokens": 12 + number,
                "cache_creation_input_tokens": written,
                "cache_read_input_tokens": 9_000 * step,
                "output_tokens": 100 * step,
                "cache_creation": {
                    "ephemeral_5m_input_tokens": written - an_hour,
                    "ephemeral_1h_input_tokens": an_hour,
                },
            }
            ids = {"message_id": f"msg_{number}_{step}", "requestId": f"req_{number}_{step}"}
            for text in ("first block", "second block"):  # both lines repeat what the response took
                log.say(text, usage=usage, **ids)
        compact(log.path)


def theirs(ccusage: Path, agent: str) -> dict[str, Any]:
    words = [str(ccusage), agent, "daily", "--json", "--offline", "--timezone", "UTC"]
    words += ["--speed", "standard"] if agent == "codex" else []
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def ours(agent: str) -> dict[str, Any]:
    program = [sys.executable, "-m", "git_ai_trail"]
    words = [*program, "usage", "--by", "day,model", "--agent", agent, "--timezone", "UTC", "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def our_rows(found: dict[str, Any]) -> dict[tuple[str, str], tuple[int, ...]]:
    """(input outside of caches, read from a cache, written to one, output) by day and model."""
    return {
        (row["day"], row["model"]): (
            row["tokens"]["input"] - row["tokens"]["cached"] - row["tokens"]["cache_write"],
            row["tokens"]["cached"],
            row["tokens"]["cache_write"],
            row["tokens"]["output"],
        )
        for row in found["rows"]
    }


_NAMES = ("inputTokens", "cacheReadTokens", "cacheCreationTokens", "outputTokens")


@pytest.mark.proof
def test_codex_logs_have_the_tokens_and_the_cost_that_ccusage_finds(home: Path, ccusage: Path) -> None:
    codex_logs(home)
    subprocess.run([sys.executable, "-m", "git_ai_trail", "ingest"], check=True, capture_output=True)
    found, other = ours("codex"), theirs(ccusage, "codex")
    rows = {
        (day["date"], model): tuple(counts[name] for name in _NAMES)
        for day in other["daily"]
        for model, counts in day["models"].items()
    }
    assert our_rows(found) == rows
    assert len(rows) == 9
    assert found["total"]["tokens"]["reasoning"] == other["totals"]["reasoningOutputTokens"]
    assert found["total"]["cost_usd"] == pytest.approx(other["totals"]["costUSD"])


@pytest.mark.proof
def test_claude_logs_have_the_tokens_and_the_cost_that_ccusage_finds(home: Path, ccusage: Path) -> None:
    claude_logs(home)
    subprocess.run([sys.executable, "-m", "git_ai_trail", "ingest"], check=True, capture_output=True)
    found, other = ours("claude"), theirs(ccusage, "claude")
    rows = {
        (day["date"], one["modelName"]): tuple(one[name] for name in _NAMES)
        for day in other["daily"]
        for one in day["modelBreakdowns"]
    }
    assert our_rows(found) == rows
    assert len(rows) == len(CLAUDE_MODELS)
    assert found["total"]["cost_usd"] == pytest.approx(other["totals"]["totalCost"])


@pytest.mark.proof
def test_logs_of_real_codex_versions_have_what_ccusage_finds(
    home: Path, ccusage: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = shared / "corpus" / "generated"
    names = [one for one in sorted(os.listdir(made)) if one not in ("zst", "sub-0.169.0")]  # see docs/usage.md
    for name in names:
        monkeypatch.setenv("CODEX_HOME", str(made / name / "codex_home"))
        monkeypatch.setenv("GIT_AI_TRAIL_DATA", str(home / name))
        subprocess.run([sys.executable, "-m", "git_ai_trail", "ingest"], check=True, capture_output=True)
        found, other = ours("codex"), theirs(ccusage, "codex")
        total, totals = found["total"]["tokens"], other["totals"]
        assert (total["total"], total["reasoning"]) == (totals["totalTokens"], totals["reasoningOutputTokens"]), name
        assert (found["total"]["cost_usd"] or 0) == pytest.approx(totals["costUSD"]), name
    assert len(names) > 10
