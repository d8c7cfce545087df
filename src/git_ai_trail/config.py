"""The two TOML files: `.git-ai-trail.toml` of a repository (policy) and a person's `config.toml`.

Strict: a key that is unknown, misspelt, of the wrong type or in the wrong one of the two files is an error that says
where it stands and what was probably meant.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from git_ai_trail.errors import ConfigError
from git_ai_trail.settings import PROFILES, PUBLISH_LEVELS, REPOSITORY_FILE, USER_FILE, read_file

REPOSITORY = "repository"
USER = "user"

_HOMES = {
    REPOSITORY: f"the repository's {REPOSITORY_FILE}",
    USER: f"your own {USER_FILE}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One known key. `check` says what is wrong with a value, or nothing."""

    name: str
    home: str
    check: Callable[[Any], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryConfig:
    """What a repository asks of everyone. None means that it says nothing about it."""

    profile: str | None = None
    publish: str = "none"
    weak_trailer: bool | None = None
    require: tuple[str, ...] = ()
    forbid_paths: tuple[str, ...] = ()
    share_limit: float | None = None
    apart: tuple[str, ...] = ()
    exempt: tuple[str, ...] = ()
    signed: str = "none"
    report_mode: str = "summary"
    report_format: str = "md"
    report_title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars for a million tokens."""

    input: float = 0.0
    cached: float | None = None
    cache_write: float | None = None
    cache_write_1h: float | None = None
    output: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class UserConfig:
    """A person's own choices, which no repository can make for them."""

    log_roots: tuple[str, ...] = ()
    store_url: str = ""
    consent: str = "none"
    prices: Mapping[str, Price] = field(default_factory=dict)
    price_file: str = ""
    formats: tuple[str, ...] = ()


def parse_repository(text: str, where: str = REPOSITORY_FILE) -> RepositoryConfig:
    """A repository's policy from the file's text (of a worktree, or of a branch in CI)."""
    values = _parse(REPOSITORY, text, where)
    return RepositoryConfig(
        profile=values.get("policy.profile"),
        publish=values.get("policy.publish", "none"),
        weak_trailer=values.get("policy.weak-trailer"),
        require=tuple(values.get("policy.require", ())),
        forbid_paths=tuple(values.get("policy.forbid-paths", ())),
        share_limit=values.get("policy.share-limit"),
        apart=tuple(values.get("policy.apart", ())),
        exempt=tuple(values.get("policy.exempt", ())),
        signed=values.get("policy.signed", "none"),
        report_mode=values.get("report.mode", "summary"),
        report_format=values.get("report.format", "md"),
        report_title=values.get("report.title", ""),
    )


def parse_user(text: str, where: str = USER_FILE) -> UserConfig:
    """A person's configuration from the file's text."""
    values = _parse(USER, text, where)
    return UserConfig(
        log_roots=tuple(os.path.expanduser(root) for root in values.get("logs.roots", ())),
        store_url=values.get("store.url", ""),
        consent=values.get("consent.publish", "none"),
        prices={model: _price(figures) for model, figures in values.get("prices", {}).items()},
        price_file=os.path.expanduser(values.get("usage.prices", "")),
        formats=tuple(values.get("formats.use", ())),
    )


def load_repository(toplevel: str) -> RepositoryConfig:
    """The policy of the worktree at `toplevel`; the defaults where there is no file."""
    path = os.path.join(toplevel, REPOSITORY_FILE)
    return parse_repository(_read(path), path)


def load_user(config_dir: str) -> UserConfig:
    """The person's configuration in `config_dir`; the defaults where there is no file."""
    path = os.path.join(config_dir, USER_FILE)
    return parse_user(_read(path), path)


def compile_file(kind: str, data: bytes, where: str) -> dict[str, Any]:
    """What the commit path needs of a file, as flat keys and JSON values."""
    values = _parse(kind, _decode(data, where), where)
    if "logs.roots" in values:
        values["logs.roots"] = [os.path.expanduser(root) for root in values["logs.roots"]]
    return {name: value for name, value in values.items() if name in _COMPILED_KEYS}


def _read(path: str) -> str:
    return _decode(read_file(path) or b"", path)


def _decode(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{where}:{line}: not UTF-8", "save the file as UTF-8") from error


def _parse(kind: str, text: str, where: str) -> dict[str, Any]:
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        at = re.search(r"\(at line (\d+), column \d+\)", str(error))
        line = at.group(1) if at else str(text.count("\n") + 1)
        said = re.sub(r" \(at .*\)$", "", str(error))
        raise ConfigError(f"{where}:{line}: not TOML: {said}", "see https://toml.io for the syntax") from error
    values = _flatten(kind, document, text, where)
    for name, value in values.items():
        wrong = _KEYS[name].check(value)
        if wrong:
            raise ConfigError(f"{where}:{_line_of(text, name)}: {name}: {wrong}")
    return values


def _flatten(kind: str, document: Mapping[str, Any], text: str, where: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for table, content in document.items():
        if table in _KEYS:
            found = {table: content}
        elif isinstance(content, dict):
            found = {f"{table}.{name}": value for name, value in content.items()}
            if not found and not any(name.startswith(table + ".") for name in _KEYS):
                found = {table: content}
        else:
            found = {table: content}
        for name, value in found.items():
            _check_home(kind, name, text, where)
            values[name] = value
    return values


def _check_home(kind: str, name: str, text: str, where: str) -> None:
    place = f"{where}:{_line_of(text, name)}"
    key = _KEYS.get(name)
    if key is None:
        ours = [known for known, entry in _KEYS.items() if entry.home == kind]
        near = _near_table(name, ours) or difflib.get_close_matches(name, ours, n=1, cutoff=0.5) or _same_ending(name)
        hint = f"did you mean {near[0]}?" if near else f"known keys: {', '.join(sorted(ours))}"
        raise ConfigError(f"{place}: unknown key {_shown(name)}", hint)
    if key.home != kind:
        raise ConfigError(f"{place}: {name} does not belong into {_HOMES[kind]}", f"it belongs into {_HOMES[key.home]}")


def _shown(name: str) -> str:
    """A name from the file, short and without anything that a terminal would act on."""
    return "".join(c if c.isprintable() else "?" for c in name[:80])


def _near_table(name: str, keys: list[str]) -> list[str]:
    tables = {key.partition(".")[0] for key in keys}
    return [f"[{near}]" for near in difflib.get_close_matches(name, tables, n=1, cutoff=0.75)]


def _same_ending(name: str) -> list[str]:
    """Known keys that a key outside its table, or in a wrong one, can have meant."""
    last = name.rpartition(".")[2]
    endings = {known.rpartition(".")[2]: known for known in sorted(_KEYS)}
    return [endings[near] for near in difflib.get_close_matches(last, list(endings), n=1, cutoff=0.7)]


def _line_of(text: str, name: str) -> int:
    """The line on which a key stands; 1 where it is written in a way that this does not follow."""
    parts = name.split(".")
    table: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line)
        if header:
            table = _dotted(header.group(1))
            if table[: len(parts)] == parts:
                return number
            continue
        key = re.match(r"\s*([^=#\[\]]+?)\s*=", line)
        if key:
            full = table + _dotted(key.group(1))
            if full[: len(parts)] == parts or (len(full) < len(parts) and full == parts[: len(full)]):
                return number
    return 1


def _dotted(written: str) -> list[str]:
    return [part.strip().strip("\"'") for part in written.split(".")]


def _price(figures: Mapping[str, Any]) -> Price:
    return Price(**{name.replace("-", "_"): float(value) for name, value in figures.items()})


def _one_of(*words: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if isinstance(value, str) and value in words:
            return ""
        near = difflib.get_close_matches(str(value), words, n=1)
        return f"must be one of {', '.join(words)}" + (f" (did you mean {near[0]}?)" if near else "")

    return check


def _some_of(*words: str) -> Callable[[Any], str]:
    one = _one_of(*words)

    def check(value: Any) -> str:
        if not isinstance(value, list):
            return f"must be a list of {', '.join(words)}"
        return next((wrong for wrong in map(one, value) if wrong), "")

    return check


def _flag(value: Any) -> str:
    return "" if isinstance(value, bool) else "must be true or false"


def _line(value: Any) -> str:
    if isinstance(value, str) and value.isprintable() and len(value) <= 1000:
        return ""
    return "must be one line of text"


def _lines(value: Any) -> str:
    if isinstance(value, list) and not any(_line(item) for item in value):
        return ""
    return "must be a list of lines of text"


def _paths(value: Any) -> str:
    wrong = _lines(value)
    if wrong:
        return "must be a list of paths like crypto/ or *.sql"
    if any(not path.strip("/") or ".." in path.split("/") for path in value):
        return "every path must name something below the top of the repository"
    return ""


def _share(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        return "must be a part of the whole, from 0 to 1"
    return ""


def _folders(value: Any) -> str:
    if _lines(value):
        return "must be a list of folders"
    for folder in value:
        if not os.path.isabs(os.path.expanduser(folder)):
            return "every folder must begin with / or ~"
    return ""


def _prices(value: Any) -> str:
    figures = ("input", "cached", "cache-write", "cache-write-1h", "output")
    if not isinstance(value, dict):
        return "must be a table of models"
    for model, price in value.items():
        if not isinstance(price, dict):
            return f"{_shown(model)} must be a table with {', '.join(figures)}"
        for name, figure in price.items():
            if name not in figures:
                return f"{_shown(model)}.{_shown(name)} is not one of {', '.join(figures)}"
            if isinstance(figure, bool) or not isinstance(figure, int | float) or not 0 <= figure < 1e6:
                return f"{_shown(model)}.{name} must be dollars per million tokens"
    return ""


_KEYS = {
    key.name: key
    for key in (
        Key(name="policy.profile", home=REPOSITORY, check=_one_of(*PROFILES)),
        Key(name="policy.publish", home=REPOSITORY, check=_one_of(*PUBLISH_LEVELS)),
        Key(name="policy.weak-trailer", home=REPOSITORY, check=_flag),
        Key(name="policy.require", home=REPOSITORY, check=_some_of("trailer", "record", "disclosure", "evidence")),
        Key(name="policy.forbid-paths", home=REPOSITORY, check=_paths),
        Key(name="policy.share-limit", home=REPOSITORY, check=_share),
        Key(name="policy.apart", home=REPOSITORY, check=_paths),
        Key(name="policy.exempt", home=REPOSITORY, check=_lines),
        Key(name="policy.signed", home=REPOSITORY, check=_one_of("none", "evidence", "all")),
        Key(name="report.mode", home=REPOSITORY, check=_one_of("summary", "prompts", "actions", "tokens", "full")),
        Key(name="report.format", home=REPOSITORY, check=_one_of("md", "html", "json", "csv", "txt")),
        Key(name="report.title", home=REPOSITORY, check=_line),
        Key(name="logs.roots", home=USER, check=_folders),
        Key(name="store.url", home=USER, check=_line),
        Key(name="consent.publish", home=USER, check=_one_of(*PUBLISH_LEVELS)),
        Key(name="prices", home=USER, check=_prices),
        Key(name="usage.prices", home=USER, check=_line),
        Key(name="formats.use", home=USER, check=_lines),
    )
}

_COMPILED_KEYS = {
    "policy.apart",
    "policy.profile",
    "policy.publish",
    "policy.weak-trailer",
    "logs.roots",
    "consent.publish",
}
