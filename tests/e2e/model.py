"""A model on loopback that answers each known prompt with its script, one tool call a response (Responses API)."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

from backports import zstd

from tests.e2e import dialect
from tests.e2e.scenario import Step

_OUTPUTS = ("function_call_output", "custom_tool_call_output")
_USAGE = {
    "input_tokens": 1200,
    "input_tokens_details": {"cached_tokens": 900},
    "output_tokens": 77,
    "output_tokens_details": {"reasoning_tokens": 13},
    "total_tokens": 1277,
}


Model = TypeVar("Model", bound="ScriptedModel")


class ScriptedModel:
    """The server's state: the scripts by prompt, and what the tools answered (for a failed test's report)."""

    def __init__(self) -> None:
        self.scripts: dict[str, tuple[Step, ...]] = {}
        self.answers: list[str] = []
        self.offered: set[str] = set()
        self.url = ""
        self._numbers = iter(range(1, 1 << 30))

    def learn(self, prompt: str, script: Sequence[Step]) -> None:
        """From now on `prompt` is answered with `script`. A prompt has one meaning per server."""
        assert self.scripts.get(prompt, tuple(script)) == tuple(script), f"two scripts for {prompt!r}"
        self.scripts[prompt] = tuple(script)

    def respond(self, request: Mapping[str, Any]) -> list[dialect.Item]:
        """The output items of the next response to this conversation."""
        items = [item for item in request.get("input") or [] if isinstance(item, dict)]
        asked = [(index, _text(item)) for index, item in enumerate(items) if _text(item) in self.scripts]
        if not asked:
            return [dialect.message("ok", final=True, number=next(self._numbers))]
        start, prompt = asked[-1]
        answers = [item for item in items[start:] if item.get("type") in _OUTPUTS]
        if answers:
            self.answers.append(json.dumps(answers[-1].get("output"))[:2000])
        return self._next(self.scripts[prompt], len(answers), dialect.tools(request))

    def _next(self, script: Sequence[Step], done: int, offered: Mapping[str, dialect.Item]) -> list[dialect.Item]:
        """What is said before the call number `done`, and that call; the rest of the script if there is none."""
        self.offered |= set(offered)
        said: list[dialect.Item] = []
        calls = 0
        for step in script:
            number = next(self._numbers)
            if step.kind != "say":
                if calls == done:
                    make = dialect.patch if step.kind == "patch" else dialect.shell
                    return [*said, make(offered, f"call_{number}", step.text)]
                calls += 1
            elif calls == done:
                said.append(dialect.message(step.text, final=False, number=number))
        if not said:
            return [dialect.message("Done.", final=True, number=next(self._numbers))]
        said[-1]["phase"] = "final_answer"
        return said

    def stream(self, items: Sequence[dialect.Item]) -> bytes:
        """The response as server-sent events."""
        identity = f"resp_{next(self._numbers)}"
        events: list[dict[str, Any]] = [{"type": "response.created", "response": {"id": identity}}]
        for index, item in enumerate(items):
            events.append({"type": "response.output_item.added", "output_index": index, "item": item})
            events.append({"type": "response.output_item.done", "output_index": index, "item": item})
        finished = {"id": identity, "usage": _USAGE, "output": list(items), "status": "completed"}
        events.append({"type": "response.completed", "response": finished})
        return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events).encode()


@contextmanager
def serve(kind: type[Model] = ScriptedModel) -> Iterator[Model]:  # type: ignore[assignment]
    """A model that listens on a free port of 127.0.0.1 as long as the block runs."""
    model = kind()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Silent: what matters is in the model's own record."""

        def do_GET(self) -> None:
            self._send("application/json", b'{"object": "list", "data": [], "models": []}')

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length") or 0))
            if self.headers.get("content-encoding") == "zstd":
                raw = zstd.decompress(raw)
            self._send("text/event-stream", model.stream(model.respond(json.loads(raw))))

        def _send(self, kind: str, body: bytes) -> None:
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    model.url = f"http://127.0.0.1:{server.server_port}/v1"
    # The poll interval is how long stopping takes; the default would add half a second to every test.
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield model
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


def _text(item: Mapping[str, Any]) -> str:
    if item.get("role") != "user":
        return ""
    content = item.get("content")
    if isinstance(content, str):
        return content.strip()
    parts = content if isinstance(content, list) else []
    return "".join(part.get("text", "") for part in parts if isinstance(part, dict)).strip()
