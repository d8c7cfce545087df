"""Gives commits records by hand, where a test is about what is made of records and not about how they come to be."""

from __future__ import annotations

from git_ai_trail.attach import notes
from git_ai_trail.attach.record import build_core, digest, lines_digest, note_line
from git_ai_trail.facts import CommitMatch, EvidenceFact, FileMatch, Range, SessionMatch
from git_ai_trail.git import Git, empty_tree
from tests.support.repo import Repo


def attach(repo: Repo, owned: dict[str, list[tuple[int, int, str, str]]], *, named: bool = True) -> str:
    """Gives HEAD a record: by path, (first added line, count, session, class). The new oid."""
    git, oid = Git(str(repo.root)), repo.git("rev-parse", "HEAD")
    content = git.diff(git.resolve(f"{oid}^") or empty_tree(oid), oid)
    lines = {one.path: one.added for one in content}
    files, counts = [], {"generated": 0, "edited": 0}
    for path, parts in owned.items():
        ranges = tuple(
            Range(first, count, session, kind, 1, lines_digest(lines[path][first - 1 : first - 1 + count]))
            for first, count, session, kind in parts
        )
        files.append(FileMatch(path, len(lines[path]), ranges))
        for r in ranges:
            counts[r.line_class] += r.count
    fact = (EvidenceFact("content", 1, 1, 100, "it wrote them"),)
    ids = dict.fromkeys(session for parts in owned.values() for _, _, session, _ in parts)
    sessions = tuple(
        SessionMatch(one, "codex", "1", ("m-1",), "authored", fact, (1,), (), ((1, "a" * 64),), None, None, None)
        for one in ids
    )
    added = sum(map(len, lines.values()))
    core = build_core(CommitMatch(sessions, tuple(files), added, *counts.values(), 0), content, tool="t/1")
    if named:
        message = repo.git("log", "-1", "--format=%s")
        repo.git("commit", "-q", "--amend", "-m", f"{message}\n\nAI-Trail: 1:{digest(core)}")
        oid = repo.git("rev-parse", "HEAD")
    notes.add_lines(git, git.common_dir(), oid, [note_line(core, {})])
    return oid
