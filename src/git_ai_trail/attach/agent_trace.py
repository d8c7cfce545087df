"""Records in the form of Agent Trace 0.1.0 (`application/vnd.agent-trace.record+json`), one for each commit.

That form knows contributors and ranges of lines; evidence stands in its `metadata` under a name of ours. Lines are those of the
commit's own version of a file.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from git_ai_trail.attach.status import Assessment
from git_ai_trail.codec import path_text
from git_ai_trail.shown import Commit, ShownFile, ShownRange

VERSION = "0.1.0"
METADATA = "dev.git-ai-trail"
_PROVIDERS = (("gpt-", "openai"), ("o1", "openai"), ("o3", "openai"), ("o4", "openai"), ("codex-", "openai"))
_MORE = (
    ("claude", "anthropic"),
    ("gemini", "google"),
    ("grok", "xai"),
    ("deepseek", "deepseek"),
    ("mistral", "mistral"),
)
_MAX_MODEL = 250


def written(commit: Commit, found: Assessment, *, tool: str, version: str) -> dict[str, Any] | None:
    """The record of one commit; None where no line has an owner. The same commit and record give the same bytes."""
    sessions = {one["id"]: one for one in found.sessions}
    files = [_file(file, sessions) for file in found.files if file.ranges]
    if not files:
        return None
    return {
        "version": VERSION,
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:git-ai-trail:{commit.oid}:{found.digest}")),
        "timestamp": commit.committed_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "vcs": {"type": "git", "revision": commit.oid},
        "tool": {"name": tool, "version": version},
        "files": files,
        "metadata": {
            METADATA: {
                "record": f"1:{found.digest}",
                "status": found.status,
                "lines": {
                    "added": found.added,
                    "generated": found.generated,
                    "edited": found.edited,
                    "unattributed": found.unattributed,
                },
                "evidence": {
                    one["id"]: [fact["kind"] for fact in one["evidence"]] for one in found.sessions if one["evidence"]
                },
            }
        },
    }


def _file(file: ShownFile, sessions: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    conversations: dict[str, list[ShownRange]] = {}
    for r in file.ranges:
        conversations.setdefault(r.session, []).append(r)
    return {
        "path": path_text(file.path),
        "conversations": [_conversation(sessions[key], mine) for key, mine in conversations.items()],
    }


def _conversation(session: Mapping[str, Any], ranges: list[ShownRange]) -> dict[str, Any]:
    model = model_id(session["models"][-1] if session["models"] else "")
    named = {"model_id": model} if model else {}
    return {
        "url": _urn(session["id"]),
        "contributor": {"type": "ai", **named},
        "ranges": [
            {
                "start_line": r.start,
                "end_line": r.end,
                # What an agent wrote and somebody altered is what that form calls mixed.
                **({"contributor": {"type": "mixed", **named}} if r.line_class == "edited" else {}),
            }
            for r in ranges
        ],
    }


def _urn(session: str) -> str:
    try:
        return f"urn:uuid:{uuid.UUID(session)}"
    except ValueError:
        return f"urn:git-ai-trail:session:{session}"


def model_id(model: str) -> str:
    """`provider/model` as models.dev names them; empty where the provider is not known."""
    if "/" in model:
        return model[:_MAX_MODEL]
    provider = next((name for start, name in (*_PROVIDERS, *_MORE) if model.startswith(start)), "")
    return f"{provider}/{model}"[:_MAX_MODEL] if provider else ""
