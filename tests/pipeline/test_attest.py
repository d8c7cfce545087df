"""A statement says what records say, and a clone tells whether that is still so."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from git_ai_trail.attach import notes
from git_ai_trail.attach.record import parse_note, tombstone_line
from git_ai_trail.config import RepositoryConfig
from git_ai_trail.errors import TrailError
from git_ai_trail.git import Git
from git_ai_trail.pipeline import attest as pipeline
from git_ai_trail.pipeline import report as reports
from git_ai_trail.report import attestation
from tests.support.recorded import attach
from tests.support.repo import Repo

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "attestation.schema.json"


@pytest.fixture
def released(repo: Repo) -> Repo:
    repo.commit_file("a.py", "one\n", "first")
    repo.git("tag", "v1.0.0")
    repo.commit_file("b.py", "one\ntwo\nthree\n", "with a record")
    attach(repo, {"b.py": [(1, 2, "s-1", "generated")]})
    repo.commit_file("c.py", "one\n", "without")
    repo.commit(f"names what is not here\n\nAI-Trail: 1:{'f' * 64}")
    repo.git("tag", "v1.1.0")
    return repo


def git_of(repo: Repo) -> Git:
    return Git(str(repo.root))


def made(repo: Repo, **wanted: Any) -> tuple[bytes, bytes]:
    """(statement, report) as bytes of JSON."""
    asked = reports.wanted(**(wanted or {"release": "v1.1.0"}), mode="summary")
    found, report = pipeline.attest(
        git_of(repo), asked, env=dict(os.environ), policy=RepositoryConfig(), policy_source="the worktree"
    )
    return attestation.to_json(found).encode(), report.encode()


def test_a_statement_names_commits_records_and_its_report(released: Repo) -> None:
    data, report = made(released)
    value = json.loads(data)
    assert (value["_type"], value["predicateType"]) == (attestation.STATEMENT, attestation.PREDICATE)
    tip = released.git("rev-parse", "v1.1.0")
    assert {"name": "refs/tags/v1.1.0", "digest": {"gitCommit": tip}} in value["subject"]
    assert [one["status"] for one in value["predicate"]["commits"]] == ["unknown", "none", "exact"]
    assert value["predicate"]["commits"][0]["record"] == "f" * 64
    done = pipeline.check(git_of(released), data, report=report)
    assert (done.holds, done.differences, done.report) == (True, (), "ok")


def test_it_is_the_same_wherever_it_is_made(released: Repo, tmp_path: Path) -> None:
    released.git("clone", "-q", str(released.root), str(tmp_path / "clone"))
    other = Repo(tmp_path / "clone")
    other.git("fetch", "-q", "origin", f"{notes.REF}:{notes.REF}")
    assert (
        made(other)[0] == made(released)[0]
        or json.loads(made(other)[0])["predicate"]["commits"] == (json.loads(made(released)[0])["predicate"]["commits"])
    )
    assert pipeline.check(git_of(other), made(released)[0]).holds


def test_what_its_schema_says_is_what_it_is(released: Repo) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    if os.environ.get("UPDATE"):
        SCHEMA.write_text(json.dumps(attestation.schema(), indent=2) + "\n", encoding="utf-8")
        schema = attestation.schema()
    assert schema == attestation.schema()
    jsonschema.Draft202012Validator(schema).validate(json.loads(made(released)[0]))


def test_a_record_that_changed_since_is_told(released: Repo) -> None:
    data, report = made(released)
    git, oid = git_of(released), released.git("rev-parse", "HEAD~2")
    released.git("notes", f"--ref={notes.REF}", "remove", oid)
    done = pipeline.check(git, data)
    assert not done.holds
    assert [found for found, _ in done.differences] == [oid]
    assert "attested as exact, and is unknown here" in done.differences[0][1]
    assert pipeline.check(git, data, report=report + b" ").report == "differs"


def test_a_record_that_was_withheld_since_is_no_failure(released: Repo) -> None:
    data, _ = made(released)
    git, oid = git_of(released), released.git("rev-parse", "HEAD~2")
    digest = parse_note(notes.read(git, oid))[0].digest
    notes.add_lines(git, git.common_dir(), oid, [tombstone_line(digest)])
    done = pipeline.check(git, data)
    assert (done.holds, done.withheld) == (True, (oid,))


def altered(data: bytes, **predicate: Any) -> bytes:
    value = json.loads(data)
    value["predicate"].update(predicate)
    return json.dumps(value).encode()


def test_what_was_altered_is_told(released: Repo) -> None:
    data, _ = made(released)
    git = git_of(released)
    commits = json.loads(data)["predicate"]["commits"]
    for one in (
        commits[:-1],
        [*commits, {**commits[0], "oid": "a" * 40}],
        [{**commits[0], "record": "e" * 64}, *commits[1:]],
        [*commits[:2], {**commits[2], "generated": 3}],
        [*commits[:2], {**commits[2], "status": "carried"}],
    ):
        assert not pipeline.check(git, altered(data, commits=one)).holds
    value = json.loads(data)
    value["subject"] = [{"name": "another", "digest": {"sha256": "0" * 64}}]
    assert "neither the subject" in pipeline.check(git, json.dumps(value).encode()).differences[0][1]
    value["predicate"]["totals"]["lines"]["added"] = 1
    assert len(pipeline.check(git, json.dumps(value).encode()).differences) == 2


def test_it_is_read_from_what_signers_make_of_it(released: Repo) -> None:
    data, _ = made(released)
    envelope = {
        "payloadType": "application/vnd.in-toto+json",
        "payload": base64.b64encode(data).decode(),
        "signatures": [{"sig": "AA=="}],
    }
    bundle = {"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "dsseEnvelope": envelope}
    other = json.dumps({"_type": attestation.STATEMENT, "predicateType": "https://slsa.dev/provenance/v1"})
    for form in (
        json.dumps(envelope),
        json.dumps(bundle),
        f"{other}\n{json.dumps(bundle)}\n",
    ):
        assert pipeline.check(git_of(released), form.encode()).holds
    file_only = json.loads(data)
    file_only["subject"] = file_only["subject"][:1]
    assert pipeline.check(git_of(released), json.dumps(file_only).encode()).holds


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        b'{"payload": 1}',
        b'{"payloadType": "application/vnd.in-toto+json", "payload": "%%%"}',
        b"[" * 5000,
        b"\xff\xfe",
        b'{"_type": "https://in-toto.io/Statement/v1", "predicateType": "other", "subject": [], "predicate": {}}',
    ],
)
def test_anything_else_is_refused_in_one_line(released: Repo, data: bytes) -> None:
    with pytest.raises(TrailError) as caught:
        pipeline.check(git_of(released), data)
    assert "\n" not in caught.value.message


def test_commits_that_are_not_here_are_not_judged(released: Repo) -> None:
    data, _ = made(released)
    value = json.loads(data)
    value["predicate"]["span"]["tip"] = "a" * 40
    with pytest.raises(TrailError, match="is not here"):
        pipeline.check(git_of(released), json.dumps(value).encode())


def test_a_range_without_one_end_and_filters_are_refused(released: Repo) -> None:
    released.git("branch", "other", "HEAD~1")
    for wanted in ({"revisions": ("HEAD", "other~1")}, {"revisions": ("HEAD",), "agent": "Codex"}):
        with pytest.raises(TrailError):
            made(released, **wanted)
    assert pipeline.check(git_of(released), made(released, revisions=("HEAD~2..HEAD",))[0]).holds


def test_nothing_hostile_is_printed(released: Repo) -> None:
    data, _ = made(released)
    found = attestation.read(data)
    span = replace(found.predicate.span, name="\x1b[31m::error::x ##[group]")
    done = pipeline.Checked(
        statement=attestation.Statement(subject=found.subject, predicate=replace(found.predicate, span=span)),
        differences=(),
        withheld=(),
        report="",
    )
    text = attestation.to_json(done.statement)
    assert "\x1b" not in text
    assert "##[" not in text


def run(repo: Repo, *args: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "git_ai_trail", *args], cwd=repo.root, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done
    return done


def test_as_a_person_runs_it(released: Repo, tmp_path: Path) -> None:
    statement, report = str(tmp_path / "statement.json"), str(tmp_path / "report.json")
    run(released, "attest", "--release", "v1.1.0", "--report", report, "-o", statement)
    done = run(released, "verify", "--attestation", statement, "--report", report)
    assert "all 3 commits of v1.1.0 are here" in done.stderr
    assert "the report is the one it names" in done.stderr
    predicate = json.loads(run(released, "attest", "--release", "v1.1.0", "--predicate").stdout)
    assert predicate["span"]["name"] == "v1.1.0"
    released.git("notes", f"--ref={notes.REF}", "remove", "HEAD~2")
    value = json.loads(run(released, "verify", "--attestation", statement, "--json", code=1).stdout)
    assert value["result"] == "fail"
    assert len(value["differences"]) == 1
    Path(report).write_text("{}")
    run(released, "verify", "--attestation", statement, "--report", report, code=1)
    run(released, "verify", "--report", report, code=2)
