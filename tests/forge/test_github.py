"""The API client against real HTTP: patience, bounds, and a token that goes nowhere else."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from git_ai_trail.errors import ConfigError
from git_ai_trail.forge import github, run
from git_ai_trail.forge.github import ApiError, GitHub

TOKEN = "t0ken-of-this-run"
Reply = tuple[int, dict[str, str], bytes]


class Server:
    """Answers with `replies` in turn, then 200 and an empty object."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.seen: list[tuple[str, str, str]] = []
        self.waits: list[float] = []
        self.url = ""
        self.port = 0

    def api(self) -> GitHub:
        return GitHub(self.url, "octo/tides", TOKEN, sleep=self.waits.append)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            state.seen.append((self.command, self.path, self.headers.get("authorization") or ""))
            status, headers, body = state.replies.pop(0) if state.replies else (200, {}, b"{}")
            if status < 0:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_PUT = answer

        def log_message(self, format: str, *args: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    state.port = http.server_port
    state.url = f"http://127.0.0.1:{state.port}"
    yield state
    http.shutdown()
    http.server_close()
    thread.join(timeout=10)


def said(message: str, **more: object) -> bytes:
    return json.dumps({"message": message, **more}).encode()


def test_server_errors_are_tried_again_with_growing_waits(server: Server) -> None:
    server.replies = [(502, {}, b"<html>"), (503, {}, b""), (200, {}, b'{"ok": 1}')]
    assert server.api().get("releases/1") == {"ok": 1}
    assert server.waits == [1.0, 2.0]


def test_it_gives_up_after_four_tries(server: Server) -> None:
    server.replies = [(500, {}, b"")] * 9
    with pytest.raises(ApiError) as caught:
        server.api().get("releases/1")
    assert (caught.value.status, len(server.seen)) == (500, 4)


def test_a_post_that_may_have_been_obeyed_is_not_repeated(server: Server) -> None:
    server.replies = [(502, {}, b"")] * 9
    with pytest.raises(ApiError):
        server.api().send("POST", "issues/1/comments", {}, needs="x")
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("reply", "waits"),
    [
        ((429, {"Retry-After": "7"}, said("slow down")), [7.0]),
        ((403, {"Retry-After": "3"}, said("You have exceeded a secondary rate limit")), [3.0]),
        ((403, {}, said("You have exceeded a secondary rate limit")), [5.0]),
        ((403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}, said("API rate limit exceeded")), [1.0]),
    ],
)
def test_limits_are_waited_for(server: Server, reply: Reply, waits: list[float]) -> None:
    server.replies = [reply]
    assert server.api().get("releases/1") == {}
    assert server.waits == waits


def test_nobody_waits_for_an_hour(server: Server) -> None:
    server.replies = [(403, {"Retry-After": "3600"}, said("API rate limit exceeded"))]
    with pytest.raises(ApiError) as caught:
        server.api().get("releases/1")
    assert server.waits == []
    assert "run it again later" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (401, "the token is not valid"),
        (403, "permissions: contents: write"),
        (404, "permissions: contents: write"),
        (409, "somebody else changed it"),
        (422, "see the message"),
    ],
)
def test_refusals_carry_githubs_words_and_a_remedy(server: Server, status: int, hint: str) -> None:
    server.replies = [(status, {}, said("No\n::error::", errors=[{"message": "too long"}, "odd", 7]))]
    with pytest.raises(ApiError) as caught:
        server.api().send("PATCH", "releases/1", {}, needs="contents: write")
    assert caught.value.said == "No ::error:: too long odd"
    assert hint in str(caught.value.hint)
    assert TOKEN not in f"{caught.value.message}{caught.value.hint}"
    assert server.waits == []


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_another_host_does_not_get_the_token(server: Server, status: int, method: str) -> None:
    server.replies = [(status, {"Location": f"http://localhost:{server.port}/elsewhere"}, b"")]
    with pytest.raises(ApiError):
        server.api()._ask(method, "releases/1", None, None if method == "GET" else {}, "x")
    assert [path for _, path, _ in server.seen] == ["/repos/octo/tides/releases/1"]


def test_a_renamed_repository_is_followed_on_the_same_host(server: Server) -> None:
    server.replies = [(301, {"Location": f"{server.url}/repositories/7/releases/1"}, b""), (200, {}, b'{"id": 1}')]
    assert server.api().get("releases/1") == {"id": 1}
    assert {token for _, _, token in server.seen} == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize("body", [b"<html>", b"[" * 100_000, b"\xff"])
def test_an_answer_that_is_no_json_is_an_error(server: Server, body: bytes) -> None:
    server.replies = [(200, {}, body)]
    with pytest.raises(ApiError, match="not JSON"):
        server.api().get("releases/1")


def test_an_answer_that_is_too_large_is_an_error(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(github, "MAX_ANSWER", 1 << 20)
    server.replies = [(200, {}, b'"' + b"x" * (1 << 20) + b'"')]
    with pytest.raises(ApiError, match="larger than 1 MiB"):
        server.api().get("releases/1")


def test_pages_end_where_they_must(server: Server) -> None:
    def page(number: int) -> Reply:
        return 200, {}, json.dumps([{"n": number}] * number).encode()

    server.replies = [page(100), page(30)]
    assert len(list(server.api().pages("releases", most=1000))) == 130
    server.replies = [page(100)] * 50
    assert len(list(server.api().pages("releases", most=250))) == 250
    server.replies = [(200, {}, b'{"message": "no list"}')]
    assert list(server.api().pages("releases", most=250)) == []


def test_no_answer_is_an_error_without_an_address(server: Server) -> None:
    api = GitHub("http://127.0.0.1:1", "octo/tides", TOKEN, sleep=server.waits.append)
    with pytest.raises(ApiError, match="no answer") as caught:
        api.get("releases/1")
    assert caught.value.status == 0
    assert len(server.waits) == 3


def test_a_change_without_an_answer_is_repeated_only_if_that_does_no_harm(server: Server) -> None:
    """The server obeys and hangs up: a second POST would make a second comment, a second PATCH makes nothing new."""
    server.replies = [(-1, {}, b"")] * 9
    with pytest.raises(ApiError, match="no answer"):
        server.api().send("POST", "issues/1/comments", {}, needs="x")
    assert len(server.seen) == 1
    with pytest.raises(ApiError, match="no answer"):
        server.api().send("PATCH", "releases/1", {}, needs="x")
    assert len(server.seen) == 5


def env(**more: str) -> dict[str, str]:
    return {"GITHUB_REPOSITORY": "octo/tides", **more}


@pytest.mark.parametrize(
    "url",
    [
        "http://api.github.test",
        "ftp://x",
        "https://user:pass@x.test",
        "https://x.test/\nHost: y",
        "file:///etc/passwd",
        "http://127.0.0.1.evil.test",
        "http://localhost@evil.test",
        "",
    ],
)
def test_only_https_or_this_machine_is_an_api(url: str) -> None:
    with pytest.raises(ConfigError):
        run.read(env(GITHUB_API_URL=url))


@pytest.mark.parametrize(
    "url", ["https://api.github.com", "https://ghe.test/api/v3/", "http://127.0.0.1:80", "http://[::1]:8"]
)
def test_the_runners_addresses_are_fine(url: str) -> None:
    assert run.read(env(GITHUB_API_URL=url)).api_url == url.rstrip("/")


@pytest.mark.parametrize("name", ["", "octo", "../x", "x/..", "./.", "a/b/c", "octo/tides?x", "octo/ti des"])
def test_without_a_repository_there_is_no_run(name: str) -> None:
    with pytest.raises(ConfigError, match="GITHUB_REPOSITORY"):
        run.read({"GITHUB_REPOSITORY": name})
