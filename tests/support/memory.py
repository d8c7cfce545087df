"""Peak memory of a program, as the kernel counted it for that program alone."""

from __future__ import annotations

import subprocess
import sys

import pytest

_REPORT = """
with open("/proc/self/status") as file:
    print(next(line.split()[1] for line in file if line.startswith("VmHWM:")), file=sys.stderr)
"""


def peak(program: str, *arguments: str) -> int:
    """Bytes of memory that a Python program held at most; it says nothing on stderr itself.

    What `wait` tells would not do: a process begins with the peak of the one that started it, here of the whole test run.
    """
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux tells a process its own peak")
    command = [sys.executable, "-c", f"import sys\n{program}\n{_REPORT}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stderr) * 1024
