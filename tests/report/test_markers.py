"""A section goes into somebody else's text and comes out again; every other byte stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_ai_trail.errors import TrailError
from git_ai_trail.report.markers import find, name_of, put, take

BEGIN, END = "<!-- ai-trail:begin v1 -->", "<!-- ai-trail:end v1 -->"


def test_a_section_is_appended_where_there_is_none() -> None:
    assert put("# Notes\n", "v1", "## AI\ntext\n") == f"# Notes\n\n{BEGIN}\n\n## AI\ntext\n\n{END}\n"


def test_an_empty_text_gets_the_section_alone() -> None:
    assert put("", "v1", "x") == f"{BEGIN}\n\nx\n\n{END}\n"


def test_a_section_is_replaced_in_its_place() -> None:
    before = put("head\n", "v1", "old") + "\ntail without end"
    after = put(before, "v1", "new\nlines")
    assert take(after, "v1") == "new\nlines"
    assert after.startswith("head\n")
    assert after.endswith("\ntail without end")
    assert "old" not in after


def test_sections_of_several_releases_live_side_by_side() -> None:
    text = put(put("", "v1", "one"), "v2", "two")
    assert (take(text, "v1"), take(text, "v2")) == ("one", "two")
    assert take(put(text, "v1", "uno"), "v2") == "two"


def test_new_sections_go_to_the_insert_mark_newest_first() -> None:
    page = "# AI\n<!-- ai-trail:insert -->\nfooter\n"
    text = put(put(page, "v1", "one"), "v2", "two")
    assert text.index("two") < text.index("one") < text.index("footer")
    assert put(text, "v1", "one") == text


def test_line_ends_are_the_texts_own() -> None:
    text = put("a\r\nb\r\n", "v1", "x\ny")
    assert "\n" not in text.replace("\r\n", "")
    assert take(text, "v1") == "x\ny"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{BEGIN}\nx\n", "not a pair"),
        (f"x\n{END}\n", "not a pair"),
        (f"{END}\n{BEGIN}\n", "not a pair"),
        (f"{BEGIN}\n{END}\n{BEGIN}\n{END}\n", "more than once"),
        (f"{BEGIN}\n<!-- ai-trail:begin v2 -->\n{END}\n<!-- ai-trail:end v2 -->\n", "overlap"),
    ],
)
def test_broken_markers_are_refused(text: str, said: str) -> None:
    with pytest.raises(TrailError, match=said):
        put(text, "v1", "x")


def test_markers_in_fenced_code_are_an_example() -> None:
    text = f"```html\n{BEGIN}\nexample\n{END}\n```\n"
    assert find(text, "v1") is None
    after = put(text, "v1", "real")
    assert after.startswith(text)
    assert take(after, "v1") == "real"


def test_an_open_fence_hides_nothing() -> None:
    text = f"```\nnever closed\n{BEGIN}\nx\n{END}\n"
    assert take(text, "v1") == "x"


def test_a_text_that_ends_within_code_is_refused() -> None:
    with pytest.raises(TrailError, match="within a code block that nothing closes"):
        put("```\nnever closed\n", "v1", "before\n\n```sh\nls\n```\n\nafter")


def test_markers_within_a_line_are_words() -> None:
    assert find(f"see {BEGIN} there {END}\n", "v1") is None


@pytest.mark.parametrize("tag", ["v1.0", "pkg-a/v1", "a--b", "weird -->", "x\ny", "ü", ""])
def test_any_tag_gives_a_name_that_is_found_again(tag: str) -> None:
    name = name_of(tag)
    text = put("t\n", name, "body")
    assert take(text, name) == "body"
    assert text.count("-->") == 2


PARTS = [*"ab \n\r`~<>-!:", BEGIN, END, "\r\n", "```\n", "\u2028", f"\n{BEGIN}\n", f"\n{END}\n"]
TEXTS = st.lists(st.sampled_from(PARTS), max_size=30).map("".join)


@given(TEXTS, st.text(alphabet="ab \n`|", max_size=20))
def test_put_is_idempotent_and_leaves_the_rest(text: str, section: str) -> None:
    try:
        once = put(text, "v1", section)
    except TrailError:
        return
    assert put(once, "v1", section) == once
    there = find(once, "v1")
    assert there is not None
    outside = once[: there.start] + once[there.end :]
    before = find(text, "v1")
    kept = text if before is None else text[: before.start] + text[before.end :]
    assert outside.replace("\r", "").replace("\n", "") == kept.replace("\r", "").replace("\n", "")
    other = put(once, "v1", "another")
    found = find(other, "v1")
    assert found is not None
    assert (other[: found.start], other[found.end :]) == (once[: there.start], once[there.end :])
