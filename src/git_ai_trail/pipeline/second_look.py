"""The second look of redaction at a finished text, without which nothing is published."""

from __future__ import annotations

import msgspec

from git_ai_trail.errors import TrailError
from git_ai_trail.pipeline import beside
from git_ai_trail.redact import Finding, publish_scan

# Characters from which on a second process saves more than it costs.
_WORTH_SHARING = 2_000_000


def refuse_unclean(text: str) -> None:
    """Raises `TrailError` for text that must not be published."""
    found = _scanned(text)
    if found:
        first = found[0]
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        raise TrailError(
            f"not published: the finished report holds what rule {first.rule} catches "
            f"(line {first.line}, column {first.column}{more})",
            "add a redaction rule for it to .git-ai-trail/redactions.yml, then make the report again",
        )


def _scanned(text: str) -> list[Finding]:
    """`publish_scan` of the text, which goes line by line: of a long one half the lines are looked at by a second process."""
    middle = text.find("\n", len(text) // 2) + 1
    if len(text) < _WORTH_SHARING or not middle or not beside.is_possible():
        return publish_scan(text)
    first, sent = beside.both(
        lambda: publish_scan(text[:middle]), lambda: msgspec.msgpack.encode(publish_scan(text[middle:]))
    )
    # Of two halves that are clean nothing needs to be placed; else the whole says where.
    clean = not first and sent == msgspec.msgpack.encode([])
    return [] if clean else publish_scan(text)
