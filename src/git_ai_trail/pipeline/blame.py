"""Line by line: which commit a line of a file comes from, and which session wrote it there. Cold path.

git says which commit and which line of it; the commit's record, judged as `show` judges it, says whose that line was.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

from git_ai_trail.agents import spoken
from git_ai_trail.attach import notes, status
from git_ai_trail.attach.status import Assessment
from git_ai_trail.codec import path_text, text_path
from git_ai_trail.errors import GitError, TrailError
from git_ai_trail.git import Git, base_of, parse_diff
from git_ai_trail.git_bulk import raw_diffs
from git_ai_trail.pipeline import merges
from git_ai_trail.pipeline.commits import commits, no_such_range
from git_ai_trail.shown import Commit, ShownRange

# Beyond this a line's text is cut: minified files have lines of megabytes.
_MAX_TEXT = 10_000
# From so many commits on the quick way to judge is worth its loading.
_MANY = 200
_QUICK = "git_ai_trail.pipeline.blame_many"
_LINES = re.compile(r"[0-9+,-]{1,40}|:[^\n]{1,200}|/[^\n]{1,200}")
_OPTIONS = re.compile(r"-w|-M[0-9]{0,4}|-C[0-9]{0,4}|--first-parent")
_ZERO = re.compile(r"0+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who made a commit, as git's blame says it; `at` in unix seconds."""

    name: str
    at: int
    summary: str


class Line(NamedTuple):
    """One line of the file. `owner` is None without evidence; `oid` is empty for a line that is not committed yet.

    `path` and `origin` are the file's name and the line's number in the commit that `oid` names.
    """

    number: int
    oid: str
    path: str
    origin: int
    text: str
    owner: ShownRange | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Blamed:
    """A file's lines in order, the commits they come from, and the sessions that own some of them, by id.

    `statuses` has what the record of each commit is worth (see `show`). Sessions have a core's form.
    """

    path: str
    lines: tuple[Line, ...]
    authors: Mapping[str, Author]
    statuses: Mapping[str, str]
    sessions: Mapping[str, Mapping[str, Any]]


def blame(
    git: Git, path: str, rev: str = "", *, ranges: Sequence[str] = (), options: Sequence[str] = (), ignored: str = ""
) -> Blamed:
    """The lines of `path` (as seen from where git runs) at `rev`, or in the worktree where that is empty.

    `ranges` are values of git's `-L`, `options` of `-w -M -C --first-parent`, `ignored` a file of revisions to look through.
    Raises `TrailError` with git's own words for what git cannot blame.
    """
    odd = next((one for one in options if not _OPTIONS.fullmatch(one)), None)
    odd = odd or next((one for one in ranges if not _LINES.fullmatch(one)), None)
    if odd is not None:
        raise TrailError(f"git's blame knows no {odd[:60]!r}", "lines are given as 10,20 or :function")
    base = git.resolve(rev) if rev else ""
    if base is None:
        raise TrailError(f"git knows no commit {rev[:80]!r}", "give a commit, a branch or a tag")
    picked = [f"-L{one}" for one in ranges] + ([f"--ignore-revs-file={ignored}"] if ignored else [])
    found, authors = _parsed(_asked(git, [*options, *picked, *([base] if base else []), "--", path]))
    verdicts = _verdicts(git, dict.fromkeys(oid for oid, *_ in found if oid))
    owners = {oid: _by_line(one) for oid, one in verdicts.items()}
    lines = tuple(
        Line(number, oid, name, origin, text, owners.get(oid, {}).get((name, origin)))
        for oid, origin, number, name, text in found
    )
    named = {line.owner.session for line in lines if line.owner is not None}
    sessions = {one["id"]: one for verdict in verdicts.values() for one in verdict.sessions if one["id"] in named}
    return Blamed(
        path=path,
        lines=lines,
        authors=authors,
        statuses={oid: one.status for oid, one in verdicts.items()},
        sessions=sessions,
    )


def _asked(git: Git, args: Sequence[str]) -> bytes:
    settings = ("-c", "core.quotePath=false", "-c", "blame.ignoreRevsFile=", "-c", "i18n.logOutputEncoding=UTF-8")
    try:
        return git.run(*settings, "blame", "--porcelain", *args)
    except GitError as error:
        if git.resolve("HEAD") is None:
            raise no_such_range(git, ()) from error
        said = error.message.replace(": fatal: ", ": ")[:300]
        lines = "has only" in said
        hint = "name lines that it has" if lines else "name a file that git tracks, as seen from here"
        raise TrailError(said, hint) from error


def _parsed(out: bytes) -> tuple[list[tuple[str, int, int, str, str]], dict[str, Author]]:
    """((oid, line there, line here, name there, text) of each line, what is said of each commit)."""
    found: list[tuple[str, int, int, str, str]] = []
    said: dict[str, dict[str, str]] = {}
    names: dict[str, str] = {}
    head: list[str] = []
    for raw in out.split(b"\n"):
        if raw.startswith(b"\t") and head:
            oid = head[0]
            text = raw[1 : 1 + _MAX_TEXT].decode("utf-8", "replace")
            found.append(("" if _ZERO.fullmatch(oid) else oid, int(head[1]), int(head[2]), names.get(oid, ""), text))
            head = []
        elif not head:
            head = raw.decode("ascii", "replace").split(" ")
            head = head if len(head) >= 3 and head[1].isdigit() and head[2].isdigit() else []
        else:
            key, _, value = raw.decode("utf-8", "surrogateescape").partition(" ")
            if key == "filename":
                names[head[0]] = text_path(value)
            else:
                said.setdefault(head[0], {})[key] = value
    authors = {
        oid: Author(
            name=one.get("author", ""),
            at=int(at) if (at := one.get("author-time", "")).isdigit() else 0,
            summary=one.get("summary", ""),
        )
        for oid, one in said.items()
        if not _ZERO.fullmatch(oid)
    }
    return found, authors


def _verdicts(git: Git, oids: Iterable[str]) -> dict[str, Assessment]:
    """What the record of each commit is worth, for those that have one or name one."""
    wanted = list(oids)
    with ThreadPoolExecutor(1) as second:
        reading = second.submit(notes.read_some, git, wanted)
        listed = commits(git, ["--no-walk=unsorted", *wanted]) if wanted else []
        attached = reading.result()
    named = {one.oid: status.names_in(one.message) for one in listed}
    some = [one for one in listed if one.oid in attached or len(named[one.oid]) > 1]
    judge: _Judge = _judge if len(some) < _MANY else importlib.import_module(_QUICK).judge
    verdicts = {}
    for commit, (_, body) in zip(some, raw_diffs(git, [_pair(one) for one in some]), strict=True):
        note = attached.get(commit.oid, b"")
        if body is None:
            found = status.assess(commit.message, note, git.diff(*_pair(commit)), names=named[commit.oid])
        else:
            found = judge(commit, named[commit.oid], note, body)
        found = _recovered(git, commit, found) if found.status == "unknown" else found
        verdicts[commit.oid] = merges.own(commit, found, attached=bool(note))
    return verdicts


def _pair(commit: Commit) -> tuple[str, str]:
    return base_of(commit.parents, commit.oid), commit.oid


_Judge = Callable[[Commit, Sequence[str], bytes, bytes], Assessment]


def _judge(commit: Commit, names: Sequence[str], note: bytes, body: bytes) -> Assessment:
    return status.assess(commit.message, note, parse_diff(body), names=names)


def _recovered(git: Git, commit: Commit, found: Assessment) -> Assessment:
    """A commit whose note stayed behind; its message still names the record."""
    elsewhere = notes.find_by_digest(git, found.digest) if found.digest else None
    return status.assess(commit.message, elsewhere[1].raw, git.diff(*_pair(commit))) if elsewhere else found


def _by_line(found: Assessment) -> dict[tuple[str, int], ShownRange]:
    return {(file.path, n): r for file in found.files for r in file.ranges for n in range(r.start, r.end + 1)}


def as_json(done: Blamed) -> dict[str, Any]:
    """Runs of lines that come from one place, with commits and sessions by their ids."""
    return {
        "path": path_text(done.path),
        "ranges": list(_ranges(done.lines)),
        "commits": {
            oid: {
                "author": _shown(one.name),
                "authored_at": one.at,
                "subject": _shown(one.summary),
                "status": done.statuses.get(oid, "none"),
            }
            for oid, one in done.authors.items()
        },
        "sessions": {
            key: {"agent": spoken(one["agent"]), "agent_version": one["agent_version"], "models": list(one["models"])}
            for key, one in done.sessions.items()
        },
    }


def _ranges(lines: Sequence[Line]) -> Iterator[dict[str, Any]]:
    start = 0
    for at in range(1, len(lines) + 1):
        if at < len(lines) and _goes_on(lines[at - 1], lines[at]):
            continue
        first, last = lines[start], lines[at - 1]
        owner = first.owner
        yield {
            "start": first.number,
            "end": last.number,
            "commit": first.oid or None,
            "path": path_text(first.path),
            "origin": first.origin,
            "session": owner.session if owner else None,
            "class": owner.line_class if owner else None,
            "turn": owner.turn if owner else None,
            "evidence": owner.evidence if owner else None,
        }
        start = at


def _goes_on(one: Line, other: Line) -> bool:
    same = (one.oid, one.path) == (other.oid, other.path) and other.number == one.number + 1
    return same and other.origin == one.origin + 1 and _key(one.owner) == _key(other.owner)


def _key(owner: ShownRange | None) -> tuple[str, str, int, str] | None:
    return None if owner is None else (owner.session, owner.line_class, owner.turn, owner.evidence)


def porcelain(done: Blamed) -> Iterator[str]:
    """`git blame --line-porcelain` with lines of ours, `ai-trail-*`, before the text of a line that has an owner."""
    for line in done.lines:
        author = done.authors.get(line.oid)
        yield f"{line.oid or '0' * 40} {line.origin} {line.number} 1"
        yield f"author {_shown(author.name) if author else 'Not Committed Yet'}"
        if author:
            yield f"author-time {author.at}"
            yield f"summary {_shown(author.summary)}"
        yield f"filename {path_text(line.path)}"
        if line.oid:
            yield f"ai-trail-status {done.statuses.get(line.oid, 'none')}"
        if line.owner is not None:
            session = done.sessions[line.owner.session]
            yield f"ai-trail-session {line.owner.session}"
            yield f"ai-trail-agent {session['agent']}"
            yield f"ai-trail-model {session['models'][-1] if session['models'] else ''}"
            yield f"ai-trail-turn {line.owner.turn}"
            yield f"ai-trail-class {line.owner.line_class}"
            yield f"ai-trail-evidence {line.owner.evidence}"
        yield f"\t{line.text}"


def _shown(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
