"""The release before a release, on histories as people have them."""

from __future__ import annotations

import pytest

from git_ai_trail.errors import TrailError
from git_ai_trail.git import Git
from git_ai_trail.pipeline.releases import latest, release, version
from tests.support.repo import Repo


def history(repo: Repo, words: str) -> Git:
    """Commits and tags: `.` is a commit, `<name` a new branch from here, `>name` a switch, `+name` a merge, else a tag."""
    for number, word in enumerate(words.split()):
        if word == ".":
            repo.commit(f"commit {number}", at=f"2026-01-01T00:{number // 60:02}:{number % 60:02}Z")
        elif word[0] == "<":
            repo.git("switch", "-q", "-c", word[1:])
        elif word[0] == ">":
            repo.git("switch", "-q", word[1:])
        elif word[0] == "+":
            repo.git("merge", "-q", "--no-ff", "-m", f"merge {word[1:]}", word[1:])
        else:
            repo.git("tag", *(("-a", "-m", "x") if number % 2 else ()), word)
    return Git(str(repo.root))


@pytest.mark.parametrize(
    ("words", "tag", "previous"),
    [
        (". v1.0.0 . v1.1.0", "v1.1.0", "v1.0.0"),
        (". v1.0.0", "v1.0.0", ""),
        (". v1.0.0 . v1.1.0-rc.1 . v1.1.0-rc.2 . v1.1.0", "v1.1.0", "v1.0.0"),
        (". v1.0.0 . v1.1.0-rc.1 . v1.1.0-rc.2", "v1.1.0-rc.2", "v1.1.0-rc.1"),
        (". v1.0.0 . v1.1.0-rc.1", "v1.1.0-rc.1", "v1.0.0"),
        (". v1.9.0 . v1.10.0 . v1.11.0", "v1.11.0", "v1.10.0"),
        (". v1.0.0 <fix . v1.0.1 >main . v1.1.0", "v1.1.0", "v1.0.0"),
        (". v1.0.0 <fix . v1.0.1 >main . +fix . v1.1.0", "v1.1.0", "v1.0.1"),
        (". v1.0.0 . v2.0.0 . <old . v1.0.1", "v1.0.1", "v1.0.0"),
        (". web/v1.0.0 api/v1.0.0 . api/v1.1.0 . web/v1.1.0", "web/v1.1.0", "web/v1.0.0"),
        (". pkg@1.0.0 . other@9.0.0 . pkg@1.0.1", "pkg@1.0.1", "pkg@1.0.0"),
        (". nightly . v1.0.0 . latest . v1.0.1", "v1.0.1", "v1.0.0"),
        (". v1.0.0 . nightly", "nightly", "v1.0.0"),
        (". 2024.10 . 2024.11.1", "2024.11.1", "2024.10"),
        (". 1.0 . 1.1rc1 . 1.1b2 . 1.1", "1.1", "1.0"),
        (". release-1.0 . release-1.1", "release-1.1", "release-1.0"),
        (". v1.0.0 v1.0.0-final . v1.1.0", "v1.1.0", "v1.0.0-final"),
        (". v1.0.0-rc.1 v1.0.0", "v1.0.0", ""),
        (". v1.0.0-rc.1 . v1.0.0", "v1.0.0", ""),
        (". v1 . v2", "v2", "v1"),
    ],
)
def test_the_release_before(repo: Repo, words: str, tag: str, previous: str) -> None:
    found = release(history(repo, words), tag)
    assert found.previous == previous
    assert bool(found.base_oid) == bool(previous)
    assert found.chosen.endswith(".")


def test_a_start_that_is_given_counts(repo: Repo) -> None:
    git = history(repo, ". v1.0.0 . v1.1.0 <side . side-tag >main . v1.2.0")
    assert release(git, "v1.2.0", previous="v1.0.0").previous == "v1.0.0"
    assert "not an ancestor" in release(git, "v1.2.0", previous="side-tag").chosen
    with pytest.raises(TrailError, match="no commit nope"):
        release(git, "v1.2.0", previous="nope")


def test_a_prefix_that_is_given_chooses_the_family(repo: Repo) -> None:
    git = history(repo, ". a-1.0 . b-2.0 . a-1.1")
    assert release(git, "a-1.1", prefix="a-").previous == "a-1.0"


def test_a_tag_that_is_not_there_is_said_with_those_that_are_near(repo: Repo) -> None:
    git = history(repo, ". v1.0.0 . v1.1.0")
    with pytest.raises(TrailError) as caught:
        release(git, "v1.1.1")
    assert "v1.1.0" in (caught.value.hint or "")


@pytest.mark.parametrize("name", ["--all", "-x", "a b", "v1\x1b[31m", "refs/heads/main", ""])
def test_a_hostile_name_is_a_tag_that_is_not_there(repo: Repo, name: str) -> None:
    git = history(repo, ". v1.0.0")
    with pytest.raises(TrailError) as caught:
        release(git, name)
    assert "\x1b" not in caught.value.message


def test_a_shallow_clone_that_ends_too_early_says_what_to_fetch(
    repo: Repo, tmp_path_factory: pytest.TempPathFactory
) -> None:
    history(repo, ". v1.0.0 . . . v1.1.0")
    target = tmp_path_factory.mktemp("shallow") / "clone"
    repo.git("clone", "-q", "--depth=2", f"file://{repo.root}", str(target))
    with pytest.raises(TrailError) as caught:
        release(Git(str(target)), "v1.1.0")
    assert "--unshallow" in (caught.value.hint or "")


def test_the_latest_release_is_the_nearest_to_head(repo: Repo) -> None:
    git = history(repo, ". v1.0.0 . web/v7.0.0 . v1.1.0-rc.1 . nightly .")
    assert latest(git) == "v1.1.0-rc.1"
    assert latest(git, "web/v") == "web/v7.0.0"


@pytest.mark.parametrize(
    ("tag", "prefix", "numbers", "stable"),
    [
        ("v1.2.3", "v", (1, 2, 3), True),
        ("1.2.0", "", (1, 2), True),
        ("py3-v1.0", "py3-v", (1,), True),
        ("pkg2/v1.2", "pkg2/v", (1, 2), True),
        ("v1.0.0+build.5", "v", (1,), True),
        ("v1.0.0-beta.2", "v", (1,), False),
        ("1.0rc1", "", (1,), False),
        ("1.0.dev3", "", (1,), False),
        ("1.0.post1", "", (1,), True),
    ],
)
def test_versions_are_read_from_tags(tag: str, prefix: str, numbers: tuple[int, ...], stable: bool) -> None:
    found = version(tag)
    assert found is not None
    assert (found.prefix, found.numbers, found.stable) == (prefix, numbers, stable)


@pytest.mark.parametrize("tag", ["nightly", "latest", "release", "vx", "", "v", "1" * 50])
def test_other_tags_name_no_version(tag: str) -> None:
    assert version(tag) is None
