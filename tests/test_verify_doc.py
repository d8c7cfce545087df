"""The workflow step of docs/verify.md is one that GitHub and the action it names take."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "verify.md").read_text(encoding="utf-8")
# The inputs of actions/attest as action.yml of the pinned commit (v4.2.2) declares them.
INPUTS = {
    "subject-path",
    "subject-digest",
    "subject-name",
    "subject-checksums",
    "subject-version",
    "sbom-path",
    "predicate-type",
    "predicate",
    "predicate-path",
    "push-to-registry",
    "create-storage-record",
    "show-summary",
    "github-token",
}


def steps() -> list[dict]:
    block = next(one for one in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL) if "actions/attest@" in one)
    return yaml.safe_load(block)


def test_the_action_is_pinned_and_gets_what_it_takes() -> None:
    step = next(one for one in steps() if "uses" in one)
    assert re.fullmatch(r"actions/attest@[0-9a-f]{40}", step["uses"])
    given = set(step["with"])
    assert given <= INPUTS
    # One way to name the subject, a type, and one way to hand over the predicate: what the action asks for.
    assert len(given & {"subject-path", "subject-digest", "subject-checksums"}) == 1
    assert "predicate-type" in given
    assert len(given & {"predicate", "predicate-path"}) == 1
    assert step["with"]["predicate-type"] in (ROOT / "docs" / "attestation.schema.json").read_text(encoding="utf-8")


def test_the_step_fits_into_a_workflow(tmp_path: Path) -> None:
    program = Path(sys.executable).parent / "check-jsonschema"
    if not program.is_file():
        pytest.skip("needs check-jsonschema")
    stated = re.search(r"`permissions: (\{.*?\})`", TEXT)
    assert stated
    job = {"runs-on": "ubuntu-latest", "permissions": yaml.safe_load(stated[1]), "steps": steps()}
    workflow = tmp_path / "attest.yml"
    workflow.write_text(yaml.safe_dump({"on": {"release": {}}, "jobs": {"attest": job}}), encoding="utf-8")
    done = subprocess.run([program, "--builtin-schema", "vendor.github-workflows", workflow], capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
