"""Which repositories' rules hold for a session that moves, whose logs are several, or whose repository is gone."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from git_ai_trail import places
from git_ai_trail.config import UserConfig
from git_ai_trail.pipeline import rules_sync
from git_ai_trail.pipeline.manual import Asked, Book
from tests.pipeline.ingesting import AT, opened, rows, run
from tests.pipeline.repositories import (
    BEAST,
    BIRD,
    FILE,
    SAID,
    beasts,
    birds,
    compiled_before,
    compiled_once,
    database_bytes,
    digest_at,
    moves,
    outdated,
    prompts,
    repository,
    session,
    stored_under,
)
from tests.support.claude_log import ClaudeLog
from tests.support.codex_log import CodexLog
from tests.support.gemini_log import GeminiLog
from tests.support.repo import Repo

__all__ = ["beasts", "birds", "compiled_before", "compiled_once"]


class TestMoving:
    def test_a_session_that_moves_on_has_the_rules_of_both_from_its_first_line(
        self, codex: Path, birds: Repo, beasts: Repo
    ) -> None:
        log = session(codex, birds.root)
        for _ in range(100):
            log.say("nothing of note " * 20)
        moves(log, beasts.root)
        log.prompt(f"again {SAID}")
        run()
        both = "(the bird) meets Red [REDACTED:codename#1]"
        assert prompts(log) == [both, f"again {both}"]
        assert b"Red Fox" not in database_bytes()
        assert stored_under(log) not in ((digest_at(birds.root),), (digest_at(beasts.root),))
        assert (run().unchanged, outdated()) == (1, [])

    def test_what_is_stored_already_is_redacted_again_when_the_session_moves(
        self, codex: Path, birds: Repo, beasts: Repo
    ) -> None:
        log = session(codex, birds.root)
        run()
        assert b"Red Fox" in database_bytes()
        moves(log, beasts.root)
        log.prompt(f"again {SAID}")
        run()
        both = "(the bird) meets Red [REDACTED:codename#1]"
        assert prompts(log) == [both, f"again {both}"]
        assert b"Red Fox" not in database_bytes()

    def test_what_is_added_later_is_redacted_with_all_rules_of_before(
        self, codex: Path, birds: Repo, beasts: Repo
    ) -> None:
        log = session(codex, birds.root)
        moves(log, beasts.root)
        run()
        log.prompt(f"again {SAID}")
        assert run().bytes_read < log.path.stat().st_size // 2
        assert prompts(log)[-1] == "again (the bird) meets Red [REDACTED:codename#1]"
        stored = rows()
        run(rescrub=True)
        assert rows() == stored

    def test_a_folder_that_a_call_runs_in_counts(self, codex: Path, birds: Repo, tmp_path: Path) -> None:
        log = session(codex, tmp_path)
        arguments = json.dumps({"command": ["bash", "-lc", "ls"], "workdir": str(birds.root)})
        log.line("response_item", {"type": "function_call", "name": "shell", "call_id": "c9", "arguments": arguments})
        run()
        assert prompts(log) == ["(the bird) meets Red Fox"]

    def test_a_folder_that_a_file_is_written_to_counts(self, codex: Path, birds: Repo, tmp_path: Path) -> None:
        log = session(codex, tmp_path)
        log.add_file(str(birds.root / "notes" / "plan.md"), f"{SAID}\n")
        run()
        assert prompts(log) == ["(the bird) meets Red Fox"]

    def test_logs_of_one_session_share_their_rules(self, codex: Path, birds: Repo, beasts: Repo) -> None:
        first = session(codex, birds.root)
        second = CodexLog(codex, beasts.root, at=AT + 5000, session_id=first.session_id)
        second.prompt(f"later {SAID}")
        run()
        both = "(the bird) meets Red [REDACTED:codename#1]"
        assert sorted(prompts(first)) == [both, f"later {both}"]
        assert len(stored_under(first)) == 1
        assert b"Red Fox" not in database_bytes()
        assert b"Blue Heron" not in database_bytes()
        assert (run().unchanged, outdated()) == (2, [])

    def test_a_log_that_another_run_finds_gives_the_others_of_its_session_its_rules(
        self, codex: Path, birds: Repo, beasts: Repo
    ) -> None:
        first = session(codex, birds.root)
        run()
        assert b"Red Fox" in database_bytes()
        second = CodexLog(codex, beasts.root, at=AT + 5000, session_id=first.session_id)
        second.prompt(f"later {SAID}")
        run()
        both = "(the bird) meets Red [REDACTED:codename#1]"
        assert sorted(prompts(first)) == [both, f"later {both}"]
        assert b"Red Fox" not in database_bytes()
        assert (run().unchanged, outdated()) == (2, [])

    def test_where_it_is_may_be_said_only_when_much_is_stored_already(self, codex: Path, birds: Repo) -> None:
        log = session(codex, "")
        run()
        assert prompts(log) == [SAID]
        moves(log, birds.root)
        log.prompt(f"again {SAID}")
        run()
        assert prompts(log) == ["(the bird) meets Red Fox", "again (the bird) meets Red Fox"]
        assert b"Blue Heron" not in database_bytes()

    def test_a_session_may_name_any_number_of_repositories(self, codex: Path, tmp_path: Path) -> None:
        words = ["amber", "beryl", "coral", "diamond", "emerald"]
        log = session(codex, tmp_path, said="of " + " ".join(words))
        for word in words:
            log.say("nothing of note " * 20)
            for _ in range(70):
                log.say("on")
            made = repository(tmp_path / word, f"- {{id: {word}, type: literal, pattern: {word}, replacement: gem}}\n")
            moves(log, made.root)
        run()
        assert prompts(log) == ["of gem gem gem gem gem"]
        assert outdated() == []


class TestGone:
    def test_a_deleted_repository_keeps_its_rules(self, codex: Path, birds: Repo) -> None:
        log = session(codex, birds.root / "src")
        run()
        birds.root.rename(birds.root.with_name("elsewhere"))
        assert (run().unchanged, outdated()) == (1, [])
        log.prompt(f"again {SAID}")
        later = session(codex, birds.root / "other", 2)
        run()
        run(rescrub=True)
        assert prompts(log) == ["(the bird) meets Red Fox", "again (the bird) meets Red Fox"]
        assert prompts(later) == ["(the bird) meets Red Fox"]
        (known,) = rules_sync.sync(os.environ, UserConfig(), dry_run=True).repositories
        assert (known.rules, known.sessions, known.remembered, known.problem) == (1, 2, True, "")

    def test_a_folder_that_is_not_here_is_known_by_its_remote(self, codex: Path, birds: Repo, tmp_path: Path) -> None:
        birds.git("remote", "add", "origin", "git@host.example:team/birds.git")
        birds.commit("all")
        birds.git("worktree", "add", "-q", str(tmp_path / "linked"))
        url = "https://user@host.example/team/birds"
        moved, other = (
            CodexLog(codex, "/gone/birds", at=AT + number, url=url if number == 1 else url + "y") for number in (1, 2)
        )
        here = CodexLog(codex, tmp_path, at=AT + 3, url=url)
        for log in (moved, other, here):
            log.prompt(SAID)
        run()
        assert prompts(moved) == [SAID]
        # As soon as a session of the repository was read, it is known.
        session(codex, tmp_path / "linked", 5)
        run()
        again = run()
        assert (again.unchanged, again.sessions) == (3, 1)
        assert prompts(moved) == ["(the bird) meets Red Fox"]
        assert prompts(other) == prompts(here) == [SAID]
        assert outdated() == []

    def test_a_branch_without_the_file_takes_no_rule_back_until_it_is_asked_for(self, codex: Path, birds: Repo) -> None:
        log = session(codex, birds.root)
        run()
        (birds.root / FILE).unlink()
        log.prompt(f"again {SAID}")
        run()
        assert prompts(log) == ["(the bird) meets Red Fox", "again (the bird) meets Red Fox"]
        run(rescrub=True)
        assert prompts(log) == [SAID, f"again {SAID}"]
        assert (run().unchanged, outdated()) == (1, [])

    def test_of_a_log_that_is_gone_the_rows_are_cleaned_with_the_rules_of_its_repository(
        self, codex: Path, birds: Repo, beasts: Repo
    ) -> None:
        one, two = session(codex, birds.root, 1), session(codex, beasts.root, 2)
        run()
        for log in (one, two):
            log.path.unlink()
        birds.write(FILE, BIRD + BEAST)
        assert outdated() == [one.session_id]
        run(rescrub=True)
        assert prompts(one) == ["(the bird) meets Red [REDACTED:codename#1]"]
        assert prompts(two) == ["Blue Heron meets Red [REDACTED:codename#1]"]
        assert outdated() == []


def test_a_session_that_no_folder_was_noted_of_is_read_again(codex: Path, birds: Repo) -> None:
    log = session(codex, birds.root)
    run()
    with closing(sqlite3.connect(places.trail_path(os.environ), isolation_level=None)) as conn:
        # As a version before left it: without folders, and without the rules of repositories.
        conn.execute("UPDATE files SET folders = '', ruleset_digest = ?", (digest_at(),))
        conn.execute("DELETE FROM repository_rules")
    assert outdated() == [log.session_id]
    assert run().sessions == 1
    assert prompts(log) == ["(the bird) meets Red Fox"]
    assert (run().unchanged, outdated()) == (1, [])


def test_another_agents_log_says_on_any_line_where_the_session_is(home: Path, birds: Repo, beasts: Repo) -> None:
    log = ClaudeLog(home / ".claude", birds.root, at=AT)
    log.prompt(SAID)
    log.say(f"So {SAID}.")
    log.prompt(f"again {SAID}", cwd=str(beasts.root))
    run()
    store = opened()
    both = "(the bird) meets Red [REDACTED:codename#1]"
    assert [prompt.text for prompt in store.prompts(log.session_id)] == [both, f"again {both}"]
    store.close()


def test_an_agent_that_notes_the_folder_apart_from_the_log_has_rules_all_the_same(home: Path, birds: Repo) -> None:
    log = GeminiLog(home, birds.root, at=AT)
    log.prompt(SAID)
    run()
    assert b"Blue Heron" not in database_bytes()
    assert b"(the bird) meets Red Fox" in database_bytes()


def test_a_redaction_by_hand_keeps_logs_of_one_session_under_the_rules_of_all_of_them(
    codex: Path, birds: Repo, beasts: Repo
) -> None:
    first = session(codex, birds.root)
    second = CodexLog(codex, beasts.root, at=AT + 5000, session_id=first.session_id)
    second.prompt(f"later {SAID}")
    run()
    with Book(os.environ, UserConfig()) as book:
        book.add(Asked(text="meets"))
    both = "(the bird) [REDACTED:manual#1] Red [REDACTED:codename#1]"
    assert sorted(prompts(first)) == [both, f"later {both}"]
    assert outdated() == []


def test_a_log_that_grows_after_its_file_was_renamed_keeps_its_rules(codex: Path, birds: Repo) -> None:
    log = session(codex, birds.root)
    run()
    log.path = log.path.rename(log.path.with_name("rollout-2026-09-09T09-09-09-" + log.session_id + ".jsonl"))
    log.prompt(f"again {SAID}")
    run()
    assert prompts(log) == ["(the bird) meets Red Fox", "again (the bird) meets Red Fox"]
    assert outdated() == []
