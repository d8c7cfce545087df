"""`git ai-trail init`: sets the repository up."""

from __future__ import annotations

import os

import click

from git_ai_trail.cli.options import index_progress, json_option
from git_ai_trail.cli.steps import show_steps
from git_ai_trail.pipeline import setup
from git_ai_trail.settings import PROFILES


@click.command()
@click.option("--native", "mode", flag_value="native", help="Hooks as files in the repository's hooks folder.")
@click.option("--config", "mode", flag_value="config", help="Hooks as entries of git's configuration (git 2.54).")
@click.option("--snippet", "mode", flag_value="snippet", help="Print what to add for a hook manager.")
@click.option("--auto", "mode", flag_value="auto", default="auto", help="Whichever of these fits (default).")
@click.option("--profile", type=click.Choice(PROFILES), help="Disclosure line of commits; kept in .git-ai-trail.toml.")
@click.option("--no-index", is_flag=True, help="Do not read the agents' logs now.")
@json_option
def command(mode: str, profile: str | None, no_index: bool, as_json: bool) -> None:
    """Set this repository up: hooks, notes settings, policy file, index."""
    steps = setup.init(os.getcwd(), mode=mode or "auto", profile=profile)
    if not no_index:
        with index_progress() as progress:
            steps.append(setup.build_index(os.getcwd(), os.environ, progress))
    show_steps(steps, as_json=as_json)
