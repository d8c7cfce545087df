"""Which repositories a session is of, as far as redaction cares, and what their rule files say.

A session is of every work tree that it names a folder of: where it began, where a turn or a call ran, where it wrote a file. Work
trees around that one count too, as they do when commits are matched. So does, for a folder that is not here, a known work tree
whose remote the session names. Nothing here runs git or reads rules; a rule file is read once in a run, as bytes.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from git_ai_trail import places
from git_ai_trail.errors import ConfigError
from git_ai_trail.facts import Event
from git_ai_trail.git import normal_url
from git_ai_trail.pipeline.remotes import origin_of
from git_ai_trail.pipeline.sealing import Seal
from git_ai_trail.plainfile import RULE_BYTES, read_inside

FOLDER = ".git-ai-trail"
RULE_FILES = ("redactions.yml", "redactions.yaml", "redactions.json")

# Roots of work trees with rules of their own, in order.
Scope = tuple[str, ...]
# The rule files of one work tree: how each is shown, and its bytes.
Files = tuple[tuple[str, bytes], ...]

NONE: Scope = ()

# A repository that a session names by its remote stands among its folders as this and the URL.
_REMOTE = "remote:"

_LEVELS = 50_000
_SEEN = 10_000
# Folders outside of any work tree that are kept in mind, since one can become one.
_OUTSIDE = 16


class UnusableRulesError(ConfigError):
    """A repository's rule file that cannot be used; the message names file, line, rule and reason."""


class OtherRulesError(Exception):
    """A log names work trees whose rules are not among those that it is redacted with; `roots` are all that it named so far."""

    def __init__(self, roots: Iterable[str]) -> None:
        super().__init__()
        self.roots = tuple(roots)


class _Level(NamedTuple):
    """A folder: the work trees around it, its path without links, and whether it is there."""

    roots: tuple[str, ...]
    real: str
    gone: bool


class Repositories:
    """Work trees and their rule files, each looked at once. `remembered` is what the store knows of them, sealed.

    What a work tree has now holds. The files seen last hold where it is gone, or has no rule file (an older branch has none).
    """

    def __init__(self, env: Mapping[str, str], key: bytes, remembered: Mapping[str, str]) -> None:
        self._env = env
        self._seal = Seal(key)
        self._levels: dict[str, _Level] = {}
        self._files: dict[str, Files | UnusableRulesError] = {}
        self._remembered: dict[str, Files] = {}
        self._origins: dict[str, str] = {}
        self._noted: set[str] = set()
        for root, content in remembered.items():
            opened, (files, origin) = self._seal.opened(root), _restored(self._seal.opened(content))
            if opened is not None and files:
                self._remembered[opened], self._origins[opened] = files, origin
        # What this run learns of remotes is for the next one, so that the order of logs does not matter.
        self._of_remote = {
            origin: tuple(sorted(root for root, other in self._origins.items() if other == origin))
            for origin in self._origins.values()
            if origin
        }
        self._top = self._look("/", _Level((), "/", False))

    def roots(self, folder: str) -> tuple[str, ...]:
        """The work trees around a folder, outermost first, links resolved; none for what is no absolute path.

        Of a `remote` those that are known to come from there.
        """
        if not os.path.isabs(folder):
            return self._of_remote.get(folder[len(_REMOTE) :], ()) if folder.startswith(_REMOTE) else ()
        if len(self._levels) > _LEVELS:
            self._levels.clear()
        return self._at(f"/{os.path.normpath(folder).lstrip('/')}").roots

    def ruled(self, roots: Iterable[str]) -> Scope:
        """Those of the work trees that have rules of their own, usable or not."""
        return tuple(sorted({root for root in roots if self._looked(root)}))

    def files(self, root: str) -> Files:
        """The rule files of a work tree in order; `UnusableRulesError` for one that cannot be read."""
        found = self._looked(root)
        if isinstance(found, UnusableRulesError):
            raise UnusableRulesError(found.message, found.hint)
        return found

    def is_remembered(self, root: str) -> bool:
        """Whether the rules of a work tree are those that were seen last, since it has none now."""
        try:
            return bool(self._remembered.get(root)) and not self._read(root)
        except ConfigError:
            return False

    def is_there(self, root: str) -> bool:
        """Whether there is a work tree at `root`."""
        return os.path.lexists(os.path.join(root, ".git"))

    @property
    def remembered(self) -> tuple[str, ...]:
        """The work trees whose rules the store knows."""
        return tuple(sorted(self._remembered))

    def to_remember(self, scope: Scope) -> list[tuple[str, str]]:
        """What the store does not know yet of usable rule files: (root, content), both sealed."""
        found = []
        for root in scope:
            if root in self._noted:
                continue
            self._noted.add(root)
            files = self.files(root)
            origin = self._origins.get(root, "") if self.is_remembered(root) else origin_of(root)
            if (self._remembered.get(root), self._origins.get(root)) != (files, origin):
                self._remembered[root], self._origins[root] = files, origin
                found.append((self.sealed(root), self._seal.sealed(_kept(files, origin))))
        return found

    def sealed(self, text: str) -> str:
        return self._seal.sealed(text)

    def opened(self, folders: str) -> tuple[str, ...] | None:
        """The folders that a log named, as `Named.sealed` wrote them; None where that cannot be told."""
        text = self._seal.opened(folders)
        return None if text is None else tuple(json.loads(text))

    # -- work trees ------------------------------------------------------------------------------------------------

    def _at(self, path: str) -> _Level:
        level, at = self._top, ""
        for part in filter(None, path.split("/")):
            at = f"{at}/{part}"
            level = self._levels.get(at) or self._levels.setdefault(at, self._look(at, level))
            if level.gone:
                return self._beyond(level, path[len(at) :])
        return level

    def _beyond(self, level: _Level, rest: str) -> _Level:
        """A folder below one that is not there: only what is remembered can tell of it."""
        if not self._remembered:
            return level
        real = level.real + rest
        roots = [root for root in self._remembered if real == root or real.startswith(f"{root}/")]
        return _Level(tuple(dict.fromkeys((*level.roots, *sorted(roots)))), real, True)

    def _look(self, path: str, above: _Level) -> _Level:
        real = f"{above.real.rstrip('/')}/{path.rpartition('/')[2]}"
        try:
            if stat.S_ISLNK(os.lstat(real).st_mode):
                return self._linked(os.path.realpath(real), above)
        except (OSError, ValueError):
            return _Level(above.roots, real, True)
        if real in self._remembered or os.path.lexists(f"{real}/.git"):
            return _Level((*above.roots, real), real, False)
        return _Level(above.roots, real, False)

    def _linked(self, real: str, above: _Level) -> _Level:
        if os.path.islink(real):
            return _Level(above.roots, real, True)  # a circle
        there = self._at(real)
        return _Level(tuple(dict.fromkeys((*above.roots, *there.roots))), there.real, there.gone)

    # -- rule files ------------------------------------------------------------------------------------------------

    def _looked(self, root: str) -> Files | UnusableRulesError:
        if root not in self._files:
            try:
                self._files[root] = self._read(root) or self._remembered.get(root, ())
            except ConfigError as error:
                self._files[root] = UnusableRulesError(error.message, error.hint)
        return self._files[root]

    def _read(self, root: str) -> Files:
        if not os.path.lexists(os.path.join(root, FOLDER)):
            return ()
        found = []
        for name in RULE_FILES:
            shown = places.shortened(os.path.join(root, FOLDER, name), self._env)
            content = read_inside(root, f"{FOLDER}/{name}", RULE_BYTES, shown=shown)
            if content is not None:
                found.append((shown, content))
        return tuple(found)


def _kept(files: Files, origin: str) -> str:
    return json.dumps([[[shown, content.decode("utf-8")] for shown, content in files], origin])


def _restored(text: str | None) -> tuple[Files, str]:
    if not text:
        return (), ""
    files, origin = json.loads(text)
    return tuple((shown, content.encode("utf-8")) for shown, content in files), origin


class Named:
    """The folders that a log names, as it is read. `others` are work trees with rules that other logs of its session name."""

    def __init__(self, repositories: Repositories, known: Iterable[str] = (), others: Scope = NONE) -> None:
        self._repositories = repositories
        self._seen: set[str] = set()
        self._kept: dict[str, None] = {}
        self._outside = 0
        self.roots: set[str] = set(others)
        # Once the rules are chosen, another work tree with rules is one too many.
        self.scope: Scope | None = None
        for folder in known:
            self._learn(folder, own=True)

    @property
    def any(self) -> bool:
        """Whether any folder was named."""
        return bool(self._seen)

    def see(self, events: Iterable[Event]) -> None:
        """Takes note of the folders in events; raises `OtherRulesError` for rules that were not chosen."""
        for event in events:
            raw = event.raw
            if type(raw) is dict:
                # Some agents say it on every line, also where nothing else tells of a change.
                folder = raw.get("cwd")
                if type(folder) is str and folder not in self._seen:
                    self._learn(folder, own=True)
            kind = event.kind
            if kind in _NAMING:
                data = event.data
                folder = _NAMING[kind](data)
                if folder and folder not in self._seen:
                    self._learn(folder, own=kind in ("meta", "context"))
                if kind == "meta" and data.git_url and not os.path.isdir(data.cwd):
                    self._learn(_REMOTE + normal_url(data.git_url), own=True)

    def chosen(self) -> Scope:
        """The work trees whose rules hold for all that was named so far; from now on there must be no others."""
        self.scope = self._repositories.ruled(self.roots)
        return self.scope

    def sealed(self) -> str:
        """The folders as the store keeps them."""
        return self._repositories.sealed(json.dumps(sorted(self._kept), separators=(",", ":")))

    def _learn(self, folder: str, *, own: bool) -> None:
        if len(self._seen) >= _SEEN:
            self._seen.clear()
        self._seen.add(folder)
        roots = self._repositories.roots(folder)
        far = folder.startswith(_REMOTE)
        if not far:
            self._kept.update(dict.fromkeys(roots))
        if (far or (not roots and own and os.path.isabs(folder))) and self._outside < _OUTSIDE:
            self._kept[folder] = None
            self._outside += 1
        if not self.roots.issuperset(roots):
            self.roots.update(roots)
            if self.scope is not None and self._repositories.ruled(self.roots) != self.scope:
                raise OtherRulesError(self.roots)


def _cwd(data: Any) -> str:
    return str(data.cwd)


def _workdir(data: Any) -> str:
    return str(data.workdir)


def _folder(data: Any) -> str:
    return str(data.path).rpartition("/")[0]


_NAMING = {"meta": _cwd, "context": _cwd, "call": _workdir, "commit": _workdir, "edit": _folder}
