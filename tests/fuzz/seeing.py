"""Runs one target under atheris, which watches which lines of ours an input reaches: `python -m tests.fuzz.seeing NAME …`."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["git_ai_trail"]):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
