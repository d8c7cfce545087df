"""The command line: a table of commands, each loaded when it is called, and the boundary where errors become words."""

from __future__ import annotations

import gc
import importlib
import os
import sqlite3
import sys
from collections.abc import Sequence

import click

from git_ai_trail.cli.failure import write_report
from git_ai_trail.cli.lazy import LazyGroup, Listed
from git_ai_trail.errors import StoreError, TrailError, refusal
from git_ai_trail.version import VERSION

COMMANDS = (
    Listed("init", "Set this repository up: hooks, notes settings, policy file, index."),
    Listed("uninit", "Take back what init did here; notes and trailers stay."),
    Listed("doctor", "Check this machine and repository, and say what to do."),
    Listed("ingest", "Read agents' logs into the trail database, redacted."),
    Listed("sessions", "List the sessions in the trail database."),
    Listed("session", "Show one session, grouped by prompt."),
    Listed("usage", "Sum up tokens and cost by day, model, repository, session, agent or commit."),
    Listed("show", "Show what is known of a commit: sessions, evidence, lines."),
    Listed("log", "List commits with their share of lines with evidence."),
    Listed("blame", "Show for each line of a file which commit it comes from, and which session wrote it."),
    Listed("stats", "Sum up a range: by agent and model, by area of the tree, and how much of it still stands."),
    Listed("explain", "Say why each session passed or failed for a commit."),
    Listed("report", "Report on AI assistance in a release or range, with evidence."),
    Listed("verify", "Check commits: does each record hold, and does it keep to the policy?"),
    Listed("attest", "State what the records of a range or release say: an in-toto Statement, ready to be signed."),
    Listed("notes", "Share records with a remote; carry them over a squash or rebase merge."),
    Listed("export", "Print the records of a range in another tool's form, a line of JSON for each commit."),
    Listed("import", "Read what another tool's notes report of a range, cut to the lines that each commit adds."),
    Listed("backfill", "Attach records to commits that already exist, from the logs alone."),
    Listed("rules", "List, check and try out the redaction rules."),
    Listed(
        "redact",
        "Redact by hand: texts, prompts and fields, with who and why; see it beside the log; withhold from notes.",
    ),
    Listed("action", "Do one step of a GitHub workflow; `action.yml` calls this."),
)

_EPILOG = "Exit codes: 0 fine, 1 could not be done, 2 usage or configuration, 3 our own failure, 130 interrupted."


@click.group(
    cls=LazyGroup,
    listed=COMMANDS,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(VERSION, "--version", message="git-ai-trail %(version)s")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="When to use colour.")
@click.pass_context
def group(context: click.Context, color: str) -> None:
    """Makes AI assistance in a repository visible, explainable and safe to publish."""
    context.obj = color


def main(argv: Sequence[str]) -> int:
    """Runs one command. Returns the exit code; what went wrong is said on stderr in one line and a hint."""
    args = [*argv[1:], "-h"] if argv[:1] == ["help"] else list(argv)
    for stream in (sys.stdout, sys.stderr):
        # Paths that are not UTF-8 and terminals that are not either: printed as escapes, never an error.
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
    try:
        return _run_whatever_is_damaged(args)
    except TrailError as error:
        click.echo(f"ai-trail: {error.message}", err=True)
        if error.hint:
            click.echo(f"hint: {error.hint}", err=True)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("ai-trail: interrupted", err=True)
        return 130
    except BrokenPipeError:
        return _closed_pipe()
    except Exception as error:
        refused = refusal(error)
        if refused:
            click.echo(f"ai-trail: {refused}\nhint: `git ai-trail doctor` looks at the folders", err=True)
            return 1
        click.echo(f"ai-trail: {write_report(error, os.environ)}", err=True)
        return 3


def main_or_end(argv: Sequence[str]) -> int:
    """`main`, as a program: one that only looks something up ends at once, since the system takes away sooner than Python
    what it leaves behind."""
    if argv[:1] not in (["show"], ["blame"]):
        return main(argv)
    gc.disable()
    code = main(argv)
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        return code
    os._exit(code)


def _run_whatever_is_damaged(args: list[str]) -> int:
    """Runs the command, and once more where a database of ours was found damaged and got out of the way."""
    try:
        return _run(args)
    except (sqlite3.DatabaseError, StoreError) as error:
        # Loaded when it is needed: nothing else that is this cheap looks at both databases.
        done = importlib.import_module("git_ai_trail.pipeline.repair").mend(error, os.environ)
        if not done:
            raise
        for sentence in done:
            click.echo(f"ai-trail: {sentence}", err=True)
        return _run(args)


def _run(args: list[str]) -> int:
    # Completion scripts are for the program's real name; git shows the other one.
    name = "git-ai-trail" if "_GIT_AI_TRAIL_COMPLETE" in os.environ else "git ai-trail"
    try:
        code = group.main(args, name, complete_var="_GIT_AI_TRAIL_COMPLETE", standalone_mode=False)
        sys.stdout.flush()
    except click.UsageError as error:
        usage = error.ctx.get_usage() if error.ctx is not None else "Usage: git ai-trail COMMAND"
        click.echo(f"ai-trail: {error.format_message()}\n{usage}", err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    return code if isinstance(code, int) else 0


def _closed_pipe() -> int:
    """The reader has gone (a pager was quit): nobody is left to tell."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1
