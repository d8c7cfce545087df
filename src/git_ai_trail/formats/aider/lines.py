"""Makes a log of one session's part of a chat history: a line for what each side wrote.

A line is compact JSON: `{"type":"session","started","version"}`, then `{"type":"prompt","text"}` (lines `#### …`),
`{"type":"notice","text"}` (what the program printed, `> …`) and `{"type":"answer","text"}` (what the model wrote, as it wrote it).

Prompts and notices end in two blanks. A notice of several lines has its mark on the first one and its blanks on the last one. An
answer may hold lines that look like either, so what stands before the notice that counts its tokens belongs to it.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from typing import Any

from git_ai_trail.lazy import pattern
from git_ai_trail.loglines import UNFINISHED, Look, Made

MAX_LOG = 16 * 1024 * 1024
TOO_MUCH = "session beyond 16 MiB"

_PROMPT, _NOTICE, _END = "####", "> ", "  "
_VERSION = pattern(r"> Aider v(\d[\w.+-]{0,40})  $")
_TOKENS = "> Tokens: "
_HEAD = 64
_LONGEST_NOTICE = 4096


def made_of(started: str, data: bytes, look: Look) -> Made:
    """The log of a session that began at `started` (local time), of its part of the file (more than `MAX_LOG` is cut off)."""
    skipped: dict[str, int] = {}
    if len(data) > MAX_LOG:
        data = data[:MAX_LOG]
        skipped[TOO_MUCH] = 1
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data) and not skipped:
        skipped[UNFINISHED] = 1
    lines = whole.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")[1:-1]
    version = next((found[1] for found in map(_VERSION.match, lines[:_HEAD]) if found), "")
    records = [{"type": "session", "started": started, "version": version}, *_Parts(lines).records()]
    return Made(b"".join(map(_line, records)), b"", look, skipped)


def _line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


class _Parts:
    """Takes a session's lines apart."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        numbers = range(len(lines))
        self.prompts = [at for at in numbers if _is_prompt(lines[at])]
        self.tokens = [at for at in numbers if lines[at].startswith(_TOKENS)]
        self.notices = [at for at in numbers if lines[at].startswith(_NOTICE) and lines[at].endswith(_END)]
        self.closed = [at for at in numbers if lines[at].endswith(_END)]

    def records(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        at = 0
        while at < len(self.lines):
            line = self.lines[at]
            if not line.strip():
                at += 1
                continue
            if _is_prompt(line):
                kind, end = "prompt", self._prompt(at)
                text = "\n".join(_said(one) for one in self.lines[at:end])
            elif line.startswith(_NOTICE):
                kind, end = "notice", self._notice(at)
                text = "\n".join(self.lines[at:end])[len(_NOTICE) :].rstrip(" ")
            else:
                kind, end = "answer", self._answer(at)
                text = "\n".join(self.lines[at:end]).strip("\n")
            found.append({"type": kind, "text": text})
            at = end
        return found

    def _prompt(self, at: int) -> int:
        while at < len(self.lines) and _is_prompt(self.lines[at]):
            at += 1
        return at

    def _notice(self, at: int) -> int:
        """Behind the line that has the blanks; this one alone if none has them before the next prompt."""
        end = self._next(self.closed, at)
        return end + 1 if end < min(self._next(self.prompts, at), at + _LONGEST_NOTICE) else at + 1

    def _answer(self, at: int) -> int:
        limit = self._next(self.prompts, at)
        tokens = self._next(self.tokens, at)
        return tokens if tokens < limit else min(limit, self._next(self.notices, at))

    def _next(self, places: list[int], at: int) -> int:
        """The first of the places from here on; the end of the lines if there is none."""
        number = bisect_left(places, at)
        return places[number] if number < len(places) else len(self.lines)


def _is_prompt(line: str) -> bool:
    return line.startswith(_PROMPT) and line.endswith(_END) and line[4:5] == " "


def _said(line: str) -> str:
    return line[len(_PROMPT) + 1 :].rstrip(" ")
