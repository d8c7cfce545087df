"""Verdicts as SARIF 2.1.0, which code hosts and editors show beside the code."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from git_ai_trail.attach.verify import FAILURES, Verdict
from git_ai_trail.pipeline.verify import Verified
from git_ai_trail.report.escape import seen
from git_ai_trail.settings import REPOSITORY_FILE
from git_ai_trail.version import VERSION

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_UNKNOWN = "record-unknown"
_SAID = {**FAILURES, _UNKNOWN: "The message names a record that is not here, which nobody can judge."}


def sarif(done: Verified) -> dict[str, Any]:
    """A result for each reason by which a commit failed, and one for each whose record is not here.

    A reason that names a place stands there; any other at the policy's file, since a commit is no place that SARIF knows.
    """
    results = [result for verdict in done.verdicts for result in _results(verdict)]
    rules = [{"id": name, "shortDescription": {"text": text}} for name, text in _SAID.items()]
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "git-ai-trail", "semanticVersion": VERSION, "rules": rules}},
                "columnKind": "utf16CodeUnits",
                "results": results,
            }
        ],
    }


def _results(verdict: Verdict) -> list[dict[str, Any]]:
    if verdict.result == "unknown":
        return [_result(verdict, _UNKNOWN, "; ".join(verdict.reasons) or "its record is not here", "note")]
    return [_result(verdict, one.rule, one.text, "error") for one in verdict.failures]


def _result(verdict: Verdict, rule: str, text: str, level: str) -> dict[str, Any]:
    placed = verdict.file and rule in ("lines-misplaced", "path-forbidden")
    where = {"uri": quote(verdict.file if placed else REPOSITORY_FILE, safe="/", errors="surrogateescape")}
    subject = seen(verdict.subject)[:200]
    return {
        "ruleId": rule,
        "ruleIndex": list(_SAID).index(rule),
        "level": level,
        "message": {"text": f"Commit {verdict.oid[:10]} ({subject}): {text}."},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": where,
                    "region": {"startLine": (verdict.line if placed else 0) or 1},
                }
            }
        ],
        "partialFingerprints": {"commitAndRule/v1": f"{verdict.oid}:{rule}"},
    }
