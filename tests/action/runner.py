"""Runs a composite action's steps as they stand in action.yml: `run:` by bash as the runner does it, `uses:` only noted.

Knows as much of expressions as ours need, and refuses any in a `run:` (that is how text of an event becomes a command).
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_SHELL = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]


@dataclass
class Ran:
    """What a run left behind."""

    code: int = 0
    log: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    used: list[tuple[str, dict[str, str]]] = field(default_factory=list)  # `uses:` steps with their inputs


def action() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    return loaded


def run(inputs: Mapping[str, str], env: Mapping[str, str], workspace: Path, temporary: Path) -> Ran:
    """One pass over the action's steps. After a failed step only those run whose condition says so, as in a job."""
    stated = action()
    unknown = set(inputs) - set(stated["inputs"])
    assert not unknown, f"no such inputs: {unknown}"
    given = {name: str(one.get("default", "")) for name, one in stated["inputs"].items()} | dict(inputs)
    temporary.mkdir(parents=True, exist_ok=True)
    ran = Ran()
    steps: dict[str, dict[str, str]] = {}
    given = {name: _resolved(value, given, steps, env) for name, value in given.items()}
    for number, step in enumerate(stated["runs"]["steps"]):
        condition = step.get("if", "")
        if (ran.code and "cancelled()" not in condition) or not _wanted(condition, given, steps, env):
            continue
        if "uses" in step:
            _check_pinned(step["uses"])
            ran.used.append((step["uses"], {k: _resolved(str(v), given, steps, env) for k, v in step["with"].items()}))
            continue
        assert "${{" not in step["run"], "an expression in a run step"
        assert step.get("shell") == "bash"
        files = {
            name: temporary / f"{name}-{number}" for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV")
        }
        for path in files.values():
            path.write_text("")
        own = {name: _resolved(str(value), given, steps, env) for name, value in step.get("env", {}).items()}
        script = temporary / f"step-{number}.sh"
        script.write_text(step["run"])
        done = subprocess.run(
            [*_SHELL, str(script)],
            cwd=workspace,
            env={**os.environ, **env, "GITHUB_ACTION_PATH": str(ROOT), "RUNNER_TEMP": str(temporary)}
            | {name: str(path) for name, path in files.items()}
            | own,
            capture_output=True,
            text=True,
            check=False,
        )
        ran.log += done.stdout + done.stderr
        ran.summary += files["GITHUB_STEP_SUMMARY"].read_text()
        steps[step.get("id", str(number))] = outputs_in(files["GITHUB_OUTPUT"].read_text())
        if done.returncode != 0:
            ran.code = done.returncode
    ran.outputs = {name: _resolved(one["value"], given, steps, env) for name, one in stated["outputs"].items()}
    return ran


def outputs_in(text: str) -> dict[str, str]:
    """The runner's reading of an output file: `name=value`, or `name<<MARK` up to the line MARK."""
    found: dict[str, str] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        simple, here = re.match(r"([\w-]+)=(.*)", line), re.match(r"([\w-]+)<<(.+)", line)
        if here and not (simple and simple.end(1) < here.end(1)):
            value = []
            for inner in lines:
                if inner == here[2]:
                    break
                value.append(inner)
            found[here[1]] = "\n".join(value)
        elif simple:
            found[simple[1]] = simple[2]
        else:
            assert not line, f"not a line of an output file: {line!r}"
    return found


def _resolved(
    text: str, inputs: Mapping[str, str], steps: Mapping[str, Mapping[str, str]], env: Mapping[str, str]
) -> str:
    return _EXPRESSION.sub(lambda found: _value(found[1], inputs, steps, env), text)


def _value(name: str, inputs: Mapping[str, str], steps: Mapping[str, Mapping[str, str]], env: Mapping[str, str]) -> str:
    kind, _, rest = name.partition(".")
    if kind == "inputs":
        return inputs[rest]
    if kind == "steps":
        step, _, output = rest.partition(".outputs.")
        return steps.get(step, {}).get(output, "")
    if name == "github.token":
        return env.get("TEST_TOKEN", "")
    raise AssertionError(f"an expression that this runner does not know: {name}")


def _wanted(
    condition: str, inputs: Mapping[str, str], steps: Mapping[str, Mapping[str, str]], env: Mapping[str, str]
) -> bool:
    """`a == 'b'`, `a != 'b'`, `contains(a, 'b')`, `!cancelled()`, joined by `&&`."""
    bare = condition.strip().removeprefix("${{").removesuffix("}}").strip()
    return all(_holds(part.strip(), inputs, steps, env) for part in bare.split("&&")) if bare else True


def _holds(
    part: str, inputs: Mapping[str, str], steps: Mapping[str, Mapping[str, str]], env: Mapping[str, str]
) -> bool:
    if part == "!cancelled()":
        return True
    compared = re.fullmatch(r"([\w.-]+) (==|!=) '([^']*)'", part)
    if compared:
        return (_value(compared[1], inputs, steps, env) == compared[3]) == (compared[2] == "==")
    contained = re.fullmatch(r"contains\(([\w.-]+), '([^']*)'\)", part)
    assert contained, f"a condition that this runner does not know: {part}"
    return contained[2].lower() in _value(contained[1], inputs, steps, env).lower()


def _check_pinned(name: str) -> None:
    assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", name), f"not pinned by its commit: {name}"
