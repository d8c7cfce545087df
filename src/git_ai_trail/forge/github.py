"""GitHub's REST API, as little of it as we need: bounded answers, patient with its limits, and no token in any message."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any

from git_ai_trail.errors import TrailError
from git_ai_trail.version import VERSION

MAX_ANSWER = 16 * 1024 * 1024
_PER_PAGE = 100
_TRIES = 4
_TIMEOUT = 30
_LONGEST_WAIT = 60


class ApiError(TrailError):
    """GitHub's answer was no. `status` is that of HTTP, 0 where there was no answer; `said` is GitHub's own reason."""

    def __init__(self, status: int, message: str, hint: str | None = None, said: str = "") -> None:
        super().__init__(message, hint)
        self.status = status
        self.said = said


class _NoStranger(urllib.request.HTTPRedirectHandler):
    """Follows a redirect on the same host alone: the token is for nobody else."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if urllib.parse.urlsplit(newurl)[:2] != urllib.parse.urlsplit(req.full_url)[:2]:
            raise ApiError(code, "the API redirects to another host", "check GITHUB_API_URL")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class GitHub:
    """The API of one host for one repository."""

    def __init__(
        self, api_url: str, repository: str, token: str, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.repository = repository
        self._api_url = api_url
        self._token = token
        self._sleep = sleep
        self._opener = urllib.request.build_opener(_NoStranger)

    def get(self, path: str, query: Mapping[str, str | int] | None = None, *, needs: str = "contents: read") -> Any:
        """The decoded answer; `path` is below the repository unless it begins with a slash. `needs` is the permission."""
        return self._ask("GET", path, query, None, needs)

    def send(self, method: str, path: str, body: Mapping[str, Any], *, needs: str) -> Any:
        """The decoded answer to a change."""
        return self._ask(method, path, None, body, needs)

    def pages(
        self, path: str, query: Mapping[str, str | int] | None = None, *, most: int, needs: str = "contents: read"
    ) -> Iterator[Mapping[str, Any]]:
        """The items of a list, at most `most` of them."""
        for page in range(1, most // _PER_PAGE + 2):
            items = self.get(path, {**(query or {}), "per_page": _PER_PAGE, "page": page}, needs=needs)
            if not isinstance(items, list):
                return
            for number, item in enumerate(items):
                if (page - 1) * _PER_PAGE + number >= most:
                    return
                if isinstance(item, dict):
                    yield item
            if len(items) < _PER_PAGE:
                return

    def _ask(
        self, method: str, path: str, query: Mapping[str, str | int] | None, body: Mapping[str, Any] | None, needs: str
    ) -> Any:
        where = path if path.startswith("/") else f"/repos/{self.repository}/{path}"
        url = self._api_url + where + (f"?{urllib.parse.urlencode(query)}" if query else "")
        for attempt in range(1, _TRIES + 1):
            try:
                return self._once(method, url, body)
            except urllib.error.HTTPError as error:
                refusal = _refusal(error, method, where, needs)
                wait = _wait(error, refusal, attempt)
                if wait is None or attempt == _TRIES or (method == "POST" and error.code >= 500):
                    raise refusal from None
            except (urllib.error.URLError, http.client.HTTPException, TimeoutError, OSError) as error:
                wait = float(attempt)
                # A POST without an answer may have been obeyed; a second one would make a second comment.
                if attempt == _TRIES or method == "POST":
                    reason = type(getattr(error, "reason", error)).__name__
                    raise ApiError(0, f"{method} {where}: no answer ({reason})", "try again later") from None
            self._sleep(wait)
        raise AssertionError("unreachable")

    def _once(self, method: str, url: str, body: Mapping[str, Any] | None) -> Any:
        headers = {
            "Accept": "application/vnd.github+json",
            "User-Agent": f"git-ai-trail/{VERSION}",
            "X-GitHub-Api-Version": "2022-11-28",
            **({"Authorization": f"Bearer {self._token}"} if self._token else {}),
            **({"Content-Type": "application/json"} if body is not None else {}),
        }
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data=data, headers=headers, method=method)  # noqa: S310  # checked in run.py
        with self._opener.open(request, timeout=_TIMEOUT) as answer:
            raw = answer.read(MAX_ANSWER + 1)
        if len(raw) > MAX_ANSWER:
            raise ApiError(200, f"the API's answer is larger than {MAX_ANSWER >> 20} MiB")
        try:
            return json.loads(raw) if raw.strip() else None
        except (ValueError, RecursionError):
            raise ApiError(200, "the API's answer is not JSON", "check GITHUB_API_URL") from None


def quoted(text: str) -> str:
    """A name as one part of a path."""
    return urllib.parse.quote(text, safe="")


def _wait(error: urllib.error.HTTPError, refusal: ApiError, attempt: int) -> float | None:
    """Seconds until it makes sense to ask again; None where it never does."""
    if _limited(error, refusal.said):
        stated = error.headers.get("Retry-After") or ""
        wait = float(stated) if stated.isdigit() else _until_reset(error)
        return wait if wait <= _LONGEST_WAIT else None
    return float(2 ** (attempt - 1)) if error.code >= 500 else None


def _limited(error: urllib.error.HTTPError, said: str) -> bool:
    """Whether GitHub asks for patience; a 403 without any of these signs is a missing permission."""
    signs = error.headers.get("Retry-After") or error.headers.get("X-RateLimit-Remaining") == "0"
    return error.code == 429 or (error.code == 403 and bool(signs or "rate limit" in said.lower()))


def _until_reset(error: urllib.error.HTTPError) -> float:
    reset = error.headers.get("X-RateLimit-Reset") or ""
    return max(1.0, float(reset) - time.time()) if reset.isdigit() else 5.0


def _refusal(error: urllib.error.HTTPError, method: str, where: str, needs: str) -> ApiError:
    said = _said(error)
    what = f"{method} {where}: {error.code}{f' ({said})' if said else ''}"
    return ApiError(error.code, what, _remedy(error, needs, said), said)


def _remedy(error: urllib.error.HTTPError, needs: str, said: str) -> str:
    if error.code == 401:
        return "the token is not valid; leave the input `token` at its default, or renew it"
    if _limited(error, said):
        return "the rate limit is used up; run it again later"
    if error.code in (403, 404):
        return f"the job needs `permissions: {needs}`; without it GitHub answers so, also for what exists"
    if error.code == 409:
        return "somebody else changed it at the same time; run it again"
    return "see the message"


def _said(error: urllib.error.HTTPError) -> str:
    """GitHub's own words, one line without control characters."""
    try:
        answer = json.loads(error.read(64 * 1024))
    except (ValueError, RecursionError, OSError, http.client.HTTPException):
        return ""
    if not isinstance(answer, dict):
        return ""
    parts = [answer.get("message")]
    errors = answer.get("errors")
    some = errors[:3] if isinstance(errors, list) else []
    parts += [one.get("message") if isinstance(one, dict) else one for one in some]
    words = " ".join(part for part in parts if isinstance(part, str))
    return "".join(letter if letter.isprintable() else " " for letter in words)[:300].strip()
