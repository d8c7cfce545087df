"""A report as JSON and back, and the JSON Schema that describes it; all three from the types in `document`."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from git_ai_trail.errors import TrailError
from git_ai_trail.report.document import FORMAT, Report

# What is larger is not read back.
MAX_BYTES = 256 * 1024 * 1024
_LONE = re.compile("[\ud800-\udfff]")


def to_json(report: Report) -> str:
    """The report as indented JSON, one line feed at the end."""
    text = msgspec.json.format(_encoded(report), indent=2).decode()
    # Only a text can hold this, and a log of a workflow would take it for a command.
    return text.replace("##[", "##\\u005b") + "\n"


def _encoded(report: Report) -> bytes:
    try:
        return msgspec.json.encode(report)
    except UnicodeEncodeError:
        # Bytes of a subject or a path that were no UTF-8; JSON has no place for them.
        return _LONE.sub("\ufffd", json.dumps(msgspec.to_builtins(report), ensure_ascii=False)).encode()


def from_json(data: bytes) -> Report:
    """The report that `to_json` wrote; raises `TrailError` that names the place for anything else."""
    if len(data) > MAX_BYTES:
        raise TrailError(f"the report is larger than {MAX_BYTES >> 20} MiB")
    try:
        report = msgspec.json.decode(data, type=Report)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise TrailError(
            f"not a report: {error}"[:300], "give the JSON that `git ai-trail report --format json` wrote"
        ) from error
    if report.format != FORMAT:
        raise TrailError(f"a report of another format: {report.format[:40]!r}", f"this version reads {FORMAT}")
    return report


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a report."""
    found = msgspec.json.schema(Report)
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": FORMAT,
        "description": "What `git ai-trail report --format json` prints.",
    }
    whole: dict[str, Any] = json.loads(json.dumps({**head, **found}))
    return whole
