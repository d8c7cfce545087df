"""The text of `apply_patch`, and what of it is new in the file."""

from __future__ import annotations

import pytest

from git_ai_trail.formats.codex.patch import Section, read_sections
from git_ai_trail.formats.diffs import read_hunks, read_patch
from git_ai_trail.formats.linediff import new_lines, split_lines


def patch(*lines: str) -> str:
    return "\n".join(["*** Begin Patch", *lines, "*** End Patch"])


@pytest.mark.parametrize(
    ("text", "sections"),
    [
        pytest.param(
            patch("*** Add File: a.py", "+x", "+", "+y"), [("add", "a.py", "", (("x", "", "y"),), 0)], id="add"
        ),
        pytest.param(patch("*** Add File: empty"), [("add", "empty", "", (), 0)], id="empty file"),
        pytest.param(patch("*** Delete File: gone"), [("delete", "gone", "", (), 0)], id="delete"),
        pytest.param(
            patch("*** Update File: a", "@@", " one", "-two", "+TWO", " three"),
            [("update", "a", "", (("TWO",),), 1)],
            id="update",
        ),
        pytest.param(
            patch("*** Update File: a", "-old", "+new"), [("update", "a", "", (("new",),), 1)], id="first @@ left out"
        ),
        pytest.param(
            patch("*** Update File: a", "*** Move to: b", "@@", "-x", "+y"),
            [("update", "a", "b", (("y",),), 1)],
            id="move",
        ),
        pytest.param(
            patch("*** Update File: a", "@@", "-same", "-other", "+same", "+changed"),
            [("update", "a", "", (("changed",),), 1)],
            id="a rewritten line that stays the same is not new",
        ),
        pytest.param(
            patch("*** Update File: a", "@@ def f():", "+  # added"),
            [("update", "a", "", (("  # added",),), 0)],
            id="pure addition",
        ),
        pytest.param(
            patch("*** Update File: a", "@@", "+one", "@@", "+two"),
            [("update", "a", "", (("one",), ("two",)), 0)],
            id="chunks are separate runs",
        ),
        pytest.param(
            patch("*** Update File: a", "@@", "+one", " kept", "+two", "+three"),
            [("update", "a", "", (("one",), ("two", "three")), 0)],
            id="context parts runs",
        ),
        pytest.param(
            patch("*** Update File: a", "@@", " x", "", "+y"),
            [("update", "a", "", (("y",),), 0)],
            id="an empty line is empty context",
        ),
        pytest.param(
            patch("*** Update File: a", "@@", "-last", "+LAST", "*** End of File", "", "+ignored"),
            [("update", "a", "", (("LAST",),), 1)],
            id="nothing counts after the end of the file",
        ),
        pytest.param(
            patch("*** Update File: a", "@@", " *** Add File: b", "+x"),
            [("update", "a", "", (("x",),), 0)],
            id="an indented marker in an update is context",
        ),
        pytest.param(
            patch("  *** Add File: a  ", "+x", " *** Delete File: b"),
            [("add", "a", "", (("x",),), 0), ("delete", "b", "", (), 0)],
            id="markers are trimmed elsewhere",
        ),
        pytest.param(
            patch("*** Environment ID: local", "*** Add File: a", "+x"),
            [("add", "a", "", (("x",),), 0)],
            id="environment",
        ),
        pytest.param(
            "<<'EOF'\n" + patch("*** Add File: a", "+x") + "\nEOF\n",
            [("add", "a", "", (("x",),), 0)],
            id="heredoc wrapper",
        ),
        pytest.param(patch("*** Add File: a", "+x").replace("\n", "\r\n"), [("add", "a", "", (("x",),), 0)], id="CRLF"),
        pytest.param("*** Begin Patch\n*** Add File: a\n+x", [("add", "a", "", (("x",),), 0)], id="missing end"),
        pytest.param("no patch at all", [], id="no patch"),
    ],
)
def test_sections(text: str, sections: list[tuple[object, ...]]) -> None:
    assert read_sections(text) == [Section(*fields) for fields in sections]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("old", "new", "fresh"),
    [
        ("abc", "abc", ""),
        ("abc", "axc", "x"),
        ("", "xyz", "xyz"),
        ("xyz", "", ""),
        ("abcd", "acbd", "c"),
        ("aaab", "aab", ""),
        ("abcabba", "cbabac", "bc"),
    ],
)
def test_as_few_lines_as_possible_are_new(old: str, new: str, fresh: str) -> None:
    flags = new_lines(list(old), list(new))
    assert sum(flags) == len(fresh)
    kept = [line for line, is_new in zip(new, flags, strict=True) if not is_new]
    rest = iter(old)
    assert all(line in rest for line in kept), "the kept lines stand in the old block in this order"


def test_a_block_of_equal_lines_is_compared_without_quadratic_work() -> None:
    assert sum(new_lines(["x"] * 4000 + ["a"], ["x"] * 4001 + ["b"])) <= 4002


def test_removed_lines_do_not_part_a_run_and_context_does() -> None:
    diff = read_hunks("@@ -1,3 +1,4 @@\n+a\n-gone\n+b\r\n ctx\n+c\n\\ No newline at end of file\n@@ -9 +9,2 @@\n+d\n")
    assert diff == ((("a", "b"), ("c",), ("d",)), 1)


def test_a_git_patch_gives_each_file_with_its_lines() -> None:
    text = (
        "diff --git a/new.py b/new.py\nnew file mode 100644\n--- /dev/null\n+++ b/new.py\n@@ -0,0 +1 @@\n+x = 1\n"
        "diff --git a/old.py b/old.py\n--- a/old.py\n+++ b/old.py\t2026\n@@ -1 +1 @@\n-a\n+b\n"
        "--- a/dead.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n"
    )
    files = [(file.path, file.old_path, file.lines.added) for file in read_patch(text)]
    assert files == [("new.py", "", (("x = 1",),)), ("old.py", "old.py", (("b",),))]


def test_lines_lose_their_terminator_only() -> None:
    assert split_lines("a\r\nb\u2028c\n\nd") == ["a", "b\u2028c", "", "d"]
    assert split_lines("") == []
