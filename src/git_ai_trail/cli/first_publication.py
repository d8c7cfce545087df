"""What a person is told when something of a repository is published for the first time: how much in it comes near to a secret."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence

import click

from git_ai_trail.cli.terminal import clean
from git_ai_trail.errors import TrailError
from git_ai_trail.pipeline import near_misses
from git_ai_trail.pipeline.near_misses import NearNote

_COMMAND = "git ai-trail rules near-misses"


def tell_of_text(common_dir: str, what: str, text: str, *, path: str = "", within: bool = False) -> None:
    """Says, once for each `what`, how much of a finished text comes near to a secret.

    `path` is the file that holds it, empty where it is printed; `within` says that the file holds more than that.
    """
    if not near_misses.is_first(common_dir, what):
        return
    found = sorted(near_misses.in_text(text), key=lambda one: one.line)
    near_misses.note_told(common_dir, what)
    if not found:
        return
    places = ["" if within else f"line {one.line}" for one in found]
    command = f"{_COMMAND} {shlex.quote(path)}" if path else f"{_COMMAND} FILE"
    click.echo(clean(near_misses.said(places, command)), err=True)


def tell_of_notes(found: Sequence[NearNote], remote: str, *, may_ask: bool) -> None:
    """Says it of notes that are about to be pushed, and asks a person at a terminal, since notes are hard to take back.

    Raises `TrailError` where they would rather look first.
    """
    click.echo(
        clean(near_misses.said([one.place for one in found], f"{_COMMAND} --outgoing {shlex.quote(remote)}")), err=True
    )
    if may_ask and _somebody_answers() and not click.confirm("push them all the same?", err=True):
        raise TrailError("nothing was pushed", f"look at `{_COMMAND} --outgoing {shlex.quote(remote)}` first")


def _somebody_answers() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty() and os.environ.get("GIT_TERMINAL_PROMPT") != "0"
