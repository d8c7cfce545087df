"""`git ai-trail action`: a step of the GitHub Action."""

from __future__ import annotations

import os

import click

from git_ai_trail.pipeline.action.main import act


@click.command("action")
def command() -> int:
    """Do one step of a GitHub workflow; `action.yml` calls this.

    Everything comes from the environment: the inputs as AI_TRAIL_MODE, AI_TRAIL_TAG and so on, the rest from the runner.
    """
    done = act(os.environ)
    for line in done.lines:
        click.echo(line)
    return done.code
