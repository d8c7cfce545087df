"""What came with a commit and went again is the work of whoever brings it back: a session's edit lands once."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from git_ai_trail.index.access import Index
from git_ai_trail.pipeline.evidence import Gathered
from git_ai_trail.pipeline.indexing import open_user_index, refresh_all
from git_ai_trail.pipeline.past import match_past, past_commits, whereabouts
from git_ai_trail.pipeline.worktree import open_worktree
from tests.support.codex_log import CodexLog
from tests.support.hooked import agent_writes, codex, hooked, owners, show, trailer
from tests.support.repo import Repo

__all__ = ["codex", "hooked"]

BEGIN = 1_780_000_000
PATH = "work.py"
BASE = "".join(f"base_{n} = stands_all_the_time({n})\n" for n in range(4))


def text(name: str, count: int = 5) -> str:
    return "".join(f"{name}_{n} = compute_{name}({n})\n" for n in range(count))


def hunk(*parts: str) -> str:
    """A patch that adds these blocks, each in a place of its own."""
    return "".join("@@ -1,0 +1,9 @@\n" + "".join(f"+{line}\n" for line in part.splitlines()) for part in parts)


class Story:
    """A repository in which sessions and people write, on a clock of its own."""

    def __init__(self, repo: Repo, home: Path) -> None:
        self.repo, self.home, self.at = repo, home, float(BEGIN)
        self.names: dict[str, str] = {}
        self.commit(BASE)

    def session(self, name: str) -> CodexLog:
        self.at += 60
        log = CodexLog(self.home / ".codex", self.repo.root, at=self.at)
        self.names[log.session_id] = name
        log.prompt("Go on")
        return log

    def writes(self, log: CodexLog, *parts: str) -> None:
        self.at += 60
        log.at = self.at
        log.update_file(PATH, hunk(*parts))

    def commit(self, *parts: str, after: float = 3600, written: float = 0, path: str = PATH) -> str:
        """The file as these parts, committed some time later; `written` is how long before that it was authored."""
        self.at += after
        self.repo.write(path, "".join(parts))
        self.repo.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", f"at {self.at}", written=written)
        return self.repo.git("rev-parse", "HEAD")

    def git(self, *args: str, written: float = 0) -> None:
        author, committer = f"@{int(self.at - written)} +0000", f"@{int(self.at)} +0000"
        self.repo.git(*args, env={"GIT_AUTHOR_DATE": author, "GIT_COMMITTER_DATE": committer})

    def found(self, rev: str, folder: str = "") -> Gathered:
        with _index(self.home) as index:
            tree = open_worktree(str(self.repo.root / folder))
            (commit,) = past_commits(tree.git, ["-1", rev])
            return match_past(tree.git, index, whereabouts(tree, index), commit)

    def owners(self, rev: str = "HEAD", path: str = PATH) -> list[str]:
        """Who wrote each added line of a commit, `-` for nobody."""
        (file,) = (one for one in self.found(rev).match.files if one.path == path)
        said = ["-"] * file.added
        for r in file.ranges:
            said[r.start - 1 : r.start - 1 + r.count] = [self.names[r.session]] * r.count
        return said


class _index:
    def __init__(self, home: Path) -> None:
        env = {"HOME": str(home), "CODEX_HOME": str(home / ".codex")}
        self.index = open_user_index(env)
        refresh_all(self.index, env)

    def __enter__(self) -> Index:
        return self.index

    def __exit__(self, *_: object) -> None:
        self.index.close()


@pytest.fixture
def story(repo: Repo, home: Path) -> Story:
    return Story(repo, home)


A, B = text("alpha"), text("beta")


def test_what_a_person_puts_back_is_not_the_sessions(story: Story) -> None:
    one = story.session("one")
    story.writes(one, A)
    story.commit(BASE, A)
    assert story.owners() == ["one"] * 5
    story.commit(BASE)
    story.commit(BASE, A)
    assert story.owners() == ["-"] * 5


def test_it_is_said_why_it_is_not(story: Story) -> None:
    one = story.session("one")
    story.writes(one, A)
    story.commit(BASE, A)
    story.commit(BASE)
    story.commit(BASE, A)
    (seen,) = story.found("HEAD").considered
    assert not seen.accepted
    assert [(fact.kind, fact.detail) for fact in seen.evidence] == [
        ("time-path", "wrote lines of it that had come with an earlier commit")
    ]


def test_a_session_that_writes_it_again_is_its_writer(story: Story) -> None:
    one, two = story.session("one"), story.session("two")
    story.writes(one, A)
    story.commit(BASE, A)
    story.commit(BASE)
    story.writes(two, A)
    story.commit(BASE, A)
    assert story.owners() == ["two"] * 5
    story.commit(BASE)
    story.writes(one, A)
    story.commit(BASE, A)
    assert story.owners() == ["one"] * 5


def test_older_work_that_waited_takes_its_lines_from_newer_work_that_has_landed(story: Story) -> None:
    waiting, quick = story.session("waiting"), story.session("quick")
    story.writes(waiting, A)
    story.writes(quick, A)
    story.commit(BASE, A)
    assert story.owners() == ["quick"] * 5
    story.commit(BASE)
    story.commit(BASE, A)
    assert story.owners() == ["waiting"] * 5


def test_the_part_that_was_not_staged_has_not_landed(story: Story) -> None:
    one = story.session("one")
    story.writes(one, A, B)
    story.commit(BASE, A)
    story.commit(BASE, A, B)
    assert story.owners() == ["one"] * 5
    story.commit(BASE, B)
    story.commit(BASE, A, B)
    assert story.owners() == ["-"] * 5


def test_of_equal_lines_those_that_were_not_staged_have_not_landed(story: Story) -> None:
    again = "check_that_it_stands(here)\n"
    first, second = A.replace("\n", "\n" + again, 2), B.replace("\n", "\n" + again, 2)
    one = story.session("one")
    story.writes(one, first, second)
    story.commit(BASE, first)
    story.commit(BASE)
    story.commit(BASE, second)
    assert story.owners() == ["one"] * 7


def test_so_do_equal_lines_of_two_edits(story: Story) -> None:
    again = "check_that_it_stands(here)\n"
    first, second = A.replace("\n", "\n" + again, 2), B.replace("\n", "\n" + again, 2)
    one = story.session("one")
    story.writes(one, first)
    story.writes(one, second)
    story.commit(BASE, second)
    story.commit(BASE)
    story.commit(BASE, first)
    assert story.owners() == ["one"] * 7


def test_what_a_session_wrote_twice_before_its_commit_has_landed_once_and_for_all(story: Story) -> None:
    one = story.session("one")
    story.writes(one, A)
    story.writes(one, A, B)
    story.commit(BASE, A, B)
    story.commit(BASE)
    story.commit(BASE, A, B)
    assert story.owners() == ["-"] * 10


def test_what_was_amended_away_or_reset_has_not_landed(story: Story) -> None:
    one = story.session("one")
    story.writes(one, A)
    story.commit(BASE, A)
    story.repo.git("reset", "-q", "--hard", "HEAD~1")
    story.commit(BASE, text("other"))
    story.commit(BASE)
    story.commit(BASE, A)
    assert story.owners() == ["one"] * 5
    story.at += 60
    story.git("commit", "-q", "--amend", "-m", "in other words")
    assert story.owners() == ["one"] * 5


def test_what_landed_on_another_branch_has_not_landed_here(story: Story) -> None:
    one = story.session("one")
    story.writes(one, A)
    story.repo.git("checkout", "-q", "-b", "side")
    story.commit(BASE, A)
    story.repo.git("checkout", "-q", "main")
    story.commit(BASE, B)
    story.git("cherry-pick", "-X", "theirs", "--strategy=ort", "side")
    assert story.owners() == ["one"] * 5


def test_in_a_rebased_row_each_time_has_its_own_edit(story: Story) -> None:
    """The committer's clock is the same for all of it; what was written in between is told by the author's."""
    one, two = story.session("one"), story.session("two")
    story.writes(one, A)
    first = story.at + 60
    story.at += 7200
    story.writes(two, A)
    story.at += 7200
    story.commit(BASE, A, after=0, written=story.at - first)
    story.commit(BASE, after=0, written=story.at - first - 60)
    story.commit(BASE, A, after=0)
    assert story.owners() == ["two"] * 5


def test_lines_that_are_only_moved_have_not_come_back(story: Story) -> None:
    one, few = story.session("one"), text("alpha", 3)
    story.writes(one, few)
    story.commit(few, BASE)
    story.writes(one, B)
    story.commit(BASE, few, B)
    assert story.owners() == ["one"] * 8


def test_a_file_that_was_removed_and_is_brought_back(story: Story) -> None:
    one = story.session("one")
    story.at += 60
    one.at = story.at
    one.add_file("new.py", A)
    story.commit(A, path="new.py")
    assert story.owners(path="new.py") == ["one"] * 5
    story.repo.git("rm", "-q", "new.py")
    story.commit(BASE)
    story.commit(A, path="new.py")
    assert story.owners(path="new.py") == ["-"] * 5


def test_what_a_formatter_went_over_has_landed_as_well(story: Story) -> None:
    one = story.session("one")
    story.writes(one, A)
    formatted = A.replace("alpha_", "    alpha_")
    story.commit(BASE, formatted)
    assert story.owners() == ["one"] * 5
    story.commit(BASE)
    story.commit(BASE, formatted)
    assert story.owners() == ["-"] * 5


def test_names_and_settings_of_git_do_not_matter(story: Story, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with signs in it, settings that would make `git log` say more or follow a file, and another folder."""
    name, plain = "odd [x]*\n\1 name.py", "not so :(top) [x]* plain.py"
    for setting in ("log.follow", "log.showSignature", "diff.noprefix", "diff.mnemonicPrefix"):
        repo.git("config", setting, "true")
    repo.git("config", "color.ui", "always")
    story.commit(BASE, path=name)
    story.session("one").add_file(plain, A)
    story.commit(A, path=plain)
    story.commit(BASE, path=name)
    repo.git("rm", "-q", plain)
    story.commit(A, path=name)
    story.commit(A, path=plain)
    assert story.owners(path=plain) == ["-"] * 5
    repo.write("src/empty", "")
    for folder, literally in (("src", "0"), ("", "1")):
        monkeypatch.setenv("GIT_LITERAL_PATHSPECS", literally)
        assert story.found("HEAD", folder).match.sessions == ()


def histories(repo: Repo, tmp_path: Path, *commit: str, at: int = 0) -> int:
    """How often git was asked for the history of files while it committed, our hooks with it."""
    trace = tmp_path / "trace"
    trace.unlink(missing_ok=True)
    clock = {"GIT_COMMITTER_DATE": f"@{at} +0000"} if at else {}
    repo.git("commit", "-q", *commit, env={"GIT_TRACE": str(trace), **clock})
    return sum(" built-in: git log " in line and "--since=" in line for line in trace.read_text().splitlines())


def test_a_commit_asks_for_history_once_and_only_where_an_edit_is_older_than_it(
    hooked: Repo, codex: Path, tmp_path: Path
) -> None:
    first, second = "first.py", "second.py"
    session = agent_writes(hooked, codex, first, A, at=time.time() + 2)
    session.add_file(second, B)
    hooked.write(second, B)
    hooked.git("add", first)
    now = int(time.time())
    assert histories(hooked, tmp_path, "-m", "The first", at=now + 10) == 0
    assert owners(show(hooked), first) == dict.fromkeys(range(1, 6), "generated")
    hooked.git("add", second)
    assert histories(hooked, tmp_path, "-m", "The second, which waited", at=now + 20) == 1
    assert owners(show(hooked), second) == dict.fromkeys(range(1, 6), "generated")
    hooked.git("rm", "-q", first)
    hooked.git("commit", "-q", "-m", "Out with it", env={"GIT_COMMITTER_DATE": f"@{now + 30} +0000"})
    hooked.commit_file(first, A, "A person brings it back")
    assert show(hooked)["sessions"] == []
    hooked.git("commit", "-q", "--amend", "-m", "In other words")
    assert show(hooked)["sessions"] == []
    hooked.commit_file("mine.py", text("mine"), "A person's")
    assert histories(hooked, tmp_path, "--amend", "-m", "A person's own words") == 0


def test_an_amend_is_held_against_the_history_below_it(hooked: Repo, codex: Path, tmp_path: Path) -> None:
    agent_writes(hooked, codex, "first.py", A, at=time.time() - 7200)
    hooked.git("add", "-A")
    hooked.git("commit", "-q", "-m", "The agent's")
    hooked.git("commit", "-q", "--amend", "-m", "In other words")
    assert owners(show(hooked), "first.py") == dict.fromkeys(range(1, 6), "generated")
    assert trailer(hooked)


def test_without_a_reflog_git_is_asked(hooked: Repo, codex: Path, tmp_path: Path) -> None:
    hooked.git("config", "core.logAllRefUpdates", "false")
    (hooked.root / ".git" / "logs" / "HEAD").unlink()
    agent_writes(hooked, codex, "first.py", A)
    hooked.git("add", "-A")
    assert histories(hooked, tmp_path, "-m", "The agent's") == 1
    assert owners(show(hooked), "first.py") == dict.fromkeys(range(1, 6), "generated")
