"""A rule that takes too long on a text is ended and named, and the text is withheld."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import pytest

from git_ai_trail.redact import Identity, Scrubber, ruleset, watchdog
from git_ai_trail.redact.detector import Leaf
from git_ai_trail.redact.watchdog import SlowRuleError, watched
from tests.redact.samples import KEY

# No repeat inside a repeat, so it is not refused; but each `a?` can match or not.
EXPLODES = "(?:a?){40}a{40}x"
PUMP = "a" * 39

needs_timer = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no such timer")


@pytest.fixture
def slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scrubber:
    monkeypatch.setattr(watchdog, "SECONDS", 0.05)
    path = tmp_path / "own.yml"
    path.write_text(f"- id: explodes\n  pattern: 'b{EXPLODES}|b(a|aa){{30,40}}c'\n")
    return Scrubber(ruleset.load(str(path)), KEY, identity=Identity(), gate="plain")


@needs_timer
def test_a_rule_without_an_end_is_ended_and_named(slow: Scrubber) -> None:
    text, found = slow.text(f"say b{PUMP * 2}!")
    assert text == "[WITHHELD:slow-rule]"
    assert [one.rule_id for one in found] == ["slow:explodes"]
    assert slow.text(text)[0] == text


@needs_timer
def test_what_was_set_before_is_set_again(slow: Scrubber) -> None:
    before = signal.getsignal(signal.SIGVTALRM)
    slow.text(f"say b{PUMP * 2}!")
    assert signal.getsignal(signal.SIGVTALRM) is before
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)


@needs_timer
def test_a_rule_that_was_ended_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "SECONDS", 0.02)
    tries: list[str] = []

    def forever(leaf: Leaf, _low: int, _high: int) -> tuple[()]:
        tries.append(leaf.text)
        while True:
            pass

    find = watched("mine", forever)
    for text in ("one", "two"):
        with pytest.raises(SlowRuleError, match="mine"):
            find(Leaf(text), 0, 3)
    assert tries == ["one"]


def test_other_threads_are_served_without_a_timer() -> None:
    done: list[object] = []
    find = watched("mine", lambda _leaf, _low, _high: ())
    thread = threading.Thread(target=lambda: done.append(find(Leaf("x"), 0, 1)))
    thread.start()
    thread.join()
    assert done == [[]]
