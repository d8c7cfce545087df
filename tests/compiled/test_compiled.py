"""What `make fast` compiles: the modules that are named, which do what those do that they were compiled from."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

from tests.e2e.outside import package_env
from tests.support.packaging import made_once, run

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
NAMED = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["mypyc"]["include"]
SUITES = ("tests/redact", "tests/store", "tests/formats/codex")
CASES = sorted(path for path in (ROOT / "tests" / "formats").rglob("cases") if path.is_dir())
# When it was read is all that may differ.
WHEN = {"ingested_at", "first_used_at"}


def test_what_is_named_is_there() -> None:
    assert [path for path in NAMED if not (ROOT / path).is_file()] == []


def test_nothing_compiled_stands_beside_the_sources() -> None:
    """Python would take it for them, and the tests would try something else than what is written there."""
    assert [path for path in (ROOT / "src").rglob("*") if path.suffix in (".so", ".pyd")] == [], "make clean"


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package, compiled, one for all test processes; before the sources on Python's path it is taken for them."""
    if not shutil.which("cc") or not Path(sysconfig.get_paths()["include"], "Python.h").is_file():
        pytest.skip("no C compiler, or none of Python's headers")
    return made_once(tmp_path_factory, "compiled", _make) / "there"


def _make(folder: Path) -> None:
    # A copy: the build leaves what it compiled beside the sources.
    tree = folder / "tree"
    for name in ("src", "templates", "hooks"):
        shutil.copytree(ROOT / name, tree / name)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    python = (sys.executable, "-m")
    build = ("build", "--wheel", "--no-isolation", "--outdir", str(folder), str(tree))
    run(*python, *build, HATCH_BUILD_HOOK_ENABLE_MYPYC="true")
    (wheel,) = folder.glob("*.whl")
    run(*python, "pip", "install", "--quiet", "--no-deps", "--target", str(folder / "there"), str(wheel))


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_all_that_is_named_is_compiled(compiled: Path) -> None:
    made = {f"src/{path.relative_to(compiled).parent}/{path.name.split('.')[0]}.py" for path in compiled.rglob("*.so")}
    assert made >= set(NAMED)


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_it_passes_the_tests_of_what_it_was_compiled_from(compiled: Path, tmp_path: Path) -> None:
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not proof")
    command = (*command, f"--basetemp={tmp_path / 'tests'}", *SUITES)
    env = {name: value for name, value in package_env().items() if not name.startswith(("PYTEST_", "GIT_"))}
    taken = "import git_ai_trail.redact.tree as tree; print(tree.__file__)"
    env["PYTHONPATH"] = str(compiled)
    found = subprocess.run([sys.executable, "-c", taken], env=env, capture_output=True, text=True)
    assert found.stdout.startswith(str(compiled))
    assert found.stdout.endswith(".so\n")
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-5000:]
    assert " passed" in done.stdout


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_it_keeps_of_every_log_what_python_keeps(compiled: Path, home: Path) -> None:
    """Of the cases of every format, below one home and under one key."""
    as_python, as_compiled = _kept(home, None), _kept(home, compiled)
    assert sum(map(len, as_python.values())) > 1000
    assert as_compiled == as_python


def _kept(home: Path, package: Path | None) -> dict[str, list[tuple[object, ...]]]:
    """Every row that `ingest` makes, but for when it made it."""
    env = {**os.environ, "PYTHONPATH": str(package or "")}
    command = (sys.executable, "-m", "git_ai_trail", "ingest", "--jobs", "1", *map(str, CASES))
    done = subprocess.run(command, env=env, cwd=home, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    database = home / ".local" / "share" / "git-ai-trail" / "trail.db"
    with contextlib.closing(sqlite3.connect(database)) as conn:
        tables = [name for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {}
        for table in (name for name in tables if not name.startswith("_") and "_text" not in name):
            names = [row[1] for row in conn.execute(f"PRAGMA table_info({table})") if row[1] not in WHEN]
            found[table] = sorted(conn.execute(f"SELECT {', '.join(names)} FROM {table}"), key=repr)
    for path in database.parent.glob("trail.db*"):
        path.unlink()
    return found
