"""What a workflow run is about, from the runner's variables and the event's payload. Everything in it may be a stranger's."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from git_ai_trail.errors import ConfigError
from git_ai_trail.git import is_oid

MAX_PAYLOAD = 8 * 1024 * 1024
# A name that is only dots would lead to another place of the API.
_REPOSITORY = re.compile(r"(?!\.+/)[A-Za-z0-9._-]{1,100}/(?!\.+\Z)[A-Za-z0-9._-]{1,100}")
_NOTHING = re.compile(r"0{40}(?:0{24})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """`foreign`: the branch is not of this repository. `fork` is then the other's `owner/name`, empty once it is deleted."""

    number: int
    base_oid: str
    head_oid: str
    base_branch: str
    foreign: bool
    fork: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """What a merge queue is about to merge."""

    base_oid: str
    head_oid: str
    base_branch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """`event` is the event's name; `tag` that of a release or a pushed tag; `before` is empty for a new branch."""

    repository: str
    server_url: str
    api_url: str
    event: str
    ref: str
    oid: str
    tag: str
    release_id: int
    default_branch: str
    before: str
    after: str
    pull: PullRequest | None
    queued: Queued | None
    temporary: str
    output_file: str
    summary_file: str

    @property
    def url(self) -> str:
        """The repository's page."""
        return f"{self.server_url}/{self.repository}"

    @property
    def is_pull_request(self) -> bool:
        return self.event.startswith("pull_request")


def read(env: Mapping[str, str]) -> Run:
    """The run that `env` describes; `ConfigError` where this is no workflow."""
    repository = env.get("GITHUB_REPOSITORY", "")
    if not _REPOSITORY.fullmatch(repository):
        raise ConfigError("GITHUB_REPOSITORY names no repository", "this command is for a workflow of GitHub Actions")
    payload = _payload(env.get("GITHUB_EVENT_PATH", ""))
    ref = env.get("GITHUB_REF", "")
    release, queue = _table(payload.get("release")), _table(payload.get("merge_group"))
    return Run(
        repository=repository,
        server_url=_url(env.get("GITHUB_SERVER_URL", "https://github.com")),
        api_url=_url(env.get("GITHUB_API_URL", "https://api.github.com")),
        event=env.get("GITHUB_EVENT_NAME", ""),
        ref=ref,
        oid=_oid(env.get("GITHUB_SHA")),
        tag=_text(release.get("tag_name")) or (ref.removeprefix("refs/tags/") if ref.startswith("refs/tags/") else ""),
        release_id=release["id"] if type(release.get("id")) is int else 0,
        default_branch=_text(_table(payload.get("repository")).get("default_branch")),
        before=_oid(payload.get("before")) or _oid(queue.get("base_sha")),
        after=_oid(payload.get("after")) or _oid(queue.get("head_sha")) or _oid(env.get("GITHUB_SHA")),
        pull=_pull(payload, repository),
        queued=_queued(payload),
        temporary=env.get("RUNNER_TEMP", "") or "/tmp",  # noqa: S108  # the runner's own choice where it names none
        output_file=env.get("GITHUB_OUTPUT", ""),
        summary_file=env.get("GITHUB_STEP_SUMMARY", ""),
    )


def _payload(path: str) -> Mapping[str, Any]:
    if not path or not os.path.isfile(path):
        return {}
    with open(path, "rb") as file:
        data = file.read(MAX_PAYLOAD + 1)
    if len(data) > MAX_PAYLOAD:
        raise ConfigError(f"the event's payload is larger than {MAX_PAYLOAD >> 20} MiB")
    try:
        return _table(json.loads(data))
    except (ValueError, RecursionError) as error:
        raise ConfigError("the event's payload is not JSON") from error


def _pull(payload: Mapping[str, Any], repository: str) -> PullRequest | None:
    pull = _table(payload.get("pull_request"))
    number, base, head = pull.get("number"), _table(pull.get("base")), _table(pull.get("head"))
    if type(number) is not int or number <= 0:
        return None
    source = _text(_table(head.get("repo")).get("full_name"))
    return PullRequest(
        number=number,
        base_oid=_oid(base.get("sha")),
        head_oid=_oid(head.get("sha")),
        base_branch=_text(base.get("ref")),
        foreign=source != repository,
        fork=source if source != repository and _REPOSITORY.fullmatch(source) else "",
    )


def _queued(payload: Mapping[str, Any]) -> Queued | None:
    group = _table(payload.get("merge_group"))
    base, head = _oid(group.get("base_sha")), _oid(group.get("head_sha"))
    branch = _text(group.get("base_ref")).removeprefix("refs/heads/")
    return Queued(base_oid=base, head_oid=head, base_branch=branch) if base and head else None


def repository_name(value: object) -> str:
    """`owner/name` if the value is one, else empty."""
    text = _text(value)
    return text if _REPOSITORY.fullmatch(text) else ""


def _url(value: str) -> str:
    """An address of the host itself. Plain http only for a server on this machine: a token must not travel in the open."""
    bare = value.rstrip("/")
    local = re.fullmatch(r"http://(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?(?:/[\w./-]*)?", bare)
    if local or re.fullmatch(r"https://[A-Za-z0-9.-]{1,253}(?::\d{1,5})?(?:/[\w./-]*)?", bare):
        return bare
    raise ConfigError("GITHUB_API_URL or GITHUB_SERVER_URL is no https address", "leave them as the runner sets them")


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value[:1000] if isinstance(value, str) else ""


def _oid(value: object) -> str:
    """A full oid; empty for anything else and for the oid of nothing."""
    text = value if isinstance(value, str) else ""
    return text if is_oid(text) and len(text) in (40, 64) and not _NOTHING.fullmatch(text) else ""
