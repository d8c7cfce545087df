"""`notes` as a person runs it: what is shared, what is carried, what is said about it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from git_ai_trail.attach import notes
from tests.pipeline.test_history import attach, git_of, record, text
from tests.support.repo import Repo


def run(repo: Repo, *args: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "git_ai_trail", "notes", *args], cwd=repo.root, capture_output=True, text=True
    )
    assert done.returncode == code, done
    return done


@pytest.fixture
def hub(repo: Repo, tmp_path: Path) -> Repo:
    """A bare remote of `repo`, which has a record that nobody else has."""
    oid = repo.commit_file("a.py", text(1), "a")
    repo.git("clone", "-q", "--bare", ".", str(tmp_path / "hub.git"))
    repo.git("remote", "add", "origin", str(tmp_path / "hub.git"))
    attach(repo, oid, record(repo, oid)[0])
    return Repo(tmp_path / "hub.git")


def clone_of(hub: Repo, name: str = "reader") -> Repo:
    hub.git("clone", "-q", ".", f"../{name}")
    return Repo(hub.root.parent / name)


def refs(repo: Repo) -> list[str]:
    return repo.git("for-each-ref", "--format=%(refname)", "refs/notes").split()


def test_what_one_pushes_another_fetches(repo: Repo, hub: Repo) -> None:
    assert "origin has it as it is here" in run(repo, "push").stdout
    reader = clone_of(hub)
    assert "refs/notes/ai-log-trail: 1 new notes, 0 with new lines" in run(reader, "fetch").stdout
    assert notes.read(git_of(reader), repo.git("rev-parse", "HEAD"))
    found = json.loads(run(reader, "fetch", "--json").stdout)
    nothing = {"new": 0, "grown": 0, "left_out": 0}
    assert found == {"fetched": {notes.REF: nothing, notes.ANNEX_REF: nothing}, "pushed": [], "too_large": 0}


def test_a_note_that_nobody_will_read_is_pushed_and_told(repo: Repo, hub: Repo) -> None:
    oid = repo.commit_file("b.py", text(2), "b")
    blob = repo.git("hash-object", "-w", "--stdin", stdin=("x" * 1000 + "\n") * (notes.MAX_NOTE // 1000 + 1))
    repo.git("notes", f"--ref={notes.REF}", "add", "-C", blob, oid)
    assert "1 of the notes here are larger than the 4 MiB that readers read" in run(repo, "push").stderr
    reader = clone_of(hub)
    assert f"{notes.REF}: 1 notes are larger than readers read and were left out" in run(reader, "fetch").stderr
    assert notes.read(git_of(reader), oid) == b""
    assert notes.read(git_of(reader), repo.git("rev-parse", "HEAD~1"))


def test_a_clone_of_depth_one_fetches_what_is_shared(repo: Repo, hub: Repo) -> None:
    repo.commit_file("b.py", text(2), "b")
    attach(repo, repo.git("rev-parse", "HEAD"), record(repo, repo.git("rev-parse", "HEAD"))[0])
    repo.git("push", "-q", "origin", "main")
    run(repo, "push")
    hub.git("clone", "-q", "--depth=1", f"file://{hub.root}", "../shallow")
    shallow = Repo(hub.root.parent / "shallow")
    assert "2 new notes" in run(shallow, "fetch").stdout
    assert shallow.git("rev-list", "--count", "HEAD") == "1", "nothing of the history was fetched for it"

    def show() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "git_ai_trail", "show", "--json"]
        return subprocess.run(command, cwd=shallow.root, capture_output=True, text=True)

    # What the last commit changed is not here, and a record is not called forged for that.
    assert (show().returncode, show().stdout) == (1, "")
    assert "this clone is shallow and ends at" in show().stderr
    shallow.git("fetch", "-q", "--deepen=1")
    assert json.loads(show().stdout)["status"] == "unanchored"


def test_only_our_two_refs_are_fetched(repo: Repo, hub: Repo) -> None:
    run(repo, "push")
    for other in ("refs/notes/ai-log-trail-other", "refs/notes/commits", "refs/heads/refs/notes/ai-log-trail-prompts"):
        hub.git("update-ref", other, "HEAD")
    reader = clone_of(hub)
    run(reader, "fetch")
    assert refs(reader) == [notes.REF, f"refs/notes/remotes/origin/{notes.REF.removeprefix('refs/notes/')}"]


def test_fetching_alone_gives_nothing_to_push(repo: Repo, hub: Repo) -> None:
    run(repo, "push")
    reader = clone_of(hub)
    run(reader, "fetch")
    run(reader, "push")
    assert reader.git("rev-parse", notes.REF) == hub.git("rev-parse", notes.REF) == repo.git("rev-parse", notes.REF)


def test_a_remote_without_records_is_fine_and_nothing_is_pushed_of_nothing(hub: Repo) -> None:
    reader = clone_of(hub)
    run(reader, "fetch")
    assert json.loads(run(reader, "push", "--json").stdout)["pushed"] == []
    assert refs(hub) == []


@pytest.mark.parametrize("name", ["--upload-pack=owned", "elsewhere", "../hub.git", ""])
def test_only_remotes_by_name(hub: Repo, name: str) -> None:
    assert "not the name of a remote" in run(clone_of(hub), "fetch", "--", name, code=1).stderr


def test_a_hook_of_the_users_can_keep_records_here(repo: Repo, hub: Repo) -> None:
    repo.write(".git/hooks/pre-push", "#!/bin/sh\nexit 1\n").chmod(0o755)
    assert "a hook refused" in run(repo, "push", code=1).stderr
    assert refs(hub) == []


def test_a_remote_that_refuses_is_quoted_and_not_asked_again(repo: Repo, hub: Repo) -> None:
    hook = '#!/bin/sh\necho >> "$GIT_DIR/asked"\nexit 1\n'
    hub.write("hooks/pre-receive", hook).chmod(0o755)
    assert "pre-receive hook declined" in run(repo, "push", code=1).stderr
    assert (hub.root / "asked").read_text() == "\n"


def test_a_remote_that_cannot_be_reached_is_said(repo: Repo) -> None:
    repo.commit_file("a", "a\n")
    repo.git("remote", "add", "gone", "../gone.git")
    for act in ("fetch", "push"):
        assert "git ls-remote" in run(repo, act, "gone", code=1).stderr


@pytest.fixture
def squashed(repo: Repo) -> Repo:
    """main at a squash of the two recorded commits of the branch topic."""
    repo.commit_file("base", "base\n", "base")
    repo.git("switch", "-q", "-c", "topic")
    for number in (1, 2):
        oid = repo.commit_file(f"{number}.py", text(number), f"work {number}")
        attach(repo, oid, record(repo, oid, f"s-{number}")[0])
    repo.git("switch", "-q", "main")
    repo.git("merge", "-q", "--squash", "topic")
    repo.commit("Squashed (#1)")
    return repo


def test_a_range_is_carried_and_counted(squashed: Repo) -> None:
    said = run(squashed, "carry", "HEAD", "--from", "main..topic", "--dry-run").stdout
    assert "2 records would be carried, 8 of its lines have evidence by them" in said
    assert notes.read(git_of(squashed), squashed.git("rev-parse", "HEAD")) == b""
    found = json.loads(run(squashed, "carry", "HEAD", "--from", "main..topic", "--json").stdout)
    assert (len(found["records"]), found["lines"], found["annexes"], found["skipped"]) == (2, 8, 0, [])
    assert found["target"] == squashed.git("rev-parse", "HEAD")


def test_commits_are_carried_in_the_order_in_which_they_are_named(squashed: Repo) -> None:
    said = run(squashed, "carry", "HEAD", "--from", "topic~1", "--from", "topic").stdout
    assert "2 records carried, 8 of its lines have evidence by them" in said


def test_what_is_left_behind_is_named_with_its_reason(squashed: Repo) -> None:
    other = squashed.commit_file("other", "something else\n", "other")
    said = run(squashed, "carry", other, "--from", "topic").stdout.splitlines()
    assert said[0].endswith("0 records carried, 0 of its lines have evidence by them")
    assert said[1].startswith("  left behind 1:")
    assert said[1].endswith("none of its lines stand in the new commit")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("nowhere", "--from", "topic"), "git knows no commit"),
        (("HEAD", "--from", "nowhere"), "no such commit or range"),
        (("HEAD", "--from=--output=owned"), "not a commit or range"),
        (("merged", "--from", "topic"), "is a merge"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_reason(squashed: Repo, args: tuple[str, ...], said: str) -> None:
    squashed.git("switch", "-q", "-c", "merged", "HEAD~1")
    squashed.commit_file("beside", "beside\n", "beside")
    squashed.git("merge", "-q", "--no-ff", "--no-edit", "topic")
    squashed.git("switch", "-q", "main")
    assert said in run(squashed, "carry", *args, code=1).stderr
    assert not (squashed.root / "owned").exists()


def test_the_policy_can_be_that_of_another_commit(squashed: Repo) -> None:
    squashed.write(".git-ai-trail.toml", "not toml")
    run(squashed, "carry", "HEAD", "--from", "main..topic", code=2)
    run(squashed, "carry", "HEAD", "--from", "main..topic", "--policy-from", "HEAD")


def test_a_whole_history_that_was_rewritten_is_carried_by_its_list(repo: Repo) -> None:
    """As filter-repo leaves it: a heading, then old and new; what was dropped has zeros."""
    pairs = ["old                                      new"]
    for number in range(2):
        oid = repo.commit_file(f"{number}.py", text(number), str(number))
        attach(repo, oid, record(repo, oid)[0])
    olds = repo.git("rev-list", "--reverse", "HEAD").split()
    repo.git("checkout", "-q", "--orphan", "new")
    for number, old in enumerate(olds):
        repo.git("rm", "-rfq", "--cached", ".")
        repo.write(f"{number}.py", "# a line more, which nobody knew\n" + text(number))
        repo.git("add", *(f"{one}.py" for one in range(number + 1)))
        repo.git("commit", "-q", "-m", f"anew {number}")
        pairs.append(f"{old} {repo.git('rev-parse', 'HEAD')}")
    listed = repo.root / ".git" / "commit-map"
    listed.write_text("\n".join([*pairs, f"{'a' * 40} {'0' * 40}"]) + "\n")
    found = json.loads(run(repo, "carry", "--rewritten", str(listed), "--json").stdout)
    assert [one["target"] for one in found] == [line.split()[1] for line in pairs[1:]]
    assert all(one["lines"] for one in found)
    assert run(repo, "carry", "--rewritten", str(listed)).stdout.count("1 record carried") == 2
    assert "give a commit and --from, or --rewritten alone" in run(repo, "carry", code=2).stderr
