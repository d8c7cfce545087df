"""A file in the tree, changed through the API: straight on a branch, or on a branch of its own with a pull request."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any

from git_ai_trail.errors import TrailError
from git_ai_trail.forge.github import ApiError, GitHub, quoted

_WRITE = "contents: write"
_PULLS = "contents: write, pull-requests: write"
_TRIES = 5
MAX_FILE = 1024 * 1024


def default_branch(api: GitHub) -> str:
    """The repository's default branch."""
    found = api.get(f"/repos/{api.repository}")
    name = found.get("default_branch") if isinstance(found, dict) else None
    if not isinstance(name, str) or not name:
        raise TrailError("the API names no default branch", "give the input docs-branch")
    return name


def commit(api: GitHub, path: str, branch: str, message: str, change: Callable[[str], str]) -> str:
    """Changes a file on a branch by `change`; the new commit's oid, or empty if nothing had to change."""
    for attempt in range(_TRIES):
        before, blob = _read(api, path, branch)
        after = change(before)
        if after == before and blob:
            return ""
        body = {"message": message, "branch": branch, "content": base64.b64encode(after.encode()).decode()}
        try:
            done = api.send("PUT", f"contents/{_path(path)}", body | ({"sha": blob} if blob else {}), needs=_WRITE)
        except ApiError as error:
            if error.status == 409 and attempt + 1 < _TRIES:
                continue
            if error.status in (403, 409, 422):
                hint = f"the branch {branch} may be protected; use the target docs-pr, or a token that may push to it"
                raise ApiError(error.status, error.message, hint, error.said) from None
            raise
        made = done.get("commit") if isinstance(done, dict) else None
        oid = made.get("sha") if isinstance(made, dict) else None
        return oid if isinstance(oid, str) else branch
    raise TrailError(f"{path} changed at every try to write it", "run one workflow at a time: `concurrency:`")


def propose(api: GitHub, path: str, base: str, branch: str, title: str, text: str, change: Callable[[str], str]) -> str:
    """The same on `branch`, made from `base` where it is missing, with one pull request; its page, or empty if nothing changed."""
    before, _ = _read(api, path, base)
    if before and change(before) == before:
        return ""
    owner = api.repository.partition("/")[0]
    query = {"head": f"{owner}:{branch}", "base": base, "state": "open"}
    there = next(iter(api.pages("pulls", query, most=10, needs=_PULLS)), None)
    _ensure_branch(api, base, branch, anew=there is None)
    commit(api, path, branch, title, change)
    if there is not None:
        return _page(there)
    try:
        made = api.send("POST", "pulls", {"title": title, "head": branch, "base": base, "body": text}, needs=_PULLS)
    except ApiError as error:
        if error.status in (403, 422):
            hint = (
                "the job needs `permissions: contents: write, pull-requests: write`, and the repository the setting "
                "Actions > General > Allow GitHub Actions to create and approve pull requests"
            )
            raise ApiError(error.status, error.message, hint, error.said) from None
        raise
    return _page(made)


def _ensure_branch(api: GitHub, base: str, branch: str, *, anew: bool) -> None:
    """Makes the branch; one that is left from an earlier pull request (`anew`) starts from the base again."""
    there = _tip(api, branch)
    if there and not anew:
        return
    oid = _tip(api, base)
    if not oid:
        raise TrailError(f"there is no branch {base}", "give the input docs-branch a branch that is there")
    if there:
        if there != oid:
            api.send("PATCH", f"git/refs/heads/{_path(branch)}", {"sha": oid, "force": True}, needs=_WRITE)
        return
    try:
        api.send("POST", "git/refs", {"ref": f"refs/heads/{branch}", "sha": oid}, needs=_WRITE)
    except ApiError as error:
        if error.status != 422:  # another run has just made it
            raise


def _tip(api: GitHub, branch: str) -> str:
    """The oid that a branch points to; empty where there is none."""
    try:
        found = api.get(f"git/ref/heads/{_path(branch)}", needs=_WRITE)
    except ApiError as error:
        if error.status == 404:
            return ""
        raise
    target = found.get("object") if isinstance(found, dict) else None
    oid = target.get("sha") if isinstance(target, dict) else None
    return oid if isinstance(oid, str) else ""


def _read(api: GitHub, path: str, branch: str) -> tuple[str, str]:
    """(text, blob) of a file on a branch; both empty where it is not there."""
    try:
        found = api.get(f"contents/{_path(path)}", {"ref": branch}, needs=_WRITE)
    except ApiError as error:
        if error.status == 404:
            return "", ""
        raise
    if not isinstance(found, dict) or found.get("type") != "file" or not isinstance(found.get("sha"), str):
        raise TrailError(f"{path} is no file on the branch {branch}", "give the input docs-path another file")
    if type(found.get("size")) is not int or found["size"] > MAX_FILE or found.get("encoding") != "base64":
        raise TrailError(f"{path} is larger than 1 MiB, which the API does not give out", "choose another docs-path")
    try:
        return base64.b64decode(str(found.get("content"))).decode("utf-8"), found["sha"]
    except (binascii.Error, UnicodeDecodeError) as error:
        raise TrailError(f"{path} on {branch} is not UTF-8", "choose another docs-path") from error


def _path(path: str) -> str:
    return "/".join(quoted(part) for part in path.split("/"))


def _page(found: Any) -> str:
    url = found.get("html_url") if isinstance(found, dict) else None
    return url[:1000] if isinstance(url, str) else ""
