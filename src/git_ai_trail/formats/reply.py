"""What came back from a tool call, as far as any format can tell."""

from __future__ import annotations

from typing import NamedTuple


class Reply(NamedTuple):
    """An output as far as it can be read. `running` names the process or cell that goes on, else it is empty.

    `results` are the exit codes of the commands of a code-mode script, as far as the script printed them.
    """

    exit_code: int | None
    status: str  # completed, failed, declined, running, unknown
    text: str
    running: str
    results: tuple[int | None, ...] = ()
