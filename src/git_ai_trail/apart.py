"""Files whose lines nobody writes by hand: lock files, generated and vendored ones. Hot-safe.

Their lines are counted, and kept apart from the others: a lock file of ten thousand lines says nothing about who wrote a
commit. What a file is, the repository says (`linguist-generated` and `linguist-vendored` in the `.gitattributes` of the very
commit, as GitHub reads them), then the ignore list of the policy, then its name.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from git_ai_trail.globs import is_named, is_under

KINDS = ("policy", "generated", "vendored", "lock")
ATTRIBUTES = ".gitattributes"

# A file of attributes is read so far, and so many of them for one commit, those of the upper folders first.
_MAX_BYTES = 1 << 20
_MAX_RULES = 2000
_MAX_FOLDERS = 1000

# Written by the tools that resolve dependencies, never by hand.
_LOCKS = frozenset(
    {
        "Cargo.lock",
        "Gemfile.lock",
        "Gopkg.lock",
        "Manifest.toml",
        "Package.resolved",
        "Pipfile.lock",
        "Podfile.lock",
        "bun.lock",
        "bun.lockb",
        "composer.lock",
        "conda-lock.yml",
        "deno.lock",
        "flake.lock",
        "glide.lock",
        "go.sum",
        "go.work.sum",
        "gradle.lockfile",
        "mix.lock",
        "npm-shrinkwrap.json",
        "package-lock.json",
        "packages.lock.json",
        "paket.lock",
        "pdm.lock",
        "pixi.lock",
        "pnpm-lock.yaml",
        "poetry.lock",
        "pubspec.lock",
        "pylock.toml",
        "rebar.lock",
        "stack.yaml.lock",
        "uv.lock",
        "yarn.lock",
        ".terraform.lock.hcl",
    }
)
_FOLDERS = frozenset({"node_modules", "bower_components", "third_party", "third-party", "vendor", "vendors", "Pods"})
_ENDINGS = (
    ".min.js",
    ".min.css",
    ".bundle.js",
    ".js.map",
    ".css.map",
    ".pb.go",
    ".pb.cc",
    ".pb.h",
    ".pb.gw.go",
    "_pb2.py",
    "_pb2.pyi",
    "_pb2_grpc.py",
    "_pb.js",
    ".g.dart",
    ".freezed.dart",
    ".designer.cs",
    ".Designer.cs",
    # Aider's own logs, which some repositories have in them.
    ".aider.chat.history.md",
    ".aider.input.history",
)


class Apart(NamedTuple):
    """How much of a commit stands in such files: how many of them, and their lines, which are part of the commit's counts."""

    files: int = 0
    added: int = 0
    generated: int = 0
    edited: int = 0


NOTHING = Apart()


def apart_of(files: Iterable[tuple[str, int, Iterable[tuple[str, int]]]]) -> Apart:
    """Sums over (kind, added lines, (class, lines) of each range), of the files that have a kind."""
    count = added = 0
    owned = {"generated": 0, "edited": 0}
    for kind, lines, ranges in files:
        if kind:
            count += 1
            added += lines
            for name, size in ranges:
                owned[name] += size
    return Apart(count, added, owned["generated"], owned["edited"])


class Kinds:
    """Says what a path is: one of `KINDS`, or empty for a file that people write."""

    def __init__(self, attributes: Mapping[str, bytes | None] | None = None, ignored: Sequence[str] = ()) -> None:
        """`attributes` are the texts of `.gitattributes` by folder (`""`, `src/`), `ignored` patterns of the policy."""
        self._ignored = tuple(ignored)
        # Deeper folders speak last, as in git.
        folders = sorted((attributes or {}).items(), key=lambda pair: pair[0].count("/"))
        self._rules = [(folder, rule) for folder, text in folders for rule in _rules(text or b"")]
        self._known: dict[str, str] = {}

    @property
    def has_rules(self) -> bool:
        """Whether any attributes say something."""
        return bool(self._rules)

    def __call__(self, path: str) -> str:
        found = self._known.get(path)
        if found is None:
            found = self._known[path] = self._kind(path)
        return found

    def _kind(self, path: str) -> str:
        said: dict[str, bool | None] = {"generated": None, "vendored": None}
        for folder, (pattern, values) in self._rules:
            if path.startswith(folder) and is_named(path[len(folder) :], pattern):
                said.update(values)
        if any(is_under(path, pattern) for pattern in self._ignored):
            return "policy"
        stated = next((kind for kind, value in said.items() if value), "")
        if stated:
            return stated
        name = _by_name(path)
        # `-linguist-generated` is how a repository says that it writes a lock file by hand.
        return "" if said["vendored" if name == "vendored" else "generated"] is False else name


def _by_name(path: str) -> str:
    *folders, name = path.split("/")
    if not _FOLDERS.isdisjoint(folders):
        return "vendored"
    if name in _LOCKS:
        return "lock"
    return "generated" if name.endswith(_ENDINGS) else ""


def _rules(text: bytes) -> Iterable[tuple[str, dict[str, bool | None]]]:
    """(pattern, what it says) of the lines that name one of the two attributes."""
    if b"linguist-" not in text:
        return
    count = 0
    for line in text[:_MAX_BYTES].decode("utf-8", "surrogateescape").split("\n"):
        if "linguist-" not in line or count >= _MAX_RULES:
            continue
        pattern, words = _pattern(line.strip())
        values = dict(pair for word in words if (pair := _value(word)))
        # A negated pattern, a macro and a folder name no file.
        if values and pattern and pattern[0] not in "!#" and not pattern.startswith("[attr]") and pattern[-1] != "/":
            count += 1
            yield pattern, values


def _pattern(line: str) -> tuple[str, list[str]]:
    if line.startswith('"') and (end := line.find('"', 1)) > 0:
        return line[1:end], line[end + 1 :].split()
    pattern, *words = line.split() or [""]
    return pattern, words


def _value(word: str) -> tuple[str, bool | None] | None:
    sign, bare = (word[0], word[1:]) if word[0] in "-!" else ("", word)
    name, equals, value = bare.partition("=")
    kind = name.removeprefix("linguist-")
    if kind == name or kind not in ("generated", "vendored"):
        return None
    if sign == "!":
        return kind, None
    return kind, sign != "-" and (not equals or value != "false")


def folders_of(paths: Iterable[str]) -> list[str]:
    """The folders whose attributes may speak of these files, the upper ones first: `""`, `src/`, `src/a/`."""
    found = {""}
    for path in paths:
        at = path.rfind("/")
        while at > 0 and path[: at + 1] not in found:
            found.add(path[: at + 1])
            at = path.rfind("/", 0, at)
    return sorted(found, key=lambda folder: (folder.count("/"), folder))[:_MAX_FOLDERS]


def kinds_at(
    read: Callable[[list[str]], Sequence[bytes | None]],
    tip: str,
    paths: Iterable[str],
    ignored: Sequence[str] = (),
    worktree: str = "",
) -> Kinds:
    """What the files of a commit (or tree) are by its own attributes; `read` gives the blobs of names like `tip:path`.

    Of a commit that is being made in `worktree` only those attributes are read that lie there.
    """
    folders = [one for one in folders_of(paths) if not worktree or os.path.lexists(f"{worktree}/{one}{ATTRIBUTES}")]
    texts = read([f"{tip}:{folder}{ATTRIBUTES}" for folder in folders])
    return Kinds(dict(zip(folders, texts, strict=True)), ignored)
