"""`git ai-trail uninit`: takes back what `init` did."""

from __future__ import annotations

import os

import click

from git_ai_trail.cli.options import json_option
from git_ai_trail.cli.steps import show_steps
from git_ai_trail.pipeline import setup


@click.command()
@json_option
def command(as_json: bool) -> None:
    """Take back what init did here; notes and trailers stay."""
    show_steps(setup.uninit(os.getcwd()), as_json=as_json)
