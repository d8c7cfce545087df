"""Single readings: how a call ended, what a person typed, which line a patch means."""

from __future__ import annotations

import pytest

from git_ai_trail.formats.claude.prompts import typed
from git_ai_trail.formats.claude.results import read_result
from git_ai_trail.formats.claude.tabs import Originals, without_tabs
from git_ai_trail.formats.claude.tokens import TokenCounter
from tests.support.claude_log import usage


@pytest.mark.parametrize(
    ("content", "outcome", "error", "expected"),
    [
        ("done", {"stdout": "done", "stderr": ""}, False, (0, "completed")),
        ("done", {"stdout": "done"}, None, (0, "completed")),
        ("none", {"stdout": "", "returnCodeInterpretation": "No matches found"}, False, (None, "completed")),
        ("Exit code 3\noops", "Error: Exit code 3\noops", True, (3, "failed")),
        ("Exit code 143\nCommand timed out after 5m 0s", None, True, (143, "failed")),
        ("no such file", "Error: no such file", True, (None, "failed")),
        ("<tool_use_error>Cancelled: parallel tool call Bash errored</tool_use_error>", None, True, (None, "failed")),
        ("The user doesn't want to proceed with this tool use.", "User rejected tool use", True, (None, "declined")),
        ("This command requires approval", "Error: This command requires approval", True, (None, "declined")),
        ("[Request interrupted by user for tool use]", None, True, (None, "declined")),
        ("part", {"stdout": "part", "interrupted": True}, False, (None, "failed")),
        ("Command running in background", {"stdout": "", "backgroundTaskId": "b1"}, False, (None, "running")),
    ],
)
def test_how_a_command_ended(
    content: str, outcome: object, error: bool | None, expected: tuple[int | None, str]
) -> None:
    reply = read_result({"content": content, "is_error": error}, outcome, shell=True)
    assert (reply.exit_code, reply.status) == expected


def test_what_git_printed_is_read_from_both_streams() -> None:
    outcome = {"stdout": "", "stderr": "[main abcdef1] quiet"}
    assert read_result({"content": "cut"}, outcome, shell=True).text == "[main abcdef1] quiet"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("Add a cart", "Add a cart"),
        ("  \n", ""),
        ([{"type": "text", "text": "one"}, {"type": "text", "text": "two"}], "one\ntwo"),
        ([{"type": "text", "text": "<system-reminder>x</system-reminder>"}], ""),
        ([{"type": "image", "source": {}}], ""),
        ("<command-name>/clear</command-name>\n<command-message>clear</command-message>", ""),
        ("<command-message>fix is running…</command-message>\n<command-name>/fix</command-name>", "/fix"),
        (
            "<command-message>x:fix</command-message>\n<command-name>/x:fix</command-name>\n"
            "<command-args> the <b>tag</b>\nand more </command-args>",
            "/x:fix the <b>tag</b>\nand more",
        ),
        ("<command-message>", ""),
        ("What is <command-name>?", "What is <command-name>?"),
        (None, ""),
        (7, ""),
    ],
)
def test_what_a_person_typed(content: object, expected: str) -> None:
    assert typed(content) == expected


def test_a_line_of_a_patch_is_the_line_that_was_written() -> None:
    wrote = Originals(["\tif x {\n\t\treturn\n", "  two blanks\n"], None, [])
    assert [wrote.line(shown, 1) for shown in ("  if x {", "    return", "plain")] == [
        "\tif x {",
        "\t\treturn",
        "plain",
    ]
    assert wrote.line("  two blanks", 1) == "  two blanks", "blanks that stand in the text stay"
    assert wrote.line("   cut off", 1) == "\t cut off", "what nothing shows follows the rest of the file"


def test_a_file_without_tabs_is_left_as_it_is() -> None:
    assert Originals(["    four"], None, ["    more"]).line("    other", 1) == "    other"


def test_where_the_file_is_known_the_number_of_the_line_decides() -> None:
    whole = "  same\n\tsame\n"
    written = Originals([whole], whole, [])
    assert (written.line("  same", 1), written.line("  same", 2)) == ("  same", "\tsame")
    assert written.line("  same", 9) == "\tsame", "a number that leads nowhere is no reason to fail"


def test_without_tabs_is_what_claude_code_shows() -> None:
    assert [without_tabs(line) for line in ("\t\tx\ty", " \tx", "", "\t")] == ["    x\ty", " \tx", "", "  "]


def test_of_one_response_the_largest_figures_count_whatever_comes_between() -> None:
    counter = TokenCounter()

    def count(message: str, output: int) -> int:
        record = {"requestId": f"req_{message}"}
        found = counter.count(record, {"id": message, "model": "m", "usage": usage(output=output)})
        return found.output if found else 0

    assert [count("a", 1), count("b", 7), count("a", 5), count("a", 3), count("b", 7)] == [1, 7, 4, 0, 0]
    again = TokenCounter()
    again.restore(counter.state())
    assert again.state() == counter.state()


def test_only_so_many_responses_are_remembered() -> None:
    counter = TokenCounter()
    for number in range(1000):
        counter.count({"requestId": f"r{number}"}, {"id": f"m{number}", "model": "m", "usage": usage()})
    assert len(counter.state()) <= 32


def test_what_is_kept_in_the_cache_for_an_hour_is_told_apart() -> None:
    counter = TokenCounter()

    def count(message: str, written: int, kept: object) -> tuple[int, int]:
        usage = {"input_tokens": 3, "cache_creation_input_tokens": written, "output_tokens": 1, "cache_creation": kept}
        found = counter.count({"requestId": "r"}, {"id": message, "model": "m", "usage": usage})
        return (found.cache_write, found.cache_write_1h) if found is not None else (0, 0)

    assert count("a", 500, {"ephemeral_5m_input_tokens": 200, "ephemeral_1h_input_tokens": 300}) == (500, 300)
    assert count("a", 500, {"ephemeral_5m_input_tokens": 200, "ephemeral_1h_input_tokens": 300}) == (0, 0)
    assert count("a", 700, {"ephemeral_5m_input_tokens": 200, "ephemeral_1h_input_tokens": 500}) == (200, 200)
    assert count("b", 500, {"ephemeral_1h_input_tokens": 900}) == (500, 500), "never more than was written"
    odd = (None, 7, [], {"ephemeral_1h_input_tokens": -4})
    assert {count(f"c{number}", 5, kept) for number, kept in enumerate(odd)} == {(5, 0)}
