"""GitHub's REST API on loopback, as far as the action uses it: real HTTP, state, the documented refusals.

The state is plain data that a test sets and reads. `fail` makes requests fail n times; `between` runs something between a
release's reading and its change, as another writer would, and `afterwards` something after its change.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

REPOSITORY = "octo/tides"
BODY_LIMIT = 125_000

Answer = tuple[int, Any]


@dataclass
class FakeGitHub:
    token: str = "t0ken-of-this-run"
    url: str = ""
    releases: list[dict[str, Any]] = field(default_factory=list)
    files: dict[tuple[str, str], bytes] = field(default_factory=dict)  # (branch, path)
    branches: dict[str, str] = field(default_factory=lambda: {"main": "a" * 40})
    protected: set[str] = field(default_factory=set)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    may_open_pulls: bool = True
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    read_only: bool = False
    workflows_differ: bool = False
    commit_pulls: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    pull_commits: dict[int, list[str]] = field(default_factory=dict)
    fork_notes: dict[str, dict[str, dict[str, bytes]]] = field(default_factory=dict)  # fork → ref → oid → note
    login: str = ""  # whose token it is, where it is a person's
    truncate: bool = False  # trees are too large for one answer
    fail: list[tuple[str, int, dict[str, str]]] = field(default_factory=list)  # (pattern, status, headers), each once
    between: Callable[[], None] | None = None
    before_patch: Callable[[], object] | None = None  # outside of the lock, before each change of a release
    afterwards: Callable[[], None] | None = None
    redirect: str = ""
    requests: list[tuple[str, str]] = field(default_factory=list)
    stolen: list[str] = field(default_factory=list)  # what reached a path that is nobody's, with its token
    lock: threading.RLock = field(default_factory=threading.RLock)

    def changes(self) -> list[tuple[str, str]]:
        return [one for one in self.requests if one[0] != "GET"]

    def release(self, tag: str, body: str | None = "", **more: Any) -> dict[str, Any]:
        number = len(self.releases) + 1
        page = f"https://github.test/{REPOSITORY}/releases/tag/{tag}"
        made = {"id": number, "tag_name": tag, "body": body, "draft": False, "prerelease": False, "immutable": False}
        self.releases.append({**made, "html_url": page, **more})
        return self.releases[-1]

    # The routes: what is asked for → answer.

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        for route, handler in _ROUTES:
            found = re.fullmatch(route, f"{method} {path}")
            if found:
                parts = [unquote(part) for part in found.groups()]
                return handler(self, parts, query, body)
        return 404, {"message": "Not Found", "documentation_url": "https://docs.github.com/rest"}

    def by_tag(self, parts: list[str], query: dict[str, str], body: Any) -> Answer:
        for one in self.releases:
            if one["tag_name"] == parts[0] and not one["draft"]:
                return 200, one
        return 404, {"message": "Not Found"}

    def list_releases(self, parts: list[str], query: dict[str, str], body: Any) -> Answer:
        return 200, _page(self.releases, query)

    def get_release(self, parts: list[str], query: dict[str, str], body: Any) -> Answer:
        found = next((one for one in self.releases if one["id"] == int(parts[0])), None)
        answer = (200, dict(found)) if found else (404, {"message": "Not Found"})
        if self.between is not None:
            act, self.between = self.between, None
            act()
        return answer

    def patch_release(self, parts: list[str], query: dict[str, str], body: Any) -> Answer:
        if self.read_only:
            return 403, {"message": "Resource not accessible by integration"}
        if self.workflows_differ:
            return 404, {"message": "Not Found"}
        if set(body) != {"body"}:
            return 422, {"message": "Validation Failed", "errors": [{"message": "only the body may be changed here"}]}
        if len(body["body"]) > BODY_LIMIT:
            said = f"body is too long (maximum is {BODY_LIMIT} characters)"
            return 422, {"message": "Validation Failed", "errors": [{"resource": "Release", "message": said}]}
        found = next(one for one in self.releases if one["id"] == int(parts[0]))
        found["body"] = body["body"]
        answer = 200, dict(found)
        if self.afterwards is not None:
            act, self.afterwards = self.afterwards, None
            act()
        return answer

    def repository(self, parts: list[str], query: dict[str, str], body: Any) -> Answer:
        return 200, {"default_branch": "main", "full_name": REPOSITORY}

    def get_file(self, parts: list[str], query: dict[str, str], body: Any) -> Answer:
        content = self.files.get((query.get("ref", "main"), parts[0]))
        if content is None:
            return 404, {"message": "Not Found"}
        return 200, {
            "type": "file",
            "encoding": "base64",
            "size": len(content),
            "sha": _blob(content),
            "content": base64.encodebytes(content).decode(),
        }

    def put_file(self, parts: list[str], query: dict[str, str], body: Any) -> Answer:
        branch = body["branch"]
        if self.read_only:
            return 403, {"message": "Resource not accessible by integration"}
        if branch in self.protected:
            return 409, {"message": "Could not update file: At least 1 approving review is required"}
        there = self.files.get((branch, parts[0]))
        if there is not None and body.get("sha") != _blob(there):
            return 409, {"message": f"{parts[0]} does not match {body.get('sha')}"}
        if branch not in self.branches:
            return 404, {"message": f"Branch {branch} not found"}
        self.files[branch, parts[0]] = base64.b64decode(body["content"])
        return 200, {"commit": {"sha": hashlib.sha1(body["content"].encode(), usedforsecurity=False).hexdigest()}}

    def get_ref(self, parts: list[str], query: dict[str, str], body: Any) -> Answer:
        oid = self.branches.get(parts[0])
        return (
            (200, {"ref": f"refs/heads/{parts[0]}", "object": {"sha": oid}}) if oid else (404, {"message": "Not Found"})
        )

    def make_ref(self, parts: list[str], query: dict[str, str], body: Any) -> Answer:
        name = body["ref"].removeprefix("refs/heads/")
        if name in self.branches:
            return 422, {"message": "Reference already exists"}
        self.branches[name] = body["sha"]
        self.files |= {(name, path): text for (branch, path), text in self.files.items() if branch == "main"}
        return 201, {"ref": body["ref"]}

    def move_ref(self, parts: list[str], query: dict[str, str], body: Any) -> Answer:
        if parts[0] not in self.branches:
            return 422, {"message": "Reference does not exist"}
        self.branches[parts[0]] = body["sha"]
        self.files = {key: text for key, text in self.files.items() if key[0] != parts[0]}
        self.files |= {(parts[0], path): text for (branch, path), text in self.files.items() if branch == "main"}
        return 200, {"ref": f"refs/heads/{parts[0]}"}

    def list_pulls(self, parts: list[str], query: dict[str, str], body: Any) -> Answer:
        wanted = query.get("head", "").partition(":")[2]
        return 200, _page([one for one in self.pulls if one["head"] == wanted and one["state"] == "open"], query)

    def make_pull(self, parts: list[str], query: dict[str, str], body: Any) -> Answer:
        if not self.may_open_pulls:
            said = "GitHub Actions is not permitted to create or approve pull requests."
            return 403, {"message": said}
        number = len(self.pulls) + 1
        self.pulls.append(
            {**body, "state": "open", "number": number, "html_url": f"https://github.test/{REPOSITORY}/pull/{number}"}
        )
        return 201, self.pulls[-1]

    def list_comments(self, parts: list[str], query: dict[str, str], body: Any) -> Answer:
        return 200, _page(self.comments.get(int(parts[0]), []), query)

    def make_comment(self, parts: list[str], query: dict[str, str], body: Any) -> Answer:
        if self.read_only:
            return 403, {"message": "Resource not accessible by integration"}
        there = self.comments.setdefault(int(parts[0]), [])
        there.append(
            {"id": 100 + len(there), "body": body["body"], "user": self._author(), "html_url": "https://c.test"}
        )
        return 201, there[-1]

    def _author(self) -> dict[str, str]:
        return {"type": "User", "login": self.login} if self.login else {"type": "Bot", "login": "github-actions[bot]"}

    def user(self, parts: list[str], query: dict[str, str], body: Any) -> Answer:
        if not self.login:
            return 403, {"message": "Resource not accessible by integration"}
        return 200, self._author()

    def change_comment(self, parts: list[str], query: dict[str, str], body: Any) -> Answer:
        for there in self.comments.values():
            for one in there:
                if one["id"] == int(parts[0]):
                    one["body"] = body["body"]
                    return 200, one
        return 404, {"message": "Not Found"}

    def pulls_of_commit(self, parts: list[str], query: dict[str, str], body: Any) -> Answer:
        return 200, self.commit_pulls.get(parts[0], [])

    def commits_of_pull(self, parts: list[str], query: dict[str, str], body: Any) -> Answer:
        return 200, _page([{"sha": oid} for oid in self.pull_commits.get(int(parts[0]), [])], query)

    def fork_ref(self, parts: list[str], query: dict[str, str], body: Any) -> Answer:
        notes = self.fork_notes.get(parts[0], {}).get(f"refs/{parts[1]}")
        return (200, {"object": {"sha": _name(parts[1])}}) if notes is not None else (404, {"message": "Not Found"})

    def fork_commit(self, parts: list[str], query: dict[str, str], body: Any) -> Answer:
        return 200, {"tree": {"sha": parts[1]}}

    def fork_tree(self, parts: list[str], query: dict[str, str], body: Any) -> Answer:
        for ref, notes in self.fork_notes.get(parts[0], {}).items():
            name = ref.removeprefix("refs/")
            if _name(name) == parts[1]:
                return self._root_of(name, notes, recursive="recursive" in query)
            for folder in {oid[:2] for oid in notes}:
                if _name(f"{name}/{folder}") == parts[1]:
                    inside = {oid[2:]: note for oid, note in notes.items() if oid[:2] == folder}
                    return 200, {"tree": [_entry(*one) for one in inside.items()], "truncated": False}
        return 404, {"message": "Not Found"}

    def _root_of(self, name: str, notes: dict[str, bytes], *, recursive: bool) -> Answer:
        if recursive and not self.truncate:
            tree = [_entry(f"{oid[:2]}/{oid[2:]}", note) for oid, note in notes.items()]
            return 200, {"tree": tree, "truncated": False}
        folders = [
            {"path": one, "type": "tree", "sha": _name(f"{name}/{one}")} for one in sorted({oid[:2] for oid in notes})
        ]
        return 200, {"tree": folders, "truncated": recursive}

    def fork_blob(self, parts: list[str], query: dict[str, str], body: Any) -> Answer:
        for notes in self.fork_notes.get(parts[0], {}).values():
            for note in notes.values():
                if _blob(note) == parts[1]:
                    return 200, {"encoding": "base64", "content": base64.encodebytes(note).decode()}
        return 404, {"message": "Not Found"}


_HERE = rf"/repos/{REPOSITORY}"
_THERE = r"/repos/([\w.-]+/[\w.-]+)"
_ROUTES: list[tuple[str, Callable[[FakeGitHub, list[str], dict[str, str], Any], Answer]]] = [
    (rf"GET {_HERE}/releases/tags/([^/]+)", FakeGitHub.by_tag),
    (rf"GET {_HERE}/releases", FakeGitHub.list_releases),
    (rf"GET {_HERE}/releases/(\d+)", FakeGitHub.get_release),
    (rf"PATCH {_HERE}/releases/(\d+)", FakeGitHub.patch_release),
    (rf"GET {_HERE}", FakeGitHub.repository),
    (r"GET /user", FakeGitHub.user),
    (rf"GET {_HERE}/contents/(.+)", FakeGitHub.get_file),
    (rf"PUT {_HERE}/contents/(.+)", FakeGitHub.put_file),
    (rf"GET {_HERE}/git/ref/heads/(.+)", FakeGitHub.get_ref),
    (rf"POST {_HERE}/git/refs", FakeGitHub.make_ref),
    (rf"PATCH {_HERE}/git/refs/heads/(.+)", FakeGitHub.move_ref),
    (rf"GET {_HERE}/pulls", FakeGitHub.list_pulls),
    (rf"POST {_HERE}/pulls", FakeGitHub.make_pull),
    (rf"GET {_HERE}/issues/(\d+)/comments", FakeGitHub.list_comments),
    (rf"POST {_HERE}/issues/(\d+)/comments", FakeGitHub.make_comment),
    (rf"PATCH {_HERE}/issues/comments/(\d+)", FakeGitHub.change_comment),
    (rf"GET {_HERE}/commits/([0-9a-f]+)/pulls", FakeGitHub.pulls_of_commit),
    (rf"GET {_HERE}/pulls/(\d+)/commits", FakeGitHub.commits_of_pull),
    (rf"GET {_THERE}/git/ref/(notes/.+)", FakeGitHub.fork_ref),
    (rf"GET {_THERE}/git/commits/([0-9a-f]+)", FakeGitHub.fork_commit),
    (rf"GET {_THERE}/git/trees/([0-9a-f]+)", FakeGitHub.fork_tree),
    (rf"GET {_THERE}/git/blobs/([0-9a-f]+)", FakeGitHub.fork_blob),
]


def _page(items: list[Any], query: dict[str, str]) -> list[Any]:
    size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
    return items[(page - 1) * size : page * size]


def _blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _entry(path: str, note: bytes) -> dict[str, Any]:
    return {"path": path, "type": "blob", "sha": _blob(note), "size": len(note)}


def _name(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


@contextmanager
def serve() -> Iterator[FakeGitHub]:
    """The API on a free port of 127.0.0.1 as long as the block runs."""
    fake = FakeGitHub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Silent: the requests are in the fake's own list."""

        def handle_any(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length") or 0))
            split = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(split.query).items()}
            if fake.before_patch is not None and self.command == "PATCH":
                fake.before_patch()
            with fake.lock:
                fake.requests.append((self.command, split.path))
                status, answer, headers = self.decide(split.path, query, raw)
            self.send(status, answer, headers)

        do_GET = do_POST = do_PATCH = do_PUT = handle_any

        def decide(self, path: str, query: dict[str, str], raw: bytes) -> tuple[int, Any, dict[str, str]]:
            if fake.redirect and path.startswith("/repos"):
                return 302, None, {"Location": fake.redirect}
            if path.startswith("/stranger"):
                fake.stolen.append(self.headers.get("authorization") or "")
                return 200, {}, {}
            for number, (pattern, status, headers) in enumerate(fake.fail):
                if re.search(pattern, f"{self.command} {path}"):
                    del fake.fail[number]
                    return status, {"message": "made to fail"}, headers
            if self.headers.get("authorization") != f"Bearer {fake.token}":
                return 401, {"message": "Bad credentials"}, {}
            status, answer = fake.answer(self.command, path, query, json.loads(raw) if raw else None)
            return status, answer, {}

        def send(self, status: int, answer: Any, headers: dict[str, str]) -> None:
            body = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {"content-type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
