"""Reads and writes our notes so that no writer loses another's lines. Hot path.

`git notes` moves its ref without looking whether it moved meanwhile. We write with `git fast-import`, which compares and swaps: a
lock keeps our own writers apart, the comparison also protects from everyone else. One process makes objects and moves the ref,
so that one that is killed leaves the notes as they were, and at most a lock on a ref that is ours alone.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence

from git_ai_trail.attach import tombstones
from git_ai_trail.attach.record import MAX_NOTE, NoteLine, parse_line, parse_note
from git_ai_trail.errors import GitError
from git_ai_trail.git import Git

REF = "refs/notes/ai-log-trail"
ANNEX_REF = "refs/notes/ai-log-trail-prompts"

# Nobody's identity and no hook of the user's: a notes commit is bookkeeping.
_WHO = {
    "GIT_AUTHOR_NAME": "git-ai-trail",
    "GIT_AUTHOR_EMAIL": "git-ai-trail@localhost",
    "GIT_COMMITTER_NAME": "git-ai-trail",
    "GIT_COMMITTER_EMAIL": "git-ai-trail@localhost",
}
_QUIET = ("-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false", "-c", "core.logAllRefUpdates=false")
# A note is kept under its commit's oid, cut into folders of two digits as notes grow in number.
_LEVELS = 4
_TRIES = 20
_POLL = 0.004
# Room for what stands beside the note: the notes commit and the answers about names that name nothing.
_BESIDE = 64 * 1024
_CHUNK = 64 * 1024 * 1024
_STALE_SECONDS = 60
# git holds the lock on a ref for milliseconds; one that is this old belongs to a process that was killed.
_DEAD_SECONDS = 2.0
_LOCKED_POLL = 0.12
# What git says where another process holds the ref's lock at that moment, and what we say of a git that was killed.
_BUSY = ("File exists", "but expected", "reference already exists", ": exit -")
_MANY_LOCK = 30.0
# Looking up a name costs git about as much as listing a hundred.
_FEW = 50


def read(git: Git, oid: str, ref: str = REF) -> bytes:
    """The note on `oid`; empty if there is none. Of one that is too large, the beginning."""
    return _read(git, oid, ref)[1]


def stream(line: bytes, *, now: int) -> bytes:
    """What `git fast-import --done` needs to attach `line` to HEAD, in a repository that has notes of ours already.

    fast-import compares and swaps by itself: it fails, changing nothing, where the ref moved meanwhile.
    """
    note = line + b"\n"
    head = (
        f"commit {REF}\ncommitter {_WHO['GIT_COMMITTER_NAME']} <{_WHO['GIT_COMMITTER_EMAIL']}> {now} +0000\n"
        f"data 10\nadd record\nfrom {REF}^0\nN inline HEAD\ndata {len(note)}\n"
    )
    return head.encode() + note + b"\ndone\n"


def read_some(git: Git, oids: Iterable[str], ref: str = REF) -> dict[str, bytes]:
    """`read_many`, quick for a few commits out of many that have notes: each name is looked up, and no list of all made."""
    wanted = list(oids)
    if len(wanted) > _FEW:
        return read_many(git, wanted, ref)
    names = [f"{ref}:{_fanned(oid, level)}" for oid in wanted for level in range(_LEVELS)]
    bodies = git.blobs(names) if names else []
    return {
        oid: body
        for number, oid in enumerate(wanted)
        for body in bodies[number * _LEVELS : (number + 1) * _LEVELS]
        if body is not None and len(body) <= MAX_NOTE
    }


def read_many(
    git: Git, oids: Iterable[str], ref: str = REF, *, listed: Sequence[tuple[str, str, int]] | None = None
) -> dict[str, bytes]:
    """The notes on those of `oids` that have one, with two processes however many they are. Too large ones are left out.

    `listed` is what `annotated` said, where that was asked already.
    """
    wanted = set(oids)
    there = annotated(git, ref) if listed is None else listed
    found = [(oid, blob, size) for oid, blob, size in there if oid in wanted and size <= MAX_NOTE]
    bodies: dict[str, bytes] = {}
    chunk: list[tuple[str, str]] = []
    room = _CHUNK
    for oid, blob, size in found:
        if size > room:
            bodies.update(_bodies(git, chunk))
            chunk, room = [], _CHUNK
        chunk.append((oid, blob))
        room -= size
    return bodies | _bodies(git, chunk)


def _bodies(git: Git, chunk: Sequence[tuple[str, str]]) -> dict[str, bytes]:
    if not chunk:
        return {}
    blobs = git.blobs(blob for _, blob in chunk)
    return {oid: body for (oid, _), body in zip(chunk, blobs, strict=True) if body is not None}


def annotated(git: Git, ref: str = REF) -> list[tuple[str, str, int]]:
    """(oid, blob, size) of every note, with one process."""
    code, out = git.call("ls-tree", "-r", "-l", "-z", "--full-tree", ref)
    notes = []
    for entry in out.split(b"\0") if code == 0 else ():
        head, _, path = entry.partition(b"\t")
        words = head.decode("ascii", "replace").split()
        oid = path.replace(b"/", b"").decode("ascii", "replace")
        if len(words) == 4 and words[3].isdigit() and len(oid) == len(words[2]):
            notes.append((oid, words[2], int(words[3])))
    return notes


def withheld_in(git: Git, ref: str = REF) -> set[str]:
    """Digests that any note of the ref withholds, with one process."""
    code, out = git.call("grep", "-h", "-a", "-F", "--no-textconv", "-e", '"withheld"', ref)
    lines = (parse_line(raw.strip()) for raw in (out.split(b"\n") if code == 0 else ()))
    return {line.digest for line in lines if line.kind == "withheld"}


def find_by_digest(git: Git, digest: str, ref: str = REF) -> tuple[str, NoteLine] | None:
    """(annotated oid, line) of the record with this digest on any commit; for one whose own note went missing.

    None if any note withholds it.
    """
    code, out = git.call("grep", "-l", "-z", "-F", "--no-textconv", "--full-name", "-e", digest, ref)
    names = [entry.partition(b":")[2].replace(b"/", b"") for entry in out.split(b"\0")] if code == 0 else []
    found = None
    for oid, note in read_many(git, [name.decode("ascii", "replace") for name in names], ref).items():
        for line in parse_note(note):
            if line.kind == "withheld" and line.digest == digest:
                return None
            if line.kind == "core" and line.digest == digest:
                found = oid, line
    return found


def add_lines(
    git: Git, common_dir: str, oid: str, lines: Sequence[bytes], ref: str = REF, lock_timeout: float = 2.0
) -> bool:
    """Unites `lines` with the note on `oid`; False if it had them all. Raises `GitError` if it cannot be written.

    A line that stands there already is not repeated, and a record that is withheld there is not added. If the lock cannot be
    had in time, the comparison alone has to do.
    """
    lock = _lock(common_dir, lock_timeout)
    try:
        _sweep(git, common_dir)
        for attempt in range(_TRIES):
            tip, note = _read(git, oid, ref)
            if len(note) >= MAX_NOTE:
                raise GitError(f"the note on {oid[:12]} is too large to add to")
            whole = united(note, lines)
            if whole == note:
                return False
            if _swap_many(git, ref, tip, {oid: whole}):
                return True
            _wait(common_dir, ref, attempt, alone=lock is not None)
    finally:
        if lock is not None:
            os.close(lock)
    raise _given_up(ref, common_dir)


def add_many(git: Git, common_dir: str, lines: Mapping[str, Sequence[bytes]], ref: str = REF) -> int:
    """`add_lines` for many commits with a handful of processes; returns how many notes have changed.

    All of them or none: a writer that is quicker makes it begin again. Raises `GitError` if they cannot be written.
    """
    lock = _lock(common_dir, _MANY_LOCK)
    try:
        _sweep(git, common_dir)
        for attempt in range(_TRIES):
            tip = git.resolve(ref) or ""
            before = read_many(git, lines, ref)
            after = {oid: united(before.get(oid, b""), mine) for oid, mine in lines.items()}
            changed = {
                oid: note for oid, note in after.items() if note != before.get(oid, b"") and len(note) <= MAX_NOTE
            }
            if not changed or _swap_many(git, ref, tip, changed):
                return len(changed)
            _wait(common_dir, ref, attempt, alone=lock is not None)
    finally:
        if lock is not None:
            os.close(lock)
    raise _given_up(ref, common_dir)


def _swap_many(git: Git, ref: str, tip: str, notes: Mapping[str, bytes]) -> bool:
    """Moves `ref` from `tip` to a commit with these notes; False if it is no longer there, or somebody else is moving it.

    `git fast-import` refuses where what the ref names is no ancestor of the new commit, and arranges the folders as `git notes`
    does. Raises `GitError` with git's reason where it cannot write.
    """
    who = f"{_WHO['GIT_COMMITTER_NAME']} <{_WHO['GIT_COMMITTER_EMAIL']}> {int(time.time())} +0000"
    message = b"add record" if len(notes) == 1 else b"add records"
    parts = [f"commit {ref}\ncommitter {who}\ndata {len(message)}\n".encode(), message, b"\n"]
    if tip:
        parts.append(f"from {tip}\n".encode())
    for oid, note in notes.items():
        parts.append(f"N inline {oid}\ndata {len(note)}\n".encode() + note + b"\n")
    parts.append(b"\ndone\n")
    try:
        git.call(*_QUIET, "fast-import", "--quiet", "--done", data=b"".join(parts), check=True)
    except GitError as error:
        if any(word in error.message for word in _BUSY) or (git.resolve(ref) or "") != tip:
            return False
        raise
    return True


def attach_new(git: Git, oid: str, note: bytes, ref: str) -> bool:
    """Attaches another tool's note where the commit has none in `ref`; False if it has one, which stays."""
    now = f"{int(time.time())} +0000"
    env = {**_WHO, "GIT_AUTHOR_DATE": now, "GIT_COMMITTER_DATE": now}
    code, _ = git.call(*_QUIET, "notes", f"--ref={ref}", "add", "-F", "-", oid, data=note, env=env)
    return code == 0


def united(note: bytes, lines: Sequence[bytes]) -> bytes:
    """The note with `lines` added: none twice, none that is withheld in the note or by one of the lines. Texts of an annex
    that are withheld go from the note, too."""
    there = note.split(b"\n")
    new = [line for line in dict.fromkeys(lines) if line and b"\n" not in line and line not in there]
    kept = there
    if b'"withheld"' in note or any(b'"withheld"' in line for line in new):
        gone = tombstones.read(b"\n".join([note, *new]))
        new = [
            line for line in new if parse_line(line).kind == "withheld" or parse_line(line).digest not in gone.digests
        ]
        kept = [tombstones.stripped(line, gone) for line in there]
        stripped = dict.fromkeys(tombstones.stripped(line, gone) for line in new)
        new = [line for line in stripped if line and line not in kept]
    if not new and kept == there:
        return note
    return b"".join(line + b"\n" for line in [*kept, *new] if line)


def _read(git: Git, oid: str, ref: str) -> tuple[str, bytes]:
    """(the ref's commit or empty, the note), with one process."""
    names = "".join(f"{ref}:{_fanned(oid, level)}\n" for level in range(_LEVELS))
    out = git.bounded("cat-file", "--batch", data=f"{ref}\n{names}".encode(), limit=MAX_NOTE + _BESIDE)
    answers = list(_answers(out))
    tip = answers[0][0] if answers and answers[0][1] == "commit" else ""
    return tip, next((body for _, kind, body in answers[1:] if kind == "blob"), b"")


def _fanned(oid: str, level: int) -> str:
    return "/".join((*(oid[at : at + 2] for at in range(0, level * 2, 2)), oid[level * 2 :]))


def _answers(out: bytes) -> Iterator[tuple[str, str, bytes]]:
    """(oid, type, content) of each answer of `cat-file --batch`; empty for a name that names nothing."""
    at = 0
    while (end := out.find(b"\n", at)) >= 0:
        head = out[at:end].decode("ascii", "replace").split(" ")
        at = end + 1
        if len(head) == 3 and head[2].isdigit():
            size = int(head[2])
            yield head[0], head[1], out[at : at + size]
            at += size + 1
        else:
            yield "", "", b""


def _lock(common_dir: str, timeout: float) -> int | None:
    """The descriptor that holds the lock, or None. A killed process's lock is gone with it."""
    try:
        os.makedirs(f"{common_dir}/ai-log-trail", mode=0o700, exist_ok=True)
        lock = os.open(f"{common_dir}/ai-log-trail/lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return None
    until = time.monotonic() + timeout
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() >= until:
                os.close(lock)
                return None
            time.sleep(_POLL)
        else:
            return lock


def make_way(common_dir: str, *more: str) -> None:
    """Takes away the lock that a killed git has left on a ref of ours, where none of us is writing: git needs it to copy notes.

    `more` are refs that are ours besides the two.
    """
    lock = _lock(common_dir, 0.0)
    if lock is not None:
        for ref in (REF, ANNEX_REF, *more):
            _break_lock(common_dir, ref)
        os.close(lock)


def _wait(common_dir: str, ref: str, attempt: int, *, alone: bool) -> None:
    """Waits a little before another try, longer where git holds the ref's lock. `alone`: no other writer of ours is at work."""
    if os.path.exists(f"{common_dir}/{ref}.lock"):
        time.sleep(_LOCKED_POLL)
        if alone:
            _break_lock(common_dir, ref)
    else:
        time.sleep(_POLL * (1 + attempt % 5))


def _break_lock(common_dir: str, ref: str) -> None:
    path = f"{common_dir}/{ref}.lock"
    try:
        dead = os.stat(path).st_mtime < time.time() - _DEAD_SECONDS
    except OSError:
        return
    if dead:
        _remove(path)


def _given_up(ref: str, common_dir: str) -> GitError:
    if os.path.exists(f"{common_dir}/{ref}.lock"):
        return GitError(f"{ref} is locked by another git process", "one that was killed is forgotten after a minute")
    return GitError(f"{ref} moved at every try to write to it", "try again")


def _sweep(git: Git, common_dir: str) -> None:
    """Takes away what a killed writer has left: git's lock on a ref of ours, its account of a crash, an older version's refs."""
    folder, own = os.path.split(f"{common_dir}/{REF}")
    for name in _old(folder, own):
        if name.endswith(".lock"):
            _remove(f"{folder}/{name}")
        elif name.startswith(f"{own}-tmp-"):
            git.call(*_QUIET, "update-ref", "-d", f"refs/notes/{name}")
    for name in _old(common_dir, "fast_import_crash_"):
        if _is_of_ours(f"{common_dir}/{name}"):
            _remove(f"{common_dir}/{name}")


def _old(folder: str, beginning: str) -> Iterator[str]:
    """The files of a folder that have not changed for a while. git holds the lock on a ref for some milliseconds."""
    try:
        names = [name for name in os.listdir(folder) if name.startswith(beginning)]
    except OSError:
        return
    for name in names:
        try:
            if os.stat(f"{folder}/{name}").st_mtime < time.time() - _STALE_SECONDS:
                yield name
        except OSError:
            continue


def _is_of_ours(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return f" {REF}".encode() in file.read(_BESIDE)
    except OSError:
        return False


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return
