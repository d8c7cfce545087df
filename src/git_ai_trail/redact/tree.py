"""Walks decoded JSON: gathers every text (keys too, and JSON inside texts), and puts the clean ones in their places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from git_ai_trail.redact import keys
from git_ai_trail.redact.detectors.keyed import RULE as KEYED_RULE
from git_ai_trail.redact.detectors.values import is_password_name, is_secret
from git_ai_trail.redact.engine import ANYWHERE, Place
from git_ai_trail.redact.nested import dumped, parsed
from git_ai_trail.redact.session import Cleaned, Found, Session

MAX_DEPTH = 64
_JSON_STARTS = frozenset("{[ \n\t\r")
_MIN_NUMBER = 100_000
_MAX_STEP = 64

# Where a value stands: its parent's place and its own step. Written out only for what was found.
Path = tuple[Any, str]
ROOT: Path = (None, "")


class Tree:
    """The values of one log line on their way through a session: gather all, examine once, rebuild each."""

    def __init__(self, session: Session, *, prompt: bool) -> None:
        self._session = session
        self._prompt = prompt
        self._texts: dict[str, None] = {}
        self._nested: dict[str, Any] = {}
        self._clean: Mapping[str, Cleaned] = {}
        self._special = session.scoped
        self._found: list[tuple[Path, Found]] = []

    def gather(self, value: Any, depth: int = 0) -> None:
        """Notes every text in `value`."""
        kind = type(value)
        if kind is str:
            self._gather_text(value, depth)
        elif kind is dict:
            self._gather_mapping(value, depth)
        elif isinstance(value, (list, tuple)):
            if depth >= MAX_DEPTH:
                self._special = True
                return
            for item in value:
                self.gather(item, depth + 1)
        elif not (value is None or kind in _SAFE):
            self._special = True

    def examine(self) -> bool:
        """Cleans the texts noted; whether there is anything to change at all."""
        if not self._session.scoped:
            self._clean = self._session.clean(self._texts)
        return self._special or any(cleaned.found for cleaned in self._clean.values())

    def rebuild(self, value: Any, name: str = "") -> tuple[Any, list[tuple[str, Found]]]:
        """`value` in the same shape with every text clean, and what was removed with its path below `name`."""
        self._found = []
        clean = self._value(value, (None, name), 0)
        return clean, [(_written(path), found) for path, found in self._found]

    def _gather_mapping(self, value: dict[Any, Any], depth: int) -> None:
        if depth >= MAX_DEPTH:
            self._special = True
            return
        texts = self._texts
        for key, item in value.items():
            if type(key) is not str:
                self._special = True
                self.gather(item, depth + 1)
                continue
            texts[key] = None
            role = keys.role(key)
            if role:
                self._special = True
                if role != keys.TELLING and type(item) is str and keys.opaque(value, key, item):
                    continue
            # Most of a log is plain texts in objects: they are not worth a call each.
            if type(item) is str and item[:1] not in _JSON_STARTS:
                texts[item] = None
            else:
                self.gather(item, depth + 1)

    def _gather_text(self, text: str, depth: int) -> None:
        nested = parsed(text) if depth < MAX_DEPTH else None
        if nested is None:
            self._texts[text] = None
            return
        self._nested[text] = nested
        self.gather(nested, depth + 1)
        if self._session.custom:
            self._texts[text] = None

    def _value(self, value: Any, path: Path, depth: int) -> Any:
        kind = type(value)
        if kind is str:
            return self._text(value, path, depth)
        if value is None or kind in _SAFE:
            return value
        if depth >= MAX_DEPTH:
            return self._put(self._session.refusal("", "too-deep"), path)
        if kind is dict:
            return self._mapping(value, path, depth)
        if kind is list:
            return [self._value(item, (path, f"[{n}]"), depth + 1) for n, item in enumerate(value)]
        if isinstance(value, tuple):
            return self._tuple(value, path, depth)
        return self._put(self._session.refusal("", "unknown-type"), path)

    def _text(self, text: str, path: Path, depth: int) -> str:
        nested = self._nested.get(text)
        if nested is None:
            return self._put(self._cleaned(text, path), path)
        before = len(self._found)
        clean = self._value(nested, path, depth + 1)
        if len(self._found) > before:
            text = dumped(clean, like=text)
        # Rules of the user's own may look at the text as it stands, across its keys and quotes.
        return self._put(self._cleaned(text, path), path) if self._session.custom else text

    def _cleaned(self, text: str, path: Path) -> Cleaned:
        known = self._clean.get(text)
        if known is not None:
            return known
        place = Place(self._prompt, _written(path)) if self._session.scoped else ANYWHERE
        return self._session.clean([text], place)[text]

    def _mapping(self, value: dict[Any, Any], path: Path, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, item in value.items():
            known = self._clean.get(key)
            # Keys are clean as a rule, and this line runs for each of them.
            name = key if known is not None and not known.found else self._put(self._cleaned(str(key), path), path)
            while name in made:
                name += "'"  # two keys that became equal must not swallow each other's values
            role = keys.role(key) if type(key) is str else keys.TELLING
            if not role and type(item) is str:
                known = self._clean.get(item)
                if known is not None and not known.found and item not in self._nested:
                    made[name] = item
                    continue
            at = (path, name)
            special = self._of_key(value, str(key), item) if role else None
            made[name] = self._value(item, at, depth + 1) if special is None else self._put(special, at)
        return made

    def _of_key(self, siblings: dict[Any, Any], key: str, item: Any) -> Cleaned | None:
        """A value whose key or siblings say what it is: opaque, an image, or a secret."""
        if type(item) is str:
            what = keys.opaque(siblings, key, item)
            if what:
                return self._session.omission(item, what)
            role = keys.role(key)
            name = key if role == keys.TELLING else keys.named_by_sibling(siblings) if role == keys.VALUE else ""
            if name and is_secret(name, item, quoted=True) and not self._cleaned(item, ROOT).found:
                return self._session.secret(item, KEYED_RULE, "secret")
        elif type(item) is int and abs(item) >= _MIN_NUMBER and is_password_name(key):
            return self._session.secret(str(item), KEYED_RULE, "number")
        return None

    def _tuple(self, value: tuple[Any, ...], path: Path, depth: int) -> Any:
        names = getattr(value, "_fields", None)
        if names is None:
            return tuple(self._value(item, (path, f"[{n}]"), depth + 1) for n, item in enumerate(value))
        items = (self._value(item, (path, name), depth + 1) for name, item in zip(names, value, strict=True))
        return type(value)(*items)

    def _put(self, cleaned: Cleaned, path: Path) -> str:
        if cleaned.found:
            self._found += ((path, one) for one in cleaned.found)
        return cleaned.text


_SAFE = (bool, int, float)


def _written(path: Path) -> str:
    steps: list[str] = []
    at: Any = path
    while at is not None:
        at, step = at
        if step:
            steps.append(step[:_MAX_STEP])
    return ".".join(reversed(steps)).replace(".[", "[")[:256]
