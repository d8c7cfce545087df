"""A model on loopback that answers each known prompt with its script, one tool call a response (Messages API)."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

from tests.e2e.scenario import Step

Block = dict[str, Any]

_FOLDER = re.compile(r"[Ww]orking directory: (/[^\s<\\\"]+)")
_FILE = re.compile(r"^\*\*\* (Add|Update|Delete) File: (.+)$")


Model = TypeVar("Model", bound="ClaudeModel")


class ClaudeModel:
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

    def respond(self, request: Mapping[str, Any]) -> list[Block]:
        """The blocks of the next response to this conversation."""
        offered = {
            tool["name"]: tool.get("input_schema") or {} for tool in request.get("tools") or [] if "name" in tool
        }
        asked, results = "", []
        for message in request.get("messages") or []:
            for block in _blocks(message):
                if block.get("type") == "tool_result":
                    results.append(block)
                elif str(block.get("text")).strip() in self.scripts and message.get("role") == "user":
                    asked, results = str(block["text"]).strip(), []
        if not asked or not offered:
            return [_text("ok")]
        if results:
            self.answers.append(json.dumps(results[-1].get("content"))[:2000])
        self.offered |= set(offered)
        found = _FOLDER.search(json.dumps([request.get("system"), request.get("messages")]))
        calls = [one for step in self.scripts[asked] for one in _calls(step, found[1] if found else "", offered)]
        return self._next(calls, len(results))

    def _next(self, calls: Sequence[Block], done: int) -> list[Block]:
        """What is said before the call number `done`, and that call; the rest of the script if there is none."""
        said: list[Block] = []
        count = 0
        for block in calls:
            if block["type"] == "tool_use":
                if count == done:
                    return [*said, {**block, "id": f"toolu_{next(self._numbers):08}"}]
                count += 1
            elif count == done:
                said.append(block)
        return said or [_text("Done.")]

    def stream(self, blocks: Sequence[Block], request: Mapping[str, Any]) -> bytes:
        """The response as server-sent events; with the figures of an answer's beginning first, as the real one does."""
        usage = {"input_tokens": 12, "cache_creation_input_tokens": 200, "cache_read_input_tokens": 900}
        message = {
            "id": f"msg_{next(self._numbers):08}",
            "type": "message",
            "role": "assistant",
            "model": request.get("model"),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {**usage, "output_tokens": 1},
        }
        stop = "tool_use" if any(block["type"] == "tool_use" for block in blocks) else "end_turn"
        if not request.get("stream"):
            whole = {**message, "content": list(blocks), "stop_reason": stop, "usage": {**usage, "output_tokens": 77}}
            return json.dumps(whole).encode()
        events: list[Block] = [{"type": "message_start", "message": message}]
        for index, block in enumerate(blocks):
            empty = {**block, "text": ""} if block["type"] == "text" else {**block, "input": {}}
            events.append({"type": "content_block_start", "index": index, "content_block": empty})
            delta: Block = {"type": "text_delta", "text": block.get("text")}
            if block["type"] == "tool_use":
                delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
            events.append({"type": "content_block_delta", "index": index, "delta": delta})
            events.append({"type": "content_block_stop", "index": index})
        ended = {"stop_reason": stop, "stop_sequence": None}
        events.append({"type": "message_delta", "delta": ended, "usage": {**usage, "output_tokens": 77}})
        events.append({"type": "message_stop"})
        return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events).encode()


def _blocks(message: Mapping[str, Any]) -> list[Block]:
    content = message.get("content")
    if isinstance(content, str):
        return [_text(content)]
    return [block for block in content or [] if isinstance(block, dict)]


def _text(text: str) -> Block:
    return {"type": "text", "text": text}


def _use(name: str, given: Mapping[str, Any]) -> Block:
    return {"type": "tool_use", "name": name, "input": dict(given)}


def _calls(step: Step, folder: str, offered: Mapping[str, Any]) -> list[Block]:
    """A step as Claude Code's tools would do it. A `call` step states tool and input as JSON; FOLDER is the repository."""
    if step.kind == "say":
        return [_text(step.text)]
    if step.kind == "shell":
        return [_use("Bash", {"command": step.text, "description": "run a command"})]
    if step.kind == "patch":
        return _edits(step.text, folder)
    name, given = json.loads(step.text.replace("FOLDER", folder))
    if name == "Agent":
        name = "Agent" if "Agent" in offered else "Task"
        given = {"description": "a piece of work", "subagent_type": "general-purpose", **given}
        if "run_in_background" in offered[name].get("properties", {}):
            given["run_in_background"] = False
    return [_use(name, given)]


def _edits(patch: str, folder: str) -> list[Block]:
    """A patch in the scenarios' form as `Write`, and as `Read` and `Edit`."""
    calls: list[Block] = []
    for kind, name, body in _files(patch):
        path = f"{folder}/{name}"
        if kind == "Add":
            calls.append(_use("Write", {"file_path": path, "content": "".join(f"{line[1:]}\n" for line in body)}))
        elif kind == "Delete":
            calls.append(_use("Bash", {"command": f"rm {name}", "description": "remove a file"}))
        else:
            assert not any(line.startswith("*** Move") for line in body), "no tool of Claude Code moves a file"
            calls.append(_use("Read", {"file_path": path}))
            for hunk in _hunks(body):
                old = "\n".join(line[1:] for line in hunk if line[:1] != "+")
                new = "\n".join(line[1:] for line in hunk if line[:1] != "-")
                calls.append(_use("Edit", {"file_path": path, "old_string": old, "new_string": new}))
    return calls


def _files(patch: str) -> Iterator[tuple[str, str, list[str]]]:
    kind, name, body = "", "", list[str]()
    for line in patch.splitlines():
        found = _FILE.match(line)
        if found or line.startswith("*** End Patch"):
            if kind:
                yield kind, name, body
            kind, name, body = (found[1], found[2], []) if found else ("", "", [])
        elif not line.startswith("*** Begin Patch"):
            body.append(line)


def _hunks(body: Sequence[str]) -> Iterator[list[str]]:
    hunk: list[str] = []
    for line in [*body, "@@"]:
        if line.startswith("@@"):
            if hunk:
                yield hunk
            hunk = []
        elif not line.startswith("*** End of File"):
            hunk.append(line or " ")


@contextmanager
def serve(kind: type[Model] = ClaudeModel) -> Iterator[Model]:  # type: ignore[assignment]
    """A model that listens on a free port of 127.0.0.1 as long as the block runs."""
    model = kind()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Silent: what matters is in the model's own record."""

        def do_GET(self) -> None:
            self._send("application/json", b'{"data": []}')

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
            if "count_tokens" in self.path:
                self._send("application/json", b'{"input_tokens": 12}')
                return
            streams = request.get("stream") or "stream" in self.path
            form = "text/event-stream" if streams else "application/json"
            self._send(form, model.stream(model.respond(request), request))

        def _send(self, kind: str, body: bytes) -> None:
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    model.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield model
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
