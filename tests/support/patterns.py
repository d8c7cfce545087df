"""Compiling the redaction patterns takes seconds; tests that redact in homes of their own share one compiled copy."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from git_ai_trail import places
from git_ai_trail.redact import Identity, Scrubber, ruleset


@pytest.fixture(scope="session")
def compiled_patterns(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("patterns")
    Scrubber(ruleset.load(), b"k" * 32, identity=Identity(), cache_dir=str(folder))
    return folder


@pytest.fixture(autouse=True)
def patterns(home: Path, compiled_patterns: Path) -> None:
    """Puts the compiled patterns where the program would have put them itself."""
    target = places.cache_dir(os.environ)
    shutil.copytree(compiled_patterns, target)
