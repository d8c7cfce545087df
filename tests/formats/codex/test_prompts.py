"""Human prompts told from injected text."""

from __future__ import annotations

from typing import Any

import pytest

from git_ai_trail.formats.codex.prompts import human_texts, is_injected, request


@pytest.mark.parametrize(
    "text",
    [
        "# AGENTS.md instructions for /r\n\n<INSTRUCTIONS>\nx\n</INSTRUCTIONS>",
        "  <environment_context>\n<cwd>/r</cwd>\n</environment_context>\n",
        "<ENVIRONMENT_CONTEXT>x</ENVIRONMENT_CONTEXT>",
        "<user_instructions>\nx\n</user_instructions>",
        "<skill>\n<name>x</name>\n</skill>",
        "<user_shell_command>\nls\n</user_shell_command>",
        "<turn_aborted>\nx\n</turn_aborted>",
        '<subagent_notification>\n{"a":1}\n</subagent_notification>',
        '<codex_internal_context source="goal">x</codex_internal_context>',
        '<hook_prompt hook_run_id="1">x</hook_prompt>',
        "<external_jira>x</external_jira>",
        "Another language model started to solve this problem and produced a summary",
        ">>> TRANSCRIPT START\nx",
        "Warning: apply_patch was requested via exec_command.",
    ],
)
def test_injected(text: str) -> None:
    assert is_injected(text)


@pytest.mark.parametrize(
    "text",
    [
        "Fix it",
        "<environment_context> is shown to the user, why?",
        "# AGENTS.md instructions are wrong, please fix",
        "<skills>are not skill</skills>",
        "<send_user_message_question_reply>yes</send_user_message_question_reply>",
        "<div>make this red</div>",
        "",
    ],
)
def test_written_by_a_person(text: str) -> None:
    assert not is_injected(text)


def message(*texts: str, kinds: list[str] | None = None) -> dict[str, Any]:
    payload: dict[str, Any] = {"role": "user", "content": [{"type": "input_text", "text": text} for text in texts]}
    if kinds is not None:
        payload["internal_chat_message_metadata_passthrough"] = {"content_item_kinds": kinds}
    return payload


@pytest.mark.parametrize(
    ("payload", "texts"),
    [
        (message("<environment_context>x</environment_context>", "Do it"), ["Do it"]),
        (message("Rules", "Do it", kinds=["agents_md.instructions", "user.text"]), ["Do it"]),
        (message("Do it", kinds=["unknown"]), ["Do it"]),
        (message("One", "Two", kinds=["user.text"]), ["One", "Two"]),
        ({"content": "Do it"}, ["Do it"]),
        ({"content": None}, []),
        ({"content": [None, 3, {"text": 5}, {"type": "input_image"}]}, []),
    ],
)
def test_human_parts_of_a_message(payload: dict[str, Any], texts: list[str]) -> None:
    assert human_texts(payload) == texts


def test_what_an_ide_puts_before_a_prompt_is_cut() -> None:
    heading = "## My request for Codex:"
    assert (
        request(f"# Context from my IDE setup:\n\n## Open tabs\n- a\n{heading}\nsaid before\n\n{heading}\nDo it\n")
        == "Do it"
    )
    assert request(f"Explain {heading} to me") == f"Explain {heading} to me"
