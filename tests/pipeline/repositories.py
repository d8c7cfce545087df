"""Two repositories with rules of their own, and sessions of Codex's that work there, for the tests of where such rules hold."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from git_ai_trail import places
from git_ai_trail.config import UserConfig
from git_ai_trail.pipeline import rules, rules_sync
from tests.pipeline.ingesting import AT, opened
from tests.support.codex_log import CodexLog
from tests.support.repo import Repo

BIRD = "- {id: bird, type: literal, pattern: Blue Heron, replacement: (the bird)}\n"
BEAST = "- {id: beast, pattern: 'Red (?P<secret>Fox(?:es)?)', kind: codename}\n"
SAID = "Blue Heron meets Red Fox"
FILE = ".git-ai-trail/redactions.yml"


@pytest.fixture(scope="module")
def compiled_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture(autouse=True)
def compiled_once(patterns: None, compiled_before: Path) -> Iterator[None]:
    """What one test has compiled of the rules here serves the others."""
    cache = Path(places.cache_dir(os.environ))
    for kept in compiled_before.iterdir():
        shutil.copy(kept, cache)
    yield
    for made in cache.glob("*.hsdb"):
        shutil.copy(made, compiled_before)


@pytest.fixture
def birds(tmp_path: Path) -> Repo:
    return repository(tmp_path / "birds", BIRD)


@pytest.fixture
def beasts(tmp_path: Path) -> Repo:
    return repository(tmp_path / "beasts", BEAST)


def repository(root: Path, body: str) -> Repo:
    made = Repo.init(root)
    if body:
        made.write(FILE, body)
    return made


def session(codex: Path, cwd: Path | str, number: int = 1, said: str = SAID) -> CodexLog:
    log = CodexLog(codex, cwd, at=AT + number * 100, session_id=f"019a0000-0000-7000-8000-{number:012d}")
    log.prompt(said)
    log.shell(f"echo {said}", f"{said}\n")
    log.say(f"So {said}.")
    return log


def moves(log: CodexLog, cwd: Path | str) -> None:
    log.line("turn_context", {"turn_id": "t1", "cwd": str(cwd), "model": "gpt-5.5", "approval_policy": "never"})


def prompts(log: CodexLog) -> list[str]:
    store = opened()
    try:
        return [prompt.text for prompt in store.prompts(log.session_id)]
    finally:
        store.close()


def stored_under(log: CodexLog) -> tuple[str, ...]:
    store = opened()
    try:
        return store.ruleset_digests(log.session_id)
    finally:
        store.close()


def outdated() -> list[str]:
    return [one.session for one in rules_sync.sync(os.environ, UserConfig(), dry_run=True).outdated]


def database_bytes() -> bytes:
    folder = Path(places.data_dir(os.environ))
    return b"".join(path.read_bytes() for path in sorted(folder.glob("trail.db*")))


def digest_at(*tops: Path) -> str:
    return rules.in_force(os.environ, str(tops[0]) if tops else "").ruleset.digest
