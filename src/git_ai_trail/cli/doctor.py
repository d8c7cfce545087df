"""`git ai-trail doctor`: checks everything and says what to do."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict

import click

from git_ai_trail.cli.options import json_option
from git_ai_trail.cli.terminal import clean
from git_ai_trail.pipeline.checkup import checkup


@click.command()
@json_option
def command(as_json: bool) -> None:
    """Check this machine and repository, and say what to do. Exit code 1 if something is broken."""
    checks = checkup(os.getcwd(), os.environ)
    if as_json:
        click.echo(json.dumps([asdict(check) for check in checks], ensure_ascii=False, indent=1))
    else:
        width = max(len(check.name) for check in checks)
        for check in checks:
            click.echo(f"{check.state:<4}  {check.name:<{width}}  {clean(check.detail)}")
            if check.advice:
                click.echo(f"{'':<4}  {'':<{width}}  → {clean(check.advice)}")
    sys.exit(1 if any(check.state == "fail" for check in checks) else 0)
