"""Ends a rule of a person's own that takes too long on a text. Our own rules are bounded and tested, and need none.

Counts the processor time of this process, which a busy machine does not use up. Where the system has no such timer (Windows),
or outside of the main thread, nothing is ended; patterns that are known to explode were refused when the file was loaded.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable
from typing import Any

from git_ai_trail.redact.detector import Find, Leaf, Span

SECONDS = 2.0


class SlowRuleError(Exception):
    """A rule (`args[0]`: its id) took too long."""


def watched(rule_id: str, find: Find) -> Find:
    """`find` as a list at once, ended after two seconds. A rule that was ended once is not tried again in this process."""
    slow = False

    def guarded(leaf: Leaf, low: int, high: int) -> Iterable[Span]:
        nonlocal slow
        if slow:
            raise SlowRuleError(rule_id)
        try:
            return _within(SECONDS, rule_id, lambda: list(find(leaf, low, high)))
        except SlowRuleError:
            slow = True
            raise

    return guarded


def _within(seconds: float, rule_id: str, work: Callable[[], list[Span]]) -> list[Span]:
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        return work()

    def end(_number: int, _frame: Any) -> None:
        raise SlowRuleError(rule_id)

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        return work()
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
