"""Why each session passed or failed for a commit: the evidence worked out anew from the logs. Cold path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from git_ai_trail.agents import AGENTS
from git_ai_trail.errors import TrailError
from git_ai_trail.facts import Candidate, Considered, EvidenceFact, KnownSession
from git_ai_trail.formats.sources import in_worktree
from git_ai_trail.index import query
from git_ai_trail.index.access import Index
from git_ai_trail.index.candidates import NEAR, SLACK, Where, inside
from git_ai_trail.pipeline import worktree
from git_ai_trail.pipeline.evidence import Gathered
from git_ai_trail.pipeline.indexing import Progress, open_user_index, refresh_all
from git_ai_trail.pipeline.past import PastCommit, match_past, past_commits, whereabouts
from git_ai_trail.settings import Settings

MOST_NEAR = 20


class Explanation(NamedTuple):
    """What the logs say about one commit. `considered` has the accepted sessions first."""

    commit: PastCommit
    gathered: Gathered
    considered: tuple[Considered, ...]
    logs: int


def explain(
    tree: worktree.Worktree,
    settings: Settings,
    env: Mapping[str, str],
    rev: str,
    *,
    index_progress: Progress | None = None,
) -> Explanation:
    """Every session that wrote to the commit's files or was active in the repository around it, with its evidence."""
    oid = tree.git.resolve(rev)
    if oid is None:
        raise TrailError(f"git knows no commit {rev!r}", "give a commit, a branch or a tag")
    commit = past_commits(tree.git, ["-1", oid])[0]
    index = open_user_index(env)
    try:
        refresh_all(index, env, log_roots=(*settings.log_roots, *in_worktree(tree.root)), progress=index_progress)
        where = whereabouts(tree, index)
        gathered = match_past(tree.git, index, where, commit, weak_too=settings.weak_trailer, apart=settings.apart)
        known = {one.candidate.session.session_id for one in gathered.considered}
        near = [one for one in _near(index, where, commit) if one.session_id not in known]
        logs = index.target.execute("SELECT COUNT(*) FROM logs").fetchone()[0]
    finally:
        index.close()
    found = [*sorted(gathered.considered, key=_rank), *(_bystander(one) for one in near[:MOST_NEAR])]
    return Explanation(commit, gathered, tuple(found), logs)


def _near(index: Index, where: Where, commit: PastCommit) -> list[KnownSession]:
    """Sessions that were active in this repository around the commit."""
    rows = query.logs_active(index.target, commit.committed_at - NEAR, commit.committed_at + SLACK)
    return [one for one in rows if one.cwd and inside(one.cwd, where.roots)]


def _bystander(session: KnownSession) -> Considered:
    edits = dict(session.actions).get("edits", 0)
    said = "was active here around that time and wrote to none of the files"
    evidence = EvidenceFact("time-path" if edits else "consulted", 0, 0, 0, said if edits else "read and wrote nothing")
    candidate = Candidate(session, AGENTS.get(session.format, session.format), (), "", -1, True)
    return Considered(candidate, (evidence,), False)


def _rank(one: Considered) -> tuple[bool, int]:
    return not one.accepted, -max((fact.lines for fact in one.evidence), default=0)


def as_json(found: Explanation) -> dict[str, Any]:
    """The explanation as `--json` prints it."""
    match = found.gathered.match
    return {
        "commit": found.commit.oid,
        "subject": found.commit.subject,
        "summary": {
            "added": match.added,
            "generated": match.generated,
            "edited": match.edited,
            "unattributed": match.unattributed,
            "deleted": match.deleted,
            "apart": match.apart._asdict(),
            "beyond": match.beyond,
        },
        "logs": found.logs,
        "sessions": [
            {
                "id": one.candidate.session.session_id,
                "agent": one.candidate.agent,
                "agent_version": one.candidate.session.agent_version,
                "models": list(one.candidate.session.models),
                "accepted": one.accepted,
                "files": sorted({path for path, _ in one.candidate.edits}),
                "edits": len(one.candidate.edits),
                "evidence": [fact._asdict() for fact in one.evidence],
            }
            for one in found.considered
        ],
    }
