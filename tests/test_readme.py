"""What the README shows is what the program prints, and what it names exists."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from git_ai_trail.cli import COMMANDS
from git_ai_trail.version import VERSION

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
VOLATILE = (
    (r"\b[0-9a-f]{64}\b", "DIGEST"),
    (r"1:[0-9a-f]{6}…", "1:DIGEST"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d", "WHEN"),
    (r"\d\d:\d\d – \d\d:\d\d", "SPAN"),
    (r"\b[0-9a-f]{7,8}\b", "OID"),
    (r"(“.{60}).*", r"\1"),  # cut at the terminal's width
    (r" +", " "),
)


def settled(text: str) -> list[str]:
    for pattern, name in VOLATILE:
        text = re.sub(pattern, name, text)
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def test_the_transcript_is_what_the_sample_prints() -> None:
    if not (ROOT / "bench" / "sample.py").exists():
        pytest.skip("needs bench/sample.py (not part of the source distribution)")
    sample = ROOT / "bench" / "sample.py"
    done = subprocess.run([sys.executable, sample], capture_output=True, text=True, check=True)
    shown = README.split("```")[1]
    missing = [line for line in settled(shown) if line not in settled(done.stdout + done.stderr)]
    assert not missing


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "docs/architecture.md",
        "docs/ingest.md",
        "docs/record.md",
        "docs/report.md",
        "docs/usage.md",
        "docs/verify.md",
        "docs/action.md",
    ],
)
def test_every_command_named_in_the_docs_exists(page: str) -> None:
    known = {one.name for one in COMMANDS}
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|\$ |^ {4})git ai-trail ([a-z]+)", text, re.MULTILINE))
    assert named <= known


def test_the_version_is_stated_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == VERSION
    assert f"rev: v{VERSION}" in README


def test_the_hook_ids_in_the_readme_exist() -> None:
    manifest = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    ids = re.findall(r"- id: (\S+)", README)
    assert ids
    assert all(f"- id: {one}\n" in manifest for one in ids)
