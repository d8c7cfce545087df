"""Records follow their lines over a squash or rebase that a code host made, and nothing else goes along."""

from __future__ import annotations

import json

import pytest

from git_ai_trail.attach import notes
from git_ai_trail.attach.annex import AnnexSession, annex_line
from git_ai_trail.attach.record import parse_line, tombstone_line
from git_ai_trail.config import RepositoryConfig
from git_ai_trail.errors import TrailError
from git_ai_trail.pipeline.carry import Carried, Source, carry, pair, sources_of
from git_ai_trail.pipeline.history import told
from tests.pipeline.test_history import attach, git_of, record, text
from tests.redact.samples import token
from tests.support.repo import Repo

NONE = RepositoryConfig()


def topic(repo: Repo) -> tuple[list[str], list[str]]:
    """(commits, digests) of a branch with two recorded commits to one file; the second changes a line of the first."""
    repo.commit_file("base", "base\n", "base")
    repo.git("switch", "-q", "-c", "topic")
    first = repo.commit_file("new.py", text(1), "one")
    line, one = record(repo, first, "s-1")
    attach(repo, first, line)
    changed = text(1).replace("function_number_1_1(argument)", "renamed_in_the_second_commit(value)") + text(2)
    second = repo.commit_file("new.py", changed, "two")
    line, two = record(repo, second, "s-2")
    attach(repo, second, line)
    repo.git("switch", "-q", "main")
    return [first, second], [one, two]


def squash(repo: Repo, message: str = "Squashed (#1)") -> str:
    repo.git("merge", "-q", "--squash", "topic")
    return repo.commit(message)


def bring(
    repo: Repo, target: str, sources: list[Source], policy: RepositoryConfig = NONE, *, dry_run: bool = False
) -> Carried:
    git = git_of(repo)
    return carry(git, git.common_dir(), target, sources, policy=policy, dry_run=dry_run)


def test_a_squash_without_trailers_has_both_records_line_by_line(repo: Repo) -> None:
    oids, digests = topic(repo)
    target = squash(repo)
    done = bring(repo, target, sources_of(git_of(repo), oids))
    assert (list(done.records), done.lines, done.skipped) == (digests, 8, ())
    found = told(git_of(repo), ["HEAD"])[0].found
    assert (found.status, found.generated) == ("unanchored", 8)
    owners = {line: r.session for file in found.files for r in file.ranges for line in range(r.start, r.end + 1)}
    assert [owners[n] for n in range(1, 9)] == ["s-1", "s-2", "s-1", "s-1", "s-2", "s-2", "s-2", "s-2"]


def test_a_squash_whose_message_names_both_records_is_carried(repo: Repo) -> None:
    oids, digests = topic(repo)
    target = squash(repo, "Squashed (#1)\n\n" + "".join(f"AI-Trail: 1:{one}\n" for one in digests))
    bring(repo, target, sources_of(git_of(repo), oids))
    found = told(git_of(repo), ["HEAD"])[0].found
    assert (found.status, found.generated, set(found.lineage)) == ("carried", 8, set(digests))
    assert {r.session for file in found.files for r in file.ranges} == {"s-1", "s-2"}


def work(repo: Repo, path: str = "new.py", number: int = 1, session: str = "s-1") -> tuple[str, str]:
    """(commit, digest) of a recorded commit on a branch of its own; main is where it was."""
    if not repo.git("branch", "--list", "topic"):
        repo.commit_file("base", "base\n", "base")
        repo.git("branch", "topic")
    repo.git("switch", "-q", "topic")
    oid = repo.commit_file(path, text(number), f"work on {path}")
    line, sealed = record(repo, oid, session)
    attach(repo, oid, line)
    repo.git("switch", "-q", "main")
    return oid, sealed


def test_a_rebase_without_changes_keeps_the_record_as_it_is(repo: Repo) -> None:
    old, sealed = work(repo)
    repo.commit_file("other", "other\n", "other")
    repo.git("cherry-pick", old)
    done = bring(repo, "HEAD", sources_of(git_of(repo), [old]))
    assert (done.records, done.lines) == ((sealed,), 4)
    assert [parse_line(line).kind for line in notes.read(git_of(repo), done.target).split(b"\n") if line] == ["core"]
    assert told(git_of(repo), ["-1", "HEAD"])[0].found.status == "unanchored"


def test_a_rebase_that_renamed_and_changed_keeps_what_stands(repo: Repo) -> None:
    old, sealed = work(repo)
    repo.commit_file("other", "other\n", "other")
    repo.git("cherry-pick", "--no-commit", old)
    repo.git("mv", "new.py", "renamed.py")
    repo.write("renamed.py", "import first\n" + text(1))
    target = repo.commit("renamed")
    done = bring(repo, target, sources_of(git_of(repo), [old]))
    assert (done.records, done.lines) == ((sealed,), 4)
    found = told(git_of(repo), ["-1", "HEAD"])[0].found
    assert [(file.path, r.start, r.end) for file in found.files for r in file.ranges] == [("renamed.py", 2, 5)]


def test_plain_lines_and_lines_outside_the_diff_are_nobodys(repo: Repo) -> None:
    repo.commit_file("base", "base\n", "base")
    repo.git("switch", "-q", "-c", "topic")
    old = repo.commit_file("a.c", "{\n}\n\n}\n", "braces")
    attach(repo, old, record(repo, old)[0])
    repo.git("switch", "-q", "main")
    target = repo.commit_file("a.c", "int unrelated(void)\n{\n}\n\n}\n", "other")
    assert not bring(repo, target, sources_of(git_of(repo), [old])).records
    oid, _ = work(repo, "new.py")
    repo.commit_file("new.py", text(1), "all of it is here already")
    later = repo.commit_file("new.py", text(1) + "one line more, by somebody else\n", "later")
    assert not bring(repo, later, sources_of(git_of(repo), [oid])).records


def test_twice_changes_nothing_and_a_dry_run_writes_nothing(repo: Repo) -> None:
    oids, _ = topic(repo)
    target = squash(repo)
    git = git_of(repo)
    assert bring(repo, target, sources_of(git, oids), dry_run=True).records
    assert notes.read(git, target) == b""
    bring(repo, target, sources_of(git, oids))
    once = notes.read(git, target)
    bring(repo, target, sources_of(git, oids))
    assert notes.read(git, target) == once


def test_the_commits_need_not_be_here(repo: Repo) -> None:
    repo.commit_file("base", "base\n", "base")
    repo.git("switch", "-q", "-c", "topic")
    old = repo.commit_file("new.py", text(1), "work")
    line, sealed = record(repo, old)
    repo.commit_file("beside.py", "by somebody else\n", "beside")
    repo.git("switch", "-q", "main")
    done = bring(repo, squash(repo), [Source(oid="1" * 40, note=line)])
    assert (done.records, done.lines) == ((sealed,), 4)


def test_a_record_that_was_carried_before_is_carried_again(repo: Repo) -> None:
    oids, digests = topic(repo)
    target = squash(repo)
    bring(repo, target, sources_of(git_of(repo), oids))
    repo.git("switch", "-q", "-c", "again", "HEAD~1")
    repo.commit_file("beside", "beside\n", "beside")
    repo.git("cherry-pick", target)
    rewritten = repo.commit_file("more.py", "more\n", "x") and repo.git("rev-parse", "HEAD~1")
    done = bring(repo, rewritten, sources_of(git_of(repo), [target]))
    assert set(done.records) == set(digests)
    assert done.lines == 8


def test_nothing_is_credited_that_does_not_stand(repo: Repo) -> None:
    oids, digests = topic(repo)
    other = repo.commit_file("new.py", "}\n)\nsomething else entirely, by somebody\n", "other")
    done = bring(repo, other, sources_of(git_of(repo), oids))
    assert not done.records
    assert {digest for digest, _ in done.skipped} == set(digests)
    assert notes.read(git_of(repo), other) == b""


def test_no_line_is_credited_twice(repo: Repo) -> None:
    repo.commit_file("base", "base\n", "base")
    repo.git("switch", "-q", "-c", "topic")
    only = repo.commit_file("new.py", text(1), "work")
    twice = [record(repo, only, session)[0] for session in ("s-1", "s-2")]
    repo.git("switch", "-q", "main")
    target = squash(repo)
    done = bring(repo, target, [Source(oid=only, note=line) for line in twice])
    assert done.lines == 4
    found = told(git_of(repo), ["HEAD"])[0].found
    assert found.generated == 4


def test_only_what_is_understood_goes_along(repo: Repo) -> None:
    oids, _ = topic(repo)
    target = squash(repo)
    good = parse_line(sources_of(git_of(repo), oids)[1].note.strip())
    value = json.loads(good.raw)
    value["beside"] = f"free text with {token()}"
    broken = good.raw.replace(b'"added":6', b'"added":7')
    lines = [json.dumps(value).encode(), broken, b"foreign text", b"x" * 70_000]
    bring(repo, target, [Source(oid=oids[1], note=b"\n".join(lines))])
    note = notes.read(git_of(repo), target)
    assert b"beside" not in note
    assert token().encode() not in note
    assert b"foreign" not in note
    assert {parse_line(line).kind for line in note.split(b"\n") if line} == {"core", "derived"}


def test_what_is_withheld_is_not_carried_and_that_it_is_goes_along(repo: Repo) -> None:
    oids, digests = topic(repo)
    attach(repo, oids[0], tombstone_line(digests[0]))
    target = squash(repo)
    done = bring(repo, target, sources_of(git_of(repo), oids))
    assert list(done.records) == [digests[1]]
    assert (digests[0], "it was withheld") in done.skipped
    assert tombstone_line(digests[0]) in notes.read(git_of(repo), target)


def test_tombstones_are_bounded(repo: Repo) -> None:
    oids, _ = topic(repo)
    target = squash(repo)
    many = b"\n".join(tombstone_line(f"{number:064x}") for number in range(3000))
    bring(repo, target, [Source(oid=oids[0], note=many)])
    assert notes.read(git_of(repo), target).count(b"withheld") == 1000


@pytest.mark.parametrize(
    ("level", "shown"), [("none", []), ("first-line", ["ask it"]), ("redacted", ["ask it\nnicely"])]
)
def test_of_an_annex_goes_along_what_policy_and_second_look_allow(repo: Repo, level: str, shown: list[str]) -> None:
    oids, digests = topic(repo)
    prompts = [(0, "ask it\nnicely"), (7, "of another turn")]
    annex = annex_line(
        digests[1],
        [AnnexSession(id="s-2", prompts=prompts), AnnexSession(id="stranger", prompts=[(0, "not in the record")])],
        policy="redacted",
        ruleset="8" * 64,
        made_at=1,
    )
    leaking = annex_line(
        digests[0], [AnnexSession(id="s-1", prompts=[(0, f"use {token()}")])], policy="redacted", ruleset="", made_at=1
    )
    sources = [
        Source(oid=one.oid, note=one.note, annex=extra)
        for one, extra in zip(sources_of(git_of(repo), oids), (leaking, annex), strict=True)
    ]
    target = squash(repo)
    assert bring(repo, target, sources, RepositoryConfig(publish=level)).annexes == 2
    kept = notes.read(git_of(repo), target, notes.ANNEX_REF)
    values = [json.loads(line) for line in kept.split(b"\n") if line]
    texts = [p["text"] for value in values for one in value["sessions"] for p in one["prompts"]]
    assert texts == shown
    assert token().encode() not in kept
    assert {one["id"] for value in values for one in value["sessions"]} == {"s-1", "s-2"}


def test_an_annex_that_is_withheld_at_the_target_or_from_the_future_stays_behind(repo: Repo) -> None:
    old, sealed = work(repo)
    line = sources_of(git_of(repo), [old])[0].note
    sessions = [AnnexSession(id="s-1", prompts=[(0, "ask it")])]
    early, late = (
        annex_line(sealed, sessions, policy="redacted", ruleset="", made_at=at) for at in (5, 4_000_000_000_000)
    )
    target = squash(repo)
    for annex, expected in ((late, 0), (early, 1)):
        assert bring(repo, target, [Source(oid=old, note=line, annex=annex)], dry_run=True).annexes == expected
    git = git_of(repo)
    notes.add_lines(git, git.common_dir(), target, [tombstone_line(sealed)], notes.ANNEX_REF)
    assert bring(repo, target, [Source(oid=old, note=line, annex=early)]).annexes == 0
    attach(repo, target, tombstone_line(sealed))
    assert not bring(repo, target, [Source(oid=old, note=line, annex=early)]).records


def test_what_any_note_here_withholds_is_not_carried(repo: Repo) -> None:
    old, sealed = work(repo)
    attach(repo, repo.git("rev-parse", "main"), tombstone_line(sealed))
    target = squash(repo)
    assert bring(repo, target, sources_of(git_of(repo), [old])).skipped == ((sealed, "it was withheld"),)


def test_a_merge_brings_no_lines_of_its_own(repo: Repo) -> None:
    oids, _ = topic(repo)
    repo.commit_file("other", "other\n", "other")
    repo.git("merge", "-q", "--no-ff", "-m", "merge", "topic")
    with pytest.raises(TrailError, match="is a merge"):
        bring(repo, "HEAD", sources_of(git_of(repo), oids))


def test_a_rebase_of_several_pairs_each_with_its_own(repo: Repo) -> None:
    repo.commit_file("base", "base\n", "base")
    repo.git("switch", "-q", "-c", "topic")
    olds = []
    for number in (1, 2):
        oid = repo.commit_file(f"n{number}.py", text(number), f"work {number}")
        attach(repo, oid, record(repo, oid, f"s-{number}")[0])
        olds.append(oid)
    repo.git("switch", "-q", "main")
    repo.commit_file("other", "other\n", "other")
    repo.git("-c", "core.hooksPath=/dev/null", "cherry-pick", *olds)
    targets = repo.git("rev-list", "--reverse", "HEAD~2..HEAD").split()
    pairs = pair(git_of(repo), targets, sources_of(git_of(repo), olds))
    assert [(target, [one.oid for one in some]) for target, some in pairs] == list(
        zip(targets, [[old] for old in olds], strict=True)
    )


def test_of_equal_changes_each_commit_gets_one_and_what_is_left_goes_by_content(repo: Repo) -> None:
    first, _ = work(repo)
    repo.git("switch", "-q", "topic")
    repo.git("rm", "-q", "new.py")
    repo.commit("taken back")
    second, _ = work(repo)
    repo.git("switch", "-q", "topic")
    changed = repo.commit_file("new.py", text(1) + text(2), "more")
    attach(repo, changed, record(repo, changed, "s-3")[0])
    repo.git("switch", "-q", "main")
    repo.commit_file("other", "other\n", "other")
    repo.git("cherry-pick", first, f"{second}^", second)
    repo.write("new.py", text(1) + "by hand, and only here\n" + text(2))
    repo.commit("more, and something by hand")
    targets = repo.git("rev-list", "--reverse", "HEAD~4..HEAD").split()
    sources = sources_of(git_of(repo), [first, second, changed])
    found = [(target, [one.oid for one in some]) for target, some in pair(git_of(repo), targets, sources)]
    assert found == [(targets[0], [first]), (targets[2], [second]), (targets[3], [changed])]
