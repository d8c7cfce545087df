"""Made-up Codex logs for benches: the kinds of lines, their shares and their sizes are those of real logs.

What commands print and what patches add are pieces of the sources of Python's standard library, so that readers,
redaction and full-text search meet text as it is. The same seed gives the same logs (under one Python version).
"""

from __future__ import annotations

import base64
import json
import os
import random
import sys
import sysconfig
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

BEGAN = datetime(2026, 5, 1, 8, tzinfo=UTC)
_SAID = """
add fix keep the retry cache parser for a when file which request table slow test handle index of before order user
timeout client page review only second third missing wrong value in from config error message empty
"""
WORDS = tuple(_SAID.split())


def make(root: Path, size: int, *, seed: int = 1, log_size: int = 800_000) -> None:
    """Logs of `size` bytes in all below `root`, in folders by day; `log_size` is what one has in the middle."""
    chance = random.Random(seed)
    number = 0
    while size > 0:
        wanted = min(size, int(log_size * min(12.0, chance.lognormvariate(0.0, 0.9))) + 5_000)
        size -= _write(root, Session(chance, BEGAN + timedelta(minutes=37 * number)), wanted)
        number += 1


def make_many(root: Path, count: int, *, seed: int = 3) -> None:
    """`count` logs of a few lines each (about 20 kB, most of it the agent's instructions)."""
    chance = random.Random(seed)
    for number in range(count):
        _write(root, Session(chance, BEGAN + timedelta(minutes=11 * number)), 20_000)


def _write(root: Path, session: Session, size: int) -> int:
    path = session.path(root)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.write_bytes(b"".join(session.lines(size)))


def make_one(path: Path, size: int, *, seed: int = 2) -> None:
    """One log of `size` bytes, written as a stream."""
    session = Session(random.Random(seed), BEGAN)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for line in session.lines(size):
            file.write(line)


class Session:
    """One session's lines."""

    def __init__(self, chance: random.Random, began: datetime) -> None:
        self.chance = chance
        self.at = began
        self.id = str(uuid.UUID(int=chance.getrandbits(128)))
        self.cwd = f"/home/dev{chance.randrange(9)}/src/{chance.choice(WORDS)}-{chance.choice(WORDS)}"
        self.tokens = 0

    def path(self, root: Path) -> Path:
        name = f"rollout-{self.at:%Y-%m-%dT%H-%M-%S}-{self.id}.jsonl"
        return root / f"{self.at:%Y/%m/%d}" / name

    def lines(self, size: int) -> Iterator[bytes]:
        """Whole lines until `size` bytes are reached."""
        made = 0
        for kind, payload in self._records():
            self.at += timedelta(milliseconds=self.chance.randrange(20, 9000))
            stamp = self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            record = {"timestamp": stamp, "type": kind, "payload": payload}
            line = json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
            made += len(line)
            yield line
            if made >= size:
                return

    def _records(self) -> Iterator[tuple[str, dict[str, Any]]]:
        yield "session_meta", self._meta()
        rules = prose(random.Random(7), 300)
        while True:
            yield "turn_context", {**self._context(), "user_instructions": rules}
            wish = prose(self.chance, self.chance.randrange(8, 160))
            yield "response_item", message("user", "input_text", wish)
            yield "event_msg", {"type": "user_message", "message": wish, "images": []}
            for _ in range(self.chance.randrange(4, 24)):
                yield from self._step()
            answer = prose(self.chance, self.chance.randrange(30, 300))
            yield "event_msg", {"type": "agent_message", "message": answer}
            yield "response_item", message("assistant", "output_text", answer)

    def _step(self) -> Iterator[tuple[str, dict[str, Any]]]:
        title = f"**{prose(self.chance, 5)}**"
        yield "event_msg", {"type": "agent_reasoning", "text": title}
        hidden = base64.urlsafe_b64encode(self.chance.randbytes(self.chance.randrange(500, 3200))).decode()
        summary = [{"type": "summary_text", "text": title}]
        yield (
            "response_item",
            {"type": "reasoning", "summary": summary, "content": None, "encrypted_content": "gAAAAA" + hidden},
        )
        if self.chance.random() < 0.25:
            yield from self._patch()
        else:
            yield from self._command()
        yield "event_msg", self._usage()
        if self.chance.random() < 0.4:
            yield "turn_context", self._context()

    def _command(self) -> Iterator[tuple[str, dict[str, Any]]]:
        call = f"call_{self.chance.getrandbits(96):024x}"
        path = f"{self.cwd}/src/{self.chance.choice(WORDS)}.py"
        command = self.chance.choice(
            (f"sed -n '1,200p' {path}", f"rg -n {self.chance.choice(WORDS)} src", "git log --oneline -20", "pytest -q")
        )
        arguments = json.dumps({"command": ["bash", "-lc", command], "workdir": self.cwd, "timeout_ms": 10000})
        yield (
            "response_item",
            {"type": "function_call", "name": "shell_command", "arguments": arguments, "call_id": call},
        )
        text = piece(self.chance, int(self.chance.lognormvariate(7.3, 1.1)))
        if command.startswith("git log"):
            text = "".join(f"{self.chance.getrandbits(160):040x} {prose(self.chance, 6)}\n" for _ in range(20))
        output = f"Exit code: 0\nWall time: 0.{self.chance.randrange(9)} seconds\nOutput:\n{text}"
        yield "response_item", {"type": "function_call_output", "call_id": call, "output": output}

    def _patch(self) -> Iterator[tuple[str, dict[str, Any]]]:
        call = f"call_{self.chance.getrandbits(96):024x}"
        name = f"{self.cwd}/src/{self.chance.choice(WORDS)}_{self.chance.choice(WORDS)}.py"
        rows = piece(self.chance, self.chance.randrange(200, 4000)).splitlines()
        patch = "\n".join(["*** Begin Patch", f"*** Add File: {name}", *(f"+{row}" for row in rows), "*** End Patch"])
        yield (
            "response_item",
            {"type": "custom_tool_call", "status": "completed", "call_id": call, "name": "apply_patch", "input": patch},
        )
        said = f"Success. Updated the following files:\nA {name}\n"
        output = json.dumps({"output": said, "metadata": {"exit_code": 0, "duration_seconds": 0.1}})
        yield "response_item", {"type": "custom_tool_call_output", "call_id": call, "output": output}

    def _meta(self) -> dict[str, Any]:
        git = {
            "commit_hash": f"{self.chance.getrandbits(160):040x}",
            "branch": "main",
            "repository_url": "https://example.com/team/work.git",
        }
        return {
            "id": self.id,
            "timestamp": self.at.isoformat().replace("+00:00", "Z"),
            "cwd": self.cwd,
            "originator": "codex_cli_rs",
            "cli_version": "0.145.0",
            "source": "cli",
            "model_provider": "openai",
            "base_instructions": {"text": prose(random.Random(5), 2500)},
            "git": git,
        }

    def _context(self) -> dict[str, Any]:
        return {
            "turn_id": str(uuid.UUID(int=self.chance.getrandbits(128))),
            "cwd": self.cwd,
            "approval_policy": "on-request",
            "sandbox_policy": {"type": "workspace-write", "network_access": False},
            "model": "gpt-5.5",
            "effort": "high",
            "summary": "auto",
        }

    def _usage(self) -> dict[str, Any]:
        last = self.chance.randrange(500, 9000)
        self.tokens += last
        window = {"used_percent": 17.0, "window_minutes": 300, "resets_at": 1778002436}
        info = {
            "total_token_usage": usage(self.tokens),
            "last_token_usage": usage(last),
            "model_context_window": 258400,
        }
        return {"type": "token_count", "info": info, "rate_limits": {"primary": window, "secondary": window}}


def usage(tokens: int) -> dict[str, int]:
    return {
        "input_tokens": tokens,
        "cached_input_tokens": tokens // 2,
        "output_tokens": tokens // 20,
        "reasoning_output_tokens": tokens // 50,
        "total_tokens": tokens + tokens // 20,
    }


def message(role: str, kind: str, text: str) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


def prose(chance: random.Random, words: int) -> str:
    return " ".join(chance.choices(WORDS, k=words))


@cache
def sources() -> str:
    """Some megabytes of the standard library's own modules."""
    folder = sysconfig.get_path("stdlib")
    names = sorted(name for name in os.listdir(folder) if name.endswith(".py"))
    return "\n".join(Path(folder, name).read_text("utf-8", "replace") for name in names)


def piece(chance: random.Random, size: int) -> str:
    """About `size` characters of source code, from the beginning of a line."""
    text = sources()
    start = text.find("\n", chance.randrange(len(text) - size - 1000)) + 1
    return text[start : text.find("\n", start + size) + 1]


if __name__ == "__main__":
    # A process of its own, so that what it holds in memory is not taken for a later one's.
    what, where, amount = sys.argv[1:]
    {"set": make, "many": make_many, "one": make_one}[what](Path(where), int(amount))
