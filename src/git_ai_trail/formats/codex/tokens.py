"""Counts tokens per model response from records that are repeated, inherited and reset."""

from __future__ import annotations

from typing import Any

from git_ai_trail.facts import Tokens
from git_ai_trail.formats.fields import whole

_FIELDS = (
    "input_tokens",
    "cached_input_tokens",
    "cache_write_input_tokens",
    "output_tokens",
    "reasoning_output_tokens",
    "total_tokens",
)

_MAX_ID = 128
_KEPT = 8

Usage = tuple[int, ...]


class TokenCounter:
    """Tokens of one log. A `token_usage_record` is exact; where one was seen, `token_count` events are ignored."""

    def __init__(self) -> None:
        self.total: Usage | None = None
        self.exact = False
        self.responses: list[str] = []  # the last ones counted

    def count(self, payload: dict[str, Any], model: str) -> Tokens | None:
        """Tokens that a `token_count` adds; None for a repetition."""
        info = payload.get("info")
        if not isinstance(info, dict):
            return None
        total, last = _usage(info.get("total_token_usage")), _usage(info.get("last_token_usage"))
        before, self.total = self.total, total or self.total
        if self.exact or last is None or (total is not None and total == before):
            return None
        if total is None or before is None:
            if total is None and before is not None:
                self.total = tuple(old + new for old, new in zip(before, last, strict=True))
            return _tokens(last, model)
        grown = tuple(new - old for new, old in zip(total, before, strict=True))
        use_growth = grown != last and min(grown) >= 0 and grown[5] > 0
        return _tokens(grown if use_growth else last, model)

    def record(self, payload: dict[str, Any], model: str, thread: str) -> Tokens | None:
        """Tokens of a `token_usage_record`; None if its response was counted before, here or in another thread's log."""
        usage = _usage(payload.get("usage"))
        response, whose = payload.get("response_id"), payload.get("thread_id")
        if usage is None or (isinstance(whose, str) and whose and thread and whose != thread):
            return None
        self.exact = True
        if isinstance(response, str) and response:
            if response[:_MAX_ID] in self.responses:
                return None
            self.responses = [*self.responses, response[:_MAX_ID]][-_KEPT:]
        return _tokens(usage, model)

    def inherit(self, payload: dict[str, Any]) -> None:
        """Takes the total of a copied `token_count` as the base of what follows."""
        info = payload.get("info")
        if isinstance(info, dict):
            self.total = _usage(info.get("total_token_usage")) or self.total

    def state(self) -> list[Any]:
        return [list(self.total) if self.total else None, self.exact, self.responses]

    def restore(self, state: object) -> None:
        if isinstance(state, list) and len(state) == 3:
            self.total = tuple(whole(value) for value in state[0]) if state[0] else None
            self.exact, self.responses = bool(state[1]), [str(response) for response in state[2]]


def _usage(value: object) -> Usage | None:
    return tuple(whole(value.get(name)) for name in _FIELDS) if isinstance(value, dict) else None


def _tokens(usage: Usage, model: str) -> Tokens | None:
    # After a compaction only the total is set: an estimate of the context, not a response.
    return Tokens(model, *usage[:5]) if usage[0] or usage[3] else None
