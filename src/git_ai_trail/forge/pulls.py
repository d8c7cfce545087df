"""Pull requests: which one a commit came from, its commits, and one comment of ours on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from git_ai_trail.forge.github import ApiError, GitHub, quoted
from git_ai_trail.forge.run import repository_name
from git_ai_trail.git import is_oid

MARK = "<!-- ai-trail:comment -->"
# GitHub lists no more commits of a pull request than this.
MAX_COMMITS = 250
_MOST_COMMENTS = 1000
_READ = "pull-requests: read"
_WRITE = "pull-requests: write"


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A merged pull request. `fork` is the other repository's `owner/name`, empty for a branch of this one."""

    number: int
    merge_oid: str
    base_branch: str
    fork: str


def merged_with(api: GitHub, oid: str) -> list[Merged]:
    """The merged pull requests that the API connects with a commit."""
    found = api.get(f"commits/{quoted(oid)}/pulls", needs=_READ)
    return [one for item in (found if isinstance(found, list) else [])[:10] if (one := _merged(api, item)) is not None]


def commits_of(api: GitHub, number: int) -> list[str]:
    """The oids of a pull request's commits, oldest first, at most 250."""
    items = api.pages(f"pulls/{number}/commits", most=MAX_COMMITS, needs=_READ)
    return [oid for one in items if isinstance(oid := one.get("sha"), str) and is_oid(oid)]


def comment(api: GitHub, number: int, text: str) -> str:
    """Writes our one comment on a pull request, or changes it; its page. The same text again changes nothing."""
    body = f"{MARK}\n{text}"
    for one in api.pages(f"issues/{number}/comments", most=_MOST_COMMENTS, needs=_WRITE):
        there = one.get("body")
        if not isinstance(there, str) or not there.startswith(MARK) or type(one.get("id")) is not int:
            continue
        if not _is_ours(api, one.get("user")):
            continue
        if there.replace("\r\n", "\n") == body:
            return _page(one)
        try:
            return _page(api.send("PATCH", f"issues/comments/{one['id']}", {"body": body}, needs=_WRITE))
        except ApiError as error:
            if error.status != 404:  # removed meanwhile
                raise
    return _page(api.send("POST", f"issues/{number}/comments", {"body": body}, needs=_WRITE))


def _is_ours(api: GitHub, user: Any) -> bool:
    """Whether a comment with our mark, which anybody can write, is by a program or by the person whose token this is."""
    if not isinstance(user, dict) or user.get("type") == "Bot":
        return isinstance(user, dict)
    try:
        me = api.get("/user")
    except ApiError:  # a workflow's own token is nobody's
        return False
    return isinstance(me, dict) and isinstance(me.get("login"), str) and me["login"] == user.get("login")


def _merged(api: GitHub, item: Any) -> Merged | None:
    table: Mapping[str, Any] = item if isinstance(item, dict) else {}
    number, merge_oid, base, head = (table.get(name) for name in ("number", "merge_commit_sha", "base", "head"))
    if (
        type(number) is not int
        or not table.get("merged_at")
        or not isinstance(base, dict)
        or not isinstance(head, dict)
    ):
        return None
    repo = head.get("repo")
    source = repository_name(repo.get("full_name")) if isinstance(repo, dict) else ""
    return Merged(
        number=number,
        merge_oid=merge_oid if isinstance(merge_oid, str) and is_oid(merge_oid) else "",
        base_branch=str(base.get("ref"))[:255],
        fork=source if source != api.repository else "",
    )


def _page(found: Any) -> str:
    url = found.get("html_url") if isinstance(found, dict) else None
    return url[:1000] if isinstance(url, str) else ""
