"""Files that ship beside the package are found, in a checkout as in an installation."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import git_ai_trail
from git_ai_trail import resources
from git_ai_trail.errors import TrailError

ROOT = Path(__file__).resolve().parents[1]


def test_hooks_and_templates_are_found() -> None:
    assert os.path.isfile(resources.hook_file("commit-msg"))
    assert os.path.isdir(resources.template_dir())


def test_the_packaged_copy_goes_before_any_other(tmp_path: Path) -> None:
    package = Path(git_ai_trail.__file__).parent
    shutil.copytree(package, tmp_path / "git_ai_trail", ignore=shutil.ignore_patterns("__pycache__"))
    packaged = tmp_path / "git_ai_trail/_data/hooks/commit-msg"
    packaged.parent.mkdir(parents=True, exist_ok=True)
    packaged.write_text("packaged")

    found = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
         "from git_ai_trail.resources import hook_file, package_parent; print(hook_file('commit-msg'), package_parent())"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip

    assert found == [str(packaged), str(tmp_path)]


def test_what_is_missing_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(TrailError, match="hooks/no-such-hook"):
        resources.hook_file("no-such-hook")
