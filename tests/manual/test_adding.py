"""What is redacted by hand is gone from the database at once, stays gone, and comes back only where it is taken back."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

import pytest

from git_ai_trail.config import UserConfig
from git_ai_trail.errors import ConfigError, StoreError
from git_ai_trail.model import SessionFilter
from git_ai_trail.pipeline.ingest import ingest
from git_ai_trail.pipeline.manual import Asked, Book
from tests.manual.conftest import Run, database_bytes, only_noted, read_logs
from tests.support.codex_log import CodexLog

NAME = "Project Blue Heron"
Open = Callable[[], Book]


def stored(book: Open) -> str:
    """Everything that the database says of its sessions."""
    with book() as opened:
        store = opened.store
        found = [
            f"{prompt.text}\n" for info in opened.store.sessions(SessionFilter()) for prompt in store.prompts(info.id)
        ]
        found += [
            f"{entry.text}\n{entry.output}\n"
            for info in store.sessions(SessionFilter())
            for entry in store.entries(info.id)
        ]
    return "".join(found)


def test_a_text_is_gone_from_every_page_at_once(book: Open) -> None:
    assert NAME in stored(book)
    with book() as opened:
        done = opened.add(Asked(text=NAME, reason="not announced"))
    assert done.new
    assert (done.applied.clean, done.applied.left, done.applied.again) == (True, 0, 1)
    assert sum(done.applied.counts.values()) >= 6
    text = stored(book)
    # Other white space, percent-encoded, in JSON: all of them; a longer word is another one.
    assert "Rename [REDACTED:manual#1] to something else" in text
    assert "rename [REDACTED:manual#2] now" in text
    assert "Project Blue Herons" in text
    assert "Project%20Blue" not in text
    bytes_left = database_bytes()
    for form in (b"Project Blue Heron\b", b"Project Blue  Heron", b"Blue%20Heron"):
        assert form.removesuffix(b"\b") not in bytes_left.replace(b"Project Blue Herons", b"")


def test_nothing_of_the_text_is_kept(book: Open) -> None:
    with book() as opened:
        opened.add(Asked(text="Heron Herons zebra-crossing", reason="why", actor="A. Person"))
    left = database_bytes()
    assert b"zebra" not in left
    assert b"crossing" not in left


def test_it_survives_reading_again_and_new_lines(book: Open, log: CodexLog) -> None:
    with book() as opened:
        opened.add(Asked(text=NAME))
    log.prompt(f"And what of {NAME}?")
    read_logs()
    assert "And what of [REDACTED:manual#1]?" in stored(book)
    ingest(os.environ, UserConfig(), jobs=1, rescrub=True)
    assert NAME not in stored(book).replace("Project Blue Herons", "")
    assert b"what of Project" not in database_bytes()


def test_adding_leaves_nothing_for_the_next_run_to_do(book: Open, codex: object) -> None:
    other = CodexLog(codex, "/srv/other")  # type: ignore[arg-type]
    other.prompt("Nothing of interest")
    read_logs()
    with book() as opened:
        done = opened.add(Asked(text=NAME))
    assert (done.applied.again, done.applied.logs) == (1, 2)
    outcome = ingest(os.environ, UserConfig(), jobs=1)
    assert (outcome.unchanged, outcome.bytes_read) == (2, 0)


def test_the_same_twice_is_one(book: Open) -> None:
    with book() as opened:
        first = opened.add(Asked(text=NAME, reason="one"))
        before = stored(book)
        again = opened.add(Asked(text="Project  Blue\nHeron", reason="two"))
        assert (again.new, again.entry.id) == (False, first.entry.id)
        assert len(opened.entries()) == 1
    assert stored(book) == before


def test_who_when_and_why_is_kept_of_every_change(book: Open) -> None:
    with book() as opened:
        made = opened.add(Asked(text=NAME, reason="not announced", actor="Ann"))
        opened.edit(made.entry.id, Asked(reason="announced in May"))
        opened.remove(made.entry.id, actor="Ben", reason="it was announced")
        told = [(one.action, one.actor, one.reason) for one in opened.history(made.entry.id)]
    assert told == [
        ("add", "Ann", "not announced"),
        ("edit", "Ann", "announced in May"),
        ("remove", "Ben", "it was announced"),
    ]


def test_taking_it_back_brings_the_text_back_and_undoing_that_takes_it_again(book: Open) -> None:
    before = stored(book)
    with book() as opened:
        made = opened.add(Asked(text=NAME))
        assert NAME not in stored(book).replace("Project Blue Herons", "")
        opened.remove(made.entry.id)
        assert stored(book) == before
        opened.undo()
        assert NAME not in stored(book).replace("Project Blue Herons", "")
        opened.undo()
        assert stored(book) == before
        assert [one.action for one in opened.history()] == ["add", "remove", "undo", "undo"]


def test_undoing_the_first_change_takes_it_back(book: Open) -> None:
    before = stored(book)
    with book() as opened:
        opened.add(Asked(text=NAME))
        opened.undo()
        assert opened.entries() == []
    assert stored(book) == before


def test_a_changed_text_frees_the_old_one(book: Open) -> None:
    with book() as opened:
        made = opened.add(Asked(text="something else"))
        opened.edit(made.entry.id, Asked(text=NAME))
    text = stored(book)
    assert "to something else, please" in text
    assert NAME not in text.replace("Project Blue Herons", "")


def test_where_it_holds_can_be_changed(book: Open) -> None:
    with book() as opened:
        made = opened.add(Asked(text="please", scope="prompt"))
        number = made.entry.id
        assert opened.edit(number, Asked(scope="global")).entry.scope == "global"
        assert "as you please" not in stored(book)
        changed = opened.edit(number, Asked(field="payload.arguments")).entry
        assert (changed.scope, changed.field) == ("field", "payload.arguments")
        assert "as you please" in stored(book)
        changed = opened.edit(number, Asked(scope="prompt", reason="again")).entry
        assert (changed.scope, changed.field, changed.reason) == ("prompt", "", "again")
        assert not opened.edit(number, Asked(reason="again")).new


def test_a_dry_run_says_how_much_and_changes_nothing(book: Open, log: CodexLog) -> None:
    before = database_bytes()
    with book() as opened:
        done = opened.add(Asked(text=NAME), dry_run=True)
    assert done.applied.counts.keys() == {log.session_id}
    with book() as opened:
        assert opened.entries() == []
    assert NAME in stored(book)
    with book() as opened:
        assert dict(opened.add(Asked(text=NAME)).applied.counts) == dict(done.applied.counts)
    assert before


def test_a_log_that_is_gone_is_cleaned_where_it_is_stored(book: Open, log: CodexLog) -> None:
    log.path.unlink()
    with book() as opened:
        done = opened.add(Asked(text=NAME))
        assert (done.applied.again, done.applied.in_place, done.applied.left) == (0, 1, 0)
        assert done.applied.counts[log.session_id] >= 6
        text = stored(book)
        assert "Rename [REDACTED:manual#1] to something else" in text
        assert NAME not in text.replace("Project Blue Herons", "")
        assert opened.store.search("Heron") == []
        gone = opened.remove(done.entry.id)
    assert gone.applied.kept == (log.session_id,)
    assert b"Project Blue Heron " not in database_bytes()


def test_a_log_that_cannot_be_read_is_cleaned_where_it_is_stored(book: Open, log: CodexLog) -> None:
    log.path.unlink()
    log.path.mkdir()
    with book() as opened:
        done = opened.add(Asked(text=NAME))
    assert (done.applied.in_place, done.applied.left) == (1, 0)
    assert len(done.applied.failed) == 1
    assert NAME not in stored(book).replace("Project Blue Herons", "")


def test_what_is_stored_of_a_log_that_was_rewritten_goes_too(book: Open, log: CodexLog) -> None:
    text = log.path.read_bytes()
    log.path.write_bytes(text.replace(b"Blue", b"Grey"))
    with book() as opened:
        done = opened.add(Asked(text=NAME))
    assert (done.applied.again, done.applied.left) == (1, 0)
    assert b"Project Blue" not in database_bytes()


def test_a_run_that_was_killed_is_finished_by_the_next_one(book: Open, log: CodexLog) -> None:
    with book() as opened:
        only_noted(opened, NAME)
    assert NAME in stored(book)
    read_logs()
    assert b"Rename Project Blue" not in database_bytes()
    assert NAME not in stored(book).replace("Project Blue Herons", "")


def test_a_pattern_is_kept_and_goes_everywhere(book: Open) -> None:
    with book() as opened:
        done = opened.add(Asked(pattern=r"project\s+blue\s+heron\w*", ignore_case=True))
        assert opened.entries()[0].pattern == r"project\s+blue\s+heron\w*"
    assert done.applied.clean
    assert "Heron" not in stored(book)


def test_capitals_need_not_agree(book: Open) -> None:
    with book() as opened:
        opened.add(Asked(text="PROJECT blue HERON", ignore_case=True))
    assert NAME not in stored(book).replace("Project Blue Herons", "")


def test_only_prompts(book: Open) -> None:
    with book() as opened:
        opened.add(Asked(text="please", scope="prompt"))
        opened.add(Asked(text="rename", scope="prompt"))
    text = stored(book)
    # What is found in a prompt goes from the rest of the session too; what no prompt holds stays.
    assert "please" not in text
    assert "I shall rename" in text
    assert b"please" not in database_bytes()


def test_a_prompt_by_its_number(book: Open, log: CodexLog) -> None:
    with book() as opened:
        opened.add(Asked(prompt=2, session=log.session_id[:8]))
        opened.add(Asked(prompt=1, session=log.session_id[:8]))
        assert [prompt.text for prompt in opened.store.prompts(log.session_id)] == [
            "[REDACTED:manual#1]",
            "[REDACTED:manual#2]",
        ]
    assert b"something else, please" not in database_bytes()
    assert b'"yes"' not in database_bytes()
    assert "I shall rename" in stored(book)


def test_a_whole_field(book: Open) -> None:
    with book() as opened:
        done = opened.add(Asked(whole=True, field="payload.output"))
    assert done.entry.scope == "field"
    text = stored(book)
    assert "src/b.py:9" not in text
    assert b"src/b.py:9" not in database_bytes()
    assert "grep -rn" in text


def test_a_text_in_one_field_is_also_gone_from_what_was_made_of_it(book: Open) -> None:
    with book() as opened:
        opened.add(Asked(text="grep", field="payload.arguments"))
    assert "grep" not in stored(book)
    assert b"grep" not in database_bytes()


def test_manual_wins_over_a_rule_that_would_put_it_there(book: Open, config_rules: Callable[[str], None]) -> None:
    config_rules("- {id: own, pattern: 'something else', replacement: 'Project Blue Heron it is'}\n")
    with book() as opened:
        opened.add(Asked(text=NAME))
    ingest(os.environ, UserConfig(), jobs=1, rescrub=True)
    assert "to [REDACTED:manual#1] it is, please" in stored(book)


def test_manual_wins_over_an_allow_list(book: Open, config_rules: Callable[[str], None]) -> None:
    config_rules("- {id: own, pattern: 'Project \\w+ \\w+', allow: ['Heron'], replacement: (a bird)}\n")
    with book() as opened:
        opened.add(Asked(text=NAME))
    assert "Rename [REDACTED:manual#1] to" in stored(book)


@pytest.fixture
def config_rules(home: object) -> Callable[[str], None]:
    def write(text: str) -> None:
        folder = home / ".config" / "git-ai-trail"  # type: ignore[operator]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "redactions.yml").write_text(text)

    return write


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        (Asked(), ConfigError, "nothing to redact"),
        (Asked(text="a"), ConfigError, "stands everywhere"),
        (Asked(text="…"), ConfigError, "stands everywhere"),
        (Asked(pattern="("), ConfigError, "bad pattern"),
        (Asked(pattern="(a+)+$"), ConfigError, "forever"),
        (Asked(pattern="a*"), ConfigError, "empty text"),
        (Asked(whole=True), ConfigError, "field or a prompt"),
        (Asked(text="word", scope="field"), ConfigError, "scope `field`"),
        (Asked(prompt=1), ConfigError, "session and its number"),
        (Asked(prompt=1, session="nobody"), StoreError, "no session"),
    ],
)
def test_what_cannot_be_done_is_said(book: Open, asked: Asked, error: type[Exception], said: str) -> None:
    with book() as opened:
        with pytest.raises(error, match=said):
            opened.add(asked)
        assert opened.entries() == []


def test_a_prompt_that_is_not_there_is_said(book: Open, log: CodexLog) -> None:
    with book() as opened:
        with pytest.raises(StoreError, match="no prompt 9"):
            opened.add(Asked(prompt=9, session=log.session_id))
        with pytest.raises(StoreError, match="no manual redaction 7"):
            opened.edit(7, Asked(text=NAME))
        with pytest.raises(StoreError, match="nothing to undo"):
            opened.undo()


def test_as_a_person_runs_it(book: Open, run: Run, log: CodexLog) -> None:
    done = run("redact", "add", "--reason", "not announced", stdin=f"{NAME}\n")
    assert done.stdout.startswith("redaction 1: added (text of 3 words, everywhere)\n")
    assert f"  {log.session_id}: " in done.stdout
    assert "1 log of 1 read again" in done.stdout
    assert NAME not in done.stdout + done.stderr
    assert "there already" in run("redact", "add", stdin=NAME).stdout
    assert "not anno" in run("redact", "list").stdout
    assert run("redact", "history").stdout.split()[2:4] == ["1", "add"]
    found = json.loads(run("redact", "list", "--json").stdout)
    assert (found[0]["actor"], found[0]["scope"], found[0]["tokens"]) == ("A. Person", "global", 3)
    assert found[0]["places"] >= 6
    assert not {"first", "last", "whole"} & found[0].keys()
    told = json.loads(run("redact", "remove", "1", "--json", "-n").stdout)
    assert (told["dry_run"], told["changed"], told["read_again"]) == (True, False, 1)
    assert "redaction 1: taken back" in run("redact", "remove", "1").stdout
    assert "redaction 1: undone" in run("redact", "undo").stdout
    pattern = run("redact", "add", "--pattern", "Her[o]n").stdout
    assert "kept as you wrote it" in pattern


@pytest.mark.parametrize(
    ("args", "stdin", "code", "said"),
    [
        (("add",), "", 2, "no text was given"),
        (("add", "--pattern", "(a+)+"), "", 2, "forever"),
        (("add", "--pattern", "a", "--text"), "b", 2, "do not go together"),
        (("add", "some words", "--whole"), "", 2, "do not go together"),
        (("add", "--session", "none"), "some text", 1, "no session"),
        (("remove", "5"), "", 1, "no manual redaction 5"),
        (("undo",), "", 1, "nothing to undo"),
    ],
)
def test_wrong_input_gets_one_line_and_an_exit_code(
    book: Open, run: Run, args: tuple[str, ...], stdin: str, code: int, said: str
) -> None:
    done = run("redact", *args, stdin=stdin, code=code)
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("ai-trail: ")


def test_a_text_may_stand_in_the_arguments(book: Open, run: Run) -> None:
    assert "text of 3 words" in run("redact", "add", NAME, "-n").stdout
    assert "text of 2 words" in run("redact", "add", "-", "-n", stdin="two words").stdout


def test_without_a_database_it_says_what_to_do(codex: object, run: Run) -> None:
    for args in (("add",), ("list",), ("history",), ("undo",)):
        assert "ingest" in run("redact", *args, stdin="some text", code=1).stderr
