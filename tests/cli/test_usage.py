"""`usage` as a person runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.codex_log import CodexLog
from tests.support.repo import Repo

NOON = 1_789_992_000.0  # 2026-09-21 12:00 UTC
PROGRAM = [sys.executable, "-m", "git_ai_trail"]


def run(*args: str, code: int = 0, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([*PROGRAM, *args], capture_output=True, text=True, check=False, cwd=cwd)
    assert done.returncode == code, done
    return done


def usage(*args: str, cwd: Path | None = None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("usage", "--json", *args, cwd=cwd).stdout)
    return found


def spend(log: CodexLog, **counts: int) -> None:
    """A response, as a `token_count` with these counts in both places."""
    usage = {"input_tokens": 0, "cached_input_tokens": 0, "output_tokens": 0, "reasoning_output_tokens": 0, **counts}
    usage["total_tokens"] = usage["input_tokens"] + usage["output_tokens"]
    log.totals = {name: getattr(log, "totals", {}).get(name, 0) + count for name, count in usage.items()}  # type: ignore[attr-defined]
    info = {"total_token_usage": log.totals, "last_token_usage": usage, "model_context_window": 1000}  # type: ignore[attr-defined]
    log.line("event_msg", {"type": "token_count", "info": info, "rate_limits": None})


def a_log(home: Path, number: int, *, days: int = 0, model: str = "gpt-5.2-codex", cwd: str = "/srv/a") -> CodexLog:
    log = CodexLog(
        home / ".codex", cwd, at=NOON + days * 86_400, session_id=f"019a000{number}-0000-7000-8000-0000", model=model
    )
    log.prompt("do it")
    return log


def rows(found: dict[str, Any], *keys: str) -> dict[tuple[str, ...], int]:
    return {tuple(row[key] for key in keys): row["tokens"]["total"] for row in found["rows"]}


def test_days_models_repositories_sessions_and_agents_are_summed_alone_and_together(home: Path) -> None:
    spend(a_log(home, 1), input_tokens=1000, cached_input_tokens=800, output_tokens=100, reasoning_output_tokens=60)
    spend(a_log(home, 2, days=1, model="gpt-5.5"), input_tokens=10, output_tokens=5)
    spend(a_log(home, 3, days=1, cwd="/srv/b"), input_tokens=100, output_tokens=20)
    run("ingest")
    assert rows(usage(), "day") == {("2026-09-21",): 1100, ("2026-09-22",): 135}
    assert rows(usage("--by", "model"), "model") == {("gpt-5.2-codex",): 1220, ("gpt-5.5",): 15}
    assert rows(usage("--by", "repository"), "repository") == {("/srv/a",): 1115, ("/srv/b",): 120}
    assert rows(usage("--by", "agent"), "agent") == {("Codex",): 1235}
    assert [row["session"][:8] for row in usage("--by", "session")["rows"]] == ["019a0001", "019a0003", "019a0002"]
    both = rows(usage("--by", "day,model", "--by", "repository"), "day", "model", "repository")
    assert both[("2026-09-22", "gpt-5.2-codex", "/srv/b")] == 120
    assert len(both) == 3
    total = usage()["total"]
    assert total["tokens"] == {
        "input": 1110, "cached": 800, "cache_write": 0, "output": 125, "reasoning": 60, "total": 1235,
    }  # fmt: skip
    assert (total["sessions"], total["responses"], total["tokens_without_price"]) == (3, 3, 0)
    gpt_5_2 = (300 * 1.75 + 800 * 0.175 + 120 * 14) / 1e6
    assert total["cost_usd"] == pytest.approx(gpt_5_2 + (10 * 5 + 5 * 30) / 1e6)


def test_filters_narrow_what_is_summed(home: Path) -> None:
    spend(a_log(home, 1), input_tokens=1)
    spend(a_log(home, 2, days=1, cwd="/srv/b"), input_tokens=20)
    run("ingest")
    assert usage("--since", "2026-09-22")["total"]["tokens"]["total"] == 20
    assert usage("--until", "2026-09-22")["total"]["tokens"]["total"] == 1
    assert usage("--agent", "claude")["rows"] == []
    Path(home, "b").mkdir()
    assert usage("--repo", str(home / "b"))["rows"] == []
    assert run("usage", "--agent", "claude").stderr == "no responses\n"


def test_a_day_is_that_of_the_zone_asked_for_and_so_is_a_date(home: Path) -> None:
    log = a_log(home, 1)
    log.at = NOON + 11 * 3600  # 23:00 UTC
    spend(log, input_tokens=7)
    run("ingest")
    assert rows(usage("--timezone", "UTC"), "day") == {("2026-09-21",): 7}
    assert rows(usage("--timezone", "Asia/Kathmandu"), "day") == {("2026-09-22",): 7}
    assert rows(usage("--timezone", "Asia/Kathmandu", "--since", "2026-09-22"), "day") == {("2026-09-22",): 7}
    assert usage("--timezone", "UTC", "--since", "2026-09-22")["rows"] == []
    assert "give a name like" in run("usage", "--timezone", "../../etc/passwd", code=2).stderr


def test_a_model_without_a_price_has_tokens_and_no_cost_and_that_is_said(home: Path) -> None:
    spend(a_log(home, 1, model="somebody/new-model"), input_tokens=5000)
    run("ingest")
    found = usage("--by", "model")
    assert [(row["cost_usd"], row["tokens_without_price"]) for row in found["rows"]] == [(None, 5000)]
    assert found["models"][0]["origin"] == "none"
    done = run("usage", "--by", "model")
    assert "$" not in done.stdout
    assert "no price is known for somebody/new-model: 5,000 tokens without a cost" in done.stderr
    spend(a_log(home, 2), input_tokens=1_000_000)
    run("ingest")
    done = run("usage")
    assert "$1.75+" in done.stdout


def test_a_price_list_on_the_command_line_speaks_for_the_models_that_it_names(home: Path, tmp_path: Path) -> None:
    spend(a_log(home, 1, model="acme/new-model"), input_tokens=1_000_000)
    spend(a_log(home, 2), input_tokens=1_000_000)
    run("ingest")
    litellm = tmp_path / "prices.json"
    litellm.write_text('{"new-model": {"input_cost_per_token": 3e-06, "output_cost_per_token": 4e-06}}')
    found = usage("--by", "model", "--prices", str(litellm))
    assert {row["model"]: row["cost_usd"] for row in found["rows"]} == {"acme/new-model": 3.0, "gpt-5.2-codex": 1.75}
    told = {one["model"]: (one["matched"], one["origin"]) for one in found["models"]}
    assert told == {"acme/new-model": ("new-model", "file"), "gpt-5.2-codex": ("gpt-5.2-codex", "bundled")}
    assert "acme/new-model has the price of new-model" in run("usage", "--prices", str(litellm)).stderr
    assert "cannot read the price list gone.json" in run("usage", "--prices", "gone.json", code=2).stderr


def test_a_response_with_a_long_input_is_charged_as_such_and_its_neighbours_are_not(home: Path) -> None:
    log = a_log(home, 1, model="gpt-5.4")
    spend(log, input_tokens=272_000, output_tokens=1000)
    spend(log, input_tokens=272_001, output_tokens=1000)
    run("ingest")
    expected = (272_000 * 2.5 + 1000 * 15 + 272_001 * 5 + 1000 * 22.5) / 1e6
    assert usage()["total"]["cost_usd"] == pytest.approx(expected)
    [session] = json.loads(run("sessions", "--json").stdout)
    assert session["cost_usd"] == pytest.approx(expected)


def test_a_commit_has_what_its_prompts_took_as_show_and_the_annex_say_it(home: Path, repo: Repo) -> None:
    repo.commit("first")
    log = CodexLog(home / ".codex", repo.root, model="gpt-5.2-codex")
    log.prompt("do it")
    text = "".join(f"def step_{n}(): return compute_{n}(rate={n})\n" for n in range(20))
    log.add_file("src/steps.py", text)
    spend(log, input_tokens=1000, output_tokens=100)
    log.prompt("something else")
    spend(log, input_tokens=50_000)
    repo.write("src/steps.py", text)
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "steps")
    run("ingest", cwd=repo.root)
    run("backfill", "--all", cwd=repo.root)
    head = repo.git("rev-parse", "HEAD").strip()
    found = usage("--by", "commit", cwd=repo.root)
    assert rows(found, "commit") == {(head,): 1100}
    [shown] = json.loads(run("show", "--json", cwd=repo.root).stdout)["sessions"]
    [row] = found["rows"]
    assert (row["tokens"], row["cost_usd"]) == (shown["tokens"], pytest.approx(shown["cost_usd"]))
    assert rows(usage("--by", "commit,model", cwd=repo.root), "commit", "model") == {(head, "gpt-5.2-codex"): 1100}
    assert usage("--by", "commit", "HEAD~1", cwd=repo.root)["rows"] == []
    # Elsewhere only the annex knows.
    report = json.loads(run("report", "HEAD", "--no-store", "--format", "json", cwd=repo.root).stdout)
    assert report["totals"]["cost_usd"] == pytest.approx(shown["cost_usd"], abs=1e-6)
    assert report["prices"] == ""
    for path in Path(home, ".local/share/git-ai-trail").glob("*.db*"):
        path.unlink()
    far = usage("--by", "commit", cwd=repo.root)
    assert rows(far, "commit") == {(head,): 1100}
    assert far["total"]["cost_usd"] == pytest.approx(shown["cost_usd"])


def test_a_key_that_nobody_knows_is_a_usage_error(home: Path) -> None:
    assert "is not one of day, model" in run("usage", "--by", "colour", code=2).stderr
    assert "a range is for --by commit" in run("usage", "HEAD~3..", code=2).stderr
    assert "no trail database" in run("usage", code=1).stderr
