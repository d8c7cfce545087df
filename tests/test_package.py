"""What we ship: the contents of sdist and wheel, and that an installed wheel finds its own files and starts."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from git_ai_trail.version import VERSION
from tests.support.packaging import made_once, run

# The safe filter came with Python 3.11.4; what is unpacked here we made or npm checked.
SAFE = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
ROOT = Path(__file__).resolve().parents[1]
HOOKS = {"prepare-commit-msg", "commit-msg", "post-commit", "post-rewrite"}
_NOT_SOURCE = (
    ".git",
    ".venv",
    ".fast",
    "*.so",
    "*.egg-info",
    "__pycache__",
    ".*_cache",
    "node_modules",
    "dist",
    "build",
    ".trail",
)
_FINDS = """
import os, sys
from git_ai_trail import resources

for name in sys.argv[1:]:
    path = resources.hook_file(name)
    assert os.access(path, os.X_OK), path
    print(path)
print(resources.template_dir())
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `sdist/`, `from-sdist/` (the wheel made from it) and `from-tree/`; one for all test processes."""
    return made_once(tmp_path_factory, "built", _make)


def _make(folder: Path) -> None:
    tree = folder / "tree"
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(*_NOT_SOURCE))
    _build(tree, "--sdist", folder / "sdist")
    _build(tree, "--wheel", folder / "from-tree")
    with tarfile.open(_only(folder / "sdist")) as archive:
        archive.extractall(folder / "unpacked", **SAFE)
    _build(_only(folder / "unpacked"), "--wheel", folder / "from-sdist")


def _build(tree: Path, kind: str, out: Path) -> None:
    # With the backend at hand nothing needs to be downloaded.
    here = subprocess.run([sys.executable, "-c", "import hatchling"], capture_output=True).returncode == 0
    run(sys.executable, "-m", "build", kind, *(["--no-isolation"] if here else []), "--outdir", str(out), str(tree))


def _only(folder: Path) -> Path:
    (entry,) = folder.iterdir()
    return entry


def _wheel(folder: Path) -> dict[str, int]:
    """Names and file modes of a wheel's contents."""
    with zipfile.ZipFile(_only(folder)) as archive:
        return {info.filename: info.external_attr >> 16 for info in archive.infolist()}


def test_version_is_stated_once_and_twice_the_same() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION


def test_wheel_holds_hooks_templates_and_rules(built: Path) -> None:
    names = set(_wheel(built / "from-sdist"))
    assert {f"git_ai_trail/_data/hooks/{name}" for name in HOOKS} <= names
    templates = {f"git_ai_trail/_data/templates/{p.relative_to(ROOT / 'templates')}" for p in _files("templates")}
    assert templates <= names
    rules = {str(path.relative_to(ROOT / "src")) for path in _files("src") if path.suffix == ".yaml"}
    assert rules
    assert rules <= names


def _files(folder: str) -> list[Path]:
    return [path for path in (ROOT / folder).rglob("*") if path.is_file() and path.name != ".gitkeep"]


def test_hooks_in_the_wheel_are_executable(built: Path) -> None:
    modes = _wheel(built / "from-sdist")
    assert all(modes[f"git_ai_trail/_data/hooks/{name}"] & stat.S_IXUSR for name in HOOKS)


def test_wheel_holds_every_module_and_no_tests(built: Path) -> None:
    names = set(_wheel(built / "from-sdist"))
    assert {str(path.relative_to(ROOT / "src")) for path in _files("src") if path.suffix == ".py"} <= names
    assert not [
        name for name in names if name.split("/")[0] not in ("git_ai_trail", f"git_ai_trail-{VERSION}.dist-info")
    ]
    assert not [name for name in names if name.split("/")[-1].startswith(("test_", "conftest")) or "tests/" in name]
    assert not [name for name in names if name.startswith("git_ai_trail/_data/") and name.endswith("__init__.py")]


def test_wheel_from_the_sdist_is_the_wheel_from_the_tree(built: Path) -> None:
    assert _wheel(built / "from-sdist") == _wheel(built / "from-tree")


def test_sdist_has_the_layout_of_the_tree(built: Path) -> None:
    with tarfile.open(_only(built / "sdist")) as archive:
        names = {member.name.partition("/")[2] for member in archive if member.isfile()}
    assert {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "hooks/commit-msg"} <= names
    assert {"src/git_ai_trail/hooks.py", "tests/conftest.py"} <= names
    assert not [name for name in names if name.startswith((".venv", ".git/", "bench/")) or name.endswith(".pyc")]


def _venv(folder: Path) -> Path:
    """An empty virtual environment; returns its folder of programs."""
    run(sys.executable, "-m", "venv", str(folder))
    return folder / "bin"


def _check_installation(programs: Path, cwd: Path) -> list[str]:
    """What an installed copy must be able to do anywhere; returns where it finds hooks and templates."""
    said = run(str(programs / "git-ai-trail"), "-h", cwd=cwd)
    assert "show" in said
    assert VERSION in run(str(programs / "git-ai-trail"), "--version", cwd=cwd)
    for command in ("init", "ingest", "show", "log"):
        run(str(programs / "git-ai-trail"), command, "-h", cwd=cwd)
    return run(str(programs / "python"), "-I", "-c", _FINDS, *sorted(HOOKS), cwd=cwd).split("\n")[:-1]


def test_wheel_works_without_development_dependencies(built: Path, tmp_path: Path) -> None:
    programs = _venv(tmp_path / "venv")
    run(str(programs / "python"), "-m", "pip", "install", "-q", str(_only(built / "from-sdist")))
    found = _check_installation(programs, tmp_path)
    assert len(found) == len(HOOKS) + 1
    assert all(f"{os.sep}site-packages{os.sep}git_ai_trail{os.sep}_data{os.sep}" in path for path in found)
    listed = run(str(programs / "python"), "-m", "pip", "list", "--format=freeze").lower()
    assert not {"pytest", "mypy", "ruff", "pre-commit", "hypothesis"} & {row.split("==")[0] for row in listed.split()}


@pytest.mark.proof
def test_editable_installation_uses_the_files_of_the_checkout(built: Path, tmp_path: Path) -> None:
    programs = _venv(tmp_path / "venv")
    tree = shutil.copytree(built / "tree", tmp_path / "checkout")
    run(str(programs / "python"), "-m", "pip", "install", "-q", "-e", str(tree))
    assert all(path.startswith(str(tree)) for path in _check_installation(programs, tmp_path))


@pytest.mark.proof
def test_pip_installs_from_a_git_url(built: Path, tmp_path: Path) -> None:
    tree = shutil.copytree(built / "tree", tmp_path / "checkout")
    for command in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-qm", "x"],
    ):
        run("git", *command, cwd=tree)
    programs = _venv(tmp_path / "venv")
    run(str(programs / "python"), "-m", "pip", "install", "-q", f"git+file://{tree}")
    assert all(f"{os.sep}_data{os.sep}" in path for path in _check_installation(programs, tmp_path))


@pytest.mark.proof
def test_pipx_installs_the_program(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipx = _venv(tmp_path / "pipx") / "python"
    run(str(pipx), "-m", "pip", "install", "-q", "pipx")
    for name, folder in (("PIPX_HOME", "home"), ("PIPX_BIN_DIR", "programs"), ("PIPX_MAN_DIR", "man")):
        monkeypatch.setenv(name, str(tmp_path / folder))
    run(str(pipx), "-m", "pipx", "install", str(_only(built / "from-sdist")))
    assert "show" in run(str(tmp_path / "programs" / "git-ai-trail"), "-h", cwd=tmp_path)
