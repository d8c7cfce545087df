"""What evidence is worth: the one place with thresholds. Hot path, pure.

The figures come from measurement on commits with known sessions: at least 3 rare lines that cover 20 % of what the
session could have written is right in 9 of 10 cases where time and a common file are right in 4.
"""

from __future__ import annotations

from collections.abc import Sequence

from git_ai_trail.facts import SIGNIFICANT, AddedLines, Candidate, EvidenceFact
from git_ai_trail.match.lines import LANDED, Owner

RARE_ENOUGH = 3
COVER_ENOUGH = 20
# One or two rare lines are enough when they are most of what the commit changes in that file …
FEW_RARE_COVER = 50
# … or when most of what one edit wrote to this very path stands in the commit …
EDIT_STANDS = 50
# … and so many rare lines are enough whatever else is in the commit.
MANY_RARE = 10
# Work that waited for more than a day has mostly been committed before: what stands again may be a later hand's. It needs more
# rare lines where they are not much of the commit, and an edit is not proven by one or two of them.
MANY_RARE_LATE = 40

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
    proving: dict[int, int] = {}
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
                # That a line was changed a little is only believed of a session that is proven otherwise.
                if owner.alike:
                    continue
                rare += added.rare[index]
                if added.rare[index]:
                    proving[owner.edit] = proving.get(owner.edit, 0) + 1
            standing[owner.edit] = standing.get(owner.edit, 0) + 1
    cover = strong * 100 // total if total else 0
    if candidate.made:
        evidence.append(EvidenceFact("committed-by-session", lines, rare, cover, candidate.made))
    if lines:
        fewest = 1 if candidate.near else RARE_ENOUGH
        whole = any(
            edit.whole
            and proving.get(edit.edit, 0) >= fewest
            and standing[edit.edit] * 100 >= EDIT_STANDS * len(edit.exact)
            for _, edit in candidate.edits
        )
        kind = "content" if _is_content(rare, cover, near=candidate.near) or whole else "content-weak"
        evidence.append(EvidenceFact(kind, lines, rare, cover, _detail(kind)))
    elif touched:
        landed = any(LANDED in edit.exact for _, edit in candidate.edits)
        said = (
            "wrote lines of it that had come with an earlier commit"
            if landed
            else "wrote to the same files around that time"
        )
        evidence.append(EvidenceFact("time-path", 0, 0, 0, said))
    elif candidate.near and not candidate.made:
        evidence.append(
            EvidenceFact("consulted", 0, 0, 0, "was active around that time and wrote to none of the files")
        )
    return tuple(evidence)


def _is_content(rare: int, cover: int, *, near: bool) -> bool:
    return (
        (rare >= RARE_ENOUGH and cover >= COVER_ENOUGH)
        or (rare >= 1 and cover >= FEW_RARE_COVER)
        or rare >= (MANY_RARE if near else MANY_RARE_LATE)
    )


def _detail(kind: str) -> str:
    return "wrote these lines to this path" if kind == "content" else "wrote some of these lines, too few or too common"


def stays(candidate: Candidate, left: Sequence[EvidenceFact], *, weak_too: bool) -> bool:
    """Whether a session that passed is still an author once later edits have taken lines from it: by what it has left, or, if
    it worked on the day of the commit, by a single rare line."""
    return is_strong(left, weak_too=weak_too) or (candidate.near and any(fact.rare for fact in left))


def is_strong(evidence: Sequence[EvidenceFact], *, weak_too: bool = False) -> bool:
    """Whether the evidence is enough to name the session in the commit."""
    return any(fact.kind in STRONG or (weak_too and fact.kind == "content-weak") for fact in evidence)
