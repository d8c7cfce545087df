"""Reads what came back from a tool call: the forms differ by version and tool, and none is marked as such."""

from __future__ import annotations

from typing import Any

from git_ai_trail.formats.records import decode_inner
from git_ai_trail.formats.reply import Reply
from git_ai_trail.lazy import pattern

_HEAD = 600
_EXIT = pattern(r"(?:^|\n)(?:Process exited with code|Exit code:) (-?\d{1,10})(?=\s|$)")
_RUNNING = pattern(r"(?:^|\n)Process running with session ID (\S{1,64})")
_CELL = pattern(r"Script running with cell ID (\S{1,64})")
_SANDBOX_EXIT = pattern(r"\bexit code: (-?\d{1,10})\b")
_TIMED_OUT = pattern(r"command timed out after \d+ milliseconds")
_HEADED = ("Exit code:", "Chunk ID:", "Command:", "Wall time:", "Total output lines:", "Warning: truncated output")
_DECLINED = (
    "patch rejected by user",
    "rejected by user",
    "exec command rejected by user",
    "aborted by user",
    "aborted",
)
_FAILED = (
    "apply_patch verification failed",
    "error: Failed to find expected lines",
    "failed in sandbox",
    "execution error:",
    "exec_command failed",
    "write_stdin failed",
    "unsupported call",
    "failed to parse function arguments",
    "Failed to find",
)


def read_reply(output: object) -> Reply:
    """The `output` field of a call's output."""
    if isinstance(output, str):
        return _read_text(output)
    if isinstance(output, list):
        return _read_parts(output)
    if isinstance(output, dict):
        return _read_object(output, "")
    return Reply(None, "unknown", "", "")


def read_item(item: dict[str, Any]) -> Reply:
    """An item or event that states exit code and status (CommandExecution, exec_command_end)."""
    code = _code(item.get("exit_code"))
    status = item.get("status")
    text = next((item[key] for key in ("aggregated_output", "stdout") if isinstance(item.get(key), str)), "")
    if status == "declined":
        return Reply(code, "declined", text, "")
    if status == "in_progress":
        return Reply(None, "running", text, "")
    return _by_code(code, text)


def _by_code(code: int | None, text: str) -> Reply:
    return Reply(code, "unknown" if code is None else "completed" if code == 0 else "failed", text, "")


def _code(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**33 else None


def _read_text(text: str) -> Reply:
    if text.startswith("{"):
        data = decode_inner(text)
        if isinstance(data, dict) and "output" in data:
            return _read_object(data, text)
        return Reply(None, "unknown", text, "")
    if text.startswith(_HEADED):
        return _read_headed(text)
    if text.startswith("Script ") and "\nWall time" in text[:200]:
        return _read_parts([text])
    return _read_bare(text)


def _read_object(data: dict[str, Any], text: str) -> Reply:
    meta = data.get("metadata")
    code = _code(meta.get("exit_code")) if isinstance(meta, dict) else None
    code = _code(data.get("exit_code")) if code is None else code
    body = data.get("output", data.get("content"))
    body = body if isinstance(body, str) else text
    session = data.get("session_id")
    if code is None and isinstance(session, (int, str)) and not isinstance(session, bool):
        return Reply(None, "running", body, str(session)[:64])
    if code is None and body:
        return _read_headed(body) if body.startswith(_HEADED) else _read_bare(body)
    return _by_code(code, body)


def _read_headed(text: str, *, inner: bool = False) -> Reply:
    at = text.find("\nOutput:\n", 0, _HEAD)
    if at >= 0:
        head, body = text[:at], text[at + len("\nOutput:\n") :]
    else:
        head, body = text[:_HEAD], text
    running = _RUNNING.search(head)
    if running:
        return Reply(None, "running", body, running[1])
    found = _EXIT.search(head)
    if found:
        return _by_code(int(found[1]), body)
    if not inner and body is not text and body.startswith("Exit code:"):
        return _read_headed(body, inner=True)
    return _read_bare(body)


def _read_bare(text: str) -> Reply:
    head = text[:_HEAD].strip()
    last = head.rsplit("\n", 1)[-1]
    if head.startswith(_DECLINED[:3]) or head in _DECLINED or last == "aborted by user":
        return Reply(None, "declined", text, "")
    if head.startswith(_FAILED):
        code = _SANDBOX_EXIT.search(head)
        return Reply(int(code[1]) if code else None, "failed", text, "")
    if _TIMED_OUT.match(head):
        return Reply(124, "failed", text, "")
    return Reply(None, "unknown", text, "")


def _read_parts(parts: list[Any]) -> Reply:
    texts = [part.get("text") if isinstance(part, dict) else part for part in parts]
    strings = [text for text in texts if isinstance(text, str)]
    if not strings:
        return Reply(None, "unknown", "", "")
    if not strings[0].startswith("Script "):
        return _read_text(strings[0] if len(strings) == 1 else "\n".join(strings))
    return _read_script(strings)


def _read_script(strings: list[str]) -> Reply:
    """The output of a code-mode script: a first part about the script, then what the script printed."""
    head, _, printed = strings[0].partition("Output:\n")
    results: list[int | None] = []
    running = ""
    texts: list[str] = []
    for part in ([printed] if printed else []) + strings[1:]:
        reply = _read_text(part) if part.startswith('{"') else None
        if reply is None or (reply.text == part and reply.exit_code is None and not reply.running):
            texts.append(part)
            continue
        texts.append(reply.text)
        results.append(reply.exit_code)
        running = running or reply.running
    text = "\n".join(text for text in texts if text)
    cell = _CELL.search(head)
    if cell:
        return Reply(None, "running", text, cell[1], tuple(results))
    if running:
        return Reply(None, "running", text, running, tuple(results))
    if head.startswith("Script completed"):
        code = results[0] if len(results) == 1 else None
        return Reply(code, "completed" if code in (0, None) else "failed", text, "", tuple(results))
    return Reply(None, "failed", text, "", tuple(results))
