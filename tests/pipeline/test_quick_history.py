"""Thousands of commits are judged by a quicker way than one; it says the same, whatever a record claims."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from git_ai_trail.attach import notes
from git_ai_trail.attach.record import build_core, digest, lines_digest, note_line, tombstone_line
from git_ai_trail.facts import CommitMatch, EvidenceFact, FileDiff, FileMatch, Range, SessionMatch
from git_ai_trail.git import Git, empty_tree
from git_ai_trail.pipeline import history
from git_ai_trail.pipeline.history import Told, told
from tests.support.repo import Repo

WORDS = ["alpha", "beta = 1", "", "    return gamma", "}", "# delta", "epsilon()"]


def ranges_of(one: FileDiff, chance: random.Random) -> list[Range]:
    """Ranges over some of the added lines, next to each other or not."""
    found, at = [], 1
    while at <= len(one.added):
        count = chance.randint(1, len(one.added) - at + 1)
        if chance.random() < 0.7:
            sealed = lines_digest(one.added[at - 1 : at - 1 + count])
            line_class = chance.choice(["generated", "edited"])
            found.append(Range(at, count, chance.choice(["s-1", "s-2"]), line_class, chance.randrange(2), sealed))
        at += count
    return found


def core_of(content: tuple[FileDiff, ...], chance: random.Random) -> dict[str, Any]:
    files = [FileMatch(one.path, len(one.added), tuple(ranges_of(one, chance))) for one in content]
    counts = {"generated": 0, "edited": 0}
    for r in (r for file in files for r in file.ranges):
        counts[r.line_class] += r.count
    facts = (EvidenceFact("content", 1, 1, 100, "it wrote them"),)
    sessions = tuple(
        SessionMatch(name, "codex", "1", ("m",), "authored", facts, (0, 1), (), ((0, "a" * 64),), None, None, None)
        for name in ("s-1", "s-2")
    )
    removed = sum(len(one.removed) for one in content)
    match = CommitMatch(sessions, tuple(files), sum(len(one.added) for one in content), *counts.values(), removed)
    return build_core(match, content, tool="t/1")


def bent(core: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """The record with one thing in it that is not so."""
    files = [file for file in core["files"] if file["ranges"]]
    what = chance.choice(["digest", "count", "start", "overlap", "path", "patch", "totals", "order", "twice", "prior"])
    if what == "prior":
        return {**core, "prior": ["b" * 64, "c" * 64]}
    if what == "patch":
        return {**core, "patch": "d" * 64}
    if what == "totals":
        core["counts"]["edited"] += 1
    elif files:
        file = chance.choice(files)
        r = chance.choice(file["ranges"])
        if what == "digest":
            r["digest"] = "e" * 32
        elif what in ("count", "start"):
            r[what] += 1
        elif what == "overlap":
            file["ranges"].append(dict(r))
        elif what == "order":
            file["ranges"].reverse()
        elif what == "twice":
            core["files"].append(json.loads(json.dumps(file)))
        else:
            file["path"] += "x"
    return core


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    repo = Repo.init(tmp_path_factory.mktemp("many") / "repo")
    git, chance = Git(str(repo.root)), random.Random(11)
    texts = {f"f{n}.py": [chance.choice(WORDS) for _ in range(20)] for n in range(3)}
    repo.commit_file("first", "x\n", "first")
    for number in range(90):
        for path in chance.sample(sorted(texts), chance.randint(1, 3)):
            at = chance.randrange(len(texts[path]) + 1)
            texts[path][at : at + chance.randrange(3)] = [
                chance.choice(WORDS) + f" {number}" for _ in range(chance.randrange(5))
            ]
            repo.write(path, "\n".join(texts[path]) + chance.choice(["\n"] * 9 + [""]))
        repo.write("number", f"{number}\n")
        oid = repo.commit(f"change {number}")
        content = git.diff(git.resolve(f"{oid}^") or empty_tree(oid), oid)
        core = core_of(content, chance)
        if number % 3 == 0:
            core = bent(core, chance)
        repo.git("commit", "-q", "--amend", "-m", f"change {number}\n\nAI-Trail: 1:{digest(core)}")
        lines = [note_line(core, {})]
        if number % 11 == 0:
            lines.append(
                chance.choice([b"foreign", tombstone_line(digest(core)), note_line({**core, "tool": "x"}, {})])
            )
        notes.add_lines(git, git.common_dir(), repo.git("rev-parse", "HEAD"), lines)
    return repo


def test_the_quick_way_says_what_the_plain_way_says(many: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    quick: list[object] = []
    real = history.quick_verdict

    def counted(*given: Any) -> Any:
        quick.append(found := real(*given))
        return found

    monkeypatch.setattr(history, "quick_verdict", counted)
    git = Git(str(many.root))
    found = told(git, ["HEAD"], cores=False)
    assert sum(one is not None for one in quick) > 30
    monkeypatch.setattr(history, "quick_verdict", lambda *_: None)
    plain = told(git, ["HEAD"], cores=False)
    for one, other in zip(found, plain, strict=True):
        assert one == other, one.commit.subject
    assert {one.found.status for one in found} >= {"exact", "carried", "unknown", "none"}
    assert any(one.found.problems for one in found)


def test_what_is_made_of_each_commit_comes_back_in_order(many: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    git = Git(str(many.root))
    listed = history.chosen(git, ["HEAD"])

    def made(one: Told) -> tuple[str, str]:
        return one.commit.oid, one.found.status

    codec = history.Codec(lambda rows: json.dumps(rows).encode(), lambda sent: [tuple(row) for row in json.loads(sent)])
    alone = history.made_of(git, ["HEAD"], listed, made, codec)
    monkeypatch.setattr(history, "_WORTH_SHARING", 1)
    assert history.made_of(git, ["HEAD"], listed, made, codec) == alone
    assert [oid for oid, _ in alone] == [one.oid for one in listed]


def test_a_second_process_that_dies_costs_nothing_but_time(many: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    git = Git(str(many.root))
    alone = told(git, ["HEAD"])
    monkeypatch.setattr(history, "_WORTH_SHARING", 1)

    def fails(made: list[Told]) -> bytes:
        raise MemoryError

    monkeypatch.setattr(history, "_PLAINLY", history._PLAINLY._replace(pack=fails))
    assert told(git, ["HEAD"]) == alone
