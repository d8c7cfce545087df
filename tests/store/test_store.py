"""What every store promises, on every backend there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from git_ai_trail.errors import StoreError
from git_ai_trail.facts import Call, Event, Message, Meta, Other, Output, Prompt, Tokens
from git_ai_trail.model import CleanEvent, CleanSession, Redaction, SessionFilter, SourceFile
from git_ai_trail.store import BACKENDS, open_store
from git_ai_trail.store.protocol import ReadMeanwhile, ReadUpTo, Store

PROOF = object()


class Log:
    """Clean events as redaction would give them, each line with a digest of its own."""

    def __init__(self, session_id: str = "aaaa-1", path: str = "~/logs/a.jsonl", *, cwd: str = "~/work") -> None:
        self.path = path
        self.events: list[CleanEvent] = []
        self.turn = -1
        self.offset = 0
        self.clock = 1000.0
        if session_id:
            meta = Meta(session_id, 1000.0, cwd, "1.0", "cli", "exec", "", session_id, "", "main", "https://h/r", "p")
            self.add("meta", meta)

    def add(self, kind: str, data: Any, *redactions: Redaction, sha: str = "") -> Log:
        raw = {"line": self.offset}
        event = Event(kind, self.clock, self.offset, 10, self.turn, data, raw)
        digest = sha or f"{len(self.events):04d}-{kind}-{data!r}"
        self.events.append(CleanEvent(event=event, sha256=digest, redactions=redactions))
        self.offset += 11
        self.clock += 1
        return self

    def prompt(self, text: str, *redactions: Redaction) -> Log:
        self.turn += 1
        return self.add("prompt", Prompt(self.turn, text), *redactions)

    def session(self, *, frm: int = 0, appended: bool = False, size: int = 0, proof: object = PROOF) -> CleanSession:
        end = size or self.offset
        source = SourceFile(format="codex", path=self.path, size=end, mtime_ns=5, inode=7)
        return CleanSession(
            source=source,
            ruleset_digest="rules",
            events=iter([one for one in self.events if one.event.offset >= frm]),
            offset=frm,
            appended=appended,
            skipped={},
            proof=proof,
        )


def keep(store: Store, log: Log, *, frm: int = 0, appended: bool = False) -> Any:
    session = log.session(frm=frm, appended=appended)
    return store.add(session, read_up_to=lambda: ReadUpTo(log.offset, "prefix", "{}"))


@pytest.fixture(params=sorted(BACKENDS))
def open_it(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    url = {"sqlite": f"sqlite://{tmp_path}/data/trail.db"}[request.param]
    return lambda: open_store(url, is_clean=lambda session: session.proof is PROOF)


@pytest.fixture
def store(open_it: Callable[[], Store]) -> Iterator[Store]:
    opened = open_it()
    yield opened
    opened.close()


def a_log(**more: Any) -> Log:
    log = Log(**more)
    log.prompt(
        "make it retry", Redaction(rule_id="email", kind="email", field="text", tag="[REDACTED:email#1]", digest="d1")
    )
    log.add("call", Call("c1", "shell", "ls", "~/work", "{}"))
    log.add("output", Output("c1", 2, "failed", "no such file"))
    log.add("tokens", Tokens("m1", 100, 40, 0, 10, 3))
    log.prompt("again")
    log.add("message", Message("assistant", "done with the retries", "final"))
    return log


def test_a_session_without_proof_is_refused_before_its_events_are_looked_at(store: Store) -> None:
    def explode() -> Iterator[CleanEvent]:
        raise AssertionError("looked at")
        yield

    session = a_log().session(proof=object())
    with pytest.raises(StoreError):
        store.add(replace(session, events=explode()), read_up_to=lambda: ReadUpTo(0, "", ""))
    with pytest.raises(StoreError):
        store.add("text", read_up_to=lambda: ReadUpTo(0, "", ""))  # type: ignore[arg-type]
    assert store.sessions(SessionFilter()) == []


def test_a_store_that_was_opened_only_to_look_takes_nothing(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "trail.db"))
    with pytest.raises(StoreError):
        keep(store, a_log())
    store.close()


def test_what_was_added_is_found_again_after_reopening(open_it: Callable[[], Store]) -> None:
    first = open_it()
    kept = keep(first, a_log())
    first.close()
    assert (kept.session_id, kept.prompts, kept.calls, kept.tokens) == ("aaaa-1", 2, 1, 110)
    assert kept.redactions == {"email": 1}

    store = open_it()
    info = store.session("aaaa")
    assert (info.id, info.agent, info.prompts, info.calls, info.redactions) == ("aaaa-1", "codex", 2, 1, 1)
    assert (info.tokens.input, info.tokens.cached, info.tokens.output, info.tokens.total) == (100, 40, 10, 110)
    assert info.models == ("m1",)
    assert info.started_at == datetime.fromtimestamp(1000, UTC)
    assert info.ended_at == datetime.fromtimestamp(1006, UTC)
    prompts = store.prompts("aaaa-1")
    assert [(p.index, p.text, p.calls, p.tokens.total) for p in prompts] == [
        (0, "make it retry", 1, 110),
        (1, "again", 0, 0),
    ]
    assert prompts[0].redactions == {"email": 1}
    assert [(e.kind, e.turn, e.text, e.exit_code) for e in store.entries("aaaa-1")] == [
        ("call", 0, "ls", 2),
        ("message", 1, "done with the retries", None),
    ]
    assert store.rule_counts() == {"email": 1}
    assert store.redaction_tags("~/logs/a.jsonl") == {"d1": "[REDACTED:email#1]"}
    assert store.tokens_by_model("aaaa-1")["m1"].total == 110
    assert store.problems() == []
    store.close()


def test_the_same_log_again_replaces_its_rows(store: Store) -> None:
    keep(store, a_log())
    keep(store, a_log())
    info = store.session("aaaa-1")
    assert (info.prompts, info.calls, info.tokens.total, info.redactions) == (2, 1, 110, 1)
    assert len(store.search("retry")) == 1


def test_a_log_rewritten_with_less_loses_what_is_gone(store: Store) -> None:
    keep(store, a_log())
    keep(store, Log().prompt("something else"))
    assert [p.text for p in store.prompts("aaaa-1")] == ["something else"]
    assert store.search("retry") == []
    assert store.search("retries") == []


def test_a_log_rewritten_as_another_session_takes_the_old_one_away(store: Store) -> None:
    keep(store, a_log())
    keep(store, a_log(session_id="bbbb-2"))
    assert [info.id for info in store.sessions(SessionFilter())] == ["bbbb-2"]


def test_appending_continues_and_joins_an_output_to_its_earlier_call(store: Store) -> None:
    log = Log().prompt("build").add("call", Call("c1", "shell", "make", "", "{}"))
    keep(store, log)
    end = log.offset
    log.add("output", Output("c1", 0, "completed", "built")).prompt("thanks")
    kept = keep(store, log, frm=end, appended=True)
    assert kept.bytes_read == log.offset - end
    assert [(e.text, e.output, e.exit_code) for e in store.entries("aaaa-1")] == [("make", "built", 0)]
    assert [p.text for p in store.prompts("aaaa-1")] == ["build", "thanks"]
    assert store.file_states()["~/logs/a.jsonl"].offset == log.offset


def test_appending_behind_an_offset_that_another_run_has_passed_is_refused(store: Store) -> None:
    log = a_log()
    keep(store, log)
    with pytest.raises(ReadMeanwhile):
        keep(store, log, frm=11, appended=True)
    assert store.session("aaaa-1").prompts == 2


@pytest.mark.parametrize("later", [0, 2])
def test_a_twin_of_a_log_adds_only_what_is_new(store: Store, later: int) -> None:
    keep(store, a_log())
    twin = a_log(path="~/archive/a.jsonl")
    for number in range(later):
        twin.prompt(f"more {number}")
    keep(store, twin)
    assert [p.text for p in store.prompts("aaaa-1")] == ["make it retry", "again"] + [f"more {n}" for n in range(later)]
    assert store.session("aaaa-1").tokens.total == 110
    assert store.session("aaaa-1").redactions == 1


def test_when_a_log_goes_its_twin_is_read_again(store: Store) -> None:
    keep(store, a_log())
    keep(store, a_log(path="~/archive/a.jsonl"))
    keep(store, Log().prompt("other"))
    state = store.file_states()["~/archive/a.jsonl"]
    assert (state.size, state.offset) == (-1, 0)
    keep(store, a_log(path="~/archive/a.jsonl"))
    assert sorted(p.text for p in store.prompts("aaaa-1")) == ["again", "make it retry", "other"]


def test_a_second_log_of_the_same_session_continues_its_turns(store: Store) -> None:
    keep(store, a_log())
    other = Log(path="~/logs/b.jsonl")
    other.clock = 5000.0
    keep(store, other.prompt("after the revert"))
    assert [(p.index, p.text) for p in store.prompts("aaaa-1")] == [
        (0, "make it retry"),
        (1, "again"),
        (2, "after the revert"),
    ]


def test_an_error_in_the_middle_of_a_log_leaves_the_store_as_it_was(store: Store) -> None:
    keep(store, a_log())

    def broken() -> Iterator[CleanEvent]:
        yield from Log().prompt("half").events
        raise RuntimeError("torn")

    with pytest.raises(RuntimeError):
        store.add(replace(a_log().session(), events=broken()), read_up_to=lambda: ReadUpTo(0, "", ""))
    assert store.session("aaaa-1").prompts == 2
    keep(store, a_log(session_id="bbbb-2", path="~/logs/b.jsonl"))
    assert len(store.sessions(SessionFilter())) == 2


def test_sessions_are_filtered_and_newest_first(store: Store) -> None:
    for number, cwd in enumerate(["~/work", "~/work/sub", "~/workshop"]):
        log = Log(session_id=f"s{number}", path=f"~/logs/{number}.jsonl", cwd=cwd)
        meta = log.events[0]
        data = meta.event.data._replace(started_at=1000.0 + number * 100)
        log.events[0] = meta._replace(event=meta.event._replace(data=data, at=1000.0 + number * 100))
        keep(store, log)

    def ids(**wanted: Any) -> list[str]:
        return [info.id for info in store.sessions(SessionFilter(**wanted))]

    assert ids() == ["s2", "s1", "s0"]
    assert ids(folders=("~/work",)) == ["s1", "s0"]
    assert ids(since=datetime.fromtimestamp(1100, UTC)) == ["s2", "s1"]
    assert ids(until=datetime.fromtimestamp(1100, UTC)) == ["s0"]
    assert ids(limit=1) == ["s2"]
    assert ids(agent="other") == []
    assert ids(tag="x") == []


def test_an_id_that_fits_several_sessions_or_none_is_an_error(store: Store) -> None:
    keep(store, a_log(session_id="aa1"))
    keep(store, a_log(session_id="aa2", path="~/logs/b.jsonl"))
    for name in ("aa", "zz", "", "a%"):
        with pytest.raises(StoreError):
            store.session(name)
    assert set(store.find(("aa1", "nobody"))) == {"aa1"}


def test_a_file_that_says_nothing_is_remembered_but_is_no_session(store: Store) -> None:
    empty = Log(session_id="")
    assert keep(store, empty).session_id == ""
    assert store.sessions(SessionFilter()) == []
    assert "~/logs/a.jsonl" in store.file_states()


def test_a_renamed_log_keeps_its_rows(store: Store) -> None:
    keep(store, a_log())
    store.moved("~/logs/a.jsonl", "~/archive/a.jsonl")
    assert list(store.file_states()) == ["~/archive/a.jsonl"]
    assert store.session("aaaa-1").prompts == 2


@pytest.mark.parametrize(
    "data",
    [
        Message("assistant", "lone \ud800 surrogate \0 and nul", ""),
        Tokens("m", 10**400, -5, 0, 1, 0),
        Output("nobody", 10**30, "unknown", "x"),
        Other("\udfff"),
        None,
    ],
)
def test_values_that_no_database_takes_do_not_stop_a_log(store: Store, data: Any) -> None:
    kinds = {Message: "message", Tokens: "tokens", Output: "output", Other: "other", type(None): "other"}
    log = Log().prompt("before")
    log.clock = float("inf")
    log.add(kinds[type(data)], data).prompt("after")
    keep(store, log)
    assert [p.text for p in store.prompts("aaaa-1")] == ["before", "after"]


def test_search_takes_words_and_no_syntax(store: Store) -> None:
    keep(store, a_log())
    assert [(session, turn) for session, turn, _ in store.search("again")] == [("aaaa-1", 1)]
    assert [(session, turn) for session, turn, _ in store.search('retries" OR (')] == []
    assert [(session, turn) for session, turn, _ in store.search("done retries")] == [("aaaa-1", 1)]
    assert store.search('"') == []


def test_a_long_log_is_written_in_parts_of_one_transaction(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = a_log()
    keep(store, whole)
    once = (store.entries("aaaa-1"), store.prompts("aaaa-1"), store.session("aaaa-1"))
    monkeypatch.setattr("git_ai_trail.store.sqlite_held.HELD_BYTES", 1)
    keep(store, a_log())
    assert (store.entries("aaaa-1"), store.prompts("aaaa-1"), store.session("aaaa-1")) == once


def test_a_scheme_nobody_knows_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(StoreError) as caught:
        open_store("mysql://host/db")
    assert "sqlite" in str(caught.value.hint)


def test_the_folders_that_a_log_names_stay_with_it_and_grow_with_it(store: Store) -> None:
    log = a_log()
    store.add(log.session(), read_up_to=lambda: ReadUpTo(log.offset, "prefix", "{}", '["one"]'))
    assert store.file_states()["~/logs/a.jsonl"].folders == '["one"]'
    frm = log.offset
    log.prompt("more")
    more = log.session(frm=frm, appended=True)
    store.add(more, read_up_to=lambda: ReadUpTo(log.offset, "prefix", "{}", '["one","two"]'))
    store.moved("~/logs/a.jsonl", "~/archive/a.jsonl")
    assert store.file_states()["~/archive/a.jsonl"].folders == '["one","two"]'


def test_rules_of_repositories_are_kept_by_root_until_they_are_forgotten(store: Store) -> None:
    assert store.repository_rules() == {}
    store.keep_repository_rules("one", "rules")
    store.keep_repository_rules("two", "others")
    store.keep_repository_rules("one", "other rules")
    assert store.repository_rules() == {"one": "other rules", "two": "others"}
    store.keep_repository_rules("one", "")
    store.keep_repository_rules("none", "")
    assert store.repository_rules() == {"two": "others"}


def test_a_slower_run_that_read_less_takes_nothing_back(store: Store) -> None:
    """Two runs read one log while it grows: whoever began first may be done last."""
    slow = a_log().session()

    def slowly() -> Iterator[CleanEvent]:
        yield from slow.events
        store.add(a_log().session(), read_up_to=lambda: ReadUpTo(900, "", ""))

    with pytest.raises(ReadMeanwhile):
        store.add(replace(slow, events=slowly()), read_up_to=lambda: ReadUpTo(500, "", ""))
    assert [one.offset for one in store.file_states().values()] == [900]
    # One that began after that may say less: the log was replaced.
    store.add(a_log().session(), read_up_to=lambda: ReadUpTo(500, "", ""))
    assert [one.offset for one in store.file_states().values()] == [500]
