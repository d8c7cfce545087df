"""What a commit says of agents is read as a claim: the forms vendors write, and none that a person could mean."""

from __future__ import annotations

import pytest

from git_ai_trail.attach.claims import Claim, claims

PERSON = ("A. Person", "a@example.com")


@pytest.mark.parametrize(
    ("trailer", "agent"),
    [
        ("Co-Authored-By: Claude <noreply@anthropic.com>", "Claude"),
        ("Co-Authored-By: Claude Opus 4.8 (1M context) <noreply@anthropic.com>", "Claude"),
        ("Co-authored-by: Codex <noreply@openai.com>", "Codex"),
        ("Co-authored-by: Copilot <175728472+Copilot@users.noreply.github.com>", "Copilot"),
        ("Co-authored-by: Copilot <223556219+Copilot@users.noreply.github.com>", "Copilot"),
        ("Co-authored-by: Copilot <copilot@github.com>", "Copilot"),
        ("Co-authored-by: Cursor <cursoragent@cursor.com>", "Cursor"),
        ("Co-authored-by: aider (gpt-5) <noreply@aider.chat>", "aider"),
        ("Claude-Session: https://claude.ai/code/session_01", "Claude"),
        ("Agent-Logs-Url: https://github.com/o/r/sessions/1", "Copilot"),
        ("Assisted-by: Codex:gpt-5.5", "Codex"),
        ("Generated-by: Claude-Code (opus)", "Claude-Code"),
        ("Made-with: Cursor", "Cursor"),
        ("Co-authored-by-AI: Bob (model/1)", "Bob"),
    ],
)
def test_a_line_that_a_program_writes_is_a_claim(trailer: str, agent: str) -> None:
    assert claims(f"Subject\n\n{trailer}\n", *PERSON) == [Claim(agent, f"trailer {trailer.partition(':')[0]}")]


@pytest.mark.parametrize(
    "trailer",
    [
        "Co-authored-by: Claude Shannon <claude@bell-labs.com>",
        "Co-authored-by: Codex <codex@example.com>",
        "Co-authored-by: Claude",
        "Co-authored-by: Ana Cursor <ana@cursor.example>",
        "Signed-off-by: Claude <noreply@anthropic.com>",
        "Assisted-by: none",
        "Assisted-by: \x1b[31m",
        "Reviewed-by: Copilot <copilot@github.com>",
    ],
)
def test_a_person_or_another_line_is_none(trailer: str) -> None:
    assert claims(f"Subject\n\n{trailer}\n", *PERSON) == []


def test_a_line_in_the_body_is_not_a_trailer() -> None:
    assert claims("Subject\n\nMade-with: Cursor\n\nmore text\n", *PERSON) == []


@pytest.mark.parametrize(
    ("author", "email", "agent"),
    [
        ("copilot-swe-agent[bot]", "198982749+Copilot@users.noreply.github.com", "Copilot"),
        ("claude[bot]", "209825114+claude[bot]@users.noreply.github.com", "Claude"),
        ("Claude", "noreply@anthropic.com", "Claude"),
        ("Cursor Agent", "cursoragent@cursor.com", "Cursor"),
        ("devin-ai-integration[bot]", "158243242+devin-ai-integration[bot]@users.noreply.github.com", "Devin"),
    ],
)
def test_an_author_that_is_a_program_is_a_claim(author: str, email: str, agent: str) -> None:
    assert claims("Subject\n", author, email) == [Claim(agent, "author")]


def test_a_person_of_that_name_is_not_a_program() -> None:
    assert claims("Subject\n", "Claude", "claude@example.com") == []


def test_a_footer_is_a_claim() -> None:
    message = "Subject\n\n🤖 Generated with [Claude Code](https://claude.com/claude-code)\n\nCo-Authored-By: Claude <noreply@anthropic.com>\n"
    assert claims(message, *PERSON) == [
        Claim("Claude", "trailer Co-Authored-By"),
        Claim("Claude Code", "footer"),
    ]
