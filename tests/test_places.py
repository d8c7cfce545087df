"""Where a person's own files live."""

from __future__ import annotations

import os
import sys

import platformdirs
import pytest

from git_ai_trail import places


@pytest.mark.skipif(sys.platform != "linux", reason="compares the folders of Linux")
@pytest.mark.parametrize("xdg", [True, False])
def test_the_folders_are_those_of_platformdirs(monkeypatch: pytest.MonkeyPatch, xdg: bool) -> None:
    if not xdg:
        for name in ("DATA", "CACHE", "CONFIG", "STATE"):
            monkeypatch.delenv(f"XDG_{name}_HOME")
    env = os.environ
    assert places.data_dir(env) == platformdirs.user_data_dir(places.NAME)
    assert places.cache_dir(env) == platformdirs.user_cache_dir(places.NAME)
    assert places.config_dir(env) == platformdirs.user_config_dir(places.NAME)
    assert places.state_dir(env) == platformdirs.user_state_dir(places.NAME)


@pytest.mark.parametrize(("stated", "taken"), [("/elsewhere", True), ("relative", False), ("", False)])
def test_only_an_absolute_folder_of_the_environment_counts(stated: str, taken: bool) -> None:
    env = {"HOME": "/home/x", "GIT_AI_TRAIL_DATA": stated, "XDG_CACHE_HOME": stated}
    assert (places.data_dir(env) == stated) is taken
    assert places.cache_dir(env) == (f"{stated}/git-ai-trail" if taken else "/home/x/.cache/git-ai-trail")


@pytest.mark.parametrize(
    ("path", "short"),
    [
        ("/home/x/a", "~/a"),
        ("/home/x", "~"),
        ("/home/xy/a", "/home/xy/a"),
        ("/srv/home/x", "/srv/home/x"),
    ],
)
def test_the_home_folder_is_written_short_and_can_be_read_back(path: str, short: str) -> None:
    env = {"HOME": "/home/x"}
    assert places.shortened(path, env) == short
    assert places.expanded(short, env) == path


def test_a_home_that_is_everything_shortens_nothing() -> None:
    assert places.shortened("/srv", {"HOME": "/"}) == "/srv"
