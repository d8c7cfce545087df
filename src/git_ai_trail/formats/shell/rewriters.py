"""Commands that rewrite or move files which they are given by name."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from git_ai_trail.formats.shell.lexer import DYNAMIC

# Program → the option that makes it write; empty where it always does.
_FORMATTERS = {
    "black": "",
    "isort": "",
    "rustfmt": "",
    "shfmt": "-w",
    "gofmt": "-w",
    "goimports": "-w",
    "autopep8": "-i",
    "yapf": "-i",
    "clang-format": "-i",
    "prettier": "--write",
    "eslint": "--fix",
    "biome": "--write",
    "stylelint": "--fix",
    "djlint": "--reformat",
}
_RUNNERS = {
    "npx": 1,
    "bunx": 1,
    "uvx": 1,
    "pnpm": 1,
    "yarn": 1,
    "uv": 2,
    "poetry": 2,
    "pipenv": 2,
    "hatch": 2,
    "npm": 2,
    "python": 2,
    "python3": 2,
}
_RUN_WORDS = ("run", "exec", "dlx", "-m", "--yes", "-y", "--")
_SHORT = {"-w", "-i"}


def rewritten(words: Sequence[str]) -> list[str]:
    """Files that `sed -i`, `perl -pi` or a formatter rewrites."""
    words = _unwrapped(words)
    if not words:
        return []
    program = posixpath.basename(words[0])
    if program in ("sed", "gsed", "perl"):
        return _edited_in_place(words)
    if program == "ruff":
        if words[1:2] == ["format"] or (words[1:2] == ["check"] and "--fix" in words):
            return _files(words[2:])
        return []
    flag = _FORMATTERS.get(program)
    if flag is None or "--check" in words or (flag and flag not in words):
        return []
    return _files(words[1:])


def _unwrapped(words: Sequence[str]) -> list[str]:
    """The words without `npx`, `uv run`, `python -m` and their like in front."""
    if not words or posixpath.basename(words[0]) not in _RUNNERS:
        return list(words)
    rest = list(words[1:])
    taken = 0
    while rest and rest[0] in _RUN_WORDS and taken < 3:
        rest.pop(0)
        taken += 1
    return rest if taken or _RUNNERS[posixpath.basename(words[0])] == 1 else []


def _files(words: Sequence[str]) -> list[str]:
    return [
        word
        for word in words
        if not word.startswith("-") and "." in posixpath.basename(word).strip(".") and _static(word)
    ]


def _static(word: str) -> bool:
    return DYNAMIC not in word and not any(mark in word for mark in "*?[{")


def _edited_in_place(words: Sequence[str]) -> list[str]:
    in_place = has_script = False
    names: list[str] = []
    skip = False
    for index, word in enumerate(words[1:], 1):
        if skip:
            skip = False
        elif word.startswith("--"):
            in_place = in_place or word.startswith("--in-place")
            has_script = has_script or word.startswith(("--expression", "--file"))
        elif word.startswith("-") and len(word) > 1:
            flags = word[1:]
            in_place = in_place or "i" in flags.split(".")[0]
            if flags[-1] in "ef" and not flags.startswith("i."):
                has_script = skip = True
            elif flags == "i" and words[index + 1 : index + 2] == [""]:
                skip = True  # BSD sed takes the backup's suffix as a word of its own
        else:
            names.append(word)
    if not in_place:
        return []
    return [name for name in (names if has_script else names[1:]) if name and _static(name)]


def moved(words: Sequence[str]) -> tuple[str, str] | None:
    """Old and new name of `mv a b` and `git mv a b`; None for anything else."""
    rest = list(words[1:])
    if words[:1] == ("git",):
        if rest[:1] != ["mv"]:
            return None
        rest = rest[1:]
    elif not words or posixpath.basename(words[0]) != "mv":
        return None
    names = [word for word in rest if not word.startswith("-")]
    if len(names) != 2 or not all(_static(name) and name for name in names):
        return None
    old, new = names
    if new.endswith("/") or new in (".", ".."):
        new = posixpath.join(new, posixpath.basename(old.rstrip("/")))
    return old, new


def installed(words: Sequence[str]) -> tuple[str, str] | None:
    """The two names of `install [-m MODE …] a b`; None where it makes folders, or copies several files."""
    names: list[str] = []
    rest = list(words[1:])
    while rest:
        word = rest.pop(0)
        if word in ("-d", "--directory", "-t", "-s") or word.startswith(("--target-directory", "-t", "--strip")):
            return None
        if word in ("-m", "-o", "-g", "-S", "--mode", "--owner", "--group", "--suffix"):
            rest = rest[1:]
        elif word[:1] != "-":
            names.append(word)
    return (names[0], names[1]) if len(names) == 2 and all(map(_static, names)) else None
