"""Which work trees a folder lies in, what is kept of that, and what the rules of a session cost."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from git_ai_trail.facts import Context, Event
from git_ai_trail.pipeline.remotes import origin_of
from git_ai_trail.pipeline.repository_rules import Named, OtherRulesError, Repositories, UnusableRulesError
from git_ai_trail.pipeline.scrubbing import Redactors
from git_ai_trail.pipeline.sealing import Seal

KEY = b"k" * 32
RULE = "- {id: bird, type: literal, pattern: Blue Heron}\n"


def repositories(remembered: dict[str, str] | None = None) -> Repositories:
    return Repositories(os.environ, KEY, remembered or {})


def work_tree(root: Path, rules: str = "") -> str:
    (root / ".git").mkdir(parents=True)
    if rules:
        (root / ".git-ai-trail").mkdir()
        (root / ".git-ai-trail" / "redactions.yml").write_text(rules)
    return str(root)


def in_folder(cwd: str) -> list[Event]:
    return [Event("context", None, 0, 1, 0, Context("", cwd, "", "", "", ""), None)]


@pytest.fixture
def here(tmp_path: Path) -> Path:
    return tmp_path.resolve()


def test_a_folder_lies_in_every_work_tree_around_it(here: Path) -> None:
    outer, inner = work_tree(here / "outer"), work_tree(here / "outer" / "a" / "inner")
    file_there = here / "linked"
    file_there.mkdir()
    (file_there / ".git").write_text("gitdir: elsewhere\n")
    known = repositories()
    assert known.roots(f"{inner}/x/y") == (outer, inner)
    assert known.roots(f"{outer}/a/../a//inner/") == (outer, inner)
    assert known.roots(f"{outer}/.git/refs") == (outer,)
    assert known.roots(str(file_there)) == (str(file_there),)
    assert known.roots(str(here)) == ()


def test_links_are_followed_to_where_one_really_is_and_circles_lead_nowhere(here: Path) -> None:
    one, two = work_tree(here / "one"), work_tree(here / "two")
    (here / "two" / "src" / "deep").mkdir(parents=True)
    (here / "one" / "link").symlink_to(here / "two" / "src")
    (here / "name").symlink_to(here / "one")
    (here / "round").symlink_to(here / "about")
    (here / "about").symlink_to(here / "round")
    (here / "one" / "nowhere").symlink_to("/no/such/folder")
    known = repositories()
    assert known.roots(f"{one}/link/deep/gone") == (one, two)
    assert known.roots(f"{here}/name/sub") == (one,)
    assert known.roots(f"{here}/round/sub") == ()
    assert known.roots(f"{one}/nowhere/x") == (one,)


@pytest.mark.parametrize(
    "folder", ["", "src", "~/x", "C:\\work", "/\0", "/\ud800/x", "/" + "x/" * 3000, "//", "/" + "y" * 5000]
)
def test_what_is_no_folder_is_in_no_work_tree(folder: str) -> None:
    assert repositories().roots(folder) == ()


def test_only_work_trees_with_rule_files_count_and_each_is_read_once(here: Path) -> None:
    plain, ruled = work_tree(here / "plain"), work_tree(here / "ruled", RULE)
    known = repositories()
    assert known.ruled((plain, ruled, ruled)) == (ruled,)
    (here / "ruled" / ".git-ai-trail" / "redactions.yml").write_text(RULE * 2)
    assert [content for _, content in known.files(ruled)] == [RULE.encode()]


def test_what_was_seen_last_holds_where_the_work_tree_is_gone(here: Path) -> None:
    root = work_tree(here / "gone", RULE)
    before = repositories()
    kept = dict(before.to_remember((root,)))
    assert before.to_remember((root,)) == []
    assert "Heron" not in json.dumps(kept)
    assert "gone" not in json.dumps(kept)
    (here / "gone").rename(here / "moved")
    now = repositories(kept)
    assert now.roots(f"{root}/src") == (root,)
    assert now.files(root) == before.files(root)
    assert now.is_remembered(root)
    assert not now.is_there(root)
    assert repositories().roots(f"{root}/src") == ()
    assert Repositories(os.environ, b"l" * 32, kept).remembered == ()


def test_folders_are_kept_as_the_work_trees_around_them_and_come_back(here: Path) -> None:
    root = work_tree(here / "one")
    known = repositories()
    named = Named(known)
    for cwd in (f"{root}/a", f"{root}/b", str(here / "plain"), "relative", ""):
        named.see(in_folder(cwd))
    sealed = named.sealed()
    assert "one" not in sealed
    assert set(known.opened(sealed) or ()) == {root, str(here / "plain")}
    assert known.opened(Named(known).sealed()) == ()
    for wrong in ("", "[]", "é", sealed[:-4], Named(Repositories(os.environ, b"l" * 32, {})).sealed()):
        assert known.opened(wrong) is None


def test_a_log_that_names_folders_without_end_keeps_few(here: Path) -> None:
    known = repositories()
    named = Named(known)
    for number in range(20_000):
        named.see(in_folder(f"{here}/{number}"))
    assert len(known.opened(named.sealed()) or ()) == 16


def test_rules_that_turn_up_late_are_told_and_those_of_nobody_are_not(here: Path) -> None:
    plain, ruled = work_tree(here / "plain"), work_tree(here / "ruled", RULE)
    named = Named(repositories())
    named.see(in_folder("/"))
    assert named.chosen() == ()
    named.see(in_folder(plain))
    with pytest.raises(OtherRulesError) as caught:
        named.see(in_folder(f"{ruled}/src"))
    assert set(caught.value.roots) == {plain, ruled}


def test_sessions_of_one_repository_and_copies_of_it_share_what_is_compiled(here: Path, patterns: None) -> None:
    one, two = work_tree(here / "one", RULE), work_tree(here / "two", "# a copy\n" + RULE)
    other = work_tree(here / "other", RULE.replace("Heron", "Stork"))
    made = Redactors(os.environ)
    assert made.of((one,)) is made.of((one,)) is made.of((two,)) is made.of((one, two))
    assert made.digest((one,)) == made.digest((two,)) != made.digest((other,)) != made.digest()
    assert made.of((one,)).text("Blue Heron")[0] != "Blue Heron"
    assert made.of().text("Blue Heron")[0] == "Blue Heron"
    # What is known of a rule set is kept for the next run, in which nothing has to be loaded.
    assert Redactors(os.environ).digest((one,)) == made.digest((one,))


def test_a_file_that_cannot_be_used_is_said_each_time_it_is_asked_for(here: Path) -> None:
    root = work_tree(here / "one", "- {id: bird}\n")
    made = Redactors(os.environ)
    for _ in range(2):
        with pytest.raises(
            UnusableRulesError, match=r"one/\.git-ai-trail/redactions\.yml:1: rule bird: `pattern` is missing"
        ):
            made.digest((root,))


def test_a_seal_is_opened_by_its_key_alone() -> None:
    seal = Seal(KEY)
    for text in ("", "a", "/home/you/é\ud800" * 50):
        assert seal.opened(seal.sealed(text)) == text
        assert seal.sealed(text) == seal.sealed(text)
        assert Seal(b"l" * 32).opened(seal.sealed(text)) is None
    sealed = seal.sealed("/home/you/nightjar")
    assert "nightjar" not in sealed
    for wrong in ("", "x", "é", sealed[:-4], sealed[:-8] + "AAAAAAA=", "A" + sealed[1:]):
        assert seal.opened(wrong) is None


CONFIGS = {
    '[core]\n\tbare = false\n[remote "origin"]\n\turl = git@host.example:team/x.git\n\tfetch = +a:b\n': "host.example/team/x",
    '[remote "up"]\nurl = https://up.example/x\n[remote "origin"] \n  URL="https://me:pw@Host.example/x.git" # here\n': "host.example/x",
    '[remote "up"]\nurl = https://up.example/x\n': "",
    '[remote "origin"]\nfetch = x\n[remote "up"]\nurl = https://up.example/x\n': "",
    "": "",
    "\0" * 200_000: "",
}


@pytest.mark.parametrize(("config", "origin"), CONFIGS.items(), ids=[str(number) for number in range(len(CONFIGS))])
def test_where_a_work_tree_comes_from_is_read_without_git(here: Path, config: str, origin: str) -> None:
    (here / "main" / ".git").mkdir(parents=True)
    (here / "main" / ".git" / "config").write_text(config)
    assert origin_of(str(here / "main")) == origin


def test_a_linked_work_tree_comes_from_where_the_main_one_does_and_odd_ones_from_nowhere(here: Path) -> None:
    (here / "main" / ".git" / "worktrees" / "one").mkdir(parents=True)
    (here / "main" / ".git" / "config").write_text('[remote "origin"]\nurl = https://host.example/x\n')
    (here / "main" / ".git" / "worktrees" / "one" / "commondir").write_text("../..\n")
    (here / "one").mkdir()
    (here / "one" / ".git").write_text(f"gitdir: {here}/main/.git/worktrees/one\n")
    assert origin_of(str(here / "one")) == "host.example/x"
    for odd in ("gitdir: /no/such\n", "gitdir: \0\n", "", "gitdir: .\n", "x" * 5000):
        (here / "one" / ".git").write_text(odd)
        assert origin_of(str(here / "one")) == ""
    (here / "one" / ".git").unlink()
    os.mkfifo(here / "one" / ".git")
    assert origin_of(str(here / "one")) == ""
    assert origin_of(str(here / "none")) == ""
