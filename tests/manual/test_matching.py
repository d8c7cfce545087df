"""What counts as the text that a person gave, whatever stands around it; and that by hand wins over every rule."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_ai_trail.facts import Event, Message, Meta, Prompt
from git_ai_trail.model import ManualRedaction, SourceFile
from git_ai_trail.redact import Identity, Scrubber, ruleset
from git_ai_trail.redact.manual import digests_of, effective_digest, fingerprint
from git_ai_trail.redact.rule import CODE_DETECTORS, Rule, RuleSet

KEY = b"k" * 32
TAG = re.compile(r"\[REDACTED:[a-z-]+#\d+\]")
WORDS = st.lists(st.text("abXY12", min_size=1, max_size=4), min_size=1, max_size=5)
NOTHING = RuleSet(rules=(), disabled=frozenset(CODE_DETECTORS))


def entry(text: str, **more: object) -> ManualRedaction:
    found = digests_of(text, KEY, ignore_case=bool(more.get("ignore_case")))
    assert found is not None
    named = {"first": found.first, "last": found.last, "tokens": found.tokens, "whole": found.whole}
    return ManualRedaction(**{"id": 1, **named, **more})  # type: ignore[arg-type]


def by_hand(*entries: ManualRedaction, rules: Sequence[Rule] = ()) -> Scrubber:
    whole = RuleSet(rules=tuple(rules), disabled=NOTHING.disabled)
    return Scrubber(whole, KEY, identity=Identity(), gate="keyword", manual=entries)


def cleaned(text: str, *entries: ManualRedaction, rules: Sequence[Rule] = ()) -> str:
    return by_hand(*entries, rules=rules).text(text)[0]


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("blue heron", "[T]"),
        ("a blue heron.", "a [T]."),
        ("a blue\n\t heron", "a [T]"),
        ("blue_heron", "blue_heron"),
        ("x_blue heron_y", "x_[T]_y"),
        ("blue herons", "blue herons"),
        ("Blue heron", "Blue heron"),
        ("xblue heron", "xblue heron"),
        ("blue blue heron heron", "blue [T] heron"),
        ("?q=blue%20heron&x", "?q=[T]&x"),
        ("blue\x1b[1m heron", "[T]"),
        ("b\u200blue heron", "[T]"),
        ("blue, heron", "blue, heron"),
    ],
)
def test_a_text_ends_where_its_words_end(text: str, clean: str) -> None:
    assert TAG.sub("[T]", cleaned(text, entry("blue heron"))) == clean


@pytest.mark.parametrize("text", ["BLUE heron", "blue HERON", "Blue Heron"])
def test_capitals_may_be_let_pass(text: str) -> None:
    assert cleaned(f"the {text}!", entry("Blue heron", ignore_case=True)) == "the [REDACTED:manual#1]!"
    assert cleaned("die STRASSE dort", entry("straße", ignore_case=True)) == "die [REDACTED:manual#1] dort"


@pytest.mark.parametrize("form", [json.dumps, lambda text: json.dumps(json.dumps(text))])
def test_a_text_of_several_lines_is_found_in_json(form: object) -> None:
    text = 'first line\n"second" line'
    told = form({"command": text, "rest": "stays"}) + "…"  # type: ignore[operator]
    clean, _ = by_hand(entry(text)).value(told)
    assert "second" not in clean
    assert "stays" in clean


@given(WORDS, WORDS, WORDS, st.sampled_from([" ", "  ", "\n", "\t "]))
def test_the_text_is_gone_and_the_rest_is_not(before: list[str], text: list[str], after: list[str], gap: str) -> None:
    wanted = entry(" ".join(text))
    clean = cleaned(" ".join([*before, "|", gap.join(text), "|", *after]), wanted)
    spaced = " " + " ".join(re.findall(r"[^\W_]+|\S", TAG.sub("\x00", clean))) + " "
    assert f" {' '.join(text)} " not in spaced
    assert clean.count("|") == 2
    if " ".join(text) not in " ".join(before):
        assert clean.startswith(" ".join(before) + " |")


@given(WORDS, st.text("abXY12 \n|.", max_size=40))
def test_a_second_time_changes_nothing(text: list[str], whole: str) -> None:
    once = cleaned(whole, entry(" ".join(text)))
    assert cleaned(once, entry(" ".join(text))) == once


@given(
    WORDS,
    st.sampled_from(["literal", "regex"]),
    st.booleans(),
    st.text("abXY12 ", min_size=1, max_size=8).filter(lambda text: text.strip()),
)
def test_by_hand_wins_over_any_rule(text: list[str], kind: str, replaces: bool, pattern: str) -> None:
    """Whatever a rule finds, puts in its place or lets pass: the text does not stand in what comes out."""
    given_text = " ".join(text)
    rule = Rule(
        id="own",
        type=kind,
        pattern=pattern,
        replacement=f"<{given_text}>" if replaces else "",
        allow=(re.escape(pattern),) if not replaces else (),
    )
    clean = cleaned(f"{pattern} {given_text} | {given_text} {pattern}", entry(given_text), rules=[rule])
    spaced = " " + " ".join(re.findall(r"[^\W_]+|\S", TAG.sub("\x00", clean))) + " "
    assert f" {given_text} " not in spaced


def test_by_hand_names_what_a_rule_finds_too() -> None:
    token = "gh" + "p_" + "Q7xWm2Kd9RtZ4vBn8LpY3cHs6JfG1aTe5UoI"
    scrubber = Scrubber(ruleset.load(), KEY, identity=Identity(), gate="keyword", manual=[entry(token)])
    clean, found = scrubber.text(f"use {token} now")
    assert clean == "use [REDACTED:manual#1] now"
    assert [one.rule_id for one in found] == ["manual:1"]


def session(scrubber: Scrubber, *events: Event, session_id: str = "") -> list[Event]:
    lines = [(json.dumps(event.raw).encode(), [event]) for event in events]
    source = SourceFile(format="codex", path="p", size=1, mtime_ns=1, inode=1)
    done = scrubber.scrub(source, lines, offset=0, appended=False, skipped={}, session_id=session_id)
    return [one.event for one in done.events]


def line(number: int, kind: str, data: object, text: str) -> Event:
    return Event(kind, 1.0, number, 1, 0, data, {"text": text})


META = Meta("s-1", 1.0, "", "", "", "", "", "s-1", "", "", "", "")


def test_one_session_alone() -> None:
    scrubber = by_hand(entry("blue heron", session="s-1"))
    said = line(2, "prompt", Prompt(0, "a blue heron"), "a blue heron")
    own = session(scrubber, line(1, "meta", META, ""), said)
    assert own[1].data.text == "a [REDACTED:manual#1]"
    assert own[1].raw == {"text": "a [REDACTED:manual#1]"}
    assert session(scrubber, said, session_id="s-1")[0].data.text == "a [REDACTED:manual#1]"
    other = session(scrubber, line(1, "meta", META._replace(session_id="s-2"), ""), said)
    assert other[1].data.text == "a blue heron"


def test_a_short_prompt_goes_where_it_stands_alone_and_from_what_people_said() -> None:
    scrubber = by_hand(entry("yes", type="prompt", session="s-1"))
    events = session(
        scrubber,
        line(1, "message", Message("injected", "", ""), "## Request\nyes"),
        line(2, "prompt", Prompt(0, "yes"), "yes"),
        line(3, "message", Message("assistant", "", ""), "yes, I can"),
        session_id="s-1",
    )
    assert [event.raw["text"] for event in events] == [
        "## Request\n[REDACTED:manual#1]",
        "[REDACTED:manual#1]",
        "yes, I can",
    ]


def test_the_digest_in_force_tells_redactions_apart() -> None:
    one, two = entry("blue heron"), entry("red heron", id=2)
    assert effective_digest("rules", []) == "rules"
    assert effective_digest("rules", [one]) != effective_digest("rules", [two]) != "rules"
    assert effective_digest("rules", [one, two]) == effective_digest("rules", [two, one])
    inactive = entry("blue heron", active=False)
    assert effective_digest("rules", [inactive]) == "rules"
    why = entry("blue heron", reason="because", actor="Ann")
    assert fingerprint(why) == fingerprint(one)
    assert fingerprint(entry("blue heron", scope="prompt")) != fingerprint(one)


def test_digests_say_nothing_without_the_key() -> None:
    one, other = digests_of("blue heron", KEY), digests_of("blue heron", b"x" * 32)
    assert one is not None
    assert other is not None
    assert {one.first, one.last, one.whole}.isdisjoint({other.first, other.last, other.whole})
    assert digests_of("  \n", KEY) is None
    assert digests_of("word " * 20_001, KEY) is None
