"""What a scenario file says: who does what in which order, and who then owns which added line of which commit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "scenarios"
STEP_KINDS = ("patch", "shell", "say")
ACTION_KINDS = ("agent", "write", "append", "git", "worktree", "together")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing the model does: patch, shell (a tool call each) or say."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing that happens: an agent's turn, or something a person does. `place` is a folder with a worktree."""

    kind: str
    place: str
    alias: str = ""  # agent: the session, by the scenario's name for it
    prompt: str = ""
    script: tuple[Step, ...] = ()
    locked: bool = False  # agent: its sandbox lets it write nowhere but in the place (and in Codex's own folder)
    files: tuple[tuple[str, str], ...] = ()  # write, append
    words: str = ""  # git: the command line; worktree: the new folder's name
    editor: str = ""  # git: what the person types into the editor as the message
    actions: tuple[Action, ...] = ()  # together: run at the same time


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Consecutive added lines with one owner; `alias` is empty where there must be none."""

    alias: str
    turn: int
    line_class: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What must be known of one commit. `sessions` are the authors; `files` holds every path with added lines."""

    rev: str
    place: str
    subject: str
    trailer: bool
    status: str
    sessions: tuple[str, ...]
    files: tuple[tuple[str, tuple[Block, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    name: str
    claim: str
    places: tuple[str, ...]
    base: tuple[tuple[str, str], ...]
    actions: tuple[Action, ...]
    truths: tuple[Truth, ...]
    modes: tuple[str, ...]  # the ways of installing in which it is worth running


def load(path: Path) -> Scenario:
    """Reads one scenario file; anything it does not know is an error."""
    stated = yaml.safe_load(path.read_text(encoding="utf-8"))
    _only(stated, {"claim", "places", "base", "steps", "commits", "modes"}, path.name)
    places = tuple(stated.get("places", ["main"]))
    return Scenario(
        name=path.stem,
        claim=stated["claim"],
        places=places,
        base=tuple(stated.get("base", {"README.md": "A project.\n"}).items()),
        actions=tuple(_action(one, places[0]) for one in stated["steps"]),
        truths=tuple(_truth(one, places[0]) for one in stated["commits"]),
        modes=tuple(stated.get("modes", ["native", "pre-commit", "prek"])),
    )


def all_scenarios() -> list[Scenario]:
    return [load(path) for path in sorted(FOLDER.glob("*.yaml"))]


def _action(stated: dict[str, Any], home: str) -> Action:
    kinds = [kind for kind in ACTION_KINDS if kind in stated]
    assert len(kinds) == 1, f"one of {ACTION_KINDS} expected: {stated}"
    kind, place = kinds[0], stated.get("in", home)
    value = stated[kind]
    match kind:
        case "agent":
            _only(stated, {"agent", "in", "prompt", "does", "locked"}, kind)
            script = tuple(_step(one) for one in stated["does"])
            locked = stated.get("locked", False)
            prompt = stated["prompt"].strip()
            return Action(kind=kind, place=place, alias=value, prompt=prompt, script=script, locked=locked)
        case "together":
            return Action(kind=kind, place=place, actions=tuple(_action(one, home) for one in value))
        case "write" | "append":
            return Action(kind=kind, place=place, files=tuple(value.items()))
    _only(stated, {kind, "in", "editor"}, kind)
    return Action(kind=kind, place=place, words=value, editor=stated.get("editor", ""))


def _step(stated: dict[str, str]) -> Step:
    ((kind, text),) = stated.items()
    assert kind in STEP_KINDS, f"{kind} is none of {STEP_KINDS}"
    return Step(kind=kind, text=text)


def _truth(stated: dict[str, Any], home: str) -> Truth:
    _only(stated, {"rev", "in", "subject", "trailer", "status", "sessions", "lines"}, "commit")
    files = stated.get("lines", {})
    return Truth(
        rev=stated["rev"],
        place=stated.get("in", home),
        subject=stated["subject"],
        trailer=stated["trailer"],
        status=stated["status"],
        sessions=tuple(stated.get("sessions", ())),
        files=tuple((path, tuple(_block(one) for one in blocks)) for path, blocks in files.items()),
    )


def _block(stated: dict[str, str]) -> Block:
    """`{one 0: text}`, `{one 1 edited: text}` or `{unattributed: text}`."""
    ((owner, text),) = stated.items()
    alias, turn, line_class = (*owner.split(), "generated")[:3] if owner != "unattributed" else ("", "-1", "")
    return Block(alias=alias, turn=int(turn), line_class=line_class, lines=tuple(text.splitlines()))


def _only(stated: dict[str, Any], known: set[str], where: str) -> None:
    assert not stated.keys() - known, f"{where}: unknown {sorted(stated.keys() - known)}"
