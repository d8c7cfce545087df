"""Walks decoded JSON: gathers every text (keys too, and JSON inside texts), and puts the clean ones in their places.

Most values of a log are plain texts in objects, seen before and clean: the loops over objects deal with those without a
call each, and what needs no change is not copied.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from git_ai_trail.redact import keys
from git_ai_trail.redact.detectors.keyed import RULE as KEYED_RULE
from git_ai_trail.redact.detectors.values import is_secret
from git_ai_trail.redact.engine import Place
from git_ai_trail.redact.nested import dumped, parsed
from git_ai_trail.redact.session import Cleaned, Found, Memory, Session
from git_ai_trail.redact.tags import is_tag

MAX_DEPTH = 64
_JSON_STARTS = frozenset("{[ \n\t\r")
_MIN_NUMBER = 100_000
_MAX_STEP = 64
_MAX_ROUNDS = 16
_MAX_ROLES = 8192
_MAX_KEY = 256
_SAFE = frozenset((bool, int, float, type(None)))

# What an event says with words of ours, or by which rows find each other: never part of what somebody said.
_NAMES = frozenset(("call_id", "tool", "status", "op", "via", "role", "phase", "session_id", "turn_id", "oid", "model"))

# Where a value stands: its parent's place and its own step. Written out only for what was found.
Path = tuple[Any, str]
ROOT: Path = (None, "")


class Tree:
    """The values of one log line on their way through a session: gather all, examine once, rebuild each."""

    def __init__(self, session: Session, *, prompt: bool, said: bool = False) -> None:
        self._session = session
        self._scoped = session.scoped
        self._prompt = prompt
        self._said = said
        self._values: list[Any] = []
        self._dirty: Mapping[str, Cleaned] = {}
        self._found: list[tuple[Path, Found]] = []
        self._whole: dict[str, str] = {}
        self._begin()

    def gather(self, value: Any) -> None:
        """Notes every text in `value`."""
        self._values.append(value)
        if type(value) is dict:
            self._gather_mapping(value, 0)
        else:
            self._gather(value, 0)

    @property
    def texts(self) -> Mapping[str, None]:
        """The texts noted that were not known to be clean."""
        return self._texts

    def examine(self) -> bool:
        """Cleans the texts noted; whether there is anything to change at all."""
        if self._scoped:
            return True  # what becomes of a text depends on where it stands
        same = self._generation == self._session.generation
        if same and not self._special and self._memory.clean.issuperset(self._texts):
            if self._roles or self._nested:
                self._remember()
            return False
        for _ in range(_MAX_ROUNDS):
            generation = self._session.generation
            if self._generation != generation:
                # A value learned since can stand in a text that was not noted because it was known to be clean.
                self._begin()
                for value in self._values:
                    self._gather(value, 0)
            known = self._memory.clean.issuperset(self._texts)
            self._dirty = {} if known else self._session.look(self._texts)
            for secret in self._secrets:
                if secret not in self._dirty:
                    self._session.learn(secret, KEYED_RULE, "secret")
            if generation == self._session.generation:
                self._remember()
                return self._special or bool(self._dirty)
        raise RuntimeError("the texts of a line do not come to rest")

    def rebuild(self, value: Any, name: str = "") -> tuple[Any, list[tuple[Path, Found]]]:
        """`value` in the same shape with every text clean, and what was removed with its place below `name` (see `written`)."""
        self._found = []
        return self._value(value, (None, name), 0), self._found

    def _begin(self) -> None:
        self._texts: dict[str, None] = {}
        self._nested: dict[str, Any] = {}
        # Of a text that is JSON: what it became, what was removed, and how many steps lead to where it stood.
        self._rebuilt: dict[str, tuple[str, list[tuple[Path, Found]], int]] = {}
        self._roles: dict[str, int] = {}
        self._secrets: list[str] = []
        self._special = False
        self._generation = self._session.generation
        # Where the place matters, a text seen elsewhere says nothing.
        self._memory = Memory() if self._scoped else self._session.memory()

    def _remember(self) -> None:
        """The line is settled: its clean keys need no second look, nor JSON texts if nothing in the line has to go."""
        if self._roles:
            roles = self._memory.roles
            if len(roles) >= _MAX_ROLES:
                roles.clear()
            known = (
                (key, role) for key, role in self._roles.items() if len(key) <= _MAX_KEY and key not in self._dirty
            )
            roles.update(known)
        if self._nested and not self._special and not self._dirty:
            self._memory.keep(self._nested, {})

    def _gather(self, value: Any, depth: int) -> None:
        kind = type(value)
        if kind is str:
            if value not in self._memory.clean:
                self._gather_text(value, depth)
        elif kind is dict:
            self._gather_mapping(value, depth)
        elif isinstance(value, (list, tuple)):
            self._gather_items(value, depth)
        elif kind not in _SAFE:
            self._special = True

    def _gather_items(self, value: Iterable[Any], depth: int) -> None:
        if depth >= MAX_DEPTH:
            self._special = True
            return
        texts, clean = self._texts, self._memory.clean
        for item in value:
            kind = type(item)
            if kind is str:
                if item in clean:
                    continue
                if item[:1] in _JSON_STARTS:
                    self._gather_text(item, depth + 1)
                else:
                    texts[item] = None
            elif kind not in _SAFE:
                self._gather(item, depth + 1)

    def _gather_mapping(self, value: dict[Any, Any], depth: int) -> None:
        if depth >= MAX_DEPTH:
            self._special = True
            return
        texts, clean, roles = self._texts, self._memory.clean, self._memory.roles
        for key, item in value.items():
            role = roles.get(key)
            if role is None:
                role = self._gather_key(key)
            kind = type(item)
            if kind is str:
                if role and self._is_special(value, key, item, role):
                    continue
                if item in clean:
                    continue
                if item[:1] in _JSON_STARTS:
                    self._gather_text(item, depth + 1)
                else:
                    texts[item] = None
            elif kind is dict:
                self._gather_mapping(item, depth + 1)
            elif kind not in _SAFE:
                self._gather(item, depth + 1)
            elif role == keys.PASSWORD and _is_number(item):
                self._special = True

    def _gather_key(self, key: Any) -> int:
        if type(key) is not str:
            self._special = True
            return keys.PLAIN
        self._texts[key] = None
        role = self._roles[key] = keys.role(key)
        return role

    def _is_special(self, siblings: dict[Any, Any], key: str, item: str, role: int) -> bool:
        """Notes a text that its key (or a sibling) makes a secret; whether it is a payload that is not looked at."""
        if role < keys.TELLING and keys.opaque(siblings, key, item):
            self._special = True
            return True
        name = key if role >= keys.TELLING else keys.named_by_sibling(siblings) if role == keys.VALUE else ""
        if name and is_secret(name, item, quoted=True):
            self._special = True
            self._secrets.append(item)
        return False

    def _gather_text(self, text: str, depth: int) -> None:
        nested = parsed(text) if depth < MAX_DEPTH else None
        if nested is None:
            self._texts[text] = None
            return
        self._nested[text] = nested
        self._gather(nested, depth + 1)
        if self._session.custom:
            self._texts[text] = None

    def _value(self, value: Any, path: Path, depth: int) -> Any:
        kind = type(value)
        if kind is str:
            return self._text(value, path, depth)
        if kind in _SAFE:
            return value
        if depth >= MAX_DEPTH:
            return self._put(self._session.refusal("", "too-deep"), path)
        if kind is dict:
            return self._mapping(value, path, depth)
        if kind is list:
            return self._items(value, None, path, depth) or value
        if isinstance(value, tuple):
            return self._tuple(value, path, depth)
        return self._put(self._session.refusal("", "unknown-type"), path)

    def _text(self, text: str, path: Path, depth: int) -> str:
        nested = self._nested.get(text)
        if nested is None:
            return self._put(self._cleaned(text, path), path)
        known = self._rebuilt.get(text)
        if known is not None:
            # What a call says of its arguments is what the line says of them.
            made, found, above = known
            self._found += [(_moved(at, _steps(at) - above, path), one) for at, one in found]
            return made
        before, like = len(self._found), text
        clean = self._value(nested, path, depth + 1)
        if len(self._found) > before:
            text = dumped(clean, like=text)
        if not self._scoped and not self._session.custom:
            self._rebuilt[like] = (text, self._found[before:], _steps(path))
        # Rules of the user's own may look at the text as it stands, across its keys and quotes.
        return self._put(self._cleaned(text, path), path) if self._session.custom else text

    def _cleaned(self, text: str, path: Path) -> Cleaned:
        known = self._dirty.get(text)
        if known is not None:
            return known
        if not self._scoped:
            if text in self._texts or text in self._memory.clean:
                return Cleaned(text, ())
            return self._session.clean([text])[text]
        return self._placed(text, path)

    def _placed(self, text: str, path: Path) -> Cleaned:
        """A text where it matters where it stands. What went as a whole field goes from what was made of the field too."""
        if self._whole and path[1] not in _NAMES and text.strip():
            rule = next((rule for whole, rule in self._whole.items() if text in whole), "")
            if rule:
                return self._session.by_hand(text, rule)
        cleaned = self._session.clean([text], Place(self._prompt, written(path), self._said))[text]
        if len(cleaned.found) == 1 and cleaned.found[0].rule in self._session.whole_fields:
            self._whole.setdefault(text, cleaned.found[0].rule)
        return cleaned

    def _mapping(self, value: dict[Any, Any], path: Path, depth: int) -> dict[str, Any]:
        roles, dirty, nested = self._memory.roles, self._dirty, self._nested
        every = self._scoped
        changed: dict[str, Any] = {}
        for key, item in value.items():
            role = roles.get(key)
            if role is None:
                return self._renamed(value, path, depth)
            kind = type(item)
            if role and (kind is str or (kind is int and role == keys.PASSWORD)):
                special = self._of_key(value, key, item, role)
                if special is not None:
                    changed[key] = self._put(special, (path, key))
                    continue
            if kind in _SAFE or (kind is str and item not in dirty and item not in nested and not every):
                continue
            new = self._value(item, (path, key), depth + 1)
            if new is not item:
                changed[key] = new
        return {**value, **changed} if changed else value

    def _renamed(self, value: dict[Any, Any], path: Path, depth: int) -> dict[str, Any]:
        """An object with keys that are no texts or may have to change."""
        made: dict[str, Any] = {}
        for key, item in value.items():
            name = self._put(self._cleaned(str(key), path), path)
            while name in made:
                name += "'"  # two keys that became equal must not swallow each other's values
            at = (path, name)
            role = keys.role(key) if type(key) is str else max(keys.role(str(key)), keys.TELLING)
            special = self._of_key(value, str(key), item, role) if role else None
            made[name] = self._value(item, at, depth + 1) if special is None else self._put(special, at)
        return made

    def _of_key(self, siblings: dict[Any, Any], key: str, item: Any, role: int) -> Cleaned | None:
        """A value whose key or siblings say what it is: opaque, an image, or a secret."""
        if type(item) is str:
            what = keys.opaque(siblings, key, item) if role < keys.TELLING else ""
            if what:
                return self._session.omission(item, what)
            name = key if role >= keys.TELLING else keys.named_by_sibling(siblings) if role == keys.VALUE else ""
            # Where a part of it was recognised, the whole goes all the same.
            if name and is_secret(name, item, quoted=True) and not is_tag(self._cleaned(item, ROOT).text):
                return self._session.secret(item, KEYED_RULE, "secret")
        elif role == keys.PASSWORD and _is_number(item):
            return self._session.secret(str(item), KEYED_RULE, "number")
        return None

    def _tuple(self, value: tuple[Any, ...], path: Path, depth: int) -> Any:
        names = getattr(value, "_fields", None)
        items = self._items(value, names, path, depth)
        if items is None:
            return value
        return tuple(items) if names is None else type(value)(*items)

    def _items(self, value: Sequence[Any], names: Sequence[str] | None, path: Path, depth: int) -> list[Any] | None:
        """The items made clean, or None if all may stay."""
        dirty, nested, every = self._dirty, self._nested, self._scoped
        made: list[Any] | None = None
        for number, item in enumerate(value):
            kind = type(item)
            if kind in _SAFE or (kind is str and item not in dirty and item not in nested and not every):
                continue
            new = self._value(item, (path, names[number] if names else f"[{number}]"), depth + 1)
            if new is not item:
                made = made or list(value)
                made[number] = new
        return made

    def _put(self, cleaned: Cleaned, path: Path) -> str:
        if cleaned.found:
            self._found += ((path, one) for one in cleaned.found)
        return cleaned.text


def _is_number(item: Any) -> bool:
    """Whether a value is a number that can be a password."""
    return type(item) is int and abs(item) >= _MIN_NUMBER


def _steps(path: Path) -> int:
    count, at = 0, path[0]
    while at is not None:
        count, at = count + 1, at[0]
    return count


def _moved(at: Path, below: int, to: Path) -> Path:
    """The last `below` steps of a place, below another one."""
    return (_moved(at[0], below - 1, to), at[1]) if below else to


def written(path: Path) -> str:
    """A place as it is shown: `payload.content[0].text`."""
    steps: list[str] = []
    at: Any = path
    while at is not None:
        at, step = at
        if step:
            steps.append(step[:_MAX_STEP])
    return ".".join(reversed(steps)).replace(".[", "[")[:256]
