"""From events to a clean session: shape, provenance, numbering, and failing closed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from git_ai_trail.facts import Call, Edit, Event, Meta, Output, Plan, Prompt
from git_ai_trail.redact import EditDigests, is_clean
from git_ai_trail.redact.detector import Detector
from git_ai_trail.redact.engine import Engine
from git_ai_trail.redact.session import MAX_TEXT
from git_ai_trail.redact.tree import MAX_DEPTH
from tests.redact.samples import KEY, SOURCE, random_text, scrubbed, scrubber, token

META = Meta("s1", 0.0, "/home/annabel/p", "1", "codex_exec", "exec", "", "s1", "", "", "", "openai")


def _event(kind: str, data: Any, raw: Any = None) -> Event:
    return Event(kind, 1.0, 0, 4, 0, data, raw)


def _line(raw: Any) -> Event:
    return _event("other", None, raw)


def _raw(raw: Any) -> Any:
    return scrubbed(scrubber(), _line(raw))[0].event.raw


def test_only_a_scrubber_makes_a_clean_session() -> None:
    session = scrubber().scrub(SOURCE, [], offset=7, appended=True, skipped={"x": 1})
    assert is_clean(session)
    assert (session.offset, session.appended, session.skipped) == (7, True, {"x": 1})
    assert not is_clean(replace(session, proof=object()))
    assert not is_clean(replace(session, proof=None))


def test_raw_and_data_are_clean_and_counted_once() -> None:
    text = f"use {token()} please"
    (clean,) = scrubbed(scrubber(), _event("prompt", Prompt(0, text), {"payload": {"message": text}}))
    assert clean.event.raw == {"payload": {"message": "use [REDACTED:token#1] please"}}
    assert clean.event.data == Prompt(0, "use [REDACTED:token#1] please")
    (redaction,) = clean.redactions
    assert (redaction.rule_id, redaction.kind, redaction.field) == ("github-token", "token", "payload.message")
    assert redaction.tag == "[REDACTED:token#1]"
    assert token() not in repr(clean)


def test_the_original_line_is_pinned_by_its_digest() -> None:
    (clean,) = scrubbed(scrubber(), _line({"a": 1}))
    assert clean.sha256 == hashlib.sha256(b"line").hexdigest()


def test_keys_are_clean_too_and_none_is_lost() -> None:
    raw = _raw({token(1): 1, token(1).lower(): 2, "plain": 3})
    assert sorted(raw.values()) == [1, 2, 3]
    assert token(1) not in json.dumps(raw)


def test_json_inside_texts_is_cleaned_inside() -> None:
    inner = json.dumps({"cmd": ["bash", "-lc", f"echo {token()}"], "n": 1.5, "on": True})
    raw = _raw({"arguments": json.dumps({"deeper": inner})})
    deeper = json.loads(json.loads(raw["arguments"])["deeper"])
    assert deeper == {"cmd": ["bash", "-lc", "echo [REDACTED:token#1]"], "n": 1.5, "on": True}


def test_json_inside_texts_that_is_clean_stays_byte_for_byte() -> None:
    odd = '{ "a":1.0,\t"b" : [ ] , "big": 12345678901234567890 }'
    assert _raw({"arguments": odd})["arguments"] == odd


def test_where_the_same_json_stands_twice_each_place_is_named() -> None:
    text = json.dumps({"env": {"path": "/home/alice/x"}, "also": ["/home/alice/y"]})
    value, found = scrubber().value({"a": text, "b": [text]}, "field")
    assert value["a"] == value["b"][0] == text.replace("/home/alice", "~")
    assert [one.field for one in found] == [
        f"field.{at}.{step}" for at in ("a", "b[0]") for step in ("env.path", "also[0]")
    ]


def test_a_key_stated_twice_hides_nothing() -> None:
    text = '{"a": "' + token() + '", "a": "harmless"}'
    assert token() not in _raw({"arguments": text})["arguments"]


def test_a_telling_key_makes_its_value_a_secret() -> None:
    word = "hun" + "ter22"
    raw = _raw({"password": word, "env": [{"name": "DB_PASS" + "WORD", "value": word + "x"}], "pin": 12345})
    assert word not in json.dumps(raw)
    assert raw["pin"] == 12345


def test_numbers_behind_a_password_key_go() -> None:
    assert _raw({"password": 12345678})["password"] == "[REDACTED:number#1]"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"encrypted_content": "g" * 2184}, {"encrypted_content": "[omitted:encrypted_content 2184 B]"}),
        (
            {"type": "thinking", "thinking": "x", "signature": "E" * 300},
            {"type": "thinking", "thinking": "x", "signature": "[omitted:signature 300 B]"},
        ),
        (
            {"type": "image", "data": "iVBORw0K" * 20, "mimeType": "image/png"},
            {"type": "image", "data": "[omitted:image 160 B]", "mimeType": "image/png"},
        ),
        ({"image_url": "data:image/png;base64," + "A" * 100}, {"image_url": "[omitted:image 122 B]"}),
        ({"text": "x " + "QUJD" * 300 + " y"}, {"text": "x [omitted:base64 1200 B] y"}),
        ({"text": "\0" * 5000}, {"text": "[omitted:binary 5000 B]"}),
    ],
)
def test_opaque_payloads_are_left_out(raw: Any, expected: Any) -> None:
    clean = scrubbed(scrubber(), _line(raw))[0]
    assert clean.event.raw == expected
    assert clean.redactions[0].rule_id.startswith("structural:")


def test_an_edit_keeps_digests_instead_of_lines() -> None:
    edit = Edit("/home/annabel/p/x.py", "", "update", (("one\r", token()), ("two",)), 3, "patch", "call_1", True)
    meta = _event("meta", META)
    clean = scrubbed(scrubber(), meta, _event("edit", edit))[1]
    one = hashlib.blake2b(b"one", digest_size=8, key=KEY, person=b"line").hexdigest()
    data = clean.event.data
    assert isinstance(data, EditDigests)
    assert (data.path, data.op, data.added_lines, data.removed, data.known) == ("~/p/x.py", "update", 3, 3, True)
    assert len(data.digests) == 3
    assert data.digests[0] == one


def test_nested_tuples_keep_their_types() -> None:
    plan = Plan("why", (("done", f"step {token()}"), ("open", "b")))
    (clean,) = scrubbed(scrubber(), _event("plan", plan))
    assert clean.event.data == Plan("why", (("done", "step [REDACTED:token#1]"), ("open", "b")))


def test_call_and_output_fields_are_clean() -> None:
    call = Call("call_x", "shell", f"echo {token()}", "/home/annabel/p", json.dumps({"a": token()}))
    out = Output("call_x", 0, "completed", f"{token()}\n")
    cleaned = scrubbed(scrubber(), _event("meta", META), _event("call", call), _event("output", out))
    assert token() not in repr(cleaned)
    assert cleaned[1].event.data.workdir == "~/p"
    assert cleaned[2].event.data.exit_code == 0


def test_equal_values_have_equal_tags_and_different_ones_differ() -> None:
    events = scrubbed(scrubber(), _line({"a": token(1)}), _line({"a": token(2)}), _line({"a": token(1)}))
    assert [event.event.raw["a"] for event in events] == [f"[REDACTED:token#{n}]" for n in (1, 2, 1)]
    assert events[0].redactions[0].digest == events[2].redactions[0].digest


def test_numbering_goes_on_where_the_earlier_part_stopped() -> None:
    first = scrubbed(scrubber(), _line({"a": token(1)}))[0].redactions[0]
    lines = [(b"l", [_line({"a": token(2), "b": token(1)})])]
    session = scrubber().scrub(SOURCE, lines, offset=9, appended=True, skipped={}, seen={first.digest: first.tag})
    raw = next(session.events).event.raw
    assert raw == {"a": "[REDACTED:token#2]", "b": "[REDACTED:token#1]"}


def test_a_value_found_once_is_gone_everywhere_later_and_beside_it() -> None:
    value = "corr3ct-" + "horse-st4ple"
    events = scrubbed(
        scrubber(),
        _line({"x": f"I said {value} today"}),
        _line({"a": f"and {value}", "b": f'password = "{value}"'}),
        _line({"a": f"again {value}."}),
        _line({"x": f"I said {value} today"}),
    )
    assert value not in repr(events[1:])


def test_an_ordinary_word_found_as_a_password_stays_elsewhere() -> None:
    events = scrubbed(scrubber(), _line({"a": "POSTGRES_PASSWORD=postgresql"}), _line({"a": "use postgresql here"}))
    assert events[0].event.raw["a"] == "POSTGRES_PASSWORD=[REDACTED:secret#1]"
    assert events[1].event.raw["a"] == "use postgresql here"


def test_events_are_made_lazily() -> None:
    seen: list[int] = []

    def lines() -> Any:
        for number in range(500):
            seen.append(number)
            yield b"l", [_line({"n": number})]

    session = scrubber().scrub(SOURCE, lines(), offset=0, appended=False, skipped={})
    assert seen == []
    next(session.events)
    assert len(seen) < 200  # some lines are looked through together


def test_too_deep_too_long_and_strange_values_are_withheld() -> None:
    deep: Any = token()
    for _ in range(MAX_DEPTH + 5):
        deep = [deep]
    text = json.dumps(_raw({"deep": deep, "odd": object(), "bytes": token().encode(), "set": {token()}}))
    assert token() not in text
    assert "[WITHHELD:too-deep]" in text
    assert text.count("[WITHHELD:unknown-type]") == 3
    assert _raw({"a": "x" * (MAX_TEXT + 1)}) == {"a": "[WITHHELD:too-long]"}


def test_lone_surrogates_neither_crash_nor_hide() -> None:
    raw = _raw({"a": f"\ud800 {token()} \udfff", "\udc00": 1})
    assert token() not in repr(raw)
    assert "\ud800" in raw["a"]


def test_a_detector_that_raises_withholds_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    own = scrubber()

    def broken(*_: Any) -> Any:
        raise RuntimeError("boom")

    engine: Engine = own._engine
    bad = tuple(replace(each, find=broken) if each.rule == "github-token" else each for each in engine.detectors)
    assert isinstance(bad[0], Detector)
    monkeypatch.setattr(engine, "detectors", bad)
    raw = {"a": f"x {token(5)}", "b": "harmless"}
    (clean,) = scrubbed(own, _line(raw))
    assert clean.event.raw == {"a": "[WITHHELD:engine]", "b": "harmless"}
    assert clean.redactions[0].rule_id == "structural:engine"


def test_a_gate_that_raises_withholds_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    own = scrubber()

    class Broken:
        def scan(self, texts: Any) -> Any:
            raise MemoryError

    monkeypatch.setattr(own._engine, "_gate", Broken())
    text, redactions = own.text("anything " + random_text(5))
    assert text == "[WITHHELD:engine]"
    assert redactions[0].kind == "engine"


def test_a_line_that_breaks_the_walk_is_withheld_as_a_whole() -> None:
    class Hostile(dict[str, Any]):
        def items(self) -> Any:
            raise ValueError(token())

    (clean,) = scrubbed(scrubber(), _event("other", (Hostile(a=1), Hostile), None))
    assert token() not in repr(clean)


def test_single_texts_and_values_say_what_was_removed() -> None:
    own = scrubber()
    text, redactions = own.text(f"a {token()}", "prompt")
    assert text == "a [REDACTED:token#1]"
    assert [redaction.field for redaction in redactions] == ["prompt"]
    value, redactions = own.value({"k": [token()]}, "report")
    assert value == {"k": ["[REDACTED:token#1]"]}
    assert redactions[0].field == "report.k[0]"
