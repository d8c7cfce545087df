"""One step of a workflow, from its environment to its exit code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from git_ai_trail.errors import TrailError
from git_ai_trail.pipeline.action import carry, report, verify
from git_ai_trail.pipeline.action.job import Job, Log, opened

_MODES: Mapping[str, Callable[[Job], int]] = {"report": report.run, "verify": verify.run, "carry": carry.run}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`lines` are safe to print into a workflow's log as they are."""

    lines: tuple[str, ...]
    code: int


def act(env: Mapping[str, str]) -> Outcome:
    """Does what the inputs in `env` ask for. What goes wrong becomes an annotation that says why and what to do."""
    log = Log()
    try:
        job = opened(env, log)
        code = _MODES[job.inputs["mode"]](job)
    except TrailError as error:
        log.fail(error)
        code = error.exit_code
    return Outcome(lines=tuple(log.lines), code=code)
