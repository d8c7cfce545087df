"""Reads and writes trailers as git does: the last paragraph counts, by `git interpret-trailers`' own rules. Hot path.

Reading is done here, without a process; a test compares it with git. Writing is left to git.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Sequence

from git_ai_trail.errors import GitError
from git_ai_trail.git import Git
from git_ai_trail.lazy import pattern

KEY = "AI-Trail"

_VALUE = pattern(r"1:([0-9a-f]{64})")
# Not compiled before it is used: no commit needs it.
_ANYWHERE = r"(?im)^[ \t>|*-]*AI-Trail[ \t]*:[ \t]*1:([0-9a-f]{64})[ \t\r]*$"
_KEY = pattern(r"[A-Za-z0-9][A-Za-z0-9-]*")
_SEPARATOR = pattern(r"[A-Za-z0-9-]+[ \t]*:")
_UNPRINTABLE = pattern(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_MAX_VALUE = 200
_STALE_SECONDS = 60

# git's isspace and the lines that it writes itself; one of these makes a paragraph trailers with 25 % of its lines.
_SPACE = " \t\n\r"
_GENERATED = ("Signed-off-by: ", "(cherry picked from commit ")
_SCISSORS = " ------------------------ >8 ------------------------\n"
# What `core.commentChar=auto` chooses from.
_COMMENT_CHARS = "#;@!$%^&|:"


def last_block(message: str, *, comment: str = "#") -> list[tuple[str, str]]:
    """The trailers of a message as (key, value), folded values unfolded; what `git interpret-trailers --parse` prints."""
    lines = _split(message)
    first, last = _span(lines, comment)
    return [(key, value) for _, key, value in _items(lines[first:last], comment)]


def record_digest(message: str) -> str | None:
    """The digest of the record that the message vouches for; of several, the last one written."""
    values = [_VALUE.fullmatch(value) for key, value in last_block(message) if key.lower() == KEY.lower()]
    return next((value.group(1) for value in reversed(values) if value), None)


def anywhere(message: str) -> list[str]:
    """Digests on lines of ours anywhere in the message, indented or quoted too: for squashed messages, where git parses
    the last paragraph alone. They name where to look; they vouch for nothing."""
    return list(dict.fromkeys(found.group(1) for found in re.finditer(_ANYWHERE, message)))


def clean(value: str) -> str:
    """A value that stays on one line and shows what it is."""
    return _UNPRINTABLE.sub(" ", value).strip()[:_MAX_VALUE].rstrip()


def strip_ours(message: str, replaces: Iterable[tuple[str, str]] = (), *, comment: str = "#") -> str:
    """The message without our trailer in its last block, and without the trailers `replaces` (those that we wrote with it)."""
    lines = _split(message)
    first, last = _span(lines, comment)
    unwanted = {(key.lower(), value) for key, value in replaces}
    gone: set[int] = set()
    for numbers, key, value in _items(lines[first:last], comment):
        ours = key.lower() == KEY.lower() and _VALUE.fullmatch(value)
        if ours or (key.lower(), value) in unwanted:
            gone.update(first + number for number in numbers)
    return "".join(line for number, line in enumerate(lines) if number not in gone)


def write(
    git: Git,
    message_file: str,
    trailers: Sequence[tuple[str, str]],
    *,
    replaces: Iterable[tuple[str, str]] = (),
) -> bool:
    """Puts `trailers` into the message file, in the place of ours that stand there; False if nothing had to change.

    An empty message stays empty: that is how a person calls a commit off. Comments and the diff below scissors stay where they are. `replaces` are the other trailers that we wrote last time.
    The file is replaced whole, so that no failure can lose a message.
    """
    before = _load(message_file)
    comment = comment_char(git, before)
    if is_empty(before, comment=comment):
        return False
    wanted = [(key, value) for key, raw in trailers if _KEY.fullmatch(key) and (value := clean(raw))]
    there = last_block(before, comment=comment)
    ours = [pair for pair in there if pair[0].lower() == KEY.lower() and _VALUE.fullmatch(pair[1])]
    old = [pair for pair in replaces if pair in there and pair not in wanted]
    if not old and all(pair in there for pair in wanted) and all(pair in wanted for pair in ours):
        return False
    after = strip_ours(before, old, comment=comment)
    if wanted:
        after = _interpret(git, after, wanted, comment)
    _save(message_file, after)
    return True


def _interpret(git: Git, message: str, wanted: Sequence[tuple[str, str]], comment: str) -> str:
    args = [
        *(("-c", f"core.commentChar={comment}") if comment != "#" else ()),
        *("-c", "trailer.separators=:"),
        *("interpret-trailers", "--no-divider", "--where", "end"),
        *("--if-exists", "addIfDifferent", "--if-missing", "add"),
    ]
    for key, value in wanted:
        args += ["--trailer", f"{key}: {value}"]
    whole = message if message.endswith("\n") else message + "\n"
    done = git.run(*args, data=whole.encode("utf-8", "surrogateescape"))
    if not done.strip():
        raise GitError("git interpret-trailers gave no message back")
    return done.decode("utf-8", "surrogateescape")


def is_empty(message: str, *, comment: str = "#") -> bool:
    """Whether git takes the message for empty: nothing but comments, blank lines and sign-offs."""
    for line in _split(message):
        if line == comment + _SCISSORS:
            break
        if not _is_blank(line) and not line.startswith((comment, "Signed-off-by: ")):
            return False
    return True


def comment_char(git: Git, message: str) -> str:
    """The character that begins a comment in this message file. git is only asked where it cannot be `#`."""
    lines = message.rstrip().split("\n")
    scissors = next((line[0] for line in lines if line[1:] + "\n" == _SCISSORS), "")
    guess = scissors or lines[-1][:1]
    if guess == "#" or guess not in _COMMENT_CHARS:
        return "#"
    configured = git.text("config", "--get", "core.commentChar", check=False)
    return guess if configured == "auto" else configured if len(configured) == 1 else "#"


def _load(path: str) -> str:
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
        return file.read()


def _save(path: str, text: str) -> None:
    own = f"{path}.ai-trail-{os.getpid()}"
    _sweep(f"{path}.ai-trail-")
    mode = os.stat(path).st_mode & 0o777
    try:
        with open(own, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write(text)
        os.chmod(own, mode)
        os.replace(own, path)
    except OSError:
        if os.path.exists(own):
            os.unlink(own)
        raise


def _sweep(beginning: str) -> None:
    """Removes what a killed hook has left of a message."""
    folder, name = os.path.split(beginning)
    try:
        for one in os.listdir(folder or "."):
            path = os.path.join(folder, one)
            if one.startswith(name) and os.stat(path).st_mtime < time.time() - _STALE_SECONDS:
                os.unlink(path)
    except OSError:
        return


def _split(message: str) -> list[str]:
    """Lines with their line feeds, as git cuts them; a NUL ends a message."""
    lines = message.partition("\0")[0].split("\n")
    return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _span(lines: Sequence[str], comment: str) -> tuple[int, int]:
    """(first, last) of the lines that hold the trailers; equal if there are none."""
    last = _end(lines, comment)
    title = 0
    while title < last and (lines[title].startswith(comment) or not _is_blank(lines[title])):
        title += 1
    trailers = others = folded = 0
    generated = seen = False
    for number in range(last - 1, title - 1, -1):
        line = lines[number]
        if line.startswith(comment):
            others, folded = others + folded, 0
        elif _is_blank(line):
            if seen:
                others += folded
                enough = trailers * 3 >= others if generated else trailers and not others
                return (number + 1, last) if enough else (last, last)
        else:
            seen = True
            if line.startswith(_GENERATED):
                trailers, folded, generated = trailers + 1, 0, True
            elif line[0] in _SPACE:
                folded += 1
            elif _SEPARATOR.match(line):
                trailers, folded = trailers + 1, 0
            else:
                others, folded = others + folded + 1, 0
    return last, last


def _end(lines: Sequence[str], comment: str) -> int:
    """Where the message ends: before scissors, and before trailing comments, blank lines and lists of conflicts."""
    cut = next((n for n, line in enumerate(lines) if line == comment + _SCISSORS), len(lines))
    begin = None
    conflicts = False
    for number in range(cut):
        line = lines[number]
        if line.startswith((comment, "\n")):
            begin = number if begin is None else begin
        elif line == "Conflicts:\n":
            conflicts = True
            begin = number if begin is None else begin
        elif not (conflicts and line.startswith("\t")) and begin is not None:
            begin, conflicts = None, False
    return cut if begin is None else begin


def _is_blank(line: str) -> bool:
    return not line.strip(_SPACE)


def _items(lines: Sequence[str], comment: str) -> list[tuple[list[int], str, str]]:
    """(line numbers, key, value) of each trailer of a block."""
    folded: list[tuple[list[int], str]] = []
    goes_on = False
    for number, line in enumerate(lines):
        if goes_on and line[0] in _SPACE:
            folded[-1][0].append(number)
            folded[-1] = (folded[-1][0], folded[-1][1] + line)
            continue
        folded.append(([number], line))
        goes_on = bool(_SEPARATOR.match(line))
    items = []
    for numbers, text in folded:
        found = None if text.startswith(comment) else _SEPARATOR.match(text)
        if found:
            key, value = found.group()[:-1].strip(_SPACE), text[found.end() :].strip(_SPACE)
            items.append((numbers, key, re.sub(r"\n[ \t\n\r]*", " ", value)))
    return items
