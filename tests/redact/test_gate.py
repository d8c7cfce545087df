"""Three ways to find candidates, one answer: the spans are those of the plainest."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from git_ai_trail.redact import gate, ruleset, views
from git_ai_trail.redact.detector import Detector
from git_ai_trail.redact.detectors import keyed, random_tokens
from git_ai_trail.redact.engine import Engine, engine_for
from git_ai_trail.redact.joined import Joined
from git_ai_trail.redact.shapes import example
from git_ai_trail.redact.spans import unite
from tests.redact.samples import key_block, random_text, token

GATES = ("hyperscan", "keyword", "plain")
RULES = ruleset.builtin().rules

FILLINGS = st.sampled_from(
    ["\n", " ", '"', "'", "=", ": ", "é", "語", "\u200b", "\\n", "https://", "/home/ann/", "password", "x" * 300]
)
SECRETS = st.builds(
    lambda rule, seed: example(rule.matches[0], Random(seed)), st.sampled_from(RULES), st.integers(0, 99)
)
TEXTS = st.lists(st.one_of(FILLINGS, SECRETS, st.text(max_size=12)), max_size=12).map("".join)


def _engine(name: str) -> Engine:
    return engine_for(ruleset.builtin(), None, name)


def _united(name: str, texts: list[str]) -> list[object]:
    found = _engine(name).find(Joined(texts))
    return [unite(text, found.get(number) or [], []) for number, text in enumerate(texts)]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_all_gates_give_the_same_spans(texts: list[str]) -> None:
    plain = _united("plain", texts)
    assert _united("keyword", texts) == plain
    assert _united("hyperscan", texts) == plain


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(TEXTS, min_size=1, max_size=4), st.lists(st.integers(0, 3), max_size=4), TEXTS)
def test_last_lines_that_are_not_laid_down_twice_give_what_they_give_alone(
    texts: list[str], repeated: list[int], head: str
) -> None:
    mixed: list[str] = []
    for number, text in enumerate(texts):
        body = f"{text}\n{'of some length ' * 5}"
        mixed += [f"{head}\n{body}"] + [body] * (number in repeated) + [body[len(text) // 2 :]]
    engine = _engine("hyperscan")
    shared, alone = engine.find(Joined(mixed, share=True)), engine.find(Joined(mixed))
    for number, text in enumerate(mixed):
        assert unite(text, shared.get(number) or [], []) == unite(text, alone.get(number) or [], [])


def test_last_lines_are_laid_down_once() -> None:
    body = "what a program printed, line by line\n" * 3 + "the end of it"
    whole = f"Exit code: 0\nOutput:\n{body}"
    joined = Joined([whole, "another", body, f"x{body}"], share=True)
    assert joined.whole.count("the end of it") == 2
    at = joined.whole.index("what a program")
    assert joined.places(at) == [(0, at), (2, 0)]
    assert joined.after(at) == joined.whole.index("another")
    assert list(joined.places(joined.whole.index("xwhat"))) == [(3, 0)]


def test_all_gates_give_the_same_spans_far_into_a_long_text() -> None:
    words = " ".join(random_text(6, n) for n in range(6000))
    text = words + "\n" + token() + "\n" + words + "\n" + key_block() + "\npassword = 'hunter" + "22'\n" + words
    plain = _united("plain", [text])
    assert len(plain[0]) >= 3  # type: ignore[arg-type]
    assert _united("hyperscan", [text]) == _united("keyword", [text]) == plain


def test_all_gates_give_the_same_spans_on_real_logs(shared: Path) -> None:
    texts: list[str] = []
    for log in sorted((shared / "corpus" / "fixtures").rglob("*.jsonl"))[:20]:
        texts += _strings(log)
    assert texts
    texts = texts[:1500]
    assert _united("hyperscan", texts) == _united("keyword", texts) == _united("plain", texts)


def _strings(log: Path) -> list[str]:
    found: list[str] = []

    def walk(value: object) -> None:
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    for line in log.read_bytes().splitlines():
        try:
            walk(json.loads(line))
        except ValueError:
            continue
    return found


def test_a_hit_belongs_to_the_text_it_stands_in() -> None:
    spans = _engine("hyperscan").find(Joined(["nothing", token(), "nothing"]))
    assert [number for number, found in spans.items() if found] == [1]


def test_a_secret_does_not_begin_in_one_text_and_end_in_the_next() -> None:
    whole = token()
    spans = _engine("hyperscan").find(Joined([whole[:3], whole[3:12]]))
    assert spans == {}


@pytest.mark.parametrize("name", GATES)
def test_every_gate_finds_a_token_alone(name: str) -> None:
    assert [span.rule for span in _united(name, [token()])[0]] == ["github-token"]  # type: ignore[attr-defined]


def test_a_compiled_database_is_kept_and_used_again(tmp_path: Path) -> None:
    Engine(ruleset.builtin(), str(tmp_path))
    (kept,) = tmp_path.iterdir()
    before = kept.stat().st_mtime_ns
    again = Engine(ruleset.builtin(), str(tmp_path))
    assert kept.stat().st_mtime_ns == before
    assert again.find(Joined([token()]))[0]


def test_a_damaged_database_is_made_anew(tmp_path: Path) -> None:
    Engine(ruleset.builtin(), str(tmp_path))
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(kept.read_bytes()[:-100] + b"x" * 100)
    assert Engine(ruleset.builtin(), str(tmp_path)).find(Joined([token()]))[0]


def test_without_hyperscan_the_automaton_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "hyperscan", None)
    engine = Engine(ruleset.builtin())
    assert engine.find(Joined([token()]))[0]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                ["db_", "Pass", "password", "api", "_", "-", " ", ".", "key", "KEY", "secret", "token", "s", "=", ": ", '"', "'", "=>", ",",
                 "(", ">", "\n", "value", "connection", "string", "identified by", "pw", "x1y2z3", "İ", "salt", "client", "is"]
            ),
            st.text(max_size=3),
        ),
        max_size=14,
    ).map("".join)
)  # fmt: skip
def test_names_are_found_where_the_whole_pattern_finds_them(text: str) -> None:
    expected = [match.span() for match in keyed._KEY.finditer(text)]
    assert [match.span() for match in keyed._names(text, 0, len(text))] == expected


@given(st.text(st.sampled_from("\t\r\n ~aZ09{\\"), min_size=12, max_size=48))
def test_hex_of_a_text_is_never_passed_over(text: str) -> None:
    token = text.encode().hex()
    assert random_tokens._readable(random_tokens._unhex(token))
    assert random_tokens._may_be_text(token)


# With all that may stand in one, as often as it may.
LONGEST_JOINT = "a" + '\\\\\\"' + " " * 4 + "\\\r\n" + "+" * 60 + "f" + '\\\\\\"' + "b"
PIECES = st.sampled_from(
    ["a", "b", "7", '"', "'", "`", "+", " + ", "\n", "\r\n", "\\", ".", "&", " ", "\t", 'x" + "y', LONGEST_JOINT]
)
TRIGGERED = [trigger for trigger in views.TRIGGERS if trigger.name in ("concatenated", "wrapped")]


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=90).map("".join), st.sampled_from(TRIGGERED))
def test_a_view_made_at_the_gates_reports_is_that_of_the_whole_text(text: str, trigger: views.Trigger) -> None:
    asked = Detector(rule="view", find=lambda *_: (), gates=(trigger.gate,), reach=0, checked=True)
    hits = gate.make_gate([asked]).scan(Joined([text]))
    assert trigger.view(text, None) == (trigger.view(text, hits[0][0]) if hits else None)
