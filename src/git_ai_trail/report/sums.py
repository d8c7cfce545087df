"""Sums over commits that several sections need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from git_ai_trail.report.document import Apart, CommitFact, Lines, SessionFact


def counted(commits: Iterable[CommitFact]) -> list[CommitFact]:
    """The commits that figures are about: a merge is one of them only if it has a record of its own."""
    return [one for one in commits if not one.merge or one.status != "none"]


def authored(commit: CommitFact) -> list[SessionFact]:
    """The sessions that count as having written something of a commit."""
    return [part for part in commit.sessions if part.role == "authored"] if commit.evidence else []


def summed(lines: Iterable[Lines]) -> Lines:
    """The sum of line counts."""
    each = [(one.added, one.generated, one.edited, one.unattributed, one.deleted) for one in lines]
    sums = [sum(column) for column in zip(*each, strict=True)] or [0] * 5
    return Lines(added=sums[0], generated=sums[1], edited=sums[2], unattributed=sums[3], deleted=sums[4])


def parted(parts: Iterable[Apart]) -> Apart:
    """The sum of what is kept apart; a file counts once for each commit that adds to it."""
    each = [(one.files, one.added, one.generated, one.edited) for one in parts if one.files]
    sums = [sum(column) for column in zip(*each, strict=True)] or [0] * 4
    return Apart(files=sums[0], added=sums[1], generated=sums[2], edited=sums[3])


def whole(lines: Lines, apart: Apart) -> Lines:
    """The lines with those that are kept apart: what the commits add, whatever a policy sets apart."""
    rest = apart.added - apart.generated - apart.edited
    return Lines(
        added=lines.added + apart.added,
        generated=lines.generated + apart.generated,
        edited=lines.edited + apart.edited,
        unattributed=lines.unattributed + rest,
        deleted=lines.deleted,
    )


def redacted(commits: Iterable[CommitFact]) -> Mapping[str, int]:
    """Redactions by rule in what led to the commits; the same prompts behind two commits count once."""
    seen: set[tuple[str, tuple[int, ...]]] = set()
    sums: dict[str, int] = {}
    for part in (part for commit in counted(commits) for part in authored(commit)):
        key = part.id, tuple(prompt.turn for prompt in part.prompts)
        if key not in seen and part.redactions:
            seen.add(key)
            for rule, number in part.redactions.items():
                sums[rule] = sums.get(rule, 0) + number
    return dict(sorted(sums.items()))
