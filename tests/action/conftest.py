"""A remote, a clone and the API for every test of the action."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.action.fake_github import serve
from tests.action.stage import Stage
from tests.support.patterns import compiled_patterns, patterns
from tests.support.repo import Repo

__all__ = ["compiled_patterns", "patterns", "stage"]


@pytest.fixture
def stage(tmp_path: Path, home: Path) -> Iterator[Stage]:
    origin = Repo.init(tmp_path / "origin.git")
    origin.git("config", "core.bare", "true")
    origin.git("config", "uploadpack.allowAnySHA1InWant", "true")
    author = Repo.init(tmp_path / "author")
    author.git("remote", "add", "origin", str(origin.root))
    with serve() as fake:
        yield Stage(folder=tmp_path, origin=origin, author=author, fake=fake)
