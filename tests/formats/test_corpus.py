"""Real logs of many versions: all are read, and where the right answer is known, it is found."""

from __future__ import annotations

import collections
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from backports import zstd

from git_ai_trail.facts import CommitMade, Edit, Event
from git_ai_trail.formats import codex
from tests.conftest import SHARED
from tests.formats.codex.summary import lines_of, read, read_in_two
from tests.support.repo import Repo

CORPUS = SHARED / "corpus"
LOGS = sorted(
    path
    for folder in ("real", "fixtures", "generated")
    for path in (CORPUS / folder).rglob("*")
    if path.name.endswith((".jsonl", ".jsonl.zst") if folder == "generated" else (".jsonl", ".json"))
    and path.name != "session_index.jsonl"
)
GENERATED = sorted(path.parent for path in (CORPUS / "generated").glob("*/repo.bundle"))

pytestmark = pytest.mark.skipif(not LOGS, reason="needs ../shared/corpus (logs that are not part of this repository)")


def content(path: Path) -> bytes:
    data = path.read_bytes()
    return zstd.decompress(data) if path.suffix == ".zst" else data


def in_corpus(path: Path) -> str:
    return str(path.relative_to(CORPUS))


@pytest.mark.parametrize("path", LOGS, ids=in_corpus)
def test_a_log_is_read_and_what_is_skipped_is_said(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = content(path)
    events, reader = read(data, str(path))
    broken = sum(count for kind, count in reader.skipped.items() if kind in ("not JSON", "cut line"))
    if reader.skipped:
        with capsys.disabled():
            print(f"\n{in_corpus(path)}: {dict(reader.skipped)}", end="")
    assert (
        sum(event.raw is not None for event in events)
        >= sum(bool(line.strip()) for line, _ in lines_of(data, str(path))) - broken
    )
    assert all(0 <= event.offset < len(data) for event in events)
    assert all(event.turn >= 0 for event in events if event.kind in ("prompt", "edit"))
    prompts = [event.data.index for event in events if event.kind == "prompt"]
    assert prompts == list(range(len(prompts)))


@pytest.mark.parametrize("path", LOGS, ids=in_corpus)
def test_a_log_read_in_two_parts_says_the_same(path: Path) -> None:
    data = content(path)
    whole, reader = read(data, str(path))
    count = len(lines_of(data, str(path)))
    for cut in sorted({1, 2, 3, count // 3, count // 2, count * 2 // 3, count - 2, count - 1, count} - {0, -1}):
        events, resumed = read_in_two(data, cut, str(path))
        assert events == whole, f"cut before line {cut + 1}"
        assert resumed.skipped == reader.skipped


def test_no_call_of_a_log_edits_a_file_twice_by_patch() -> None:
    for path in LOGS:
        seen: collections.Counter[tuple[str, str]] = collections.Counter()
        events, _ = read(content(path), str(path))
        seen.update((e.data.call_id, e.data.path) for e in events if e.kind == "edit" and e.data.via == "patch")
        # One patch may replace a file: Delete and Add of the same path.
        replaced = {(e.data.call_id, e.data.path) for e in events if e.kind == "edit" and e.data.op == "delete"}
        assert not [key for key, count in seen.items() if count > 1 and key not in replaced and key[0]], path


def events_of(folder: Path) -> Iterator[Event]:
    for root in ("sessions", "archived_sessions"):
        for found in codex.discover(str(folder / "codex_home" / root)):
            yield from read(content(Path(found)), found)[0]


@pytest.fixture
def cloned(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[Path, Repo]:
    folder: Path = request.param
    target = tmp_path / "repo"
    target.mkdir()
    repo = Repo(target)
    repo.git("clone", "-q", str(folder / "repo.bundle"), ".")
    return folder, repo


def added_lines(repo: Repo, oid: str) -> dict[str, list[str]]:
    """The lines that a commit added, by path."""
    found: dict[str, list[str]] = collections.defaultdict(list)
    path = ""
    for line in repo.git("show", "-U0", "--format=", "--no-renames", "--no-ext-diff", oid).split("\n"):
        if line.startswith("+++ "):
            path = line[len("+++ b/") :]
        elif line.startswith("+"):
            found[path].append(line[1:])
    return found


def written(edits: list[Edit], path: str) -> set[str]:
    """Every line that the session wrote to a file, also under the name it had before it was moved."""
    names, lines = {path}, set()
    for edit in reversed(edits):
        if edit.path in names:
            lines.update(line for run in edit.added for line in run)
            names.update({edit.old_path} - {""})
    return lines


@pytest.mark.parametrize("cloned", GENERATED, ids=lambda folder: folder.name, indirect=True)
def test_every_line_that_the_agent_committed_stands_in_an_edit_of_that_file(cloned: tuple[Path, Repo]) -> None:
    folder, repo = cloned
    events = list(events_of(folder))
    edits: list[Edit] = [event.data for event in events if event.kind == "edit"]
    roots = {event.data.cwd for event in events if event.kind == "meta" and event.data.cwd} or {
        os.path.dirname(edit.path) for edit in edits
    }
    _, *by_agent = repo.git("log", "--reverse", "--format=%H").split("\n")
    for oid in by_agent:
        for path, lines in added_lines(repo, oid).items():
            theirs = {line for root in roots for line in written(edits, f"{root}/{path}")}
            assert not [line for line in lines if line not in theirs], (path, oid)


@pytest.mark.parametrize("cloned", GENERATED, ids=lambda folder: folder.name, indirect=True)
def test_the_commits_that_a_log_shows_are_the_agents(cloned: tuple[Path, Repo]) -> None:
    folder, repo = cloned
    made: list[CommitMade] = [event.data for event in events_of(folder) if event.kind == "commit"]
    _, *by_agent = repo.git("log", "--reverse", "--format=%H").split("\n")
    assert len(made) == len(by_agent)
    for commit, oid in zip(made, by_agent, strict=True):
        assert oid.startswith(commit.oid)
    assert [bool(commit.oid) for commit in made] == [True, False][: len(made)]
