"""What an answer says should be written, in every form that Aider asks for, and in those that models give instead."""

from __future__ import annotations

import pytest

from git_ai_trail.formats.aider.applied import Answer, edits_beside_failed
from git_ai_trail.formats.aider.blocks import blocks_in

BLOCK = "<<<<<<< SEARCH\n{}=======\n{}>>>>>>> REPLACE\n"


def applied(answer: str, path: str, form: str = "diff") -> list[tuple[str, tuple[tuple[str, ...], ...], bool]]:
    return [(edit.path, edit.added, edit.known) for edit in Answer(answer).applied(form, path, "/home/dev/shop")]


@pytest.mark.parametrize(
    "above",
    [
        "src/a.py\n```python\n",
        "```python\nsrc/a.py\n",
        "**src/a.py**\n```\n",
        "`src/a.py`:\n```\n",
        "### src/a.py\n````python\n",
        "```src/a.py\n",
        "src/a.py\n<source>\n",
        "src/a.py\n```\n```python\n",
        "src/a.py\n",
    ],
)
def test_the_files_name_stands_above_a_block(above: str) -> None:
    answer = f"Some text.\n\n{above}{BLOCK.format('', 'value = 1' + chr(10))}```\n"
    assert [block.path for block in blocks_in(answer, "diff")] == ["src/a.py"]
    assert applied(answer, "src/a.py") == [("/home/dev/shop/src/a.py", (("value = 1",),), True)]


def test_a_block_without_a_name_is_for_the_file_before_it() -> None:
    answer = f"a.py\n```\n{BLOCK.format('', 'x = 1' + chr(10))}```\n...\n{BLOCK.format('', 'y = 2' + chr(10))}"
    assert [edit[1] for edit in applied(answer, "a.py")] == [(("x = 1",),), (("y = 2",),)]


def test_only_lines_that_the_search_does_not_hold_are_added() -> None:
    (block,) = blocks_in("a.py\n" + BLOCK.format("one\ntwo\n", "zero\none\n2\n"), "diff")
    assert (block.added, block.removed) == ((("zero",), ("2",)), 1)


def test_a_file_is_known_by_its_last_name_and_another_is_not_taken_for_it() -> None:
    answer = "path/to/a.py\n" + BLOCK.format("", "x = 1\n")
    assert applied(answer, "src/a.py") == [("/home/dev/shop/src/a.py", (("x = 1",),), True)]
    assert applied(answer, "src/b.py") == [("/home/dev/shop/src/b.py", (), False)]
    both = answer + "src/a.py\n" + BLOCK.format("", "y = 2\n")
    assert applied(both, "src/a.py") == [("/home/dev/shop/src/a.py", (("y = 2",),), True)]


@pytest.mark.parametrize("named", ["src/a.py", "src\\a.py"])
def test_paths_of_windows_are_paths_wherever_they_are_read(named: str) -> None:
    answer = f"{named}\n" + BLOCK.format("", "x = 1\n")
    assert applied(answer, "src\\a.py") == [("/home/dev/shop/src/a.py", (("x = 1",),), True)]
    (edit,) = Answer(answer).applied("diff", "src\\b.py", "C:/dev/shop")
    assert (edit.path, edit.known) == ("C:/dev/shop/src/b.py", False)


@pytest.mark.parametrize(
    "cut", ["<<<<<<< SEARCH\n", "<<<<<<< SEARCH\nx\n=======\ny\n", "<<<< SEARCH\n=======\n>>>>>>> REPLACE\n"]
)
def test_a_block_that_is_not_whole_is_none(cut: str) -> None:
    assert blocks_in(f"a.py\n{cut}", "diff") == []
    assert applied(f"a.py\n{cut}", "a.py") == [("/home/dev/shop/a.py", (), False)]


def test_a_whole_file_may_hold_fences_in_a_longer_one() -> None:
    answer = "guide.md\n````\n# Guide\n```\ncode\n```\n````\n"
    assert applied(answer, "guide.md", "whole") == [
        ("/home/dev/shop/guide.md", (("# Guide", "```", "code", "```"),), True)
    ]
    assert applied("a.py\n<source>\nx = 1\n</source>\n", "a.py", "whole")[0][1] == (("x = 1",),)
    assert applied("```\nx = 1\n```\n", "a.py", "whole")[0][1] == (("x = 1",),)


def test_a_file_that_shows_blocks_is_a_file_where_files_were_asked_for() -> None:
    answer = "guide.md\n````\n" + BLOCK.format("x\n", "y\n") + "````\n"
    assert applied(answer, "guide.md", "editor-whole")[0][1] == (tuple(BLOCK.format("x\n", "y\n").splitlines()),)


@pytest.mark.parametrize("form", ["", "ask", "architect", "something-new"])
def test_where_the_form_is_not_told_the_answer_shows_it(form: str) -> None:
    for answer in (
        "a.py\n" + BLOCK.format("", "x = 1\n"),
        "a.py\n```\nx = 1\n```\n",
        "```diff\n--- /dev/null\n+++ a.py\n@@ @@\n+x = 1\n```\n",
        "*** Begin Patch\n*** Add File: a.py\n+x = 1\n*** End Patch\n",
    ):
        assert applied(answer, "a.py", form) == [("/home/dev/shop/a.py", (("x = 1",),), True)]


def failure(blocks: str, others: str) -> str:
    said = "## SearchReplaceNoExactMatch: This SEARCH block failed to exactly match lines in a.py\n"
    return f"# 1 SEARCH/REPLACE block failed to match!\n\n{said}{blocks}\nHint\n\n{others}Just reply.\n"


def test_of_failed_blocks_the_rest_counts_only_if_the_numbers_agree() -> None:
    bad, good = BLOCK.format("gone\n", "x\n"), BLOCK.format("", "y = 2\n")
    answer = f"a.py\n{bad}\nb.py\n{good}"
    others = "# The other 1 SEARCH/REPLACE block were applied successfully.\n"
    (edit,) = edits_beside_failed(answer, failure(bad, others), "/home/dev/shop")
    assert (edit.path, edit.added) == ("/home/dev/shop/b.py", (("y = 2",),))
    assert edits_beside_failed(answer, failure(bad, ""), "/home/dev/shop") == []
    assert edits_beside_failed(answer, failure(bad, others.replace("1", "2")), "/home/dev/shop") == []


def test_each_block_is_applied_once() -> None:
    answer = Answer("x.py\n" + BLOCK.format("", "x = 1\n"))
    found = [answer.applied("diff", path, "/home/dev/shop")[0] for path in ("a/x.py", "b/x.py", "a/x.py")]
    assert [(edit.added, edit.known) for edit in found] == [((("x = 1",),), True), ((), False), ((), False)]
    (again,) = Answer(answer.text, answer.used).applied("diff", "a/x.py", "/home/dev/shop")
    assert not again.known
