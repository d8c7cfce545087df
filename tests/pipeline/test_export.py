"""Records in other tools' forms, and other tools' reports cut to what a commit adds."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_ai_trail.attach import gitai, notes
from git_ai_trail.attach.agent_trace import model_id
from git_ai_trail.git import Git
from git_ai_trail.pipeline import export as pipeline
from tests.support.recorded import attach
from tests.support.repo import Repo

THREAD = "019f4d61-2b6b-7de2-aa3a-fabc29d38f19"


def git_of(repo: Repo) -> Git:
    return Git(str(repo.root))


@pytest.fixture
def recorded(repo: Repo) -> Repo:
    repo.commit_file("old.py", "old\n", "before")
    repo.write("a b.py", "one\ntwo\nthree\n")
    repo.write("c.py", "one\ntwo\n")
    repo.commit("by two sessions")
    attach(
        repo,
        {
            "a b.py": [(1, 1, THREAD, "generated"), (2, 1, "s-2", "edited"), (3, 1, "s-2", "generated")],
            "c.py": [(1, 2, THREAD, "generated")],
        },
    )
    return repo


def test_keys_are_those_of_the_standard() -> None:
    assert gitai.session_key("codex", THREAD) == "s_59382cac373d67"


def test_a_note_is_what_the_standard_says(recorded: Repo) -> None:
    [value] = pipeline.export(git_of(recorded), ["HEAD"], "git-ai")
    head, _, body = value["note"].partition("\n---\n")
    rows = head.split("\n")
    assert rows[0] == '"a b.py"'
    assert rows[1].startswith("  s_59382cac373d67::t_")
    assert rows[1].endswith(" 1")
    assert [row.rpartition(" ")[2] for row in rows if row.startswith("  ")] == ["1", "3", "1-2"]
    said = json.loads(body)
    assert (said["schema_version"], said["prompts"]) == ("authorship/3.0.0", {})
    assert said["base_commit_sha"] == value["commit"] == recorded.git("rev-parse", "HEAD")
    assert said["sessions"]["s_59382cac373d67"]["agent_id"] == {"tool": "codex", "id": THREAD, "model": "m-1"}
    keys = {row[2:].partition("::")[0] for row in rows if row.startswith("  ")}
    assert keys == set(said["sessions"])


def test_what_was_written_is_read_back(recorded: Repo) -> None:
    git = git_of(recorded)
    assert pipeline.add_notes(git, list(pipeline.export(git, ["HEAD"], "git-ai"))) == (1, 0)
    assert pipeline.add_notes(git, list(pipeline.export(git, ["HEAD"], "git-ai"))) == (0, 1)
    found = {one.session: one for one in pipeline.reported(git, ["HEAD"])}
    assert found[THREAD].files == (("a b.py", (1,)), ("c.py", (1, 2)))
    assert (found[THREAD].inside, found[THREAD].outside, found[THREAD].tool) == (3, 0, "codex")
    assert found["s-2"].files == (("a b.py", (3,)),)


def test_a_note_of_somebody_else_stays(recorded: Repo) -> None:
    recorded.git("notes", "--ref=ai", "add", "-m", "theirs", "HEAD")
    assert pipeline.add_notes(git_of(recorded), list(pipeline.export(git_of(recorded), ["HEAD"], "git-ai"))) == (0, 1)
    assert recorded.git("notes", "--ref=ai", "show", "HEAD") == "theirs"


def test_a_claim_is_not_passed_on(recorded: Repo) -> None:
    git = git_of(recorded)
    note = notes.read(git, recorded.git("rev-parse", "HEAD"))
    other = recorded.commit_file("d.py", "entirely different\n", "copied note")
    notes.add_lines(git, git.common_dir(), other, [note.strip()])
    assert [value["commit"] for value in pipeline.export(git, ["HEAD"], "git-ai")] == [
        recorded.git("rev-parse", "HEAD~1")
    ]


def note_of(rows: str, **tables: Any) -> bytes:
    said = {"schema_version": "authorship/3.0.0", "base_commit_sha": "x", "prompts": {}, **tables}
    return f"{rows}\n---\n{json.dumps(said)}".encode()


AGENT = {"agent_id": {"tool": "cursor", "id": "abc", "model": "m"}}


def test_only_what_the_commit_adds_counts(recorded: Repo) -> None:
    rows = "c.py\n  s_1::t_1 2-1000000,1,1\n  h_1 1-2\n  ai_agent 1\nnone.py\n  s_1 5-9"
    note = note_of(rows, sessions={"s_1": AGENT}, humans={"h_1": {"author": "x"}})
    recorded.git("notes", "--ref=ai", "add", "-F", "-", "HEAD", stdin=note.decode())
    [one] = pipeline.reported(git_of(recorded), ["HEAD"])
    assert (one.tool, one.inside, one.files) == ("cursor", 2, (("c.py", (1, 2)),))
    assert one.outside > 999_000


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"---",
        b"\xff\xfe",
        b"c.py\n  s_1 1",
        b"c.py\n  s_1 1\n---\nnot json",
        b"c.py\n  s_1 1\n---\n[]",
        b'c.py\n  s_1 1\n---\n{"sessions": []}',
        b'c.py\n  s_1 1\n---\n{"sessions": {"s_1": {"agent_id": 1}}}',
        b"---\n" + b"[" * 100_000,
    ],
)
def test_a_note_that_says_nothing_is_read_as_nothing(note: bytes) -> None:
    assert gitai.read(note, ()) == []


def test_words_from_a_note_are_words(recorded: Repo) -> None:
    agent = {"agent_id": {"tool": "\x1b[31m", "id": "/home/me/x", "model": "a b"}}
    found = gitai.read(note_of("c.py\n  s_1 1", sessions={"s_1": agent}), ())
    assert [(one.tool, one.model, one.conversation) for one in found] == [("unknown", "", "")]


@given(st.text(alphabet='s_1 \n-,0123456789c.py"h:t', max_size=80))
def test_no_attestation_is_too_odd(rows: str) -> None:
    for one in gitai.read(note_of(rows, sessions={"s_1": AGENT}), ()):
        assert one.lines >= 0
        assert one.inside == {}


def test_an_agent_trace_is_what_its_form_says(recorded: Repo) -> None:
    git = git_of(recorded)
    [record] = pipeline.export(git, ["HEAD"], "agent-trace")
    assert record == next(iter(pipeline.export(git, ["HEAD"], "agent-trace")))
    assert record["version"] == "0.1.0"
    assert record["vcs"] == {"type": "git", "revision": recorded.git("rev-parse", "HEAD")}
    assert datetime.fromisoformat(record["timestamp"]).tzinfo == UTC
    first, second = record["files"]
    assert (first["path"], second["path"]) == ("a b.py", "c.py")
    assert [one["url"] for one in first["conversations"]] == [f"urn:uuid:{THREAD}", "urn:git-ai-trail:session:s-2"]
    assert first["conversations"][1]["ranges"] == [
        {"start_line": 2, "end_line": 2, "contributor": {"type": "mixed"}},
        {"start_line": 3, "end_line": 3},
    ]
    assert record["metadata"]["dev.git-ai-trail"]["lines"]["added"] == 5
    assert json.loads(pipeline.line(record)) == record


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gpt-5.5", "openai/gpt-5.5"),
        ("claude-opus-4", "anthropic/claude-opus-4"),
        ("x/y", "x/y"),
        ("mine", ""),
        ("", ""),
    ],
)
def test_a_model_is_named_with_its_provider_where_that_is_known(model: str, expected: str) -> None:
    assert model_id(model) == expected


def test_as_a_person_runs_it(recorded: Repo) -> None:
    def run(*args: str) -> str:
        program = [sys.executable, "-m", "git_ai_trail", *args]
        return subprocess.run(program, cwd=recorded.root, capture_output=True, text=True, check=True).stdout

    lines = run("export", "--format", "agent-trace").splitlines()
    assert len(lines) == 1
    run("export", "--format", "git-ai", "--notes")
    assert "codex" in run("import", "git-ai")
    assert {one["reported_by"] for one in json.loads(run("import", "git-ai", "--json"))} == {"git-ai"}
