"""What is known of the commits of a range. Apart from `show`, which would have to wait for what reads many at once. Cold path."""

from __future__ import annotations

from collections.abc import Sequence

from git_ai_trail.git import Git
from git_ai_trail.model import Shown
from git_ai_trail.pipeline.apart import of_commits
from git_ai_trail.pipeline.history import told
from git_ai_trail.pipeline.prices import Prices
from git_ai_trail.pipeline.show import assessed
from git_ai_trail.store.protocol import Store


def log(
    git: Git,
    revisions: Sequence[str],
    store: Store | None = None,
    *,
    limit: int | None = None,
    policy: str = "none",
    prices: Prices | None = None,
    patterns: Sequence[str] = (),
) -> list[Shown]:
    """`show` for a range, read at once; where a shallow clone ends, a commit shows as git shows it there, without a parent."""
    listed = told(git, revisions, limit=limit, cores=False, whole=False)
    kinds = of_commits(git, [one.commit.oid for one in listed], patterns)
    return [
        assessed(
            one.commit,
            one.found,
            one.annexes.get(one.found.digest),
            store,
            policy=policy,
            prices=prices,
            kinds=kinds(one.commit.oid),
        )
        for one in listed
    ]
