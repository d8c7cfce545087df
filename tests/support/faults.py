"""Runs a command and strikes at its n-th change of a file: kills the process, tears the write, or lets the call fail.

All processes that the command starts are watched, git's and the shell's as well as Python's, through ptrace with a seccomp
filter: no root, no other program and no compiler are needed, only Linux on x86-64. An event is a system call that changes a
file or starts a program. Of `git commit` only the hooks count (`of="hooks/"`): what git does by itself is not ours.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import signal
import struct
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

# Number on x86-64, name, and which argument says what is changed: a descriptor, or a path in the process's memory.
_CALLS = (
    *((1, "write", "fd", 0), (18, "pwrite64", "fd", 0), (20, "writev", "fd", 0), (40, "sendfile", "fd", 0)),
    *((74, "fsync", "fd", 0), (75, "fdatasync", "fd", 0), (77, "ftruncate", "fd", 0), (91, "fchmod", "fd", 0)),
    *((285, "fallocate", "fd", 0), (326, "copy_file_range", "fd", 2), (76, "truncate", "path", 0)),
    *((2, "open", "path", 0), (85, "creat", "path", 0), (257, "openat", "path", 1), (59, "execve", "path", 0)),
    *((82, "rename", "path", 1), (264, "renameat", "path", 3), (316, "renameat2", "path", 3), (84, "rmdir", "path", 0)),
    *((83, "mkdir", "path", 0), (258, "mkdirat", "path", 1), (87, "unlink", "path", 0), (263, "unlinkat", "path", 1)),
    *((86, "link", "path", 1), (265, "linkat", "path", 3), (88, "symlink", "path", 1), (266, "symlinkat", "path", 2)),
    *((90, "chmod", "path", 0), (268, "fchmodat", "path", 1)),
)
CALLS = {number: (name, kind, argument) for number, name, kind, argument in _CALLS}
# A full disk refuses what needs room; what takes away still works.
NEED_ROOM = (
    *("write", "pwrite64", "writev", "sendfile", "fallocate", "copy_file_range", "open", "creat", "openat"),
    *("mkdir", "mkdirat", "link", "linkat", "symlink", "symlinkat", "rename", "renameat", "renameat2", "ftruncate"),
)
NOT_WRITING = ("execve",)
WRITES = ("write", "pwrite64")

_TRACEME, _CONT, _SYSCALL, _GETREGS, _SETREGS, _SETOPTIONS, _GETEVENTMSG = 0, 7, 24, 12, 13, 0x4200, 0x4201
_GET_SYSCALL_INFO = 0x420E
_SYSGOOD, _FORK, _VFORK, _CLONE, _EXEC, _SECCOMP, _EXITKILL = 1, 2, 4, 8, 16, 0x80, 0x100000
_WALL = 0x40000000
_ORIG_RAX, _RAX, _RDX = 15, 10, 12  # places in struct user_regs_struct
_CHANGES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


def unsupported() -> str:
    """Why faults cannot be injected here; empty where they can."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return "fault injection needs Linux on x86-64"
    tried = subprocess.run([sys.executable, "-I", __file__, "--try"], capture_output=True)
    return "" if tried.returncode == 0 else "this machine lets no process trace its own children"


class Event(NamedTuple):
    """One change: the system call, what it is about, and the program that made it."""

    call: str
    path: str
    program: str


class Ran(NamedTuple):
    """How a command went. `struck` is the event that was hit; None where the command ended before it came to that."""

    code: int
    out: str
    err: str
    events: list[Event]
    struck: Event | None


def run(
    command: Sequence[str],
    *,
    cwd: Path,
    at: int = 0,
    fault: str = "kill",
    of: str = "",
    below: str = "",
    env: Mapping[str, str] | None = None,
) -> Ran:
    """Runs `command` and strikes at event number `at` (from 1; 0: not at all).

    `fault`: `kill` ends the process that makes the change before it is made, `torn` after half of a write, and an errno's name
    (`ENOSPC`, `EROFS`, `EACCES`, `EDQUOT`) fails this change and all that follow. With `of`, only processes count that
    descend from one whose first words hold this text; with `below`, only paths that hold that one.
    """
    with tempfile.TemporaryDirectory() as folder:
        order = {"command": list(command), "at": at, "fault": fault, "of": of, "below": below, "log": f"{folder}/log"}
        done = subprocess.run(
            [sys.executable, "-I", __file__, json.dumps(order)],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
        )
        with open(f"{folder}/log", encoding="utf-8") as file:
            said = json.load(file)
    events = [Event(*one) for one in said["events"]]
    return Ran(said["code"], done.stdout, done.stderr, events, events[at - 1] if said["struck"] else None)


class _Tracer:
    def __init__(self, order: Mapping[str, Any]) -> None:
        self.order = order
        self.ours: dict[int, bool] = {}
        self.events: list[tuple[str, str, str]] = []
        self.struck = False
        self.tearing: set[int] = set()

    def run(self) -> int:
        """Exit code of the command, once every process it started has ended."""
        first = os.fork()
        if first == 0:
            _become_traced(self.order["command"])
        os.waitpid(first, _WALL)
        options = _SYSGOOD | _FORK | _VFORK | _CLONE | _EXEC | _SECCOMP | _EXITKILL
        _ptrace(_SETOPTIONS, first, 0, options)
        self.ours[first] = False  # not before it is the command
        _ptrace(_CONT, first, 0, 0)
        code = 255
        while True:
            try:
                task, status = os.waitpid(-1, _WALL)
            except ChildProcessError:
                return code
            if os.WIFSTOPPED(status):
                self._stopped(task, os.WSTOPSIG(status), status >> 16)
            elif task == first:
                code = os.waitstatus_to_exitcode(status)

    def _stopped(self, task: int, number: int, event: int) -> None:
        if task not in self.ours:
            self.ours[task] = self._inherited(task)
        go, deliver = _CONT, 0
        if number == signal.SIGTRAP | 0x80:
            if task in self.tearing:
                os.kill(task, signal.SIGKILL)
        elif number == signal.SIGTRAP and event == 4:
            of = self.order["of"]
            self.ours[task] = self.ours[task] or any(of in word for word in _words(task)[:2])
        elif number == signal.SIGTRAP and event == 7:
            go = self._called(task) if self.ours[task] else _CONT
        elif number not in (signal.SIGTRAP, signal.SIGSTOP):
            deliver = number
        _ptrace(go, task, 0, deliver)

    def _inherited(self, task: int) -> bool:
        """A process or thread that is seen for the first time is what its parent, or its process, is."""
        found = dict(line.split(":\t", 1) for line in _read(f"/proc/{task}/status").splitlines() if ":\t" in line)
        owner = int(found.get("Tgid", task))
        return self.ours.get(owner if owner != task else int(found.get("PPid", 0)), False)

    def _called(self, task: int) -> int:
        info = ctypes.create_string_buffer(88)
        _ptrace(_GET_SYSCALL_INFO, task, 88, ctypes.addressof(info))
        number, *arguments = struct.unpack_from("7Q", info.raw, 24)
        name, kind, place = CALLS[number]
        if name in ("open", "openat") and not arguments[1 if name == "open" else 2] & _CHANGES:
            return _CONT
        path = _target(task, arguments[place]) if kind == "fd" else _string(task, arguments[place])
        if name == "execve" and not os.path.exists(path):
            return _CONT  # the search along PATH
        if not path or path.startswith(("/dev/", "/proc/", "pipe:", "socket:", "anon_inode:")) or "__pycache__" in path:
            return _CONT
        if self.order["below"] not in path:
            return _CONT
        failing = self.order["fault"] not in ("kill", "torn")
        counts = name not in NOT_WRITING if failing else True
        if counts:
            program = " ".join(os.path.basename(word) for word in _words(task)[:4])
            self.events.append((name, path, program[:160]))
        at = self.order["at"]
        if not at or not counts or len(self.events) < at or (self.struck and not failing):
            return _CONT
        self.struck = True
        return self._strike(task, name)

    def _strike(self, task: int, name: str) -> int:
        fault = self.order["fault"]
        if fault == "kill" or (fault == "torn" and name not in WRITES):
            os.kill(task, signal.SIGKILL)
            return _CONT
        if fault in ("ENOSPC", "EDQUOT") and name not in NEED_ROOM:
            return _CONT
        registers = (ctypes.c_ulonglong * 27)()
        _ptrace(_GETREGS, task, 0, ctypes.addressof(registers))
        if fault == "torn":
            registers[_RDX] //= 2
            self.tearing.add(task)
        else:
            registers[_ORIG_RAX] = ctypes.c_ulonglong(-1).value
            registers[_RAX] = ctypes.c_ulonglong(-getattr(__import__("errno"), fault)).value
        _ptrace(_SETREGS, task, 0, ctypes.addressof(registers))
        return _SYSCALL if fault == "torn" else _CONT


def _become_traced(command: Sequence[str]) -> None:
    """In the child: traced by its parent from here on, and stopped at the calls of the table, in all that descends from it."""
    _ptrace(_TRACEME, 0, 0, 0)
    _libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS, without which a filter takes root
    os.kill(os.getpid(), signal.SIGSTOP)
    numbers = sorted(CALLS)
    steps = [(0x20, 0, 0, 0)]  # load the number of the call
    steps += [(0x15, len(numbers) - at, 0, number) for at, number in enumerate(numbers)]
    steps += [(0x06, 0, 0, 0x7FFF0000), (0x06, 0, 0, 0x7FF00000)]  # allow; trace
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(code))
    filtered = ctypes.create_string_buffer(program)
    if _libc.prctl(22, 2, ctypes.c_void_p(ctypes.addressof(filtered)), 0, 0) != 0:
        os._exit(99)
    os.execvp(command[0], list(command))


def _ptrace(request: int, task: int, address: int, data: int) -> int:
    return int(_libc.ptrace(request, task, ctypes.c_void_p(address), ctypes.c_void_p(data)))


def _words(task: int) -> list[str]:
    return _read(f"/proc/{task}/cmdline").split("\0")


def _read(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read(1 << 16).decode("utf-8", "replace")
    except OSError:
        return ""


def _target(task: int, descriptor: int) -> str:
    try:
        return os.readlink(f"/proc/{task}/fd/{descriptor & 0xFFFFFFFF}")
    except OSError:
        return ""


def _string(task: int, address: int) -> str:
    """A path in the process's memory, made absolute where it is not."""
    try:
        with open(f"/proc/{task}/mem", "rb", buffering=0) as memory:
            memory.seek(address)
            raw = memory.read(4096)
        return os.path.join(os.readlink(f"/proc/{task}/cwd"), raw.split(b"\0", 1)[0].decode("utf-8", "replace"))
    except (OSError, ValueError, OverflowError):
        return ""


def _main(said: str) -> int:
    if said == "--try":
        tracer = _Tracer(
            {"command": ["/bin/sh", "-c", "/bin/sh -c :; exit 7"], "at": 0, "fault": "kill", "of": "", "below": ""}
        )
        return 0 if tracer.run() == 7 and tracer.events else 1
    order = json.loads(said)
    tracer = _Tracer(order)
    code = tracer.run()
    with open(order["log"], "w", encoding="utf-8") as file:
        json.dump({"code": code, "events": tracer.events, "struck": tracer.struck}, file)
    return 0


if sys.platform == "linux":
    _libc = ctypes.CDLL(None, use_errno=True)
    _libc.ptrace.restype = ctypes.c_long
    _libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]

if __name__ == "__main__":
    sys.exit(_main(sys.argv[1]))
