"""Programs for which file modes hold, also where the tests run as root."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

# prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH): what root starts from then on is bound by modes like anybody.
_DROPPED = (
    "import ctypes, os, sys\n"
    "drop = ctypes.CDLL(None, use_errno=True).prctl\n"
    "failed = [cap for cap in (1, 2) if drop(24, cap, 0, 0, 0)]\n"
    "sys.exit(f'cannot drop {failed}') if failed else os.execvp(sys.argv[1], sys.argv[1:])\n"
)


def bound_by_modes(words: Sequence[str]) -> list[str]:
    """The command, for a process that may not do what a file's mode forbids."""
    return list(words) if os.geteuid() != 0 else [sys.executable, "-c", _DROPPED, *words]
