"""Lines of an edit, where the record of it is less than the file before and after."""

from __future__ import annotations

from typing import Any

import pytest

from git_ai_trail.formats.opencode.edits import edits_of
from git_ai_trail.formats.opencode.seen import Seen

GIVEN = "        items = self.items\n\n        return sorted(items)\n"


def added(tool: str, args: dict[str, Any], metadata: dict[str, Any], seen: Seen | None = None) -> list[tuple[str, ...]]:
    return [run for edit in edits_of(tool, args, metadata, "/home/dev/shop", "c", seen or Seen()) for run in edit.added]


def hunk(*lines: str) -> dict[str, str]:
    return {"diff": "Index: x\n--- x\n+++ x\n@@ -1,1 +1,1 @@\n" + "".join(f"{line}\n" for line in lines)}


@pytest.mark.parametrize(
    ("new", "shown", "expected"),
    [
        (
            GIVEN,
            ("+items = self.items", "+", "+return sorted(items)"),
            ("        items = self.items", "", "        return sorted(items)"),
        ),
        (GIVEN, ("+    items = self.items",), ("        items = self.items",)),
        (GIVEN, ("+        items = self.items",), ("        items = self.items",)),
        ("x = 1\n\ty = 2\n", ("+y = 2",), ("\ty = 2",)),
        # What was given begins and ends within lines: nothing shows what was taken away.
        ("sorted(items)", ("+return sorted(items)",), ("return sorted(items)",)),
        # Another line ends alike, but the rest does not fit.
        ("  b\n", ("+b", "+c", "+d", "+e"), ("b", "c", "d", "e")),
    ],
)
def test_indentation_that_the_diff_lost_is_put_back(
    new: str, shown: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    args = {"filePath": "a.py", "oldString": "x", "newString": new}
    assert added("edit", args, hunk("-x", *shown)) == [expected]


def test_without_any_record_the_texts_of_the_call_are_taken() -> None:
    args = {"filePath": "a.py", "oldString": "a\nb", "newString": "a\nc"}
    assert added("edit", args, {}) == [("c",)]
    assert added("multiedit", {"filePath": "a.py", "edits": [args, None, {**args, "newString": "d"}]}, {}) == [
        ("c",),
        ("d",),
    ]
    patch = "*** Begin Patch\n*** Add File: b.py\n+one\n*** End Patch"
    assert added("apply_patch", {"patchText": patch}, {}) == [("one",)]
    assert added("patch", {"patchText": patch}, {"files": "x"}) == [("one",)]


OLD = "<file>\n00001| a\n00002| b\n00003| \n\n(End of file - total 3 lines)\n</file>"
NEW = "<path>/home/dev/shop/a.py</path>\n<type>file</type>\n<content>\n1: a\n2: b\n\n(End of file - total 2 lines)\n</content>"


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (OLD, [("c",)]),
        (NEW, [("c",)]),
        (NEW.replace("<content>\n", "<content>"), [("c",)]),
        # Parts of a file, and what is no file, say nothing about what was in it.
        (NEW.replace("1: a\n2: b", "7: a\n8: b"), [("a", "b", "c")]),
        (NEW.replace("(End of file - total 2 lines)", "(File has more lines.)"), [("a", "b", "c")]),
        ("", [("a", "b", "c")]),
    ],
)
def test_of_a_file_that_is_written_over_what_was_not_in_it_counts(shown: str, expected: list[tuple[str, ...]]) -> None:
    args = {"filePath": "a.py", "content": "a\nb\nc\n"}
    seen = Seen()
    seen.read("/home/dev/shop/a.py", shown)
    assert added("write", args, {"exists": True}, seen) == expected
    assert added("write", args, {"exists": False}, seen) == [("a", "b", "c")]


def test_what_is_remembered_of_files_is_bounded_and_no_text() -> None:
    seen = Seen()
    for number in range(40):
        seen.holds(f"/home/dev/{number}.py", ["secret"] * 300)
    assert sum(len(lines) for lines in seen.files.values()) <= 4000
    assert seen.before("/home/dev/39.py") is not None
    assert "secret" not in str(seen.state())
    seen.holds("/home/dev/39.py", ["x"] * 3000)
    assert seen.before("/home/dev/39.py") is None
