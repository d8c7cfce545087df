"""A repository's own rules hold for what is stored of its sessions, and for nobody else's."""

from __future__ import annotations

import os
from pathlib import Path

from git_ai_trail.config import UserConfig
from git_ai_trail.model import Outcome
from git_ai_trail.pipeline import rules_sync
from git_ai_trail.pipeline.manual import Asked, Book
from tests.pipeline.ingesting import rows, run
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
from tests.support.repo import Repo

__all__ = ["beasts", "birds", "compiled_before", "compiled_once"]


def test_two_repositories_in_one_run_have_their_own_rules_each(
    codex: Path, birds: Repo, beasts: Repo, tmp_path: Path
) -> None:
    one, two = session(codex, birds.root, 1), session(codex, beasts.root, 2)
    neither = session(codex, tmp_path, 3)
    done = run()
    assert prompts(one) == ["(the bird) meets Red Fox"]
    assert prompts(two) == ["Blue Heron meets Red [REDACTED:codename#1]"]
    assert prompts(neither) == [SAID]
    assert stored_under(one) == (digest_at(birds.root),)
    assert stored_under(two) == (digest_at(beasts.root),)
    assert stored_under(neither) == (digest_at(),)
    assert done.redactions["bird"] == done.redactions["beast"] > 0
    assert (done.left, done.warnings, outdated()) == (0, (), [])
    assert run().unchanged == 3


def test_two_processes_give_what_one_gives(codex: Path, birds: Repo, beasts: Repo) -> None:
    for number in range(1, 7):
        log = session(codex, (birds.root, beasts.root)[number % 2], number)
        if number > 4:
            moves(log, (beasts.root, birds.root)[number % 2])
            log.prompt(f"and {SAID}")
    several = run(jobs=2)
    stored = rows()
    alone = run(jobs=1, rescrub=True)
    assert rows() == stored
    assert several.redactions == alone.redactions
    assert outdated() == []


def test_the_rules_hold_in_subfolders_linked_worktrees_links_and_repositories_within(
    codex: Path, birds: Repo, beasts: Repo, tmp_path: Path
) -> None:
    (birds.root / "src" / "deep").mkdir(parents=True)
    birds.commit("all")
    birds.git("worktree", "add", "-q", str(tmp_path / "linked"))
    within = repository(birds.root / "vendor" / "beasts", BEAST)
    (tmp_path / "link").symlink_to(birds.root / "src")
    folders = (
        birds.root / "src" / "deep",
        tmp_path / "linked",
        tmp_path / "link" / "deep",
        birds.root / "not" / "there",
    )
    logs = [session(codex, folder, number) for number, folder in enumerate(folders, 1)]
    both = session(codex, within.root, 9)
    run()
    assert [prompts(log) for log in logs] == [["(the bird) meets Red Fox"]] * 4
    # Whoever works in a repository within another one is below both roots, as when commits are matched.
    assert prompts(both) == ["(the bird) meets Red [REDACTED:codename#1]"]


def test_a_folder_that_is_no_work_tree_has_no_rules(codex: Path, tmp_path: Path) -> None:
    (tmp_path / "plain" / ".git-ai-trail").mkdir(parents=True)
    (tmp_path / "plain" / FILE).write_text(BIRD)
    log = session(codex, tmp_path / "plain")
    run()
    assert prompts(log) == [SAID]
    # It becomes one: what is stored of it follows.
    Repo(tmp_path / "plain").git("init", "-q")
    assert outdated() == [log.session_id]
    run()
    assert prompts(log) == ["(the bird) meets Red Fox"]


def test_a_changed_file_concerns_its_own_sessions_alone_and_leaves_no_page_behind(
    codex: Path, birds: Repo, beasts: Repo
) -> None:
    one, two = session(codex, birds.root, 1), session(codex, beasts.root, 2)
    run()
    assert b"Red Fox" in database_bytes()
    birds.write(FILE, BIRD + BEAST)
    assert outdated() == [one.session_id]
    run(rescrub=True)
    assert prompts(one) == ["(the bird) meets Red [REDACTED:codename#1]"]
    assert stored_under(two) == (digest_at(beasts.root),)
    assert b"Red Fox" not in database_bytes()
    assert outdated() == []
    # Without the option, what was read under other rules is read again, and nothing else.
    beasts.write(FILE, BEAST + BIRD)
    done = run()
    assert (done.unchanged, done.sessions) == (1, 1)
    assert b"Blue Heron" not in database_bytes()


def test_words_about_a_rule_are_no_change(codex: Path, birds: Repo) -> None:
    session(codex, birds.root)
    run()
    birds.write(FILE, "# the plan\n" + BIRD.replace("}", ", reason: not announced}"))
    assert outdated() == []
    assert run().unchanged == 1


def test_a_rule_that_is_changed_back_gives_the_text_back(codex: Path, birds: Repo) -> None:
    log = session(codex, birds.root)
    run()
    birds.write(FILE, BEAST)
    run()
    assert prompts(log) == ["Blue Heron meets Red [REDACTED:codename#1]"]


def test_neither_folders_nor_rules_stand_in_the_database(codex: Path, tmp_path: Path) -> None:
    secret = repository(tmp_path / "nightjar-plan", BIRD + "- {id: night, pattern: nightjar, ignore_case: true}\n")
    log = session(codex, secret.root)
    run()
    assert prompts(log) == ["(the bird) meets Red Fox"]
    assert b"nightjar" not in database_bytes().lower()
    assert b"Blue Heron" not in database_bytes()


def test_by_hand_holds_beside_the_rules_and_is_no_reason_to_read_again(codex: Path, birds: Repo) -> None:
    log = session(codex, birds.root)
    other = session(codex, "/srv/other", 2, said="something else entirely")
    run()
    with Book(os.environ, UserConfig()) as book:
        book.add(Asked(text="Red Fox"))
    assert prompts(log) == ["(the bird) meets [REDACTED:manual#1]"]
    assert outdated() == []
    assert run().unchanged == 2
    assert stored_under(log) != stored_under(other)


def test_by_hand_is_in_effect_at_once_where_a_repositorys_rules_cannot_be_used(codex: Path, birds: Repo) -> None:
    log = session(codex, birds.root)
    run()
    birds.write(FILE, "- {id: bird}\n")
    with Book(os.environ, UserConfig()) as book:
        book.add(Asked(text="Red Fox"))
    assert prompts(log) == ["(the bird) meets [REDACTED:manual#1]"]
    assert b"Red Fox" not in database_bytes()
    birds.write(FILE, BIRD)
    run()
    assert prompts(log) == ["(the bird) meets [REDACTED:manual#1]"]
    assert outdated() == []


def said_once(done: Outcome, words: str) -> bool:
    return sum(words in warning for warning in done.warnings) == 1 == len(done.warnings)


def test_a_file_that_cannot_be_used_leaves_its_sessions_for_later_and_no_others(
    codex: Path, birds: Repo, beasts: Repo
) -> None:
    birds.write(FILE, BIRD + "- {id: wild, pattern: '(a+)+'}\n")
    left = [session(codex, birds.root, number) for number in (1, 2)]
    moving = session(codex, beasts.root, 3)
    moves(moving, birds.root)
    read = session(codex, beasts.root, 4)
    for done in (run(), run(jobs=2, rescrub=True)):
        assert said_once(done, f"{FILE}:2: rule wild: an unlimited repeat")
        assert said_once(done, "3 logs are left for later")
        assert (done.left, done.sessions, done.logs) == (3, 1, 4)
    assert prompts(read) == ["Blue Heron meets Red [REDACTED:codename#1]"]
    assert b"Blue Heron meets Red Fox" not in database_bytes()
    birds.write(FILE, BIRD)
    assert run().sessions == 3
    assert prompts(left[0]) == ["(the bird) meets Red Fox"]


def test_a_file_that_breaks_later_leaves_what_is_stored_as_it_is(codex: Path, birds: Repo) -> None:
    log = session(codex, birds.root)
    run()
    stored = rows()
    birds.write(FILE, "- {id: bird, pattern: '['}\n")
    assert said_once(run(), "1 log is left for later")
    log.prompt(f"again {SAID}")
    for more in ({}, {"rescrub": True}):
        assert said_once(run(**more), "rule bird: bad pattern")
        assert rows() == stored
    assert outdated() == [log.session_id]
    (known,) = rules_sync.sync(os.environ, UserConfig(), dry_run=True).repositories
    assert "rule bird: bad pattern" in known.problem
