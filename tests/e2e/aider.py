"""A real Aider of a given version, from PyPI into an environment of its own, and a model on loopback that says what it is told to."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.e2e.outside import CACHE, package_env

_OPTIONS = (
    *("--no-check-update", "--no-show-model-warnings", "--no-show-release-notes", "--no-analytics", "--yes-always"),
    *("--no-auto-lint", "--no-suggest-shell-commands", "--no-pretty", "--no-stream", "--map-tokens", "0"),
)
_TIMEOUT = 240
# A proxy that nobody listens on: whatever is not loopback must fail at once.
_NOWHERE = "http://127.0.0.1:9"


def fetched(version: str) -> Path:
    """The program; the test is skipped where that version cannot be had for this Python."""
    folder = CACHE / "aider" / f"{version}-{sys.version_info[0]}.{sys.version_info[1]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True)
            words = [str(folder / "bin" / "pip"), "install", "-q", f"aider-chat=={version}"]
            done = subprocess.run(words, cwd=CACHE, env=package_env(), capture_output=True, text=True, timeout=900)
            if done.returncode != 0:
                pytest.skip(f"pip cannot install aider-chat {version} here: {done.stderr.strip()[-300:]}")
            (folder / "done").touch()
    return folder / "bin" / "aider"


@dataclass
class AiderModel:
    """Answers in order, whoever asks; asked for the message of a commit it names the one being made."""

    url: str = ""
    answers: list[str] = field(default_factory=list)
    commits: int = 0

    def answer(self, request: Mapping[str, Any]) -> str:
        if "commit message" in str(request["messages"][0]["content"]).lower():
            self.commits += 1
            return f"Change number {self.commits}"
        # An edit that does not fit makes Aider ask again.
        return self.answers.pop(0) if self.answers else "There is nothing more to do."


@contextmanager
def serve() -> Iterator[AiderModel]:
    """A model that listens for as long as the block runs."""
    model = AiderModel()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            said = {"role": "assistant", "content": model.answer(request)}
            used = {"prompt_tokens": 2345, "completion_tokens": 67, "total_tokens": 2412}
            choice = {"index": 0, "message": said, "finish_reason": "stop"}
            head = {"id": "x", "object": "chat.completion", "created": 1, "model": "lab"}
            body = json.dumps({**head, "choices": [choice], "usage": used}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    model.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield model
    finally:
        server.shutdown()
        server.server_close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Aider:
    """One installed Aider in a person's home."""

    program: Path
    model: AiderModel

    def ask(self, prompt: str, answer: str, *words: str, place: Path, again: str = "") -> None:
        """One turn in `place`, which begins and ends a session; `answer` is what the model will say, and then `again`."""
        self.model.answers += [answer, again] if again else [answer]
        options = ["--model", "openai/lab", "--openai-api-base", self.model.url, *_OPTIONS, *words]
        done = subprocess.run(
            [str(self.program), *options, "--message", prompt],
            cwd=place,
            env={
                **os.environ,
                "OPENAI_API_KEY": "unused",
                **dict.fromkeys(("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"), _NOWHERE),
                **dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost"),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
        )
        said = f"{done.stdout}\n{done.stderr}"
        assert done.returncode == 0, said
        assert not self.model.answers, said


def replace(path: str, before: str, after: str) -> str:
    """An answer in the edit format `diff`."""
    return f"Done.\n\n{path}\n```\n<<<<<<< SEARCH\n{before}=======\n{after}>>>>>>> REPLACE\n```\n"
