"""The parts of a report, one module each, in the order in which they are read.

A section has an `ID`, the `MODES` in which it appears (all are in `full`), and `build(report)`, which is given the report
without sections and returns the part, or None where there is nothing to say.
"""

from __future__ import annotations

from typing import Protocol

from git_ai_trail.report.document import Report, Section
from git_ai_trail.report.sections import (
    actions,
    agents,
    areas,
    commits,
    headline,
    method,
    prompts,
    redactions,
    tokens,
    unmatched,
)


class Part(Protocol):
    """What a section's module offers."""

    @property
    def ID(self) -> str: ...

    @property
    def MODES(self) -> tuple[str, ...]: ...

    def build(self, report: Report) -> Section | None: ...


SECTIONS: tuple[Part, ...] = (
    headline,
    agents,
    areas,
    tokens,
    commits,
    prompts,
    actions,
    redactions,
    unmatched,
    method,
)
