"""The profiles' lines under the rules of another project's linter, commit-check: disclosed (CC014), no tool a co-author (CC015),
no tool signs off (CC016), and nothing at all where assistance is forbidden (CC013)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pytest

from git_ai_trail.attach.profiles import PROFILES, adds_lines, disclosure
from git_ai_trail.attach.trailers import KEY

commit_check = pytest.importorskip("commit_check.api", reason="needs commit-check (PyPI), of the group test")
rules = pytest.importorskip("commit_check.rules_catalog", reason="needs commit-check (PyPI), of the group test")

NAMES = {"CC014": "ai_disclosure", "CC015": "ai_co_author", "CC016": "ai_signoff"}
# What a tool leaves by itself: without a disclosure beside it, CC014 fails.
MARK = "🤖 Generated with [Claude Code](https://claude.com/claude-code)"
# What each project writes behind the key, as a pattern that the linter holds the value to.
VALUES = {
    "default": r"[A-Z][\w-]*(:[\w.-]+)?$",
    "linux": r"LLM( \S+)*$",
    "linux-2025": r"[A-Z][\w-]*(:[\w.-]+)?( \S+)*$",
    "fedora": r"\S.*$",
    "llvm": r"[A-Z]\w+$",
    "apache": r"[A-Z]\w+$",
    "openinfra": r"[A-Z]\w+( [\w.-]+)?$",
    "nodejs": r"(?!.*(Claude|Codex|Copilot)).+$",
}
SPEAKING = [name for name in PROFILES if adds_lines(name)]
AGENTS = [("claude-code", "claude-opus-4-8"), ("codex", "gpt-5.6"), ("gemini", ""), ("github-copilot", "gpt-5")]


def message(lines: Sequence[tuple[str, str]], *, mark: str = MARK) -> str:
    block = "\n".join(f"{key}: {value}" for key, value in (*lines, (KEY, "1:" + "0" * 64)))
    return f"feat: retry fetches\n\n{mark}\n\n{block}\n"


def results(text: str, **policy: object) -> Mapping[str, str]:
    found = commit_check.validate_message(text, config={"commit": policy})
    return {one["check"]: one["status"] for one in found["checks"]}


def test_the_linter_still_means_these_rules_by_these_names() -> None:
    known = {entry.rule_id: entry.check for entry in rules.COMMIT_RULES}
    assert {rule: known.get(rule) for rule in NAMES} == NAMES


def test_every_profile_that_writes_a_line_is_held_to_a_pattern() -> None:
    assert set(VALUES) == set(SPEAKING)


@pytest.mark.parametrize("profile", SPEAKING)
@pytest.mark.parametrize("mostly", [False, True])
@pytest.mark.parametrize("agents", [AGENTS[:1], AGENTS[1:2], AGENTS])
def test_a_profiles_lines_disclose_and_neither_credit_nor_sign(
    profile: str, mostly: bool, agents: list[tuple[str, str]]
) -> None:
    form = PROFILES[profile]
    policy = {
        "ai_attribution": "disclose",
        "ai_disclosure_trailers": list(dict.fromkeys((form.key, form.mostly))),
        "ai_disclosure_pattern": VALUES[profile],
    }
    lines = disclosure(profile, agents, generated_mostly=mostly)
    found = results(message(lines), **policy)
    assert {name: found.get(name) for name in NAMES.values()} == dict.fromkeys(NAMES.values(), "pass")
    assert results(message(()), **policy)["ai_disclosure"] == "fail", "without our line it does not pass"


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("Co-authored-by: Claude <noreply@anthropic.com>", "ai_co_author"),
        ("Signed-off-by: Claude <noreply@anthropic.com>", "ai_signoff"),
    ],
)
def test_what_no_profile_ever_writes_is_what_the_linter_refuses(line: str, rule: str) -> None:
    text = message(disclosure("default", AGENTS[:1], generated_mostly=False)).rstrip("\n") + f"\n{line}\n"
    assert results(text, ai_attribution="disclose", ai_disclosure_trailers=["Assisted-by"])[rule] == "fail"


@pytest.mark.parametrize("profile", [name for name in PROFILES if not adds_lines(name)])
def test_a_profile_without_lines_passes_where_any_mark_is_forbidden(profile: str) -> None:
    assert disclosure(profile, AGENTS, generated_mostly=True) == []
    silent = results("feat: retry fetches\n", ai_attribution="forbid")
    assert silent["ai_attribution"] == "pass"
    named = disclosure("default", AGENTS[:1], generated_mostly=False)
    assert results(message(named, mark="A body."), ai_attribution="forbid")["ai_attribution"] == "fail"


def test_our_own_trailer_is_no_mark_of_a_vendor() -> None:
    """A project that forbids AI attribution and keeps records in notes alone is not caught by the key of ours."""
    text = f"feat: retry fetches\n\n{KEY}: 1:{'0' * 64}\n"
    assert results(text, ai_attribution="forbid")["ai_attribution"] == "pass"
    assert re.fullmatch(r"[A-Za-z][A-Za-z-]*", KEY)
