"""Logs that Claude Code of many versions wrote: all are read, and where the right answer is known, it is found."""

from __future__ import annotations

import collections
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from git_ai_trail.facts import Edit, Event
from git_ai_trail.formats import claude
from tests.conftest import SHARED
from tests.formats.claude.summary import lines_of, read, read_in_two
from tests.formats.test_corpus import added_lines, written
from tests.support.repo import Repo

CORPUS = SHARED / "corpus"
GENERATED = sorted(path.parent for path in (CORPUS / "generated-other").glob("claude-code-*/repo.bundle"))
LOGS = sorted(
    [path for folder in GENERATED for path in folder.rglob("*.jsonl")]
    + list((CORPUS / "fixtures-other").glob("claude__*.jsonl"))
)

pytestmark = pytest.mark.skipif(not LOGS, reason="needs ../shared/corpus (logs that are not part of this repository)")


def in_corpus(path: Path) -> str:
    return str(path.relative_to(CORPUS))


def is_record(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


@pytest.mark.parametrize("path", LOGS, ids=in_corpus)
def test_a_log_is_read_and_every_record_counts_once(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = path.read_bytes()
    events, reader = read(data, str(path))
    if reader.skipped:
        with capsys.disabled():
            print(f"\n{in_corpus(path)}: {dict(reader.skipped)}", end="")
    assert sum(event.raw is not None for event in events) == sum(is_record(line) for line, _ in lines_of(data))
    assert sum(event.kind == "meta" for event in events) == (1 if data else 0)
    prompts = [event.data.index for event in events if event.kind == "prompt"]
    assert prompts == list(range(len(prompts)))
    if "generated" in path.parts:
        assert not [kind for kind in reader.skipped if kind.startswith("unknown")]


@pytest.mark.parametrize("path", LOGS, ids=in_corpus)
def test_a_log_read_in_two_parts_says_the_same(path: Path) -> None:
    data = path.read_bytes()
    whole, reader = read(data, str(path))
    for cut in range(1, len(lines_of(data)) + 1):
        events, resumed = read_in_two(data, cut, str(path))
        assert events == whole, f"cut before line {cut + 1}"
        assert resumed.state() == reader.state()


def events_of(folder: Path) -> Iterator[Event]:
    """Everything that the logs of one lab run say, oldest first as far as they have times."""
    logs = [
        read(Path(found).read_bytes(), found)[0] for found in claude.discover(str(folder / "claude_config/projects"))
    ]
    yield from sorted((event for log in logs for event in log), key=lambda event: event.at or 0.0)


@pytest.fixture
def cloned(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[Path, Repo]:
    folder: Path = request.param
    target = tmp_path / "repo"
    target.mkdir()
    repo = Repo(target)
    repo.git("clone", "-q", str(folder / "repo.bundle"), ".")
    return folder, repo


by_folder = pytest.mark.parametrize("folder", GENERATED, ids=lambda folder: folder.name)
by_clone = pytest.mark.parametrize("cloned", GENERATED, ids=lambda folder: folder.name, indirect=True)


@by_clone
def test_every_line_that_the_agent_committed_stands_in_an_edit_of_that_file(cloned: tuple[Path, Repo]) -> None:
    folder, repo = cloned
    edits: list[Edit] = [event.data for event in events_of(folder) if event.kind == "edit"]
    _, *by_agent = repo.git("log", "--reverse", "--format=%H").split("\n")
    root = f"/home/dev/lab/{folder.name}/repo"
    for oid in by_agent:
        for path, lines in added_lines(repo, oid).items():
            theirs = written(edits, f"{root}/{path}")
            # The logs show the lines of a CRLF file without their CR.
            assert not [line for line in lines if line.removesuffix("\r") not in theirs], (path, oid)


@by_folder
def test_what_a_fork_or_a_resumed_log_repeats_counts_once(folder: Path) -> None:
    events = list(events_of(folder))
    calls = collections.Counter(event.data.call_id for event in events if event.kind == "call")
    edits = collections.Counter((e.data.call_id, e.data.path) for e in events if e.kind == "edit")
    assert set(calls.values()) == {1}
    assert set(edits.values()) == {1}
    prompts = sorted(event.data.text.split()[0] for event in events if event.kind == "prompt")
    assert prompts == ["PROMPT1", "PROMPT2", "PROMPT6", "PROMPT9"]
    assert [event.data.text for event in events if event.kind == "message" and "PROMPT7" in event.data.text] == [
        "PROMPT7 make the sub file"
    ]


@by_clone
def test_the_commits_that_the_logs_show_are_the_agents(cloned: tuple[Path, Repo]) -> None:
    folder, repo = cloned
    made = [event.data for event in events_of(folder) if event.kind == "commit"]
    _, *by_agent = repo.git("log", "--reverse", "--format=%H").split("\n")
    assert len(made) == len(by_agent) == 3
    for commit, oid in zip(made, by_agent, strict=True):
        assert commit.oid
        assert oid.startswith(commit.oid)


@by_folder
def test_a_sub_agents_log_is_tied_to_its_session(folder: Path) -> None:
    if folder.name == "claude-code-1.0.128":
        pytest.skip("sub-agents of that version stand in their session's own log")
    metas = [event.data for event in events_of(folder) if event.kind == "meta"]
    mains = {meta.session_id for meta in metas if meta.source != "subagent"}
    children = [meta for meta in metas if meta.source == "subagent"]
    assert children
    assert "11111111-2222-4333-8444-555555555555" in {child.root_id for child in children} & mains
    assert all(child.parent_id == child.root_id and child.session_id not in mains for child in children)
    assert len({meta.session_id for meta in metas}) == len(metas)


@by_folder
def test_tokens_are_those_of_the_scripted_answers(folder: Path) -> None:
    """Every answer of the script cost 77; the versions that write down only an answer's beginning say 1."""
    output = 1 if folder.name == "claude-code-2.1.37" else 77
    for found in claude.discover(str(folder / "claude_config/projects")):
        events, _ = read(Path(found).read_bytes(), found)
        tokens = [event.data for event in events if event.kind == "tokens"]
        assert {one.output for one in tokens} <= {output}
        assert all(one.cached == 900 and one.input == 912 + one.cache_write for one in tokens)
