"""What an inline Python script's values are known to be: texts with holes, what was put into them, paths, open files."""

from __future__ import annotations

from typing import Any, NamedTuple

from git_ai_trail.formats.linediff import Runs, new_lines, runs_of, split_lines
from git_ai_trail.formats.shell.lexer import DYNAMIC

MAX_TEXT = 1024 * 1024
# Longer texts are not compared for whether one may reach into the other.
_MAX_COMPARED = 4096


class _Mark:
    __slots__ = ()


UNKNOWN: Any = _Mark()
# Inside a list: any number of entries of which nothing is known.
HOLE: Any = _Mark()


class Text:
    """A text in which DYNAMIC stands for what is not known. `runs` are lines that surely stand somewhere in that part,
    each whole; `removed` counts lines that were surely taken out of it; `holds` are texts that are surely in it. `made` tells what it came from by a replacement of
    which nobody knows whether it found anything, and the lines that it brought if it did."""

    __slots__ = ("holds", "made", "removed", "runs", "shape")

    def __init__(self, shape: str, runs: Runs = (), removed: int = 0, holds: frozenset[str] = frozenset()) -> None:
        self.shape = shape
        self.runs = runs
        self.removed = removed
        self.holds = set(holds)
        self.made: tuple[Text, Runs, int] | None = None

    def differs(self, other: Text) -> None:
        """Takes note that this text is not the same as `other`."""
        if self.made is not None and self.made[0] is other:
            self.runs += self.made[1]
            self.removed += self.made[2]
            self.made = None

    @property
    def known(self) -> bool:
        return DYNAMIC not in self.shape


class FilePath(NamedTuple):
    name: str


class ReadFile:
    """A file that is open to be read; what is read of it a second time is not known."""

    __slots__ = ("done", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.done = False


class Table:
    """A dict as it was written down. `pairs` is None once anything may have happened to it."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: list[tuple[Any, Any]]) -> None:
        self.pairs: list[tuple[Any, Any]] | None = pairs


class OpenFile:
    """A file that a script opened to write. `text` is None once anything may have happened to it."""

    __slots__ = ("append", "before", "closed", "path", "sure", "text")

    def __init__(self, path: str, before: str | None, *, append: bool, sure: bool) -> None:
        self.path = path
        self.before = before  # what the file held, for one that is added to
        self.append = append
        self.sure = sure
        self.text: Text | None = Text("")
        self.closed = False


def unknown_text() -> Text:
    return Text(DYNAMIC)


def as_text(value: Any) -> Text:
    """What `str()` of a value gives."""
    if isinstance(value, Text):
        return value
    return Text(str(value)) if type(value) in (int, bool) else unknown_text()


def as_name(value: Any) -> Text:
    """A value that names a file; Python may write a path in another way, which still means the same file."""
    return Text(value.name) if isinstance(value, FilePath) else as_text(value)


def joined(parts: list[Text]) -> Text:
    """The parts one after the other."""
    shape = "".join(part.shape for part in parts)
    if len(shape) > MAX_TEXT:
        return unknown_text()
    return Text(
        shape, tuple(run for part in parts for run in part.runs), sum(part.removed for part in parts if part.runs)
    )


def lines_of(text: str) -> Runs:
    """The whole lines of a text that are known, those next to each other in one run."""
    lines = split_lines(text)
    return runs_of(lines, [DYNAMIC not in line for line in lines])


def lines_in(text: Text) -> Runs:
    """The lines that a text surely holds."""
    return text.runs + lines_of(text.shape)


def replaced(text: Text, old: str, new: Text, *, count: int) -> Text:
    """`text.replace(old, new, count)`; a negative count means all."""
    if text.known and new.known:
        size = len(text.shape) + text.shape.count(old) * len(new.shape)
        return Text(text.shape.replace(old, new.shape, count)) if size <= MAX_TEXT else unknown_text()
    if text.known or not old:
        return unknown_text()
    # Lines that stand in it already stay as they are unless the replaced text may reach into them.
    runs = [part for run in text.runs + _inner_lines(text.shape) for part in _untouched(run, old, new.shape)]
    removed = text.removed
    fresh, gone = _brought(old, new.shape)
    sure = old in text.holds
    if sure:
        runs.extend(fresh)
        removed += gone
    holds = frozenset(one for one in text.holds if one != old and not _may_meet(one, old))
    found = Text(DYNAMIC, tuple(runs), removed, holds)
    found.made = None if sure else (text, fresh, gone)
    return found


def _brought(old: str, new: str) -> tuple[Runs, int]:
    """The whole lines that stand in `new` and not in `old`, and how many of `old` are gone. Where the first line of `new`
    begins and its last one ends is not known: other text may stand on the same line."""
    before, after = old.split("\n"), new.split("\n")
    fresh = new_lines(before, after)
    whole = [0 < index < len(after) - 1 for index in range(len(after))]
    chosen = [take and inner and DYNAMIC not in line for line, take, inner in zip(after, fresh, whole, strict=True)]
    gone = max(len(before) - (len(after) - sum(fresh)), 0)
    return runs_of([line.removesuffix("\r") for line in after], chosen), gone


def _inner_lines(shape: str) -> Runs:
    """The known lines with a line end on both sides, whatever stands around the text later."""
    lines = shape.split("\n")[1:-1]
    return runs_of([line.removesuffix("\r") for line in lines], [DYNAMIC not in line for line in lines])


def _untouched(run: tuple[str, ...], old: str, new: str) -> Runs:
    """The lines of a run that replacing `old` anywhere in the text leaves as they are."""
    if "\r" in old:
        return ()  # the lines of a run are without theirs
    parts = old.split("\n")
    first, last, middle = parts[0], parts[-1], set(parts[1:-1])
    keep: list[bool] = []
    for line in run:
        if len(parts) == 1:
            keep.append(old not in line)
            continue
        ends = new.startswith("\n") if not first else not line.endswith(first)
        begins = new.endswith("\n") if not last else not line.startswith(last)
        keep.append(ends and begins and line not in middle)
    return runs_of(run, keep)


def _may_meet(one: str, other: str) -> bool:
    """Whether two texts may overlap where both stand in a third."""
    if len(one) > _MAX_COMPARED or len(other) > _MAX_COMPARED or one in other or other in one:
        return True
    return any(one.endswith(other[:size]) or other.endswith(one[:size]) for size in range(1, min(len(one), len(other))))


def dedented(text: Text) -> Text:
    """`textwrap.dedent`."""
    if not text.known:
        return unknown_text()
    lines = ["" if not line.strip(" \t") else line for line in text.shape.split("\n")]
    margin: str | None = None
    for line in lines:
        if line:
            indent = line[: len(line) - len(line.lstrip(" \t"))]
            margin = indent if margin is None else _common(margin, indent)
    return Text("\n".join(line[len(margin or "") :] for line in lines))


def _common(one: str, two: str) -> str:
    length = 0
    while length < min(len(one), len(two)) and one[length] == two[length]:
        length += 1
    return one[:length]
