"""Log formats of other packages: found by entry point, checked, and kept from doing harm to the reading of other logs.

Only what a person's own config.toml names is loaded, and never on the commit path. A repository has no say in it: the key
belongs to the person's file alone. `docs/extending.md` says what such a package must offer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points

from git_ai_trail.config import UserConfig
from git_ai_trail.errors import ConfigError
from git_ai_trail.formats import BY_NAME
from git_ai_trail.formats.protocol import Format
from git_ai_trail.lazy import pattern
from git_ai_trail.pipeline import discovery
from git_ai_trail.pipeline.guarded import Guarded
from git_ai_trail.words import agent_word

GROUP = "git_ai_trail.formats"
PARTS = tuple(sorted({*Format.__annotations__, *(name for name in vars(Format) if not name.startswith("_"))}))

_NAME = pattern(r"[a-z][a-z0-9-]{0,39}")
_MAX_SAID = 160


def admit(names: Iterable[str]) -> None:
    """Has the logs of these formats read from now on; `ConfigError` for the first one that cannot be used."""
    for name in names:
        if name not in {fmt.NAME for fmt in discovery.admitted()}:
            discovery.admit(load(name))


def admit_what_can(names: Iterable[str]) -> list[ConfigError]:
    """The same for those that can be used; what is wrong with the others."""
    refused = []
    for name in names:
        try:
            admit([name])
        except ConfigError as error:
            refused.append(error)
    return refused


def usable(config: UserConfig) -> UserConfig:
    """The configuration with those formats only that can be used, for runs that nobody watches."""
    return replace(config, formats=tuple(name for name in config.formats if not admit_what_can([name])))


def load(name: str) -> Guarded:
    """The format that an installed package offers under this name; `ConfigError` where that is not to be had."""
    shown = _line(name)
    if name in BY_NAME:
        raise ConfigError(
            f"formats.use: {shown} is built in and read anyway", "take it out of formats.use in config.toml"
        )
    if not _NAME.fullmatch(name):
        raise ConfigError(f"formats.use: {shown} cannot be a format's name", "give the name that its package states")
    point = _entry_point(name)
    package = f"{point.dist.name} {point.dist.version}" if point.dist is not None else point.module
    try:
        loaded = point.load()
    except (Exception, SystemExit) as error:
        raise ConfigError(
            f"formats.use: {shown} of {package} cannot be loaded: {_line(f'{type(error).__name__}: {error}')}",
            "install a version of it that works with this one, or take it out of formats.use in config.toml",
        ) from error
    wrong = _wrong(loaded, name)
    if wrong:
        raise ConfigError(
            f"formats.use: {shown} of {package} {wrong}",
            "it is for its author to mend (docs/extending.md); take it out of formats.use in config.toml until then",
        )
    return Guarded(loaded, package)


def _entry_point(name: str) -> EntryPoint:
    found = {
        (point.value, point.dist.name if point.dist else ""): point for point in entry_points(group=GROUP, name=name)
    }
    points = list(found.values())
    if not points:
        others = sorted({point.name for point in entry_points(group=GROUP)})
        there = f"; installed are {', '.join(map(_line, others))}" if others else ""
        raise ConfigError(
            f"formats.use: no installed package offers the format {name}{there}",
            "install its package where git-ai-trail is installed, or take it out of formats.use in config.toml",
        )
    if len(points) > 1:
        packages = ", ".join(sorted(point.dist.name if point.dist else point.module for point in points))
        raise ConfigError(
            f"formats.use: several packages offer the format {name}: {packages}", "uninstall all of them but one"
        )
    return points[0]


def _wrong(loaded: object, name: str) -> str:
    """What keeps an object from being the format of this name; empty if nothing does."""
    missing = [part for part in PARTS if not hasattr(loaded, part)]
    if missing:
        return f"lacks {', '.join(missing)}"
    stated, shown, version = (getattr(loaded, part) for part in ("NAME", "AGENT", "STATE_VERSION"))
    odd = [part for part in PARTS if part.islower() and not callable(getattr(loaded, part))]
    if odd:
        return f"has no function {', '.join(odd)}"
    if stated != name:
        return f"calls itself {_line(str(stated))}"
    if not isinstance(shown, str) or not agent_word(shown):
        return "has an AGENT that cannot stand in a trailer"
    if agent_word(shown) in {agent_word(fmt.AGENT) for fmt in discovery.all_formats()}:
        return f"has the AGENT of another format, {_line(shown)}"
    if not isinstance(version, int) or isinstance(version, bool):
        return "has a STATE_VERSION that is no whole number"
    return ""


def _line(text: str) -> str:
    """Text of another's making as a part of one line, short and without anything that a terminal would act on."""
    return "".join(c if c.isprintable() else " " for c in text[:_MAX_SAID])
