"""Loads rule files in order into a `RuleSet`: the built-in ones, then those it is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from git_ai_trail.errors import ConfigError
from git_ai_trail.redact import rulefile
from git_ai_trail.redact.rule import ASKED_FOR, CODE_DETECTORS, Rule, RuleSet, fingerprint

_BUILTIN = Path(__file__).parent / "rules"

_FILES = (
    "code-hosts",
    "cloud",
    "ai-providers",
    "chat-and-mail",
    "payments",
    "packages-and-ci",
    "observability",
    "work-apps",
    "keys-and-hashes",
)


@cache
def builtin() -> RuleSet:
    """The rules that ship with the program."""
    rules: list[Rule] = []
    for name in _FILES:
        rules += rulefile.read(str(_BUILTIN / f"{name}.yaml"), trusted=True, builtin=True)
    ids = [rule.id for rule in rules]
    if len(set(ids)) != len(ids) or not rules:
        raise ConfigError("the built-in redaction rules are damaged", "install git-ai-trail again")
    return RuleSet(rules=tuple(rules), disabled=frozenset())


@cache
def asked_for() -> dict[str, Rule]:
    """Rules that ship with the program and are in force only where a rule file switches them on, by id, as they are then."""
    rules = rulefile.read(str(_BUILTIN / "asked-for.yaml"), trusted=True, builtin=True)
    return {rule.id: replace(rule, enabled=True) for rule in rules}


def load(*paths: str, trusted: bool = True, base: RuleSet | None = None) -> RuleSet:
    """The built-in rules (or `base`) with the rules of each file behind them, in order.

    A trusted file (the user's own) may also override a rule by its id and switch rules and detectors off. A file that
    is not trusted (a repository's) may only add. ConfigError says what is wrong and where.
    """
    ruleset = base or builtin()
    for path in paths:
        ruleset = _with(ruleset, rulefile.read(path, trusted=trusted))
    return ruleset


def of_repositories(files: Sequence[Sequence[tuple[str, bytes]]]) -> RuleSet:
    """The built-in rules with those of several repositories, each given as its rule files (name, bytes).

    Repositories know nothing of each other: where two have a rule of the same id, both hold; the same rule twice is one.
    """
    base = builtin()
    added: dict[tuple[str, str], Rule] = {}
    for of_one in files:
        made = base
        for name, content in of_one:
            made = _with(made, rulefile.parsed(content, name, trusted=False))
        more = (rule for rule in made.rules if not rule.builtin or rule.id in ASKED_FOR)
        added.update({(rule.id, fingerprint(rule)): rule for rule in more})
    return replace(base, rules=(*base.rules, *added.values()))


def _with(ruleset: RuleSet, added: list[Rule]) -> RuleSet:
    rules: dict[str, list[Rule]] = {}
    for rule in ruleset.rules:
        rules.setdefault(rule.id, []).append(rule)
    disabled = set(ruleset.disabled)
    superseded = list(ruleset.superseded)
    for rule in added:
        known = rule.id in rules or rule.id in CODE_DETECTORS or rule.id in disabled
        if known and not rule.trusted and rule.pattern:
            raise ConfigError(f"{rule.origin}: rule {rule.id} exists already", "give the new rule an id of its own")
        if not rule.enabled:
            rules.pop(rule.id, None)
            disabled.add(rule.id)
        elif rule.id in ASKED_FOR and not rule.pattern:
            disabled.discard(rule.id)
            rules[rule.id] = [asked_for()[rule.id]]
        elif rule.id in CODE_DETECTORS:
            # Older rule files have a pattern of their own for what a detector does better; it stays with the detector.
            if rule.pattern:
                superseded.append(
                    f"{rule.origin}: {rule.id} is a built-in detector, which takes the place of this rule"
                )
        else:
            disabled.discard(rule.id)
            rules[rule.id] = [replace(rule)]
    in_order = tuple(rule for of_id in rules.values() for rule in of_id)
    return RuleSet(rules=in_order, disabled=frozenset(disabled), superseded=tuple(superseded))
