"""What evidence is worth: the one place with thresholds. Hot path, pure.

The figures come from measurement on commits with known sessions: at least 3 rare lines that cover 20 % of what the
session could have written is right in 9 of 10 cases where time and a common file are right in 4.
"""

from __future__ import annotations

from collections.abc import Sequence

from git_ai_trail.facts import SIGNIFICANT, AddedLines, Candidate, EvidenceFact
from git_ai_trail.match.lines import Owner

RARE_ENOUGH = 3
COVER_ENOUGH = 20
# One or two rare lines are enough when they are most of what the commit changes in that file …
FEW_RARE_COVER = 50
# … or when most of what one edit wrote to this very path stands in the commit …
EDIT_STANDS = 50
# … and so many rare lines are enough whatever else is in the commit.
MANY_RARE = 10

STRONG = ("committed-by-session", "content")


def rarity_limit(sessions: int) -> int:
    """A line is rare if no more sessions than this wrote it: 2, or 2 % of all."""
    return max(2, sessions // 50)


def weigh(
    candidate: Candidate, files: Sequence[AddedLines], owned: Sequence[Sequence[Owner | None]]
) -> tuple[EvidenceFact, ...]:
    """Evidence for a candidate, strongest first, from the lines that it owns in each file (parallel to `files`)."""
    evidence: list[EvidenceFact] = []
    touched = {path for path, _ in candidate.edits}
    lines = rare = strong = total = 0
    standing: dict[int, int] = {}
    proving: set[int] = set()
    for added, owners in zip(files, owned, strict=True):
        if added.path not in touched:
            continue
        total += added.weights.count(SIGNIFICANT)
        for index, owner in enumerate(owners):
            if owner is None or owner.log != candidate.session.log:
                continue
            lines += 1
            if added.weights[index] == SIGNIFICANT:
                strong += 1
                rare += added.rare[index]
                if added.rare[index]:
                    proving.add(owner.edit)
            standing[owner.edit] = standing.get(owner.edit, 0) + 1
    cover = strong * 100 // total if total else 0
    if candidate.made:
        evidence.append(EvidenceFact("committed-by-session", lines, rare, cover, candidate.made))
    if lines:
        whole = any(
            edit.whole and edit.edit in proving and standing[edit.edit] * 100 >= EDIT_STANDS * len(edit.exact)
            for _, edit in candidate.edits
        )
        kind = "content" if _is_content(rare, cover) or whole else "content-weak"
        evidence.append(EvidenceFact(kind, lines, rare, cover, _detail(kind)))
    elif touched:
        evidence.append(EvidenceFact("time-path", 0, 0, 0, "wrote to the same files around that time"))
    elif candidate.near and not candidate.made:
        evidence.append(
            EvidenceFact("consulted", 0, 0, 0, "was active around that time and wrote to none of the files")
        )
    return tuple(evidence)


def _is_content(rare: int, cover: int) -> bool:
    return (
        (rare >= RARE_ENOUGH and cover >= COVER_ENOUGH) or (rare >= 1 and cover >= FEW_RARE_COVER) or rare >= MANY_RARE
    )


def _detail(kind: str) -> str:
    return "wrote these lines to this path" if kind == "content" else "wrote some of these lines, too few or too common"


def is_strong(evidence: Sequence[EvidenceFact], *, weak_too: bool = False) -> bool:
    """Whether the evidence is enough to name the session in the commit."""
    return any(fact.kind in STRONG or (weak_too and fact.kind == "content-weak") for fact in evidence)
