"""Logs that grew, moved, were packed or written anew since they were read: what is stored is what one reading gives."""

from __future__ import annotations

from pathlib import Path

import pytest
from backports import zstd

from git_ai_trail.model import SessionFilter
from git_ai_trail.pipeline.repository_rules import NONE, Scope
from git_ai_trail.pipeline.scrubbing import Redactors
from git_ai_trail.redact import Scrubber
from tests.pipeline.ingesting import AT, a_log, more_of, opened, rows, run
from tests.support.codex_log import CodexLog


def test_an_unchanged_log_is_not_read_again(codex: Path) -> None:
    a_log(codex)
    run()
    before = rows()
    again = run()
    assert (again.logs, again.unchanged, again.bytes_read, again.sessions) == (1, 1, 0, 0)
    assert rows() == before


def test_what_is_appended_is_read_alone_and_gives_what_one_reading_gives(codex: Path, tmp_path: Path) -> None:
    log = a_log(codex)
    call = log.shell("make", None)
    run()
    before = log.path.stat().st_size
    log.answer(call, "built\n")
    log.add_file("src/more.py", "added_later = True\n")
    more_of(log)
    grown = run()
    assert grown.bytes_read == log.path.stat().st_size - before
    in_parts = rows()
    run(rescrub=True)
    assert rows() == in_parts


@pytest.mark.parametrize("part", range(1, 12))
def test_wherever_a_log_was_cut_the_rest_is_read_as_if_it_never_had_been(codex: Path, part: int) -> None:
    log = a_log(codex, cwd=str(codex.parent / "project"))
    log.shell("git commit -m x", "[main abcdef1] x\n 1 file changed\n")
    more_of(log)
    whole = log.path.read_bytes()
    cut = len(whole) * part // 12
    log.path.write_bytes(whole[:cut])
    run()
    with log.path.open("ab") as file:
        file.write(whole[cut:])
    run()
    in_parts = rows()
    run(rescrub=True)
    assert rows() == in_parts


def test_a_value_keeps_its_tag_as_its_log_grows(codex: Path) -> None:
    first, second = ("".join((name, "@", "mail.corp-example.net")) for name in ("jane.roe", "rick.doe"))
    log = CodexLog(codex, "/srv/project", at=AT)
    log.prompt(f"ask {first}")
    run()
    log.prompt(f"ask {second} and {first}")
    run()
    store = opened()
    one, two = (prompt.text for prompt in store.prompts(log.session_id))
    tag = one.removeprefix("ask ")
    assert tag.startswith("[REDACTED:email#")
    assert two.endswith(f" and {tag}")
    assert two != f"ask {tag} and {tag}"
    store.close()


def test_an_unfinished_last_line_waits_for_its_end(codex: Path) -> None:
    log = a_log(codex)
    whole = log.path.read_bytes()
    log.path.write_bytes(whole[:-20])
    run()
    store = opened()
    state = next(iter(store.file_states().values()))
    store.close()
    assert whole[: state.offset].endswith(b"\n")
    assert b"\n" not in whole[state.offset : -20]
    log.path.write_bytes(whole)
    run()
    in_parts = rows()
    run(rescrub=True)
    assert rows() == in_parts


@pytest.mark.parametrize("how", ["rewritten", "truncated"])
def test_a_log_that_is_not_what_it_was_is_read_from_the_start(codex: Path, how: str) -> None:
    log = a_log(codex)
    more_of(log)
    run()
    text = log.path.read_text()
    if how == "rewritten":
        log.path.write_text(text.replace("linter", "formatter and then the linter"))
    else:
        log.path.write_text("".join(text.splitlines(keepends=True)[:5]))
    run()
    changed = rows()
    run(rescrub=True)
    assert rows() == changed
    store = opened()
    prompts = [prompt.text for prompt in store.prompts(log.session_id)]
    store.close()
    assert prompts[1:] == (["now run the formatter and then the linter"] if how == "rewritten" else [])


def test_an_archived_log_is_followed_and_a_copied_one_is_not_counted_twice(codex: Path) -> None:
    log = a_log(codex)
    run()
    before = rows()
    archive = codex / "archived_sessions"
    archive.mkdir()
    log.path.rename(archive / log.path.name)
    moved = run()
    assert (moved.unchanged, moved.bytes_read) == (1, 0)
    log.path.write_bytes((archive / log.path.name).read_bytes())
    run()
    assert rows() == before
    store = opened()
    assert len(store.sessions(SessionFilter())) == 1
    store.close()


def test_a_compressed_log_gives_what_the_plain_one_gives(codex: Path) -> None:
    log = a_log(codex)
    more_of(log)
    run()
    plain = rows()
    log.path.with_name(log.path.name + ".zst").write_bytes(zstd.compress(log.path.read_bytes()))
    log.path.unlink()
    run()
    store = opened()
    assert len(store.sessions(SessionFilter())) == 1
    store.close()
    assert rows() == plain


def test_a_run_that_opened_a_log_before_it_grew_takes_nothing_back(
    codex: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Making the rules ready takes time, in which another run can read all that has come since."""
    log = a_log(codex)
    make = Redactors.of

    def of(self: Redactors, scope: Scope = NONE) -> Scrubber:
        monkeypatch.setattr(Redactors, "of", make)
        more_of(log)
        assert run().prompts == 2
        return make(self, scope)

    monkeypatch.setattr(Redactors, "of", of)
    slow = run()
    assert (slow.unchanged, slow.prompts, slow.skipped) == (1, 0, ())
    store = opened()
    assert [info.prompts for info in store.sessions(SessionFilter())] == [2]
    store.close()
