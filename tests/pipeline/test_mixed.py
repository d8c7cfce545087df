"""A commit with lines of several agents: each one's share, wherever it is shown."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.support.claude_log import ClaudeLog, hunk
from tests.support.codex_log import CodexLog
from tests.support.gemini_log import GeminiLog
from tests.support.repo import Repo

CODEX = [f"total_{n} = add_up(orders[{n}], rate={n * 3})" for n in range(12)]
CLAUDE = [f"checked_{n} = validated(total_{n}, limit={n * 11})" for n in range(4)]
ALONE = [f"def report_{n}(rows): return formatted(rows, width={n * 5})" for n in range(6)]
GEMINI = [f"label_{n}: str = translated('key.{n}', locale='de')" for n in range(5)]
PERSON = ["# reviewed by hand, figures compared with the ledger"]
# What each of them has in the commit.
SHARES = {"Codex": 12, "Claude Code": 10, "Gemini CLI": 5}
MODELS = {"Codex": "gpt-5.5", "Claude Code": "claude-sonnet-4-5", "Gemini CLI": "gemini-2.5-pro"}


def text(*parts: list[str]) -> str:
    return "".join(f"{line}\n" for part in parts for line in part)


def work(repo: Repo, home: Path) -> None:
    """Codex writes a file, Claude Code puts lines into the middle of it and writes another, Gemini CLI a third, and a person
    adds a line."""
    at = time.time() - 600
    codex = CodexLog(home / ".codex", repo.root, at=at)
    codex.prompt("add the totals up")
    codex.add_file("src/totals.py", text(CODEX))
    claude = ClaudeLog(home / ".claude", repo.root, at=at + 60)
    claude.prompt("check the totals and report them")
    lines = [f" {CODEX[5]}", *(f"+{line}" for line in CLAUDE), f" {CODEX[6]}"]
    claude.edit("src/totals.py", CODEX[5], text([CODEX[5], *CLAUDE]), [hunk(lines, old=6, new=6)])
    claude.add_file("src/report.py", text(ALONE))
    gemini = GeminiLog(home, repo.root, at=at + 120)
    gemini.prompt("translate the labels")
    gemini.add_file("src/labels.py", text(GEMINI))
    repo.write("src/totals.py", text(CODEX[:6], CLAUDE, CODEX[6:], PERSON))
    repo.write("src/report.py", text(ALONE))
    repo.write("src/labels.py", text(GEMINI))


def run(repo: Repo, *words: str) -> str:
    return repo.run(sys.executable, "-W", "ignore", "-m", "git_ai_trail", *words).stdout


def read(repo: Repo, *words: str) -> Any:
    return json.loads(run(repo, *words))


@pytest.fixture
def mixed(repo: Repo, home: Path) -> Repo:
    repo.commit_file("README", "read me\n")
    work(repo, home)
    repo.commit("totals, report and labels")
    run(repo, "ingest")
    run(repo, "backfill", "HEAD")
    return repo


def test_show_gives_each_line_to_the_agent_that_wrote_it(mixed: Repo) -> None:
    shown = read(mixed, "show", "--json")
    assert shown["summary"]["added"] == 28
    assert (shown["summary"]["generated"], shown["summary"]["unattributed"]) == (27, 1)
    agents = {one["id"]: one["agent"] for one in shown["sessions"]}
    assert sorted(agents.values()) == sorted(SHARES)
    assert {one["agent"]: one["models"] for one in shown["sessions"]} == {k: [v] for k, v in MODELS.items()}
    lines: Counter[tuple[str, str]] = Counter()
    for file in shown["files"]:
        for one in file["ranges"]:
            lines[agents[one["session"]], file["path"]] += one["end"] - one["start"] + 1
    assert lines == {
        ("Codex", "src/totals.py"): 12,
        ("Claude Code", "src/totals.py"): 4,
        ("Claude Code", "src/report.py"): 6,
        ("Gemini CLI", "src/labels.py"): 5,
    }
    evidence = {one["agent"]: one["evidence"][0] for one in shown["sessions"]}
    assert {agent: one["lines"] for agent, one in evidence.items()} == SHARES
    said = run(mixed, "show")
    assert all(agent in said for agent in SHARES)


def test_report_and_stats_sum_up_by_agent_and_model(mixed: Repo) -> None:
    shares = {"Codex": 12, "Claude": 10, "Gemini": 5}
    (commit,) = [one for one in read(mixed, "report", "HEAD", "--format", "json")["commits"] if one["sessions"]]
    assert {one["agent"]: one["generated"] for one in commit["sessions"]} == shares
    rows = {row["agent"].split(" · ")[0]: row for row in read(mixed, "stats", "HEAD", "--json")["agents"]}
    assert {name: row["generated"] for name, row in rows.items()} == shares
    assert all(row["commits"] == 1 and row["sessions"] == 1 for row in rows.values())
    assert {name for name, row in rows.items() if row["tokens"] > 0} == {"Claude", "Gemini"}
    for words in (("report", "HEAD"), ("stats", "HEAD")):
        said = run(mixed, *words)
        assert all(
            f"{name} · {model}" in said
            for name, model in zip(("Codex", "Claude", "Gemini"), MODELS.values(), strict=True)
        ), said


def test_blame_names_the_agent_of_every_line(mixed: Repo) -> None:
    found = read(mixed, "blame", "--json", "src/totals.py")
    agents = {key: one["agent"] for key, one in found["sessions"].items()}
    ranges = [(one["start"], one["end"], agents.get(one["session"], "")) for one in found["ranges"]]
    assert ranges == [(1, 6, "Codex"), (7, 10, "Claude Code"), (11, 16, "Codex"), (17, 17, "")]
    said = run(mixed, "blame", "src/totals.py")
    assert "Codex" in said
    assert "Claude Code" in said


PROFILES = {
    "default": [
        "Assisted-by: Claude:claude-sonnet-4-5",
        "Assisted-by: Codex:gpt-5.5",
        "Assisted-by: Gemini:gemini-2.5-pro",
    ],
    "linux": ["Assisted-by: LLM"],
    "fedora": [
        "Assisted-by: Claude claude-sonnet-4-5",
        "Assisted-by: Codex gpt-5.5",
        "Assisted-by: Gemini gemini-2.5-pro",
    ],
    "llvm": ["Assisted-by: Claude", "Assisted-by: Codex", "Assisted-by: Gemini"],
    "apache": ["Generated-by: Claude", "Generated-by: Codex", "Generated-by: Gemini"],
    "openinfra": [
        "Generated-By: Claude claude-sonnet-4-5",
        "Generated-By: Codex gpt-5.5",
        "Generated-By: Gemini gemini-2.5-pro",
    ],
    "nodejs": ["Assisted-by: AI coding assistant"],
    "none": [],
}


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_the_message_names_every_agent_once_in_the_form_of_the_profile(repo: Repo, home: Path, profile: str) -> None:
    repo.commit_file("README", "read me\n")
    work(repo, home)
    run(repo, "init", "--native", "--profile", profile)
    repo.git("add", "src")
    repo.git("commit", "-q", "-m", "totals, report and labels")
    trailers = [line for line in repo.git("log", "-1", "--format=%B").splitlines() if "-by: " in line.lower()]
    assert sorted(trailers) == PROFILES[profile]
    assert read(repo, "show", "--json")["summary"]["generated"] == 27
    # Written anew by an amend, not added to.
    repo.git("commit", "-q", "--amend", "-m", "totals")
    again = [line for line in repo.git("log", "-1", "--format=%B").splitlines() if "-by: " in line.lower()]
    assert sorted(again) == PROFILES[profile]
