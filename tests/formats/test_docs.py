"""The tables of docs/formats.md come from the cases: what stands there as read, a case shows; for the rest a reason is given.

`eras/AGENT.json` says which cases belong to which era and why a cell has none. `UPDATE=1` writes the tables.
"""

from __future__ import annotations

import importlib
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from git_ai_trail.facts import Event
from git_ai_trail.formats import BY_NAME, FORMATS
from tests.formats import fuzz

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs" / "formats.md"
NO_CASE = "no case here"
ERAS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted((HERE / "eras").glob("*.json"))}

Shown = Callable[[list[Event]], bool]


def _kind(kind: str) -> Shown:
    return lambda events: any(event.kind == kind for event in events)


def _data(kind: str, test: Callable[[Any], bool]) -> Shown:
    return lambda events: any(event.kind == kind and test(event.data) for event in events)


def _dated(events: list[Event]) -> bool:
    """Whether a log with several edits has a time for each, and not only that of the session's start."""
    times = [event.at for event in events if event.kind == "edit"]
    starts = {event.data.started_at for event in events if event.kind == "meta"}
    return len(times) > 1 and None not in times and not starts.issuperset(times)


COLUMNS: dict[str, tuple[str, Shown]] = {
    "prompts": ("prompts", _kind("prompt")),
    "answers": ("answers", _data("message", lambda message: message.role == "assistant")),
    "reasoning": ("reasoning", _kind("reasoning")),
    "calls": ("calls and outputs", lambda events: _kind("call")(events) and _kind("output")(events)),
    "patches": ("edits by the edit tools", _data("edit", lambda edit: edit.via != "shell")),
    "shell": ("writes of shell commands", _data("edit", lambda edit: edit.via == "shell" and edit.known)),
    "commits": ("commits", _kind("commit")),
    "tokens": ("tokens per response", _kind("tokens")),
    "times": ("time of each edit", _dated),
    "folder": ("folder", lambda events: any(e.kind in ("meta", "context") and e.data.cwd for e in events)),
    "repository": ("repository", _data("meta", lambda meta: bool(meta.git_oid or meta.git_url or meta.git_branch))),
    "copies": ("copied history told apart", _data("other", lambda other: "copied" in other.name)),
    "agents": ("sub-agents tied to their root", _data("meta", lambda meta: meta.root_id != meta.session_id)),
}


def cases_of(agent: str, era: dict[str, Any]) -> list[Path]:
    folder = HERE / agent / "cases"
    return sorted({log for name in era["cases"] for log in folder.glob(f"{name}/input.json*")})


def events_of(agent: str, log: Path) -> list[Event]:
    known = ERAS[agent]
    path = known["document"] if log.suffix == ".json" else known["paths"].get(log.parent.name, known["path"])
    return fuzz.read(BY_NAME[agent], log.read_bytes(), path)[0]


def shown_in(agent: str, era: dict[str, Any]) -> set[str]:
    """The columns that one of the era's cases shows."""
    logs = [events_of(agent, log) for log in cases_of(agent, era)]
    return {name for name, (_, test) in COLUMNS.items() if any(map(test, logs))}


def table(agent: str) -> str:
    eras = ERAS[agent]["eras"]
    shown = [shown_in(agent, era) for era in eras]
    rows = [
        ["", *(era["era"] for era in eras)],
        ["---"] * (len(eras) + 1),
        ["versions", *(era["versions"] for era in eras)],
    ]
    for name, (title, _) in COLUMNS.items():
        cells = (
            "yes" if name in found else era["lacks"].get(name, NO_CASE) for era, found in zip(eras, shown, strict=True)
        )
        rows.append([title, *cells])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def unused(agent: str) -> str:
    """The kinds of records that are known and carry nothing that is kept."""
    kinds = importlib.import_module(f"git_ai_trail.formats.{agent}.unused").UNUSED
    return ", ".join(f"`{name}`" for name in sorted(kinds, key=str.lower))


def test_the_docs_have_the_tables_of_the_cases() -> None:
    text = expected = DOCS.read_text(encoding="utf-8")
    for fmt in FORMATS:
        for name, made in ((f"{fmt.NAME}-eras", table(fmt.NAME)), (f"{fmt.NAME}-unused", unused(fmt.NAME))):
            pattern = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
            assert re.search(pattern, expected, re.DOTALL), f"no place for {name}"
            expected = re.sub(
                pattern, lambda found, made=made: f"{found[1]}\n{made}\n\n{found[2]}", expected, flags=re.S
            )
    if os.environ.get("UPDATE"):
        DOCS.write_text(expected, encoding="utf-8")
        text = expected
    assert text == expected


@pytest.mark.parametrize("agent", sorted(ERAS))
def test_what_is_said_to_be_missing_is_missing_and_all_else_is_shown(agent: str) -> None:
    for era in ERAS[agent]["eras"]:
        assert cases_of(agent, era), era["era"]
        missing = set(COLUMNS) - shown_in(agent, era)
        assert set(era["lacks"]) <= missing, era["era"]
        if ERAS[agent]["complete"]:
            assert set(era["lacks"]) == missing, era["era"]


@pytest.mark.parametrize("agent", sorted(ERAS))
def test_every_case_belongs_to_an_era(agent: str) -> None:
    known = {log for era in ERAS[agent]["eras"] for log in cases_of(agent, era)}
    rest = {log.parent.name for log in (HERE / agent / "cases").glob("*/input.json*") if log not in known}
    assert rest <= set(ERAS[agent]["others"])


def test_every_agent_has_its_eras() -> None:
    assert sorted(ERAS) == sorted(fmt.NAME for fmt in FORMATS)
