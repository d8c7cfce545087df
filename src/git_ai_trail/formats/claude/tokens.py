"""Counts the tokens of each response once, though every line of it repeats them and a later line may know more."""

from __future__ import annotations

from typing import Any
from zlib import crc32

from git_ai_trail.facts import Tokens
from git_ai_trail.formats.fields import an_id, text_of, whole

SYNTHETIC = "<synthetic>"

# Responses of a session and of sub-agents in the same log come interleaved.
_REMEMBERED = 24


class TokenCounter:
    """Tokens of one log. What was counted of the last responses is kept, and only what a later line adds is given."""

    def __init__(self) -> None:
        self.counted: dict[int, tuple[int, ...]] = {}

    def count(self, record: dict[str, Any], message: dict[str, Any]) -> Tokens | None:
        """Tokens that an `assistant` record adds to what was counted of its response before; None for nothing."""
        usage = message.get("usage")
        model = text_of(message.get("model"), 128)
        if not isinstance(usage, dict) or model == SYNTHETIC or record.get("isApiErrorMessage") is True:
            return None
        now = _figures(usage)
        key = _key(record, message, now)
        before = self.counted.pop(key, None)
        largest = now if before is None else tuple(map(max, now, before))
        self.counted[key] = largest
        if len(self.counted) > _REMEMBERED:
            del self.counted[next(iter(self.counted))]
        grown = now if before is None else tuple(new - old for new, old in zip(largest, before, strict=True))
        return Tokens(model, *grown) if any(grown) else None

    def state(self) -> list[Any]:
        return [[key, *figures] for key, figures in self.counted.items()]

    def restore(self, state: object) -> None:
        if isinstance(state, list):
            self.counted = {int(key): tuple(map(int, figures)) for key, *figures in state}


def _figures(usage: dict[str, Any]) -> tuple[int, ...]:
    """input, cached, cache_write, output, reasoning, cache_write_1h. What the log calls input leaves both caches out."""
    cached, cache_write = whole(usage.get("cache_read_input_tokens")), whole(usage.get("cache_creation_input_tokens"))
    details = usage.get("output_tokens_details")
    output = whole(usage.get("output_tokens"))
    # A gateway may leave zeros there beside the sum.
    kept = usage.get("cache_creation")
    an_hour = whole(kept.get("ephemeral_1h_input_tokens")) if isinstance(kept, dict) else 0
    reasoning = whole(details.get("thinking_tokens")) if isinstance(details, dict) else 0
    return (
        whole(usage.get("input_tokens")) + cached + cache_write,
        cached,
        cache_write,
        output,
        min(reasoning, output),
        min(an_hour, cache_write),
    )


def _key(record: dict[str, Any], message: dict[str, Any], now: tuple[int, ...]) -> int:
    """Names a response. Without a request's id its message's id alone does not: some gateways give all the same one, and
    then a grown context tells the next response."""
    message_id, request_id = an_id(message.get("id")), an_id(record.get("requestId"))
    if message_id and request_id:
        text = f"{message_id} {request_id}"
    elif message_id:
        text = f"{message_id} {now[:3]}"
    else:
        text = f"{an_id(record.get('uuid'))} {request_id} {now[:3]}"
    return crc32(text.encode())
