"""The database knows which rules are in force and which sessions were redacted under others, and brings a lost file back."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from git_ai_trail.config import UserConfig
from git_ai_trail.errors import ConfigError, StoreError
from git_ai_trail.pipeline import rules_sync
from git_ai_trail.pipeline.ingest import ingest
from git_ai_trail.pipeline.manual import Asked, Book
from tests.manual.conftest import Run, database_bytes
from tests.support.codex_log import CodexLog

Open = Callable[[], Book]
OWN = """\
- id: bird
  pattern: 'Project (?P<secret>Blue\\s+Heron)'
  kind: codename
  reason: not announced yet
  matches: ['Project Blue Heron']
- {id: email, enabled: false}
"""


@pytest.fixture
def rule_file(home: Path) -> Path:
    folder = home / ".config" / "git-ai-trail"
    folder.mkdir(parents=True)
    return folder / "redactions.yml"


def sync(*, dry_run: bool = False) -> rules_sync.Synced:
    return rules_sync.sync(os.environ, UserConfig(), dry_run=dry_run)


def test_a_change_is_shown_noted_and_names_the_sessions(book: Open, log: CodexLog, rule_file: Path) -> None:
    first = sync()
    assert (first.before, first.changes, first.outdated, first.written) == ("", (), (), True)
    again = sync()
    assert (again.before, again.written) == (first.digest, False)
    rule_file.write_text(OWN)
    dry = sync(dry_run=True)
    told = {(one.rule, one.change, one.source) for one in dry.changes}
    assert told == {("bird", "added", "yours"), ("email", "switched off", "yours")}
    assert [one.session for one in dry.outdated] == [log.session_id]
    assert sync(dry_run=True).changes == dry.changes
    assert sync().written
    assert sync().changes == ()
    rule_file.write_text(OWN.replace("Heron)", "Heron|Red)").replace("- {id: email, enabled: false}", ""))
    assert {(one.rule, one.change) for one in sync().changes} == {("bird", "changed"), ("email", "switched on")}
    rule_file.unlink()
    assert {(one.rule, one.change) for one in sync().changes} == {("bird", "removed")}


def test_rescrubbing_does_what_is_outdated_and_leaves_no_page_behind(
    book: Open, log: CodexLog, rule_file: Path
) -> None:
    rule_file.write_text(OWN)
    assert b"Rename Project Blue Heron" in database_bytes()
    assert len(sync().outdated) == 1
    ingest(os.environ, UserConfig(), jobs=1, rescrub=True)
    done = sync()
    assert done.outdated == ()
    assert done.sessions == {done.effective: 1}
    assert b"Blue Heron " not in database_bytes()
    assert b"[REDACTED:codename#1]" in database_bytes()


def test_a_session_whose_log_is_gone_is_rescrubbed_where_it_is_stored(
    book: Open, log: CodexLog, rule_file: Path
) -> None:
    rule_file.write_text(OWN)
    log.path.unlink()
    assert sync().outdated[0].gone
    ingest(os.environ, UserConfig(), jobs=1, rescrub=True)
    assert sync().outdated == ()
    assert b"Blue Heron " not in database_bytes()


def test_a_manual_redaction_is_no_reason_to_redact_again(book: Open) -> None:
    sync()
    with book() as opened:
        opened.add(Asked(text="Project Blue Heron"))
    done = sync()
    assert (done.changes, done.outdated) == ((), ())
    assert done.effective != done.digest


def test_a_lost_rule_file_comes_back(book: Open, rule_file: Path, run: Run) -> None:
    rule_file.write_text(OWN)
    before = sync().digest
    with pytest.raises(ConfigError, match="there already"):
        rules_sync.to_file(os.environ, UserConfig(), dry_run=False)
    rule_file.unlink()
    assert "2 rules to be written" in run("rules", "sync", "--to-file", "-n").stdout
    assert not rule_file.exists()
    assert "2 rules" in run("rules", "sync", "--to-file").stdout
    assert "not announced yet" in rule_file.read_text()
    done = sync()
    assert (done.digest, done.changes) == (before, ())


def test_nothing_synced_and_no_database_are_said(log: CodexLog, run: Run) -> None:
    assert "ingest" in run("rules", "sync", code=1).stderr
    ingest(os.environ, UserConfig(), jobs=1)
    with pytest.raises(StoreError, match="no rules were synced"):
        rules_sync.to_file(os.environ, UserConfig(), dry_run=False)


def test_a_rule_file_that_cannot_be_used_is_named(book: Open, rule_file: Path, run: Run) -> None:
    rule_file.write_text("- {id: a, pattern: '(a+)+'}\n")
    said = run("rules", "sync", code=2).stderr
    assert "redactions.yml:1" in said


def test_as_a_person_runs_it(book: Open, log: CodexLog, rule_file: Path, run: Run) -> None:
    sync()
    rule_file.write_text(OWN)
    done = run("rules", "sync", "--dry-run")
    assert "+ bird (yours): added\n" in done.stdout
    assert f"! session {log.session_id[:12]} was redacted under" in done.stdout
    assert "1 of 1 session to be redacted again; run `git ai-trail ingest --rescrub`" in done.stderr
    found = json.loads(run("rules", "sync", "--json").stdout)
    assert (found["written"], len(found["outdated"])) == (True, 1)
