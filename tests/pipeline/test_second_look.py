"""The second look at a long text is shared with another process, and refuses the same."""

from __future__ import annotations

import json

import pytest

from git_ai_trail.errors import TrailError
from git_ai_trail.pipeline import second_look
from tests.redact.samples import token

CLEAN = "".join(f"line {number} of a report\n" for number in range(200))


@pytest.fixture(params=["alone", "with another process"])
def shared(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_look, "_WORTH_SHARING", 1 if request.param != "alone" else 10**9)


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("text", ["", "x", CLEAN, CLEAN.replace("\n", "\r"), "\n" * 50])
def test_clean_text_passes(text: str) -> None:
    second_look.refuse_unclean(text)


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("line", [1, 99, 100, 101, 102, 201])
def test_what_must_not_go_out_is_refused_with_its_place(line: int) -> None:
    lines = CLEAN.splitlines(keepends=True)
    lines.insert(line - 1, f"key {token()}\n")
    with pytest.raises(TrailError, match=rf"github-token catches \(line {line}, column 5\)") as refused:
        second_look.refuse_unclean("".join(lines))
    assert token() not in str(refused.value)


@pytest.mark.usefixtures("shared")
def test_several_are_counted() -> None:
    text = f"{token()}\n{CLEAN}{token()}\n"
    with pytest.raises(TrailError, match=r"line 1, column 1 and 1 more"):
        second_look.refuse_unclean(text)


def test_in_json_what_stands_behind_an_escape_is_refused_with_its_line() -> None:
    text = json.dumps({"one": "clean \\ text", "two": "first\n/srv/somebody/notes"}, indent=1)
    second_look.refuse_unclean(text, is_json=True)
    unclean = text.replace("/srv/", "/home/")
    second_look.refuse_unclean(unclean)  # as a text that is no JSON: the n before the path is a letter then
    with pytest.raises(TrailError, match=r"home-path catches \(line 3, behind an escape\)") as refused:
        second_look.refuse_unclean(unclean, is_json=True)
    assert "somebody" not in str(refused.value)


@pytest.mark.usefixtures("shared")
def test_of_lines_the_place_is_named_whatever_ends_a_line_for_python() -> None:
    lines = [("first", "a\x0bb\u2028c\r"), ("second", f"key {token()}"), ("third", token())]
    with pytest.raises(TrailError, match=r"the thing holds what rule github-token catches \(second and 1 more\)"):
        second_look.refuse_unclean_lines(lines, "the thing", "hint")
    second_look.refuse_unclean_lines([], "the thing", "hint")
