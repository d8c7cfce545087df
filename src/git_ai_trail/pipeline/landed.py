"""What of the sessions' edits has been committed before, as the history of a commit shows it. Hot path.

git is asked only where it can matter: a line of the commit that no edit since then accounts for. That takes one process.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence

from git_ai_trail.facts import AddedLines, Candidate, FileDiff, KnownEdit
from git_ai_trail.git import DIFF_FLAGS, Git, empty_tree, parse_diff
from git_ai_trail.index.keys import Keys, added_lines
from git_ai_trail.match.spent import Doubt, Landing, doubt, without_landed

# git's clock counts whole seconds, a log's does not.
_SECOND = 1.0
# So much of the history of these files is read, the latest part, and so much of a reflog.
_MOST = 8 << 20
_MOST_REFLOG = 16 << 10
# So many lines that came with such commits are matched, the latest.
_MOST_LINES = 20_000
# So many files are looked up; their names must fit into a command line.
_FILES = 100
# No line of a diff begins with it.
_MARK = b"\1"


def left_of(
    git: Git,
    keys: Keys,
    base: str,
    diffs: Sequence[FileDiff],
    files: Sequence[AddedLines],
    candidates: Sequence[Candidate],
    before: Collection[bytes],
    settled: float | None,
) -> list[Candidate]:
    """The candidates without those lines of their edits that have come with a commit before `base` and were gone again from it.

    `base` is one commit, or the parents of a merge (see `git.base_of`). `files` is parallel to `diffs`; `before` are the lines that
    these files held. After `settled` nothing has come to the history of `base`; None where that is not known.
    """
    if base == empty_tree(base):
        return list(candidates)
    edits: dict[str, list[KnownEdit]] = {}
    for candidate in candidates:
        for path, edit in candidate.edits:
            edits.setdefault(path, []).append(edit)
    last = None if settled is None else settled + _SECOND
    doubts: dict[str, Doubt] = {}
    sought: dict[str, set[bytes]] = {}
    for diff, lines in zip(diffs, files, strict=True):
        if diff.path not in edits or not diff.added or len(doubts) == _FILES:
            continue
        stood = {index for index, line in enumerate(diff.added) if line in before}
        found = doubt(lines, edits[diff.path], stood, last)
        if found is not None:
            doubts[diff.path] = found
            pairs = zip(diff.added, lines.exact, strict=True)
            sought[diff.path] = {line.rstrip(b"\r") for line, digest in pairs if digest in found.exact}
    if not doubts:
        return list(candidates)
    landings = _landings(git, keys, base, sought, min(one.since for one in doubts.values()))
    less = {path: without_landed(path, candidates, landings[path], doubts[path].exact) for path in landings}
    return [_without(one, less) for one in candidates]


def _without(candidate: Candidate, less: Mapping[str, Mapping[int, KnownEdit]]) -> Candidate:
    edits = tuple((path, less.get(path, {}).get(edit.edit, edit)) for path, edit in candidate.edits)
    return candidate._replace(edits=edits)


def _landings(
    git: Git, keys: Keys, base: str, sought: Mapping[str, Collection[bytes]], since: float
) -> dict[str, list[Landing]]:
    """For each path the commits up to `base`, since a time, that added one of its lines in `sought`; oldest first."""
    # Settings and an environment that would make `git log` say more, follow one file to others, or take names for something else.
    plainly = ("-c", "log.showSignature=false", "-c", "log.follow=false", "--no-literal-pathspecs")
    format = f"--format={_MARK.decode()}%at %ct"
    out = git.bounded(
        *(*plainly, "log", "--no-merges", "--no-notes", f"--since=@{int(since - _SECOND)}", format, *DIFF_FLAGS),
        *(*base.split(" "), "--", *(f":(top,literal){path}" for path in sought)),
        data=b"",
        limit=_MOST,
    )
    found: dict[str, list[Landing]] = {}
    room = _MOST_LINES
    for authored_at, committed_at, body in _commits(out):
        for diff in parse_diff(body):
            wanted = sought.get(diff.path)
            if wanted and any(line.rstrip(b"\r") in wanted for line in diff.added):
                room -= len(diff.added)
                if room < 0:
                    return found
                lines = added_lines(keys, diff, _any_line)
                latest = max(authored_at, committed_at) + _SECOND
                found.setdefault(diff.path, []).insert(0, Landing(authored_at + _SECOND, latest, lines))
    return found


def _any_line(line: bytes, digest: int) -> bool:
    """Rarity is not asked here."""
    return False


def _commits(out: bytes) -> list[tuple[float, float, bytes]]:
    """(author's clock, committer's clock, diff) of what `git log` printed, latest first; the last one not if it was cut off."""
    found = []
    at = 0
    while out[at : at + 1] == _MARK:
        end = out.find(b"\0", at)
        if end < 0:
            break
        authored, _, committed = out[at + 1 : end].partition(b" ")
        begin = end + 2 if out[end + 1 : end + 2] == b"\n" else end + 1
        at = _next(out, begin)
        if at == len(out) == _MOST:
            break
        if authored.isdigit() and committed.isdigit():
            found.append((float(authored), float(committed), out[begin:at]))
    return found


def _next(out: bytes, begin: int) -> int:
    """Where the commit ends whose diff begins there: behind the names, which may hold anything, at a line that starts with the
    mark."""
    at = begin
    while out[at : at + 1] == b":":
        end = out.find(b"\0", at)
        stop = out.find(b"\0", end + 1)
        if end < 0 or stop < 0:
            return len(out)
        at = stop + 1
    stop = out.find(b"\n" + _MARK, at)
    return len(out) if stop < 0 else stop + 1


def settled_at(git_dir: str, base: str) -> float | None:
    """When HEAD first stood at `base`, as far as the end of the reflog tells: what an edit after that wrote is not in its history.

    None where the reflog does not say.
    """
    try:
        with open(os.path.join(git_dir, "logs", "HEAD"), "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _MOST_REFLOG))
            lines = file.read().split(b"\n")
    except OSError:
        return None
    name = base.encode()
    times = []
    for line in lines:
        head = line.partition(b"\t")[0].split(b" ")
        if len(head) > 3 and head[1] == name and head[-2].isdigit():
            times.append(float(head[-2]))
    return min(times, default=None)
