"""`init` and `uninit` as a person runs them: what they leave behind, and that nothing is left afterwards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from git_ai_trail.cli import init, uninit
from git_ai_trail.errors import ConfigError, TrailError
from git_ai_trail.git import Git
from git_ai_trail.install import EVENTS, shim
from tests.support.repo import Repo

REFS = ["refs/notes/ai-log-trail*"]

needs_config_hooks = pytest.mark.skipif(
    Git(".").version() < (2, 54), reason="git before 2.54 knows no hooks in its configuration"
)
needs_hooks_folder = pytest.mark.skipif(
    Git(".").version() >= (2, 54), reason="git 2.54 and later gets its hooks from the configuration by default"
)


@pytest.fixture
def inside(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> Repo:
    monkeypatch.chdir(repo.root)
    return repo


def run(command: object, *args: str) -> Result:
    result = CliRunner().invoke(command, [*args], catch_exceptions=False)  # type: ignore[arg-type]
    assert result.exit_code == 0, result.output
    return result


def set_up(*args: str) -> dict[str, str]:
    """name → state of every step."""
    return {step["name"]: step["state"] for step in json.loads(run(init.command, "--json", *args).stdout)}


def tear_down() -> dict[str, str]:
    return {step["name"]: step["state"] for step in json.loads(run(uninit.command, "--json").stdout)}


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def installed(repo: Repo) -> list[str]:
    return [event for event in EVENTS if shim.version_of(str(repo.root / ".git/hooks" / event)) is not None]


def test_amending_in_a_repository_without_records_says_nothing(inside: Repo) -> None:
    set_up("--native")
    inside.commit_file("a.txt", "a\n")
    done = inside.run("git", "commit", "-q", "--amend", "-m", "Another message")
    assert (done.stdout, done.stderr) == ("", "")


def test_a_repository_without_a_commit_is_set_up_whole(inside: Repo, home: Path) -> None:
    steps = set_up("--native")

    assert installed(inside) == list(EVENTS)
    assert inside.git("config", "--get-all", "notes.rewriteRef").split() == REFS
    assert inside.git("config", "notes.rewriteMode") == "cat_sort_uniq"
    assert "[policy]" in (inside.root / ".git-ai-trail.toml").read_text()
    assert (home / ".cache/git-ai-trail/index.db").exists()
    assert set(steps.values()) == {"done", "kept"}


@needs_hooks_folder
def test_auto_takes_the_hooks_folder_where_nobody_owns_it(inside: Repo) -> None:
    set_up()

    assert installed(inside) == list(EVENTS)


def test_a_second_init_changes_no_byte(inside: Repo) -> None:
    set_up("--native")
    before = files(inside.root)

    assert set(set_up("--native").values()) == {"kept"}

    assert files(inside.root) == before


@pytest.mark.parametrize(
    "config",
    [
        "",
        '[notes]\n\trewriteRef = refs/notes/commits\n[user]\n\tname = "X"\n',
        "[notes]\n\tdisplayRef = *\n\n# the end\n",
        '[core]\n\tbare = false\n[notes "x"]\n\tmergeStrategy = union\n',
    ],
    ids=["plain", "other refs", "another key", "section twice"],
)
def test_uninit_leaves_no_trace(inside: Repo, config: str) -> None:
    path = inside.root / ".git/config"
    path.write_text(path.read_text() + config)
    hook = inside.write(".git/hooks/commit-msg", "#!/bin/sh\nexit 0\n")
    hook.chmod(0o755)
    before = files(inside.root)

    set_up("--native")
    assert files(inside.root) != before
    set_up("--native")
    tear_down()

    assert files(inside.root) == before
    assert not (inside.root / ".git/ai-log-trail").exists()


def test_values_that_were_there_before_stay(inside: Repo) -> None:
    inside.git("config", "notes.rewriteRef", "refs/notes/*")
    inside.git("config", "notes.rewriteMode", "cat_sort_uniq")
    before = files(inside.root)

    steps = set_up("--native")
    assert (steps["notes.rewriteRef"], steps["notes.rewriteMode"]) == ("kept", "kept")
    tear_down()

    assert files(inside.root) == before


def test_another_way_to_join_notes_is_left_and_named(inside: Repo) -> None:
    inside.git("config", "notes.rewriteMode", "overwrite")

    assert set_up("--native")["notes.rewriteMode"] == "todo"
    assert inside.git("config", "notes.rewriteMode") == "overwrite"


def test_uninit_without_init_does_nothing(inside: Repo) -> None:
    before = files(inside.root)

    assert tear_down() == {}

    assert files(inside.root) == before


def test_an_edited_policy_stays(inside: Repo) -> None:
    set_up("--native")
    inside.write(".git-ai-trail.toml", '[policy]\nprofile = "linux"\n')

    assert tear_down()[".git-ai-trail.toml"] == "kept"
    assert (inside.root / ".git-ai-trail.toml").exists()


def test_a_committed_policy_stays(inside: Repo) -> None:
    set_up("--native")
    inside.git("add", ".git-ai-trail.toml")

    assert tear_down()[".git-ai-trail.toml"] == "kept"
    assert (inside.root / ".git-ai-trail.toml").exists()


def test_notes_stay_and_are_named(inside: Repo) -> None:
    set_up("--native")
    inside.git("commit", "-q", "--allow-empty", "-m", "x", env={"GIT_AI_TRAIL": "0"})
    inside.git("notes", "--ref=ai-log-trail", "add", "-m", "{}")

    assert tear_down()["notes"] == "kept"
    assert inside.git("notes", "--ref=ai-log-trail", "show") == "{}"


def test_the_profile_goes_into_the_policy_that_is_written(inside: Repo) -> None:
    set_up("--native", "--profile", "linux")

    assert '\nprofile = "linux"\n' in (inside.root / ".git-ai-trail.toml").read_text()


def test_a_policy_that_is_there_is_never_overwritten(inside: Repo) -> None:
    text = '[policy]\nprofile = "llvm"\n'
    inside.write(".git-ai-trail.toml", text)

    result = run(init.command, "--native", "--profile", "linux")

    assert 'profile = "linux"' in result.stdout
    assert (inside.root / ".git-ai-trail.toml").read_text() == text


def test_a_policy_that_cannot_be_read_is_named(inside: Repo) -> None:
    inside.write(".git-ai-trail.toml", "broken")

    assert set_up("--native")[".git-ai-trail.toml"] == "todo"


def test_a_bare_repository_is_refused_untouched(tmp_path: Path, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.git("init", "-q", "--bare", str(tmp_path / "bare.git"))
    monkeypatch.chdir(tmp_path / "bare.git")
    before = files(tmp_path)

    with pytest.raises(TrailError, match="a bare repository"):
        run(init.command, "--native")

    assert files(tmp_path) == before


def test_no_repository_is_an_error_with_gits_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(TrailError, match="not a git repository"):
        run(init.command, "--native")


def test_a_linked_worktree_shares_hooks_and_settings(
    inside: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside.git("commit", "-q", "--allow-empty", "-m", "x")
    inside.git("worktree", "add", "-q", str(tmp_path / "linked"))
    monkeypatch.chdir(tmp_path / "linked")

    set_up("--native")

    assert installed(inside) == list(EVENTS)
    assert (tmp_path / "linked/.git-ai-trail.toml").exists()
    monkeypatch.chdir(inside.root)
    assert set_up("--native")["commit-msg"] == "kept"
    tear_down()
    assert installed(inside) == []


def test_a_submodule_gets_hooks_of_its_own(inside: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside.git("commit", "-q", "--allow-empty", "-m", "x")
    outer = Repo.init(tmp_path / "outer")
    outer.git("submodule", "--quiet", "add", str(inside.root), "sub")
    monkeypatch.chdir(outer.root / "sub")

    set_up("--native")

    assert shim.version_of(str(outer.root / ".git/modules/sub/hooks/commit-msg"))
    assert not shim.version_of(str(outer.root / ".git/hooks/commit-msg"))


def test_a_folder_below_the_root_will_do(inside: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    (inside.root / "deep/down").mkdir(parents=True)
    monkeypatch.chdir(inside.root / "deep/down")

    set_up("--native")

    assert installed(inside) == list(EVENTS)
    assert (inside.root / ".git-ai-trail.toml").exists()


def test_hooks_that_husky_redirects_are_left_and_the_lines_to_add_printed(inside: Repo) -> None:
    inside.git("config", "core.hooksPath", ".husky/_")

    with pytest.raises(TrailError, match=r"core\.hooksPath is set"):
        run(init.command, "--native")
    result = run(init.command, "--snippet")

    assert installed(inside) == []
    assert ".husky/commit-msg:  if command -v git-ai-trail" in result.stdout
    assert "husky owns the hooks here" in result.stderr


@needs_hooks_folder
def test_auto_installs_nothing_that_git_would_not_run(inside: Repo) -> None:
    inside.git("config", "core.hooksPath", "/srv/hooks")

    assert set_up()["hooks"] == "todo"
    assert installed(inside) == []


def test_hooks_path_that_names_the_usual_folder_redirects_nothing(inside: Repo) -> None:
    inside.git("config", "core.hooksPath", str(inside.root / ".git/hooks"))

    set_up("--native")

    assert installed(inside) == list(EVENTS)


@needs_hooks_folder
def test_pre_commit_gets_a_snippet_with_the_persons_own_hook_types(inside: Repo) -> None:
    inside.write(".pre-commit-config.yaml", "default_install_hook_types: [pre-push]\nrepos: []\n")

    result = run(init.command)

    types = "default_install_hook_types: [pre-push, prepare-commit-msg, commit-msg, post-commit, post-rewrite]"
    assert types in result.stdout
    assert installed(inside) == []


def test_a_snippet_that_was_added_is_recognised(inside: Repo) -> None:
    inside.write(".pre-commit-config.yaml", "repos: []\n")
    snippet = run(init.command, "--snippet").stdout
    inside.write(".pre-commit-config.yaml", snippet)

    assert set_up("--snippet")["hooks"] == "kept"


def test_changing_the_way_takes_the_old_one_back(inside: Repo) -> None:
    set_up("--native")

    set_up("--snippet")

    assert installed(inside) == []


def test_an_unknown_profile_is_refused_before_anything_is_done(inside: Repo) -> None:
    from git_ai_trail.pipeline import setup

    with pytest.raises(ConfigError, match="no such profile"):
        setup.init(str(inside.root), mode="native", profile="lnux")

    assert not (inside.root / ".git/ai-log-trail").exists()


def test_a_home_that_cannot_be_written_still_gets_its_hooks(
    inside: Repo, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "file"))

    assert set_up("--native")["index"] == "todo"
    assert installed(inside) == list(EVENTS)


def test_config_hooks_are_refused_where_git_does_not_know_them(inside: Repo) -> None:
    if Git(".").version() >= (2, 54):
        pytest.skip("git 2.54 and later knows them")
    with pytest.raises(TrailError, match="has no hooks in its configuration"):
        run(init.command, "--config")


@needs_config_hooks
def test_config_hooks_run_beside_any_hooks_folder_and_leave_no_trace(inside: Repo, tmp_path: Path) -> None:
    inside.git("config", "core.hooksPath", str(tmp_path / "elsewhere"))
    config = (inside.root / ".git/config").read_bytes()

    set_up()
    assert installed(inside) == []
    assert set(set_up().values()) == {"kept"}
    inside.git("commit", "-q", "--allow-empty", "-m", "x")
    assert (inside.root / ".git/ai-log-trail/settled").exists()
    (inside.root / ".git/ai-log-trail/hooks/commit-msg").unlink()
    inside.git("commit", "-q", "--allow-empty", "-m", "a missing script costs no commit")

    tear_down()
    assert (inside.root / ".git/config").read_bytes() == config
    assert not (inside.root / ".git/ai-log-trail/hooks").exists()
