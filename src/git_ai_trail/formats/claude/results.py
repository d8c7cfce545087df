"""Reads what came back from a tool call: how it ended, and what it printed."""

from __future__ import annotations

import re
from typing import Any

from git_ai_trail.formats.claude.prompts import texts_of
from git_ai_trail.formats.fields import text_of
from git_ai_trail.formats.reply import Reply
from git_ai_trail.lazy import pattern

_HEAD = 512
_EXIT = pattern(r"(?:Error: )?Exit code (\d{1,5})(?:\n|$)")
_DECLINED = (
    "The user doesn't want to ",
    "User rejected ",
    "[Request interrupted by user",
    "This command requires approval",
    "Permission to use ",
    "Claude requested permissions to ",
    "Permission for this action has been denied",
    "Tool use was rejected",
)
_ENDED = pattern(r"<task-id>([A-Za-z0-9_-]{1,64})</task-id>.{0,4096}?<status>([a-z_]{1,32})</status>", re.DOTALL)
_CODE = pattern(r"\(exit code (\d{1,5})\)|exit code (\d{1,5})")


def read_result(block: dict[str, Any], outcome: object, *, shell: bool) -> Reply:
    """The reply in a `tool_result` block; `outcome` is the record's `toolUseResult`, None where it has none.

    A command that succeeded has no exit code in the log: 0 is the absence of a failure.
    """
    text = "\n".join(texts_of(block.get("content")))
    detail = outcome if isinstance(outcome, dict) else {}
    if block.get("is_error") is True or (isinstance(outcome, str) and outcome.startswith("Error: ")):
        return _failed(text or text_of(outcome, 1 << 20))
    if detail.get("interrupted") is True:
        return Reply(None, "failed", text, "")
    if not shell:
        return Reply(None, "failed" if detail.get("error") else "completed", text, "")
    task = text_of(detail.get("backgroundTaskId"), 64)
    if task:
        return Reply(None, "running", text, task)
    printed = "\n".join(part for part in (text_of(detail.get(name), 1 << 22) for name in ("stdout", "stderr")) if part)
    # A search that found nothing ends with 1 and is no failure; what the code was is not said.
    code = None if detail.get("returnCodeInterpretation") else 0
    return Reply(code, "completed", printed or text, "")


def _failed(text: str) -> Reply:
    head = text[:_HEAD].removeprefix("<tool_use_error>").lstrip()
    code = _EXIT.match(head)
    if code:
        return Reply(int(code[1]), "failed", text, "")
    declined = head.removeprefix("Error: ").startswith(_DECLINED)
    return Reply(None, "declined" if declined else "failed", text, "")


def ended_task(content: object) -> tuple[str, Reply] | None:
    """The background task that a `<task-notification>` says has ended, with how it ended."""
    for text in texts_of(content):
        found = _ENDED.search(text) if text.lstrip().startswith("<task-notification>") else None
        if found:
            code = _CODE.search(text)
            number = int(code[1] or code[2]) if code else None
            fine = found[2] == "completed" and number in (0, None)
            return found[1], Reply(number, "completed" if fine else "failed", "", "")
    return None
