"""Prints what `init` and `uninit` did: talk to stderr, what the person has to copy to stdout."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

import click

from git_ai_trail.cli.terminal import clean, clean_block
from git_ai_trail.model import Step


def show_steps(steps: Sequence[Step], *, as_json: bool) -> None:
    """One line for each step; texts to add come on stdout, so that they can be redirected into a file."""
    if as_json:
        click.echo(json.dumps([asdict(step) for step in steps], ensure_ascii=False, indent=1))
        return
    if not steps:
        click.echo("nothing to do", err=True)
    width = max((len(step.name) for step in steps), default=0)
    for step in steps:
        click.echo(f"{step.state:<7}  {step.name:<{width}}  {clean(step.detail)}", err=True)
        if step.text:
            click.echo(clean_block(step.text))
