"""Ways to make a commit, each with what was there before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tests.endurance.world import ANOTHER, MODULE, World


class Way(NamedTuple):
    """`prepare` makes what is there before the commit; `command` commits."""

    name: str
    prepare: Callable[[World], None]
    command: tuple[str, ...]
    editor: str = ""

    def env(self, world: World) -> dict[str, str]:
        if not self.editor:
            return {}
        script = world.kept.parent / "editor"
        script.write_text(f"#!/bin/sh\n{self.editor}\n")
        script.chmod(0o755)
        return {"GIT_EDITOR": str(script)}


def _staged(world: World) -> None:
    world.session_writes("module.py", MODULE)


def _staged_after_a_record(world: World) -> None:
    world.session_writes("first.py", ANOTHER)
    world.repo.git("commit", "-q", "-m", "First")
    _staged(world)


def _to_amend(world: World) -> None:
    _staged_after_a_record(world)
    world.repo.git("commit", "-q", "-m", "Half of it")
    world.session_writes("more.py", MODULE.replace("value_", "measure_"))


FIRST = Way("the first record of a repository", _staged, ("git", "commit", "-q", "-m", "Module"))
# The shell attaches the record, without Python.
LATER = Way("a later one", _staged_after_a_record, ("git", "commit", "-q", "-m", "Module"))
EDITOR = Way("from an editor", _staged_after_a_record, ("git", "commit", "-q"), 'printf "From an editor\\n" > "$1"')
ALL = Way("with -a", _staged_after_a_record, ("git", "commit", "-q", "-a", "-m", "Module"))
AMENDED = Way("amended", _to_amend, ("git", "commit", "-q", "--amend", "--no-edit"))

WAYS = (FIRST, LATER, EDITOR, ALL, AMENDED)
