"""Another engine's opinion on a finished text: kingfisher, which shares no rule with ours (`pip install kingfisher-bin`). Cold path."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile

from git_ai_trail import process
from git_ai_trail.errors import TrailError

PROGRAM = "kingfisher"
_OPTIONS = ("--format", "jsonl", "--no-validate", "--no-update-check", "--confidence", "low", "--no-dedup", "--redact")
_SECONDS = 600.0
_NAME = re.compile(r"[^\w.-]+", re.ASCII)


def refuse_on_second_opinion(text: str) -> None:
    """Raises `TrailError` for text in which the other engine finds something (its rule and the place, never the secret), and
    where it cannot be asked or does not answer: what was not looked at is not published."""
    found = _findings(text)
    if found:
        rule, line = found[0]
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        raise TrailError(
            f"not published: the second engine finds {rule} (line {line}{more})",
            "add a redaction rule for it to .git-ai-trail/redactions.yml, then make the report again",
        )


def program() -> str:
    """Where the other engine lies; `TrailError` says how to get it."""
    beside = os.path.join(os.path.dirname(sys.executable), PROGRAM)
    found = beside if os.access(beside, os.X_OK) else shutil.which(PROGRAM)
    if not found:
        raise TrailError(
            f"--second-opinion needs {PROGRAM}, which is not installed", "`pip install kingfisher-bin` brings it"
        )
    return found


def _findings(text: str) -> list[tuple[str, int]]:
    with tempfile.TemporaryDirectory(prefix="git-ai-trail-") as folder:
        path = os.path.join(folder, "finished.txt")
        with open(path, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write(text)
        told = process.output_of([program(), "scan", path, *_OPTIONS], seconds=_SECONDS)
    if told is None:
        raise TrailError(f"not published: {PROGRAM} gives no answer", "try again without --second-opinion")
    found, whole = _read(told[1])
    if not whole:
        raise TrailError(
            f"not published: {PROGRAM} ended with {told[0]} before it had looked at everything",
            "try again without --second-opinion",
        )
    return sorted(found, key=lambda one: one[1])


def _read(output: bytes) -> tuple[list[tuple[str, int]], bool]:
    """(rule, line) of each finding, and whether the summary says that the text was looked at."""
    found: list[tuple[str, int]] = []
    whole = False
    for line in output.splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if not isinstance(row, dict):
            continue
        rule, finding = row.get("rule"), row.get("finding")
        if isinstance(rule, dict) and isinstance(finding, dict):
            name, at = rule.get("id"), finding.get("line")
            found.append((_NAME.sub("_", str(name))[:80], at if isinstance(at, int) else 0))
        scanned = row.get("blobs_scanned")
        whole = whole or (isinstance(scanned, int) and scanned >= 1)
    return found, whole
