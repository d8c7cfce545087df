"""The quick way and the plain way read the same, whatever a line holds."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_ai_trail.attach import status
from git_ai_trail.attach.annex import AnnexSession, annex_line, parse_annex
from git_ai_trail.attach.quick import names_in, read_annexes, read_line, read_note
from git_ai_trail.attach.record import note_line, parse_line, parse_note, tombstone_line
from git_ai_trail.codec import canonical
from git_ai_trail.model import TokenTotals

CORE: dict[str, Any] = {
    "v": 1,
    "tool": "git-ai-trail/0.1.0",
    "patch": "a" * 64,
    "counts": {"added": 7, "generated": 5, "edited": 1, "unattributed": 1, "deleted": 0},
    "sessions": [
        {
            "agent": "codex",
            "agent_version": "",
            "models": ["gpt-5.5"],
            "id": "s-1",
            "role": "authored",
            "evidence": [{"kind": "content", "lines": 5, "rare": 3, "cover": 90, "detail": "it wrote them"}],
            "actions": {"calls": 4},
            "prompts": [{"turn": 0, "commitment": "b" * 64}],
        }
    ],
    "files": [
        {
            "path": "src/ä\t\u007f\u2028.py",
            "added": 7,
            "ranges": [{"start": 1, "count": 5, "session": 0, "class": "generated", "turn": 0, "digest": "c" * 32}],
        }
    ],
}
ODD = [None, True, 1.5, -1, 2**53, 2**31 + 1, "", "x" * 90, "\n", "\ud800", [], {}, {"x": None}, "a" * 64, "c" * 32]


def test_a_record_is_read_without_the_plain_way() -> None:
    line = note_line(CORE, {"tree": "d" * 40})
    assert read_line(line) == parse_line(line)
    assert read_line(line).kind == "core"


def change(draw: st.DrawFn, whole: Any) -> None:
    """Replaces, adds or takes away something, twice at most."""
    for _ in range(draw(st.integers(0, 2))):
        place: Any = whole
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(place[key], dict | list) and draw(st.booleans()):
                place = place[key]
                continue
            what = draw(st.sampled_from(["odd", "drop", "more"]))
            if what == "odd":
                place[key] = deepcopy(draw(st.sampled_from(ODD)))
            elif what == "drop" and isinstance(place, dict):
                del place[key]
            elif isinstance(place, dict):
                place["unknown"] = deepcopy(draw(st.sampled_from(ODD)))
            break


@st.composite
def altered(draw: st.DrawFn) -> bytes:
    """A record with something in it replaced, added or taken away, sealed again or not, in any spelling."""
    core = json.loads(json.dumps(CORE))
    change(draw, core)
    try:
        line = note_line(core, {})
    except (ValueError, KeyError, TypeError):
        line = json.dumps({"core": core, "digest": "e" * 64, "hint": {}}).encode()
    return draw(
        st.sampled_from(
            [
                line,
                line.replace(b",", b", ", 1),
                line.replace(b'"v":1', b'"v":1.0'),
                line.replace(b'"added":7', b'"added":7,"added":7', 1),
                line[:-3],
                line.replace(b"hint", b"h\\u0069nt"),
                line.replace("ä".encode(), b"\\u00e4"),
            ]
        )
    )


@given(altered())
def test_both_ways_say_the_same(line: bytes) -> None:
    assert read_line(line) == parse_line(line)


@given(st.text())
def test_both_write_texts_alike(text: str) -> None:
    from git_ai_trail.attach import quick

    try:
        expected = canonical({"path": text})
    except UnicodeEncodeError:
        return
    assert quick._SORTED.encode({"path": text}) == expected


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"\n\n",
        b"{}\n",
        note_line(CORE, {}) + b"\n",
        note_line(CORE, {}) + b"\n{}\nx\n",
        note_line(CORE, {}) + b"\n" + note_line({**CORE, "v": 1, "tool": "x"}, {}),
    ],
)
def test_a_note_is_read_alike(blob: bytes) -> None:
    assert read_note(blob) == parse_note(blob)


NAMED = f"AI-Trail: 1:{'a' * 64}"


@given(
    st.lists(
        st.sampled_from(
            [
                "Subject",
                "",
                " ",
                "text",
                "# comment",
                "Key: value",
                "Key:",
                "  folded",
                "---",
                "# ------------------------ >8 ------------------------",
                "Conflicts:",
                "\tfile",
                "Signed-off-by: A <a@b.c>",
                "(cherry picked from commit 1)",
                "ai-trail",
                NAMED,
                NAMED.lower(),
                NAMED + " ",
                f"AI-Trail: 1:{'b' * 64}",
                f"x {NAMED}",
                "Key\0: x",
            ]
        ),
        max_size=9,
    ).map("\n".join),
    st.sampled_from(["", "\n", "\n\n"]),
)
def test_a_message_names_the_same_either_way(message: str, end: str) -> None:
    for whole in (message + end, f"Subject\n\n{message}\n{NAMED}{end}", f"Subject\n\n{NAMED}\n{message}{end}"):
        assert names_in(whole) == status.names_in(whole)


DIGEST = "f" * 64
SPENT = AnnexSession(
    id="s-1",
    tokens=TokenTotals(input=9000, cached=7000, output=500),
    cost_usd="0.0125",
    redactions={"email": 1},
    prompts=((0, "Make fetch retry"), (3, "and ä\n\u2028 test it")),
)
ANNEX = annex_line(DIGEST, [SPENT], policy="redacted", ruleset="8" * 64, made_at=1_750_000_000, reviewer="A. Person")


def test_an_annex_is_read_without_the_plain_way(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = parse_annex(ANNEX)
    monkeypatch.setattr("git_ai_trail.attach.quick.parse_annex", None)
    assert expected
    assert read_annexes(ANNEX) == expected
    assert read_annexes(ANNEX, withheld=[DIGEST]) == {}


@st.composite
def annexes(draw: st.DrawFn) -> bytes:
    value = json.loads(ANNEX)
    change(draw, value)
    line = json.dumps(value, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    forms = [
        line,
        line + b"\n" + ANNEX,
        line.replace(b"9000", b"9000.0"),
        line.replace(b"9000", b"9e3"),
        line.replace(b'"cut"', b'"made_at": 4, "cut"').replace(b'"annex"', b'"policy": "none", "annex"'),
        line[:-3],
        b"\xef\xbb\xbf" + line,
        b"[" + line + b"]",
        line + b"\n" + tombstone_line(DIGEST),
    ]
    return draw(st.sampled_from(forms))


@given(annexes())
def test_both_ways_say_the_same_of_an_annex(blob: bytes) -> None:
    assert read_annexes(blob) == parse_annex(blob)
