"""Makes a clone's commits again in a new repository, with the logs of the made-up sessions that wrote them, by kinds.

Used by `lines.py`, which says what the kinds are. Who wrote each line is known, because the same program wrote it.
"""

from __future__ import annotations

import difflib
import os
import random
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from replay_logs import Hunk, Log, Work

from git_ai_trail.git import Git, empty_tree

SHARES = {
    "clean": 30,
    "interleaved": 20,
    "partial": 10,
    "formatter": 10,
    "human-edit": 10,
    "two-sessions": 10,
    "shell": 5,
    "carried": 5,
}
START = 1_760_000_000
HOUR = 3600
DAY = 24 * HOUR
MAX_LINES = 3000
MAX_FILES = 12
BASE, PERSON = "base", "person"
NAME = re.compile(r"[A-Za-z_]{4,}")


class Row(NamedTuple):
    """A line of a file as committed; `owner` is BASE, PERSON or the number of a writer (0, 1)."""

    text: str
    owner: str | int


class Change(NamedTuple):
    path: str
    before: list[str] | None
    after: list[str]

    def blocks(self) -> Iterator[tuple[str, list[str], list[str], str | None]]:
        """(tag, old lines, new lines, line before) in order."""
        old = self.before or []
        for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, self.after, autojunk=False).get_opcodes():
            yield tag, old[i1:i2], self.after[j1:j2], old[i1 - 1] if i1 else None


Made = tuple[list[Row], list[Work]]


def clean(change: Change, chance: random.Random) -> Made:
    rows: list[Row] = []
    hunks = []
    for tag, old, new, context in change.blocks():
        if tag == "equal":
            rows += [Row(text, BASE) for text in old]
        else:
            rows += [Row(text, 0) for text in new]
            hunks.append(Hunk(context, tuple(old), tuple(new)))
    size = max(1, -(-len(hunks) // chance.randrange(1, 4)))
    return rows, [Work(0, tuple(hunks[at : at + size])) for at in range(0, len(hunks), size)]


def interleaved(change: Change, chance: random.Random) -> Made:
    rows: list[Row] = []
    hunks = []
    for tag, old, new, context in change.blocks():
        if tag == "equal":
            rows += [Row(text, BASE) for text in old]
            continue
        agent = chance.random() < 0.6
        at = 0
        removed = tuple(old)
        while at < len(new):
            part = new[at : at + chance.randrange(1, 7)]
            rows += [Row(text, 0 if agent else PERSON) for text in part]
            if agent:
                hunks.append(Hunk(context, removed, tuple(part)))
                removed = ()
            context = part[-1]
            at += len(part)
            agent = not agent
    return rows, [Work(0, tuple(hunks))] if hunks else []


def partial(change: Change, chance: random.Random) -> Made:
    rows: list[Row] = []
    hunks = []
    for tag, old, new, context in change.blocks():
        staged = tag != "equal" and chance.random() < 0.6
        if tag != "equal":
            hunks.append(Hunk(context, tuple(old), tuple(new)))
        rows += [Row(text, 0) for text in new] if staged else [Row(text, BASE) for text in old]
    return rows, [Work(0, tuple(hunks))]


def formatter(change: Change, chance: random.Random) -> Made:
    _, works = clean(change, chance)
    style = chance.choice((quotes, indent, wrap, commas))
    rows: list[Row] = []
    for tag, old, new, _ in change.blocks():
        if tag == "equal":
            rows += [Row(text, BASE) for text in old]
        else:
            rows += [Row(text, 0) for line in new for text in style(line)]
    return rows, works


def quotes(line: str) -> list[str]:
    return [line.replace("'", '"') if '"' not in line else line.replace('"', "'") if "'" not in line else line]


def indent(line: str) -> list[str]:
    bare = line.lstrip(" \t")
    space = line[: len(line) - len(bare)]
    return [space.expandtabs(4).replace("    ", "  ") + bare if space else line]


def commas(line: str) -> list[str]:
    return [line + "," if re.search(r"[\w\"')\]]$", line) and line.startswith(" ") else line]


def wrap(line: str) -> list[str]:
    found = re.match(r"^(\s*)([^#'\"]*?[(\[])([^()\[\]'\"]*, [^()\[\]'\"]*)([)\]].*)$", line)
    if found is None or len(line) < 40:
        return [line]
    space, head, inside, tail = found.groups()
    return [space + head, *(f"{space}    {part}," for part in inside.split(", ")), space + tail]


def human_edit(change: Change, chance: random.Random) -> Made:
    rows, works = clean(change, chance)
    return [
        row._replace(text=touched(row.text, chance)) if row.owner == 0 and chance.random() < 0.2 else row
        for row in rows
    ], works


def touched(line: str, chance: random.Random) -> str:
    """The line with one word or number changed, or a word more; short lines stay."""
    if len("".join(line.split())) < 12:
        return line
    names = list(NAME.finditer(line))
    numbers = list(re.finditer(r"\d+", line))
    if numbers and chance.random() < 0.4:
        one = chance.choice(numbers)
        return line[: one.start()] + str(int(one[0][:9]) + 1) + line[one.end() :]
    if names:
        one = chance.choice(names)
        return (
            line[: one.start()] + chance.choice((one[0] + "_value", "new_" + one[0], one[0][:-1])) + line[one.end() :]
        )
    return line


def two_sessions(change: Change, chance: random.Random) -> Made:
    rows: list[Row] = []
    works = []
    for tag, old, new, context in change.blocks():
        if tag == "equal":
            rows += [Row(text, BASE) for text in old]
            continue
        writer = chance.randrange(2)
        draft = [touched(text, chance) if chance.random() < 0.15 else text for text in new]
        works.append(Work(writer, (Hunk(context, tuple(old), tuple(draft)),)))
        for had, text in zip(draft, new, strict=True):
            rows.append(Row(text, writer if had == text else 1 - writer))
            if had != text:
                works.append(Work(1 - writer, (Hunk(None, (had,), (text,)),)))
    return rows, works


def shell(change: Change, chance: random.Random) -> Made:
    rows, _ = clean(change, chance)
    return rows, [Work(0, (), "".join(f"{line}\n" for line in change.after))]


KINDS: dict[str, Callable[[Change, random.Random], Made]] = {
    "clean": clean,
    "interleaved": interleaved,
    "partial": partial,
    "formatter": formatter,
    "human-edit": human_edit,
    "two-sessions": two_sessions,
    "shell": shell,
    "carried": clean,
}


class Replay:
    """Makes one clone's commits again in `repo`, and the logs beside them. `truth` is the rows of each file by commit."""

    def __init__(self, repo: Path, home: Path, seed: int) -> None:
        self.repo = repo
        self.home = home
        self.chance = random.Random(seed)
        self.state: dict[str, list[str]] = {}
        self.logs: list[Log | None] = [None, None]
        self.truth: dict[str, tuple[str, dict[str, list[Row]], list[str]]] = {}
        self.git("init", "-q", "-b", "main", ".")

    def git(self, *args: str, at: float = START) -> str:
        who = {"GIT_AUTHOR_DATE": f"{int(at)} +0000", "GIT_COMMITTER_DATE": f"{int(at)} +0000"}
        for role in ("AUTHOR", "COMMITTER"):
            who |= {f"GIT_{role}_NAME": "A. Person", f"GIT_{role}_EMAIL": "person@example.com"}
        env = {
            **os.environ,
            **who,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "HOME": str(self.home),
        }
        done = subprocess.run(["git", *args], cwd=self.repo, env=env, stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout.strip()

    def run(self, source: Git, count: int) -> None:
        deck = [kind for kind, share in SHARES.items() for _ in range(share)]
        listing = source.run("log", "--first-parent", "--no-merges", f"-{3 * count}", "--format=%H %P").decode()
        pairs = [line.split() for line in reversed(listing.splitlines())]
        kinds: list[str] = []
        number = 0
        for oid, *parents in pairs:
            changes = read_changes(source, parents[0] if parents else empty_tree(oid), oid)
            if not changes or number == count:
                continue
            if not kinds:
                kinds = self.chance.sample(deck, len(deck))
            number += 1
            self.commit(kinds.pop(), changes, START + number * HOUR)

    def commit(self, kind: str, changes: Sequence[Change], at: float) -> None:
        self._sync(changes, at - HOUR / 2)
        writers = self._writers(kind, at)
        rows: dict[str, list[Row]] = {}
        begun = at - (self.chance.uniform(1, 6) * DAY if kind == "carried" else HOUR / 3)
        for change in changes:
            rows[change.path], works = KINDS[kind](change, self.chance)
            for work in works:
                begun += 2 + len(work.hunks) * 0.02
                writers[work.writer].work(begun, change.path, work, new=change.before is None and work.whole is None)
            self._write(change.path, [row.text for row in rows[change.path]])
        if self.chance.random() < 0.5:
            self._distract(changes, begun + 1)
        self.git("add", "-A", "-f")
        self.git("commit", "-q", "--allow-empty", "-m", f"Work of kind {kind}", at=at)
        oid = self.git("rev-parse", "HEAD")
        self.truth[oid] = (kind, rows, [log.id for log in writers])

    def _writers(self, kind: str, at: float) -> list[Log]:
        for slot in range(2):
            if self.logs[slot] is None or self.chance.random() < 0.4:
                self.logs[slot] = Log(self.home, str(self.repo), at - HOUR / 2, self.chance)
        if kind == "carried":
            return [Log(self.home, str(self.repo), at - 7 * DAY, self.chance)]
        return [log for log in self.logs if log is not None]

    def _distract(self, changes: Sequence[Change], at: float) -> None:
        change = self.chance.choice(changes)
        log = Log(self.home, "/srv/elsewhere/project", at - 60, self.chance, "https://example.com/other/project.git")
        same = self.chance.random() < 0.5
        hunks = [
            Hunk(context, tuple(old), tuple(new if same else [touched(line, self.chance) for line in new]))
            for tag, old, new, context in change.blocks()
            if tag != "equal"
        ]
        log.work(at, change.path, Work(0, tuple(hunks)), new=change.before is None)

    def _sync(self, changes: Sequence[Change], at: float) -> None:
        """Brings the files that a commit changes to what they were before it; a person's commit, which is not judged."""
        stale = [one for one in changes if self.state.get(one.path) != one.before]
        for change in stale:
            self._write(change.path, change.before)
        if stale:
            self.git("add", "-A", "-f")
            self.git("commit", "-q", "--allow-empty", "-m", "As it was", at=at)

    def _write(self, path: str, lines: list[str] | None) -> None:
        place = self.repo / path
        if lines is None:
            place.unlink(missing_ok=True)
            self.state.pop(path, None)
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("".join(f"{line}\n" for line in lines), "utf-8", newline="")
        self.state[path] = lines


def read_changes(source: Git, base: str, oid: str) -> list[Change]:
    """The text files that a commit adds to, as lines; of a commit with many files the first ones."""
    diffs = [one for one in source.diff(base, oid) if one.status in "AM" and one.added and not one.binary]
    changes = []
    for diff in diffs[:MAX_FILES]:
        wanted = [diff.new_oid] + ([diff.old_oid] if diff.status == "M" else [])
        texts = [text_of(blob) for blob in source.blobs(wanted)]
        if any(text is None or len(text) > MAX_LINES for text in texts) or diff.new_mode not in ("100644", "100755"):
            continue
        changes.append(Change(diff.path, texts[1] if len(texts) > 1 else None, texts[0] or []))
    return changes


def text_of(blob: bytes | None) -> list[str] | None:
    """The lines of a text file that ends with a newline; None for anything else."""
    if not blob or b"\0" in blob or b"\r" in blob or not blob.endswith(b"\n"):
        return None
    try:
        return blob.decode("utf-8")[:-1].split("\n")
    except UnicodeDecodeError:
        return None
