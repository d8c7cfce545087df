"""What a process that is killed in the middle leaves on the disk holds no secret: database and its log, index, pending
records, objects of git, temporary files, half-written reports."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from git_ai_trail import places
from git_ai_trail.attach import notes
from tests.endurance.world import MODULE, World, every, one_of_each
from tests.support import canaries, faults
from tests.test_canaries import planted
from tests.test_canaries_everywhere import ENV, HAND, env_values, speaking, texts

pytestmark = pytest.mark.usefixtures("injectable")


class Deed(NamedTuple):
    """`prepare` makes what is there before; of `git commit` only the hooks count."""

    name: str
    prepare: Callable[[World], None]
    words: tuple[str, ...]
    of: str = ""


def _written(world: World) -> None:
    """A session full of secrets has written a file, which is staged."""
    root = world.repo.root
    (root / ".git" / "info").mkdir(exist_ok=True)
    (root / ".git" / "info" / "exclude").write_text(".env*\n")
    world.repo.write(".env", "".join(f"{name}={value}\n" for name, value in ENV.items()))
    world.repo.write(".env.local", "SIGNING_KEY=" + env_values()[-1] + "\n")
    world.repo.write(".git-ai-trail.toml", '[policy]\npublish = "redacted"\n')
    world.repo.git("config", "ai-log-trail.publish", "redacted")
    log = world.session_writes("module.py", MODULE)
    log.prompt(f"Write {HAND}.\n{speaking()}\n{planted()}")
    log.shell(f"printf %s '{ENV['DB_PASSWORD']}'", f"{speaking()}\n{planted()}")
    log.line("event_msg", {"type": "error", "message": planted(), "unheard_of": {one: one for one in env_values()}})
    log.line(ENV["DB_PASSWORD"], {"text": speaking()})
    log.add_file("more.py", MODULE.replace("value_", "weight_"))
    world.repo.write("more.py", MODULE.replace("value_", "weight_"))
    world.repo.git("add", "-A")


def _committed(world: World) -> None:
    _written(world)
    world.repo.git("commit", "-q", "-m", "Modules")


def _read(world: World) -> None:
    _committed(world)
    world.program("ingest", "--after-commit", str(world.repo.root), "HEAD")
    assert "the value is [REDACTED:" in world.repo.git("notes", f"--ref={notes.ANNEX_REF}", "show", "HEAD")


def _ruled(world: World) -> None:
    _read(world)
    config = Path(places.config_dir(os.environ))
    config.mkdir(parents=True, exist_ok=True)
    (config / "redactions.yml").write_text("- {id: name, type: literal, pattern: Kingfisher}\n")


DEEDS = (
    Deed("commit", _written, ("git", "commit", "-q", "-m", "Modules"), of="hooks/"),
    Deed("ingest", _written, ("ingest",)),
    Deed("after commit", _committed, ("ingest", "--after-commit", "{root}", "HEAD")),
    Deed("rescrub", _ruled, ("ingest", "--rescrub")),
    Deed("by hand", _read, ("redact", "add", HAND, "--reason", "not announced")),
    Deed("withhold", _read, ("redact", "withhold", "HEAD", "--all", "--purge")),
    Deed("report", _read, ("report", "HEAD", "--mode", "full", "-o", "report.md")),
)


def _run(world: World, deed: Deed, points: Callable[[list[faults.Event]], list[int]], fault: str) -> None:
    deed.prepare(world)
    world.keep()
    words = [word.replace("{root}", str(world.repo.root)) for word in deed.words]
    command = words if words[0] == "git" else [*world.words, *words]
    whole = faults.run(command, cwd=world.repo.root, of=deed.of)
    assert whole.code == 0, whole.err
    assert len(whole.events) > 3, "the command was not watched"
    _hold(world, whole, "undisturbed")
    world.put_back()
    for at in points(whole.events):
        done = faults.run(command, cwd=world.repo.root, at=at, fault=fault, of=deed.of)
        _hold(world, done, f"{fault} at {at}: {done.struck}")
        world.put_back()


def _hold(world: World, done: faults.Ran, what: str) -> None:
    root, tmp = world.repo.root, Path(os.environ["TMPDIR"])
    theirs = [world.codex, root / ".env", root / ".env.local"]
    found = canaries.files(world.home, root, tmp, apart=theirs)
    found["printed"] = (done.out + done.err).encode("utf-8", "surrogateescape")
    found["objects"] = canaries.objects(root)
    leaks = canaries.leaks(found, texts())
    assert not leaks, f"{what}\n{leaks}"


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))


# What a run without the slow proofs has time for.
_QUICK = ("commit", "ingest")


@pytest.mark.parametrize(
    "deed",
    [pytest.param(deed, marks=[] if deed.name in _QUICK else pytest.mark.proof) for deed in DEEDS],
    ids=lambda deed: deed.name,
)
def test_no_secret_is_in_what_a_killed_process_leaves(world: World, deed: Deed) -> None:
    _run(world, deed, lambda events: one_of_each(events, 4), "kill")


@pytest.mark.proof
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("fault", ["kill", "torn", "ENOSPC"])
@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.name)
def test_at_every_change_there_is(world: World, deed: Deed, fault: str) -> None:
    _run(world, deed, lambda events: every(events, fault, 7), fault)
