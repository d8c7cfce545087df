"""Finds the edits behind a file that nobody wrote under its name: somebody renamed or copied it before it was committed. Hot path.

A session is looked for by the lines themselves, in the few files of a commit that are new and unknown by path.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from git_ai_trail.facts import SIGNIFICANT, FileDiff, KnownEdit
from git_ai_trail.index import query
from git_ai_trail.index.keys import Keys, weight

# So many new files of a commit are looked at, so many lines of each are asked for, and so many sessions and edits followed.
_FILES = 20
_SAMPLE = 64
_LOGS = 4
_EDITS = 2000
# Fewer common lines than this say nothing of a session that did not write to the commit's other files.
_FEWEST = 3


def edits(
    db: sqlite3.Connection,
    keys: Keys,
    diffs: Sequence[FileDiff],
    known: Mapping[int, Sequence[tuple[str, KnownEdit]]],
    since: float,
    until: float,
) -> dict[int, list[tuple[str, KnownEdit]]]:
    """(path in the commit, edit of another path) by log, for new files to which no edit in `known` (by log) was made.

    Lines that the commit takes out elsewhere were committed under the old name; they are nobody's work in this commit.
    """
    paths = {path for ours in known.values() for path, _ in ours}
    new = [diff for diff in diffs if diff.status == "A" and diff.added and diff.path not in paths][:_FILES]
    gone = gone_lines(diffs) if new else frozenset()
    lines: dict[str, set[int]] = {}
    counts: Counter[int] = Counter()
    for diff in new:
        told = [line for line in diff.added if weight(line) == SIGNIFICANT and line not in gone]
        lines[diff.path] = {keys.line(line) for line in told}
        counts.update(_writers(db, {keys.line(line) for line in told[:: max(1, len(told) // _SAMPLE)]}))
    found: dict[int, list[tuple[str, KnownEdit]]] = {}
    for log in [log for log, count in counts.most_common(_LOGS) if count >= _FEWEST or log in known]:
        for edit in query.edits_by(db, log, since, until, _EDITS):
            theirs = [(path, edit) for path, ours in lines.items() if not ours.isdisjoint(edit.exact)]
            if theirs:
                found.setdefault(log, []).extend(theirs)
    return found


def gone_lines(diffs: Sequence[FileDiff]) -> frozenset[bytes]:
    """Lines of files that the commit removes: under another name they are no new lines."""
    return frozenset(line for diff in diffs if diff.status == "D" for line in diff.removed)


def _writers(db: sqlite3.Connection, sample: Collection[int]) -> Counter[int]:
    """How many of these lines each log wrote."""
    counts: Counter[int] = Counter()
    for digest in sample:
        counts.update(row[0] for row in db.execute("SELECT log FROM lines WHERE digest = ? LIMIT 50", (digest,)))
    return counts
