"""Notes: nobody's line is lost, whoever writes at the same time and wherever a writer is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from git_ai_trail.attach import notes
from git_ai_trail.attach.record import digest, tombstone_line
from git_ai_trail.errors import GitError
from git_ai_trail.git import Git
from tests.attach.build import a_core, a_diff, a_line
from tests.support.repo import Repo

SOURCE = Path(notes.__file__).resolve().parents[2]
TMP = "refs/notes/ai-log-trail-tmp"


def git_of(repo: Repo) -> Git:
    return Git(str(repo.root))


def add(repo: Repo, oid: str, *lines: bytes, ref: str = notes.REF, **more: float) -> bool:
    git = git_of(repo)
    return notes.add_lines(git, git.common_dir(), oid, lines, ref, **more)


def refs(repo: Repo) -> list[str]:
    return repo.git("for-each-ref", "--format=%(refname)", "refs/notes/").split()


def test_what_is_added_is_read_back_by_us_and_by_git(repo: Repo) -> None:
    oid = repo.commit("first")
    assert notes.read(git_of(repo), oid) == b""
    assert add(repo, oid, b'{"a":1}')
    assert add(repo, oid, b'{"b":2}', b'{"a":1}', b'{"c":3}')
    assert notes.read(git_of(repo), oid) == b'{"a":1}\n{"b":2}\n{"c":3}\n'
    assert repo.git("notes", "--ref=ai-log-trail", "show", oid) == '{"a":1}\n{"b":2}\n{"c":3}'
    assert refs(repo) == [notes.REF]


def test_what_is_there_already_writes_nothing(repo: Repo) -> None:
    oid = repo.commit("first")
    add(repo, oid, b'{"a":1}')
    before = repo.git("rev-parse", notes.REF)
    assert not add(repo, oid, b'{"a":1}')
    assert repo.git("rev-parse", notes.REF) == before


def test_a_persons_own_note_is_kept(repo: Repo) -> None:
    oid = repo.commit("first")
    repo.git("notes", "--ref=ai-log-trail", "add", "-m", "what I think of it", oid)
    add(repo, oid, b'{"a":1}')
    assert notes.read(git_of(repo), oid) == b'what I think of it\n{"a":1}\n'


def test_the_two_refs_are_apart(repo: Repo) -> None:
    oid = repo.commit("first")
    add(repo, oid, b"core")
    add(repo, oid, b"annex", ref=notes.ANNEX_REF)
    assert notes.read(git_of(repo), oid) == b"core\n"
    assert notes.read(git_of(repo), oid, notes.ANNEX_REF) == b"annex\n"


def test_a_withheld_record_is_not_added_again(repo: Repo) -> None:
    oid, core = repo.commit("first"), a_core()
    add(repo, oid, tombstone_line(digest(core)))
    assert not add(repo, oid, a_line(core))
    other = a_core([a_diff("other.py")])
    assert add(repo, oid, a_line(other))


def test_notes_are_found_whatever_their_number_has_done_to_their_paths(repo: Repo) -> None:
    oids = _history(repo, 600)
    add(repo, oids[300], b"one")
    paths = repo.git("ls-tree", "-r", "--name-only", notes.REF).split()
    assert any("/" in path for path in paths)
    assert notes.read(git_of(repo), oids[300]) == b"note 300\none\n"
    found = notes.read_many(git_of(repo), [*oids[:500], "0" * 40])
    assert len(found) == 500
    assert found[oids[7]] == b"note 7\n"
    assert notes.read_many(git_of(repo), oids, "refs/notes/none") == {}


def _history(repo: Repo, count: int) -> list[str]:
    """That many commits with a note each, made in one go."""
    who = b"committer A <a@b> 1700000000 +0000\n"
    stream = [b"commit refs/heads/long\nmark :%d\n%sdata 2\nx\n\n" % (n + 1, who) for n in range(count)]
    stream.append(b"commit refs/notes/ai-log-trail\n%sdata 2\nx\n" % who)
    for n in range(count):
        body = b"note %d\n" % n
        stream.append(b"N inline :%d\ndata %d\n%s\n" % (n + 1, len(body), body))
    subprocess.run(["git", "fast-import", "--quiet"], cwd=repo.root, input=b"".join(stream), check=True)
    return repo.git("rev-list", "--reverse", "refs/heads/long").split()


def test_a_record_is_found_by_its_digest_on_another_commit(repo: Repo) -> None:
    core, decoy = a_core(), a_core([a_diff("other.py")])
    first, second = repo.commit("first"), repo.commit("second")
    add(repo, first, a_line(decoy), b'{"says":"' + digest(core).encode() + b'"}')
    assert notes.find_by_digest(git_of(repo), digest(core)) is None
    add(repo, second, a_line(core))
    found = notes.find_by_digest(git_of(repo), digest(core))
    assert found is not None
    assert (found[0], found[1].core) == (second, core)
    assert notes.find_by_digest(git_of(repo), "0" * 64) is None


def test_a_record_that_any_note_withholds_is_not_found(repo: Repo) -> None:
    core = a_core()
    first, second = repo.commit("first"), repo.commit("second")
    add(repo, first, a_line(core))
    add(repo, second, tombstone_line(digest(core)))
    assert notes.find_by_digest(git_of(repo), digest(core)) is None


def fed(repo: Repo, stream: bytes) -> int:
    return subprocess.run(
        ["git", "fast-import", "--quiet", "--done"], cwd=repo.root, input=stream, capture_output=True
    ).returncode


def test_a_stream_attaches_the_line_to_head_as_we_would(repo: Repo) -> None:
    first, core = repo.commit("first"), a_core()
    add(repo, first, b"x")
    second = repo.commit("second")
    assert fed(repo, notes.stream(a_line(core), now=1700000000)) == 0
    assert notes.read(git_of(repo), second) == a_line(core) + b"\n"
    assert notes.read(git_of(repo), first) == b"x\n"
    assert not add(repo, second, a_line(core))


def test_a_stream_that_was_cut_off_changes_nothing(repo: Repo) -> None:
    oid = repo.commit("first")
    add(repo, oid, b"x")
    before = repo.git("rev-parse", notes.REF)
    assert fed(repo, notes.stream(a_line(a_core()), now=1700000000)[:-30]) != 0
    assert repo.git("rev-parse", notes.REF) == before


def test_a_stream_fails_where_the_ref_moved_meanwhile_and_loses_nothing(repo: Repo) -> None:
    first = repo.commit("first")
    add(repo, first, b"x")
    second = repo.commit("second")
    stream = notes.stream(b"late", now=1700000000)
    with subprocess.Popen(
        ["git", "fast-import", "--quiet", "--done"],
        cwd=repo.root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(stream.removesuffix(b"done\n") + b"progress read\n")
        running.stdin.flush()
        assert running.stdout.readline() == b"progress read\n"
        add(repo, first, b"in between")
        running.stdin.write(b"done\n")
        running.stdin.close()
        assert running.wait() != 0
    assert notes.read(git_of(repo), first) == b"x\nin between\n"
    assert notes.read(git_of(repo), second) == b""


def test_the_notes_commit_names_nobody_and_is_not_signed(repo: Repo) -> None:
    oid = repo.commit("first")
    for key, value in (("commit.gpgSign", "true"), ("gpg.program", "false"), ("user.signingKey", "none")):
        repo.git("config", key, value)
    hook = repo.root / ".git" / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    git = Git(str(repo.root), env={**os.environ, "GIT_AUTHOR_DATE": "2001-02-03T04:05:06+0700"})
    notes.add_lines(git, git.common_dir(), oid, [b"x"])
    shown = repo.git("log", "-1", "--format=%an <%ae> %cn <%ce> %G? %ad", notes.REF)
    who = "git-ai-trail <git-ai-trail@localhost>"
    assert shown.startswith(f"{who} {who} N ")
    assert "+0000" in shown
    assert "2001" not in shown


def test_without_an_identity_of_the_users_it_still_works(repo: Repo, home: Path) -> None:
    oid = repo.commit("first")
    (home / ".gitconfig").write_text("[user]\n\tuseConfigOnly = true\n")
    assert add(repo, oid, b"x")


_WRITER = """
import sys
sys.path.insert(0, sys.argv[1])
from git_ai_trail.attach import notes
from git_ai_trail.git import Git
git = Git(".")
notes.add_lines(git, git.common_dir(), sys.argv[2], [sys.argv[3].encode()], lock_timeout=float(sys.argv[4]))
"""


def start(where: Path, oid: str, line: str, lock_timeout: float = 30.0) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", _WRITER, str(SOURCE), oid, line, str(lock_timeout)], cwd=where)


def test_twenty_writers_in_worktrees_and_a_plain_git_notes_lose_nothing(repo: Repo, tmp_path: Path) -> None:
    """With `git notes` alone two to four of twenty are left."""
    oids = [repo.commit(f"commit {n}") for n in range(20)]
    shared = repo.commit("annotated by all")
    theirs = repo.commit("annotated by a person")
    folders = [tmp_path / f"tree{n}" for n in range(4)]
    for folder in folders:
        repo.git("worktree", "add", "-q", "--detach", str(folder))
    running = [start(folders[n % 4], oid, f"on its own {n}") for n, oid in enumerate(oids)]
    running += [start(folders[n % 4], shared, f"on one {n}") for n in range(4)]
    for n in range(5):
        repo.git("notes", "--ref=persons", "append", "-m", f"other ref {n}", theirs)
    assert [one.wait() for one in running] == [0] * 24
    found = notes.read_many(git_of(repo), [*oids, shared])
    assert {found[oid].decode().strip() for oid in oids} == {f"on its own {n}" for n in range(20)}
    assert len(found[shared].splitlines()) == 4
    assert [ref for ref in refs(repo) if ref.startswith(TMP)] == []


def test_without_the_lock_the_comparison_alone_loses_nothing(repo: Repo) -> None:
    oids = [repo.commit(f"commit {n}") for n in range(6)]
    running = [start(repo.root, oid, f"line {n}", lock_timeout=-1.0) for n, oid in enumerate(oids)]
    ended = [one.wait() for one in running]
    found = notes.read_many(git_of(repo), oids)
    assert ended == [0] * 6
    assert len(found) == 6


class _Interrupted(Git):
    """Runs something of somebody else's right before the ref is moved, once."""

    def __init__(self, repo: Repo, act: tuple[str, ...]) -> None:
        super().__init__(str(repo.root))
        self.repo, self.act = repo, act

    def call(self, *args: str, **more: object) -> tuple[int, bytes]:  # type: ignore[override]
        if "fast-import" in args and self.act:
            act, self.act = self.act, ()
            self.repo.git(*act)
        return super().call(*args, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("before", [True, False])
def test_a_plain_git_notes_writer_in_between_is_not_lost(repo: Repo, before: bool) -> None:
    oid, theirs = repo.commit("ours"), repo.commit("theirs")
    if before:
        add(repo, oid, b"early")
    git = _Interrupted(repo, ("notes", "--ref=ai-log-trail", "add", "-m", "by hand", theirs))
    notes.add_lines(git, git.common_dir(), oid, [b"late"])
    assert git.act == ()
    assert notes.read(git, theirs) == b"by hand\n"
    assert notes.read(git, oid) == (b"early\nlate\n" if before else b"late\n")
    assert refs(repo) == [notes.REF]


_KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from git_ai_trail.attach import notes
from git_ai_trail.git import Git
class Killed(Git):
    step = 0
    def call(self, *args, **more):
        Killed.step += 1
        if Killed.step == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().call(*args, **more)
git = Killed(".")
folder = git.common_dir()
notes.add_lines(git, folder, sys.argv[2], [b"new"])
"""


def test_killed_before_the_ref_moves_nothing_is_lost_and_the_next_writer_finishes(repo: Repo) -> None:
    oid = repo.commit("first")
    add(repo, oid, b"old")
    # `common_dir` goes through `run`, which calls `call` once.
    done = subprocess.run([sys.executable, "-c", _KILLED, str(SOURCE), oid, "2"], cwd=repo.root)
    assert done.returncode == -signal.SIGKILL
    assert notes.read(git_of(repo), oid) == b"old\n"
    for name in (repo.root / ".git" / "refs" / "notes").iterdir():
        os.utime(name, (1000, 1000))
    assert add(repo, oid, b"new")
    assert notes.read(git_of(repo), oid) == b"old\nnew\n"
    assert refs(repo) == [notes.REF]


def test_a_lock_that_is_never_released_does_not_stop_a_commit(repo: Repo) -> None:
    oid = repo.commit("first")
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(repo.root / ".git" / "ai-log-trail")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    assert add(repo, oid, b"x", lock_timeout=0.05)
    holder.communicate()
    assert notes.read(git_of(repo), oid) == b"x\n"


_HOLD = """
import fcntl, os, sys
os.makedirs(sys.argv[1], exist_ok=True)
file = open(sys.argv[1] + "/lock", "w")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


def test_a_note_larger_than_the_limit_is_left_as_it_is(repo: Repo) -> None:
    oid = repo.commit("first")
    big = repo.root / "big"
    big.write_text("x" * (5 * 1024 * 1024))
    repo.git("notes", "--ref=ai-log-trail", "add", "-F", str(big), oid)
    before = repo.git("rev-parse", notes.REF)
    with pytest.raises(GitError, match="too large"):
        add(repo, oid, b"x")
    assert repo.git("rev-parse", notes.REF) == before
    assert notes.read_many(git_of(repo), [oid]) == {}


def test_a_ref_that_holds_no_notes_is_harmless(repo: Repo) -> None:
    oid = repo.commit_file("src/a.py", "x\n")
    repo.git("update-ref", notes.REF, oid)
    assert notes.read(git_of(repo), oid) == b""
    assert notes.read_many(git_of(repo), [oid]) == {}
    assert notes.find_by_digest(git_of(repo), "0" * 64) is None


def test_sha256_repositories_work(tmp_path: Path) -> None:
    root = tmp_path / "long"
    root.mkdir()
    repo = Repo(root)
    repo.git("init", "-q", "--object-format=sha256", ".")
    oid = repo.commit("first")
    assert add(repo, oid, b"x")
    assert add(repo, oid, b"y")
    assert notes.read_many(git_of(repo), [oid]) == {oid: b"x\ny\n"}
