"""Entry point. Hooks run inside `git commit` and must not pay for the command line, so they are told apart here."""

from __future__ import annotations

import importlib
import sys


def main() -> int:
    """Runs `git ai-trail …` with the process's arguments; returns the exit code, unless the process has ended with it."""
    argv = sys.argv[1:]
    if argv[:1] == ["hook"]:
        code: int = importlib.import_module("git_ai_trail.hooks").main(argv[1:])
    else:
        code = importlib.import_module("git_ai_trail.cli").main_or_end(argv)
    return code


if __name__ == "__main__":
    sys.exit(main())
