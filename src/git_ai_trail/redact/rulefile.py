"""Reads one rule file (YAML, or JSON as its subset) into rules, and says file, line and rule for whatever is wrong."""

from __future__ import annotations

import difflib
import os
import re
import warnings
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml

from git_ai_trail.errors import ConfigError
from git_ai_trail.plainfile import RULE_BYTES, read_inside
from git_ai_trail.redact.explosive import explosive, largest_repeat
from git_ai_trail.redact.pattern import nested_repeat
from git_ai_trail.redact.rule import ASKED_FOR, SCOPES, TYPES, Rule

MAX_BYTES = 1 << 20
MAX_RULES = 5000
# What a repository's file may have, which can be a stranger's.
REPOSITORY_RULES = 500
_LONGEST_PATTERN = 1000
_LONGEST_REPLACEMENT = 200
_LARGEST_REPEAT = 1000

_KEYS = tuple(f.name for f in fields(Rule) if f.name not in ("origin", "builtin", "trusted"))
_TEXTS = ("id", "type", "pattern", "kind", "scope", "field", "replacement", "reason", "actor")
_FLAGS = ("enabled", "ignore_case", "dotall")
_LISTS = ("keywords", "allow", "matches", "non_matches")
# Ten times as fast, where PyYAML was built with it.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# What rule files of ai-log-trail say for a prompt with everything that answers it.
_OLD_SCOPE = "interaction"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_KIND = re.compile(r"[a-z][a-z0-9-]{0,31}\Z")
_GROUP_REFERENCE = re.compile(r"\\(?:\d|g<)")


def read(path: str, *, trusted: bool, builtin: bool = False) -> list[Rule]:
    """The rules of a file in order, disabled ones too; ConfigError names what cannot be used."""
    name = Path(path).name
    return parsed(_content(path, name, trusted=trusted), name, trusted=trusted, builtin=builtin)


def parsed(content: bytes, name: str, *, trusted: bool, builtin: bool = False) -> list[Rule]:
    """The same for the bytes of a file, which is called `name` in what is said."""
    root = _compose(content, name)
    if root is None:
        return []
    if isinstance(root, yaml.MappingNode):
        root = _rules_of_mapping(root, name)
    if not isinstance(root, yaml.SequenceNode):
        raise ConfigError(f"{name}: expected a list of rules", "start each rule with `- id: …`")
    most = MAX_RULES if trusted else REPOSITORY_RULES
    if len(root.value) > most:
        raise ConfigError(f"{name}: more than {most} rules")
    construct = yaml.constructor.SafeConstructor().construct_object
    rules = [_rule(node, name, construct, trusted=trusted, builtin=builtin) for node in root.value]
    _no_duplicates(rules)
    return rules


def _content(path: str, name: str, *, trusted: bool) -> bytes:
    if not trusted:
        top, folder, base = _parts(path)
        content = read_inside(top, f"{folder}/{base}", RULE_BYTES, shown=name)
        if content is None:
            raise ConfigError(f"cannot read the rule file {name}: there is none")
        return content
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"cannot read the rule file {name}: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise ConfigError(f"the rule file {name} is larger than {MAX_BYTES} bytes")
    return content


def _parts(path: str) -> tuple[str, str, str]:
    """The work tree of a repository's rule file, its folder there, and its name."""
    folder, base = os.path.split(os.path.abspath(path))
    top, inner = os.path.split(folder)
    return top, inner, base


def _compose(content: bytes, name: str) -> Any:
    try:
        return yaml.compose(content.decode("utf-8"), Loader=_LOADER)
    except UnicodeDecodeError:
        raise ConfigError(f"the rule file {name} is not UTF-8") from None
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        raise ConfigError(f"{name}{line}: not valid YAML ({getattr(error, 'problem', None) or 'syntax'})") from None


def _rules_of_mapping(root: yaml.MappingNode, name: str) -> Any:
    found: Any = None
    for key, value in root.value:
        word = _word(key, name)
        if word == "rules":
            found = value
        elif word != "version":
            raise ConfigError(f"{name}:{_line(key)}: unknown key `{_short(word)}`", _nearest(word, ("rules",)))
    return found


def _rule(node: Any, name: str, construct: Callable[..., Any], *, trusted: bool, builtin: bool) -> Rule:
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError(f"{name}:{_line(node)}: a rule is a mapping with `id` and `pattern`")
    values: dict[str, Any] = {}
    where = f"{name}:{_line(node)}"
    for key_node, value_node in node.value:
        key = _word(key_node, name)
        at = f"{name}:{_line(key_node)}"
        of = f" of rule {values['id']}" if "id" in values else ""
        if key not in _KEYS:
            raise ConfigError(f"{at}: unknown key `{_short(key)}`{of}", _nearest(key, _KEYS))
        if key in values:
            raise ConfigError(f"{at}: key `{key}`{of} stands twice")
        values[key] = _value(key, _constructed(construct, value_node, at + of), at + of)
    if values.get("scope") == _OLD_SCOPE:
        values["scope"] = "global"
    rule = Rule(**{"id": "", **values}, origin=where, builtin=builtin, trusted=trusted)
    _check(rule, where, given=frozenset(values))
    return rule


def _word(key: Any, name: str) -> str:
    """A key of a mapping. A list in its place can hold itself, or grow without end when it is written out."""
    if not isinstance(key, yaml.ScalarNode):
        raise ConfigError(f"{name}:{_line(key)}: a key must be a word")
    return str(key.value)


def _constructed(construct: Callable[..., Any], node: Any, at: str) -> Any:
    try:
        return construct(node, deep=True)
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError, TypeError):
        raise ConfigError(f"{at}: not a value that a rule can have") from None


def _value(key: str, value: Any, at: str) -> Any:
    if key in _TEXTS:
        if isinstance(value, str):
            return value
    elif key in _FLAGS:
        if isinstance(value, bool):
            return value
    elif key == "entropy":
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value)
    elif isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(item.lower() for item in value) if key == "keywords" else tuple(value)
    wanted = "text" if key in _TEXTS else "true or false" if key in _FLAGS else "a list of texts"
    raise ConfigError(f"{at}: `{key}` must be {'a number' if key == 'entropy' else wanted}")


def _check(rule: Rule, where: str, *, given: frozenset[str]) -> None:
    if not _ID.match(rule.id):
        raise ConfigError(f"{where}: a rule needs an `id` of letters, digits, `-`, `_` and `.`")
    where = f"{where}: rule {rule.id}"
    if not rule.trusted and not rule.enabled:
        raise ConfigError(f"{where}: a repository's rule file may only add rules", "switch rules off in your own file")
    if given <= {"id", "enabled", "reason", "actor"} and (not rule.enabled or rule.id in ASKED_FOR):
        return
    if not rule.pattern:
        raise ConfigError(f"{where}: `pattern` is missing")
    for key, value, known in (("type", rule.type, TYPES), ("scope", rule.scope, SCOPES)):
        if value not in known:
            raise ConfigError(f"{where}: unknown {key} `{_short(value)}`", _nearest(value, known))
    if not _KIND.match(rule.kind):
        raise ConfigError(f"{where}: `kind` is a word of small letters, digits and `-`")
    if (rule.scope == "field") != bool(rule.field):
        raise ConfigError(f"{where}: `field` (a path such as payload.arguments) goes with `scope: field`")
    if not rule.trusted:
        _check_stranger(rule, where)
    if not rule.builtin:  # ours are checked by the tests, not at every start
        _check_patterns(rule, where)


def _check_stranger(rule: Rule, where: str) -> None:
    """What holds besides for a repository's rules: they may only add, and are kept small."""
    if rule.allow:
        raise ConfigError(f"{where}: a repository's rule file may not allow-list")
    if len(rule.pattern) > _LONGEST_PATTERN:
        raise ConfigError(f"{where}: the pattern is longer than {_LONGEST_PATTERN} characters")
    if "\\" in rule.replacement:
        raise ConfigError(f"{where}: `replacement` may not refer to groups here, or hold a backslash", "use fixed text")
    if len(rule.replacement) > _LONGEST_REPLACEMENT or not rule.replacement.isprintable():
        raise ConfigError(f"{where}: `replacement` is one line of at most {_LONGEST_REPLACEMENT} characters")


def _check_patterns(rule: Rule, where: str) -> None:
    if rule.type != "literal":
        groups = _compiled(rule.pattern, rule, where)
        if _is(nested_repeat, rule.pattern, where):
            raise ConfigError(
                f"{where}: an unlimited repeat inside an unlimited repeat can take forever",
                "bound one of them, such as {1,200}",
            )
        if not rule.trusted and _is(explosive, rule.pattern, where):
            raise ConfigError(
                f"{where}: a repeat inside a repeat, or choices in one that begin alike, can take forever",
                "bound the outer one, or tell the choices apart by how they begin",
            )
        if not rule.trusted and largest_repeat(rule.pattern) > _LARGEST_REPEAT:
            raise ConfigError(f"{where}: a repeat of more than {_LARGEST_REPEAT}", "use a smaller number, or none")
        if groups.search("") is not None:
            raise ConfigError(f"{where}: the pattern matches the empty text")
    for text in rule.allow:
        _compiled(text, rule, where)
    if not _GROUP_REFERENCE.search(rule.replacement):
        return
    if not rule.trusted or rule.type == "literal":
        raise ConfigError(f"{where}: `replacement` may not refer to groups here", "use fixed text")


def _is(test: Callable[[str], bool], pattern: str, where: str) -> bool:
    try:
        return test(pattern)
    except RecursionError:
        raise ConfigError(f"{where}: the pattern is nested too deeply") from None


def _compiled(pattern: str, rule: Rule, where: str) -> re.Pattern[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return re.compile(pattern, flags_of(rule))
    except (re.error, RecursionError, OverflowError, Warning) as error:
        raise ConfigError(f"{where}: bad pattern ({error})") from None


def flags_of(rule: Rule) -> re.RegexFlag:
    """How the patterns of a rule are compiled: letters, digits and spaces are ASCII's, as in the gate."""
    case = re.IGNORECASE if rule.ignore_case else re.NOFLAG
    return re.ASCII | case | (re.DOTALL if rule.dotall else re.NOFLAG)


def refuse_bad_pattern(rule: Rule, where: str) -> None:
    """What a rule file's pattern is held to, for one that comes from elsewhere; `ConfigError` says what is wrong."""
    if not rule.pattern:
        raise ConfigError(f"{where}: there is no pattern")
    _check_patterns(rule, where)


def _no_duplicates(rules: list[Rule]) -> None:
    seen: dict[str, str] = {}
    for rule in rules:
        if rule.id in seen:
            raise ConfigError(f"{rule.origin}: rule {rule.id} stands twice, first at {seen[rule.id]}")
        seen[rule.id] = rule.origin


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1


def _short(value: object) -> str:
    return str(value)[:40]


def _nearest(word: object, known: tuple[str, ...]) -> str | None:
    close = difflib.get_close_matches(str(word), known, 1, 0.5)
    return f"did you mean `{close[0]}`?" if close else f"known: {', '.join(known)}"
