"""Each profile writes the line its project asks for, and no profile speaks for a person."""

from __future__ import annotations

import pytest

from git_ai_trail.attach.profiles import PROFILES, adds_lines, disclosure
from git_ai_trail.settings import PROFILES as CONFIGURABLE

PAIRS = [("codex", "gpt-5.6"), ("claude-code", "claude-opus-4"), ("codex", "gpt-5.6"), ("codex", "")]


@pytest.mark.parametrize(
    ("profile", "lines"),
    [
        ("default", ["Assisted-by: Codex:gpt-5.6", "Assisted-by: Claude:claude-opus-4", "Assisted-by: Codex"]),
        ("linux", ["Assisted-by: LLM"]),
        ("linux-2025", ["Assisted-by: Codex:gpt-5.6", "Assisted-by: Claude:claude-opus-4", "Assisted-by: Codex"]),
        ("fedora", ["Assisted-by: Codex gpt-5.6", "Assisted-by: Claude claude-opus-4", "Assisted-by: Codex"]),
        ("llvm", ["Assisted-by: Codex", "Assisted-by: Claude"]),
        ("apache", ["Generated-by: Codex", "Generated-by: Claude"]),
        ("openinfra", ["Assisted-By: Codex gpt-5.6", "Assisted-By: Claude claude-opus-4", "Assisted-By: Codex"]),
        ("nodejs", ["Assisted-by: AI coding assistant"]),
        ("none", []),
        ("kubernetes", []),
        ("forbid", []),
        ("no such profile", []),
    ],
)
def test_lines_of_each_profile(profile: str, lines: list[str]) -> None:
    assert [f"{key}: {value}" for key, value in disclosure(profile, PAIRS, generated_mostly=False)] == lines
    assert adds_lines(profile) == bool(lines)


def test_openinfra_says_generated_when_most_of_it_is() -> None:
    assert disclosure("openinfra", PAIRS[:1], generated_mostly=True) == [("Generated-By", "Codex gpt-5.6")]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("mostly", [True, False])
def test_no_profile_signs_off_or_makes_a_tool_an_author(profile: str, mostly: bool) -> None:
    keys = {key.lower() for key, _ in disclosure(profile, PAIRS, generated_mostly=mostly)}
    assert keys <= {"assisted-by", "generated-by"}


def test_every_configurable_profile_is_here() -> None:
    assert set(CONFIGURABLE) == set(PROFILES)


def test_nodejs_names_no_brand() -> None:
    text = str(disclosure("nodejs", PAIRS, generated_mostly=True)).lower()
    assert not any(word in text for word in ("codex", "claude", "gpt", "opus"))


def test_an_agent_without_a_known_name_is_capitalised() -> None:
    assert disclosure("llvm", [("aider", "x"), ("", "y")], generated_mostly=False) == [("Assisted-by", "Aider")]


def test_an_agents_full_name_and_its_word_in_a_record_give_one_brand() -> None:
    assert disclosure("llvm", [("Claude Code", "x"), ("Claude-Code", "x")], generated_mostly=False) == [
        ("Assisted-by", "Claude")
    ]
