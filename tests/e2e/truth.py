"""Compares what a scenario says of a commit with the commit, its note and `git ai-trail show --json`: only from outside."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from tests.e2e.scenario import Scenario, Truth
from tests.e2e.stage import Stage
from tests.support.repo import Repo

_TRAILER = re.compile(r"1:[0-9a-f]{64}")
_HUNK = re.compile(r"@@ -\S+ \+(\d+)(?:,\d+)? @@")

# (alias, turn, class) of a line; nobody's are ("", -1, "").
Owner = tuple[str, int, str]


def check(stage: Stage, scenario: Scenario) -> list[str]:
    """Everything that is not as the scenario says, in words; empty if all is true."""
    wrong: list[str] = []
    for truth in scenario.truths:
        found = _check_commit(stage, truth)
        wrong += [f"{truth.place} {truth.rev}: {one}" for one in found]
    return wrong + _leaks(stage, scenario)


def _check_commit(stage: Stage, truth: Truth) -> list[str]:
    repo = stage.repo(truth.place)
    wrong = _check_content(repo, truth)
    if wrong:
        return [f"(the scenario itself went wrong) {one}" for one in wrong]
    wrong += _check_message(repo, truth, stage.agent.brand)
    shown = json.loads(repo.run("git", "ai-trail", "show", "--json", truth.rev).stdout)
    wrong += _check_shown(stage, shown, truth)
    wrong += _check_owners(stage, shown, truth)
    return wrong


def _check_content(repo: Repo, truth: Truth) -> list[str]:
    subject = repo.git("log", "-1", "--format=%s", truth.rev)
    wrong = [] if subject == truth.subject else [f"subject is {subject!r}, not {truth.subject!r}"]
    expected = {path: [line for block in blocks for line in block.lines] for path, blocks in truth.files}
    added = {path: list(lines.values()) for path, lines in added_lines(repo, truth.rev).items()}
    if added != expected:
        wrong.append(f"added lines are {added}, not {expected}")
    return wrong


def _check_message(repo: Repo, truth: Truth, brand: str) -> list[str]:
    wrong: list[str] = []
    ours = _trailers(repo, truth.rev, "AI-Trail")
    disclosed = _trailers(repo, truth.rev, "Assisted-by")
    if truth.trailer:
        if len(ours) != 1 or not _TRAILER.fullmatch(ours[0]):
            wrong.append(f"AI-Trail trailers are {ours}")
        if not disclosed or not all(one.startswith(f"{brand}:") for one in disclosed):
            wrong.append(f"Assisted-by trailers are {disclosed}")
    elif ours or disclosed:
        wrong.append(f"there must be no trailer, but there are {ours + disclosed}")
    note = repo.run("git", "notes", "--ref=ai-log-trail", "list", truth.rev, exit=_has_note(repo, truth.rev))
    if bool(note.stdout) != (truth.status != "none"):
        wrong.append(f"the note is {note.stdout!r}, which does not go with the status {truth.status!r}")
    return wrong


def _has_note(repo: Repo, rev: str) -> int:
    """The exit code of asking for the note of `rev`."""
    oid = repo.git("rev-parse", rev)
    noted = repo.git("notes", "--ref=ai-log-trail", "list").split()
    return 0 if oid in noted[1::2] else 1


def _check_shown(stage: Stage, shown: Mapping[str, Any], truth: Truth) -> list[str]:
    wrong: list[str] = []
    repo = stage.repo(truth.place)
    if shown["commit"] != repo.git("rev-parse", truth.rev):
        wrong.append(f"shows commit {shown['commit']}")
    if shown["status"] != truth.status:
        wrong.append(f"status is {shown['status']!r}, not {truth.status!r}")
    named = {identity: alias for alias, identity in stage.sessions.items()}
    authors = sorted(named.get(one["id"], one["id"]) for one in shown["sessions"] if one["role"] == "authored")
    if authors != sorted(truth.sessions):
        wrong.append(f"authoring sessions are {authors}, not {sorted(truth.sessions)}")
    if truth.trailer and f"1:{shown['record']['digest']}" not in _trailers(repo, truth.rev, "AI-Trail"):
        wrong.append("the record's digest is not the trailer's")
    counts = {name: shown["summary"][name] for name in ("added", "generated", "edited", "unattributed")}
    if counts != _expected_counts(truth):
        wrong.append(f"summary is {counts}, not {_expected_counts(truth)}")
    return wrong


def _expected_counts(truth: Truth) -> dict[str, int]:
    counts = {"added": 0, "generated": 0, "edited": 0, "unattributed": 0}
    for _, blocks in truth.files:
        for block in blocks:
            counts["added"] += len(block.lines)
            counts[block.line_class or "unattributed"] += len(block.lines)
    return counts


def _check_owners(stage: Stage, shown: Mapping[str, Any], truth: Truth) -> list[str]:
    wrong: list[str] = []
    owned = _owners(stage, shown)
    positions = added_lines(stage.repo(truth.place), truth.rev)
    for path, blocks in truth.files:
        expected = [(block.alias, block.turn, block.line_class) for block in blocks for _ in block.lines]
        for (number, text), owner in zip(positions[path].items(), expected, strict=True):
            found = owned.pop((path, number), ("", -1, ""))
            if found != owner:
                wrong.append(f"{path}:{number} {text!r} belongs to {_words(found)}, not to {_words(owner)}")
    wrong += [
        f"{path}:{number} was not added here, but is given to {_words(who)}" for (path, number), who in owned.items()
    ]
    return wrong


def _owners(stage: Stage, shown: Mapping[str, Any]) -> dict[tuple[str, int], Owner]:
    named = {identity: alias for alias, identity in stage.sessions.items()}
    owned: dict[tuple[str, int], Owner] = {}
    for file in shown["files"]:
        for part in file["ranges"]:
            alias = named.get(part["session"], part["session"])
            for number in range(part["start"], part["end"] + 1):
                assert (file["path"], number) not in owned, f"two owners for {file['path']}:{number}"
                owned[file["path"], number] = (alias, part["turn"], part["class"])
    return owned


def _leaks(stage: Stage, scenario: Scenario) -> list[str]:
    """Notes hold no prompt and no line of any file: the policy of a fresh repository publishes no text."""
    texts = [action.prompt for action in scenario.actions if action.prompt]
    texts += [
        line for truth in scenario.truths for _, blocks in truth.files for block in blocks for line in block.lines
    ]
    secret = [text.strip() for text in texts if len(text.strip()) > 12]
    wrong: list[str] = []
    for place in scenario.places:
        repo = stage.repo(place)
        for ref in repo.git("for-each-ref", "--format=%(refname)", "refs/notes/").split():
            notes = repo.git("log", "-p", "--format=", ref)
            wrong += [f"{place}: {ref} holds {text!r}" for text in secret if text in notes]
    return wrong


def added_lines(repo: Repo, rev: str) -> dict[str, dict[int, str]]:
    """The added lines of a commit by path and number in the new file, as git's plumbing shows them."""
    diff = repo.git(
        "-c", "core.quotePath=false", "diff-tree", "-p", "-U0", "--root", "--no-commit-id", "--no-renames", rev
    )
    files: dict[str, dict[int, str]] = {}
    path, number, in_hunk = "", 0, False
    for line in diff.split("\n"):
        hunk = _HUNK.match(line)
        if line.startswith("diff --git "):
            in_hunk = False
        elif not in_hunk and line.startswith("+++ b/"):
            path = line[len("+++ b/") :].rstrip("\t")
        elif hunk:
            number, in_hunk = int(hunk[1]), True
        elif in_hunk and line.startswith("+"):
            files.setdefault(path, {})[number] = line[1:]
            number += 1
    return files


def _trailers(repo: Repo, rev: str, key: str) -> list[str]:
    said = repo.git("log", "-1", f"--format=%(trailers:key={key},valueonly,unfold)", rev)
    return [value for value in said.split("\n") if value]


def _words(owner: Owner) -> str:
    alias, turn, line_class = owner
    return f"{alias} turn {turn} ({line_class})" if alias else "nobody"
