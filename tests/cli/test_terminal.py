"""What reaches a terminal: nothing it would act on, and colour as git would decide it."""

from __future__ import annotations

import io

import pytest

from git_ai_trail.cli import terminal
from tests.support.repo import Repo


class Stream(io.StringIO):
    def __init__(self, *, tty: bool) -> None:
        super().__init__()
        self.tty = tty

    def isatty(self) -> bool:
        return self.tty


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ümläut 漢字 🙂", "plain ümläut 漢字 🙂"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x9b31m", "\\x9b31m"),
        ("a\nb\tc\r", "a\\nb\\x09c\\x0d"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\u2028\ud800\x00\x7f", "\\u2028\\ud800\\x00\\x7f"),
    ],
)
def test_a_line_holds_nothing_a_terminal_acts_on(text: str, shown: str) -> None:
    assert terminal.clean(text) == shown


def test_a_block_keeps_its_lines_and_nothing_else() -> None:
    assert terminal.clean_block("a\r\n\tb\x1b]0;x\x07\rc") == "a\n\tb\\x1b]0;x\\x07\\x0dc"


@pytest.mark.parametrize(
    ("tty", "choice", "env", "config", "colored"),
    [
        (True, "auto", {}, "", True),
        (False, "auto", {}, "", False),
        (False, "always", {"NO_COLOR": "1"}, "", True),
        (True, "never", {}, "", False),
        (True, "auto", {"NO_COLOR": "1"}, "", False),
        (True, "auto", {"NO_COLOR": ""}, "", True),
        (False, "auto", {"GIT_PAGER_IN_USE": "true"}, "", True),
        (True, "auto", {"TERM": "dumb"}, "", False),
        (True, "auto", {}, "color.ui=false", False),
        (False, "auto", {}, "color.ui=always", True),
        (True, "auto", {}, "color.ai-trail=never", False),
    ],
)
def test_colour_follows_flag_environment_and_git(
    repo: Repo,
    monkeypatch: pytest.MonkeyPatch,
    tty: bool,
    choice: str,
    env: dict[str, str],
    config: str,
    colored: bool,
) -> None:
    monkeypatch.chdir(repo.root)
    if config:
        repo.git("config", *config.split("="))
    assert terminal.use_color(Stream(tty=tty), choice, {"TERM": "xterm", **env}) is colored


@pytest.mark.parametrize(
    ("value", "number", "size"),
    [
        (0, "0", "0 B"),
        (999, "999", "999 B"),
        (1234, "1,234", "1.2 kB"),
        (12_345, "12k", "12 kB"),
        (1_234_567, "1.2M", "1.2 MB"),
        (45_600_000, "45M", "46 MB"),
        (7_000_000_000, "7.0G", "7.0 GB"),
    ],
)
def test_figures_are_short(value: int, number: str, size: str) -> None:
    assert terminal.number(value) == number
    assert terminal.size(value) == size


def test_counts_know_one_from_many() -> None:
    assert [terminal.count(n, "prompt") for n in (0, 1, 2)] == ["0 prompts", "1 prompt", "2 prompts"]
