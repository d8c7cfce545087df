"""Mode `carry`: what a merge on the host made of a pull request's commits has their records afterwards."""

from __future__ import annotations

from typing import Any

from git_ai_trail.attach.annex import AnnexSession, annex_line
from git_ai_trail.attach.record import parse_note, tombstone_line
from git_ai_trail.git import Git
from git_ai_trail.model import TokenTotals
from git_ai_trail.pipeline.history import told
from tests.action.fake_github import REPOSITORY
from tests.action.stage import CODE, OTHER, PROMPT, Stage
from tests.attach.build import OTHER as OTHER_SESSION
from tests.attach.build import SESSION

FORK = "mallory/tides"


def start(stage: Stage) -> str:
    base = stage.author.commit_file("README.md", "Tides\n", "Start")
    stage.author.git("checkout", "-q", "-b", "topic")
    return base


def two_commits(stage: Stage, *, trailer: bool = True) -> list[str]:
    first = stage.vouched("tides.py", CODE, "Compute tides", trailer=trailer)
    second = stage.vouched("currents.py", OTHER, "Compute currents", trailer=trailer, session=OTHER_SESSION)
    return [first, second]


def squash(stage: Stage, message: str = "Compute everything (#7)") -> str:
    stage.author.git("checkout", "-q", "main")
    stage.author.git("merge", "-q", "--squash", "topic")
    stage.author.git("commit", "-q", "-m", message)
    return stage.author.git("rev-parse", "HEAD")


def merged(stage: Stage, sources: list[str], *targets: str, fork: str = "", base: str = "main") -> None:
    """Tells the API that pull request 7 became these commits."""
    pull: dict[str, Any] = {
        "number": 7,
        "merged_at": "2026-11-01T10:00:00Z",
        "merge_commit_sha": targets[-1],
        "base": {"ref": base},
        "head": {"ref": "topic", "repo": {"full_name": fork or REPOSITORY}},
    }
    stage.fake.pull_commits[7] = sources
    stage.fake.commit_pulls = {target: [pull] for target in targets}
    stage.origin.git("update-ref", "refs/pull/7/head", sources[-1])


def shared(stage: Stage, *oids: str) -> list[str]:
    """How the commits stand for somebody who clones and fetches the records: `status generated/added`."""
    stage.runs += 1
    place = stage.folder / f"reader-{stage.runs}"
    stage.origin.run("git", "clone", "-q", str(stage.origin.root), str(place))
    git = Git(str(place))
    git.run("fetch", "-q", "origin", "refs/notes/*:refs/notes/*")
    by_oid = {one.commit.oid: one.found for one in told(git, ["HEAD"])}
    return [f"{by_oid[oid].status} {by_oid[oid].generated}/{by_oid[oid].added}" for oid in oids]


def test_a_squash_gets_the_records_of_all_its_commits(stage: Stage) -> None:
    base = start(stage)
    sources = two_commits(stage)
    target = squash(stage)
    stage.push()
    merged(stage, sources, target)
    assert shared(stage, target) == ["none 0/6"]
    ran = stage.on_push(base, target)
    assert ran.code == 0, ran.log
    assert ran.outputs["carried"] == "2"
    (status,) = shared(stage, target)
    assert status.endswith(" 6/6"), status


def test_a_second_run_carries_nothing_more(stage: Stage) -> None:
    base = start(stage)
    sources = two_commits(stage)
    target = squash(stage)
    stage.push()
    merged(stage, sources, target)
    stage.on_push(base, target)
    tip = stage.origin.git("rev-parse", "refs/notes/ai-log-trail")
    assert stage.on_push(base, target).code == 0
    assert stage.origin.git("rev-parse", "refs/notes/ai-log-trail") == tip


def test_a_rebase_merge_pairs_each_commit_with_its_own(stage: Stage) -> None:
    start(stage)
    sources = two_commits(stage, trailer=False)
    stage.author.git("checkout", "-q", "main")
    before = stage.author.commit_file("LICENSE", "Free\n", "License")
    stage.author.git("cherry-pick", *sources)
    targets = stage.author.git("rev-list", "--reverse", f"{before}..HEAD").split()
    stage.push()
    merged(stage, sources, *targets)
    ran = stage.on_push(before, targets[-1])
    assert ran.code == 0, ran.log
    assert ran.outputs["carried"] == "2"
    assert [one.split()[1] for one in shared(stage, *targets)] == ["3/3", "3/3"]


def test_a_merge_commit_needs_nothing(stage: Stage) -> None:
    base = start(stage)
    sources = two_commits(stage)
    stage.author.git("checkout", "-q", "main")
    stage.author.git("merge", "-q", "--no-ff", "-m", "Merge #7", "topic")
    target = stage.author.git("rev-parse", "HEAD")
    stage.push()
    merged(stage, sources, *sources, target)
    tip = stage.origin.git("rev-parse", "refs/notes/ai-log-trail")
    assert stage.on_push(base, target).code == 0
    assert stage.origin.git("rev-parse", "refs/notes/ai-log-trail") == tip
    assert shared(stage, *sources) == ["exact 3/3", "exact 3/3"]


def from_a_fork(stage: Stage, sources: list[str], annex: bytes = b"") -> None:
    """Takes the records away from here and puts them into the fork."""
    notes = {oid: stage.author.git("notes", "--ref=ai-log-trail", "show", oid).encode() + b"\n" for oid in sources}
    stage.author.git("update-ref", "-d", "refs/notes/ai-log-trail")
    extra = dict.fromkeys(sources, annex) if annex else {}
    stage.fake.fork_notes[FORK] = {
        "refs/notes/ai-log-trail": {**notes, "1" * 40: b"of another commit\n"},
        "refs/notes/ai-log-trail-prompts": extra,
    }


def test_a_forks_records_come_along(stage: Stage) -> None:
    base = start(stage)
    sources = two_commits(stage)
    from_a_fork(stage, sources)
    target = squash(stage)
    stage.push()
    merged(stage, sources, target, fork=FORK)
    ran = stage.on_push(base, target)
    assert ran.code == 0, ran.log
    assert shared(stage, target)[0].endswith(" 6/6")
    annotated = stage.origin.git("ls-tree", "-r", "--name-only", "refs/notes/ai-log-trail").replace("/", "").split()
    assert annotated == [target]


def test_a_forks_records_come_along_with_a_merge_commit(stage: Stage) -> None:
    base = start(stage)
    sources = two_commits(stage)
    from_a_fork(stage, sources)
    stage.author.git("checkout", "-q", "main")
    stage.author.git("merge", "-q", "--no-ff", "-m", "Merge #7", "topic")
    target = stage.author.git("rev-parse", "HEAD")
    stage.push()
    merged(stage, sources, *sources, target, fork=FORK)
    ran = stage.on_push(base, target)
    assert ran.code == 0, ran.log
    assert shared(stage, *sources) == ["exact 3/3", "exact 3/3"]


def test_a_forks_prompts_pass_the_second_look_or_stay_behind(stage: Stage) -> None:
    base = start(stage)
    stage.author.git("checkout", "-q", "main")
    stage.author.write(".git-ai-trail.toml", '[policy]\npublish = "redacted"\n')
    base = stage.author.commit("Allow prompts")
    stage.author.git("checkout", "-q", "-B", "topic")
    sources = [stage.vouched("tides.py", CODE, "Compute tides")]
    note = stage.author.git("notes", "--ref=ai-log-trail", "show", sources[0]).encode()
    (line,) = parse_note(note)
    session = AnnexSession(
        id=SESSION,
        tokens=TokenTotals(),
        cost_usd="",
        redactions={},
        prompts=[(0, "Compute the tides, please"), (1, f"use the token {PROMPT}")],
    )
    annex = annex_line(line.digest, [session], policy="redacted", ruleset="", made_at=1, reviewer="")
    from_a_fork(stage, sources, annex + b"\n")
    target = squash(stage)
    stage.push()
    merged(stage, sources, target, fork=FORK)
    ran = stage.on_push(base, target)
    assert ran.code == 0, ran.log
    carried = stage.origin.git("cat-file", "-p", f"refs/notes/ai-log-trail-prompts:{target}")
    assert "Compute the tides, please" in carried
    assert PROMPT not in carried + ran.log


def test_a_record_of_other_lines_is_not_carried(stage: Stage) -> None:
    base = start(stage)
    sources = [stage.vouched("tides.py", CODE, "Compute tides", trailer=False)]
    stage.author.write("tides.py", OTHER)
    stage.author.git("commit", "-q", "-a", "-m", "Rewrite it all")
    target = squash(stage)
    stage.push()
    merged(stage, sources, target)
    stage.origin.git("update-ref", "refs/pull/7/head", stage.author.git("rev-parse", "topic"))
    ran = stage.on_push(base, target)
    assert ran.code == 0, ran.log
    assert ran.outputs["carried"] == "0"
    assert "was not carried" in ran.log


def test_a_pull_request_into_another_branch_is_left_alone(stage: Stage) -> None:
    base = start(stage)
    sources = two_commits(stage)
    target = squash(stage)
    stage.push()
    merged(stage, sources, target, base="release/1.x")
    stage.fake.commit_pulls[target][0]["merge_commit_sha"] = "e" * 40
    assert stage.on_push(base, target).outputs["carried"] == "0"


def test_a_commit_without_a_pull_request_is_left_alone(stage: Stage) -> None:
    base = start(stage)
    stage.author.git("checkout", "-q", "main")
    target = stage.author.commit_file("a.txt", "text\n", "Straight to main")
    stage.push()
    ran = stage.on_push(base, target)
    assert (ran.code, ran.outputs["carried"]) == (0, "0")
    assert not stage.fake.changes()


def test_a_first_push_and_a_forced_one_look_at_what_is_there(stage: Stage) -> None:
    start(stage)
    sources = two_commits(stage)
    target = squash(stage)
    stage.push()
    merged(stage, sources, target)
    assert stage.on_push("0" * 40, target).outputs["carried"] == "2"
    stage.origin.git("update-ref", "-d", "refs/notes/ai-log-trail")
    stage.push()
    assert stage.on_push("c" * 40, target).code == 0


def test_a_dry_run_pushes_nothing(stage: Stage) -> None:
    base = start(stage)
    sources = two_commits(stage)
    target = squash(stage)
    stage.push()
    merged(stage, sources, target)
    ran = stage.on_push(base, target, dry_run="true")
    assert (ran.code, ran.outputs["carried"]) == (0, "2")
    assert shared(stage, target) == ["none 0/6"]


def test_a_push_of_a_tag_is_a_usage_error(stage: Stage) -> None:
    base = start(stage)
    stage.push()
    ran = stage.run("push", {"before": base, "after": base}, at=base, ref="refs/tags/v1", mode="carry")
    assert ran.code == 2
    assert "set the input `range`" in ran.log


def test_more_commits_than_the_host_lists_is_said(stage: Stage) -> None:
    base = start(stage)
    sources = two_commits(stage)
    target = squash(stage)
    stage.push()
    merged(stage, sources, target)
    stage.fake.pull_commits[7] = [*sources, *(f"{number:040x}" for number in range(300))]
    ran = stage.on_push(base, target)
    assert ran.code == 0, ran.log
    assert "::warning title=AI trail::pull request 7: GitHub lists its first 250 commits" in ran.log
    assert ran.outputs["carried"] == "2"


def test_records_that_others_push_meanwhile_are_kept(stage: Stage) -> None:
    base = start(stage)
    sources = two_commits(stage)
    target = squash(stage)
    stage.push()
    merged(stage, sources, target)
    place = stage.checkout(target)
    stage.author.git("notes", "--ref=ai-log-trail", "add", "-m", "a line of somebody else", base)
    stage.author.git("push", "-q", "origin", "refs/notes/ai-log-trail")
    ran = stage.run("push", {"before": base, "after": target}, at=target, workspace=place, mode="carry")
    assert ran.code == 0, ran.log
    annotated = stage.origin.git("ls-tree", "-r", "--name-only", "refs/notes/ai-log-trail").replace("/", "").split()
    assert {base, target, *sources} == set(annotated)


def test_records_that_cannot_be_pushed_are_an_error_with_a_remedy(stage: Stage) -> None:
    base = start(stage)
    sources = two_commits(stage)
    target = squash(stage)
    stage.push()
    merged(stage, sources, target)
    hook = stage.origin.root / ".git" / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    ran = stage.on_push(base, target)
    assert ran.code == 1
    assert "permissions: contents: write" in ran.log


def test_a_fork_cannot_withhold_what_is_not_its_own(stage: Stage) -> None:
    """A tombstone holds everywhere, so one that a merge brought in could hide the record of any commit."""
    stage.author.commit_file("README.md", "Tides\n", "Start")
    base = stage.vouched("waves.py", CODE.replace("tide", "wave"), "Compute waves")
    stage.push()
    stage.author.git("checkout", "-q", "-b", "topic")
    sources = two_commits(stage)
    digest = stage.author.git("log", "-1", "--format=%(trailers:key=AI-Trail,valueonly)", base).partition(":")[2]
    own = stage.author.git("log", "-1", "--format=%(trailers:key=AI-Trail,valueonly)", sources[1]).partition(":")[2]
    for victim in (digest, own):
        stage.author.git("notes", "--ref=ai-log-trail", "append", "-m", tombstone_line(victim).decode(), sources[0])
    from_a_fork(stage, sources[:1])
    target = squash(stage, "Squashed")
    stage.author.git("push", "-q", "origin", "main")
    merged_sources = sources[:1]
    stage.author.git("push", "-q", "origin", "topic")
    merged(stage, merged_sources, target, fork=FORK)
    ran = stage.on_push(base, target)
    assert ran.code == 0, ran.log
    assert ran.outputs["carried"] == "1"
    assert shared(stage, base) == ["exact 3/3"]
    assert "withheld" not in stage.origin.git("show", f"refs/notes/ai-log-trail:{target}")
