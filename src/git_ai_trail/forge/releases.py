"""A release's notes: finds the release, also as a draft, and changes its body without harming anybody else's text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from git_ai_trail.errors import TrailError
from git_ai_trail.forge.github import ApiError, GitHub, quoted

_NEEDS = "contents: write"
_TRIES = 5
_MOST_RELEASES = 1000
_TRAP = (
    "the job needs `permissions: contents: write`. If it has that: GitHub lets the default token edit no release whose target "
    "changes files below .github/workflows compared with the default branch; give the input `token` a token with the "
    "workflows permission. The report is in the job's summary and in the step's files"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    id: int
    url: str
    draft: bool


def find(api: GitHub, tag: str, known_id: int = 0) -> Release:
    """The release of a tag; drafts are looked for in the list, because GitHub does not find them by tag."""
    if known_id:
        return _release(api.get(f"releases/{known_id}", needs=_NEEDS), tag)
    try:
        return _release(api.get(f"releases/tags/{quoted(tag)}", needs=_NEEDS), tag)
    except ApiError as error:
        if error.status != 404:
            raise
    for one in api.pages("releases", most=_MOST_RELEASES, needs=_NEEDS):
        if one.get("tag_name") == tag:
            return _release(one, tag)
    raise TrailError(
        f"there is no release for the tag {tag[:80]!r} that this token can see",
        "make the release first (run this step after the one that makes it); drafts need `permissions: contents: write`",
    )


def edit(api: GitHub, release: Release, change: Callable[[str], str]) -> bool:
    """Changes the body by `change` (text in, text out; the same again for its own result); False if it was so already.

    The API has no compare-and-swap. So the body is read just before it is written and once more afterwards, until `change` finds
    nothing left to do: two runs at once, or another tool in between, leave one section.
    """
    for attempt in range(_TRIES):
        before = _body(api.get(f"releases/{release.id}", needs=_NEEDS))
        after = change(before)
        if after == before:
            return attempt > 0
        try:
            api.send("PATCH", f"releases/{release.id}", {"body": after}, needs=_NEEDS)
        except ApiError as error:
            if error.status in (403, 404):
                raise ApiError(error.status, error.message, _TRAP, error.said) from None
            if error.status == 422 and "too long" in error.said:
                raise ApiError(422, error.message, "a release's body holds 125,000 characters", error.said) from None
            raise
    raise TrailError(
        "the release's notes changed at every try to edit them", "run one workflow at a time: `concurrency:`"
    )


def _release(found: Any, tag: str) -> Release:
    table: Mapping[str, Any] = found if isinstance(found, dict) else {}
    number, url = table.get("id"), table.get("html_url")
    if type(number) is not int:
        raise TrailError(f"the API knows nothing usable of the release {tag[:80]!r}")
    return Release(id=number, url=url[:1000] if isinstance(url, str) else "", draft=table.get("draft") is True)


def _body(found: Any) -> str:
    body = found.get("body") if isinstance(found, dict) else None
    return body if isinstance(body, str) else ""
