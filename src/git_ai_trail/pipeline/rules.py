"""The redaction rules that are in force, where each comes from, and whether it does what its examples say. Cold path."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from random import Random
from typing import Any

from git_ai_trail import places
from git_ai_trail.errors import ConfigError
from git_ai_trail.pipeline.scrubbing import RULE_FILES
from git_ai_trail.redact import Identity, Scrubber, ruleset
from git_ai_trail.redact.rule import ASKED_FOR, CODE_DETECTORS, Rule, RuleSet
from git_ai_trail.redact.shapes import example

REPOSITORY_FILES = tuple(f".git-ai-trail/{name}" for name in RULE_FILES)
_SEEDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One rule or detector. `source` is built-in, yours or repository; `origin` file and line, where it has one."""

    id: str
    kind: str = ""
    type: str = "detector"  # or regex, literal, marker; a detector is code
    scope: str = "global"
    source: str = "built-in"
    origin: str = ""
    enabled: bool = True
    reason: str = ""
    examples: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An example that a rule does not keep. Never the example's text: `number` counts from 1 in `list`."""

    rule: str
    origin: str
    list: str  # matches, non_matches
    number: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is in force. `files` are the rule files that were read, in order."""

    ruleset: RuleSet
    files: tuple[tuple[str, str], ...]  # (source, path)


def in_force(env: Mapping[str, str], top: str = "") -> Rules:
    """The built-in rules, the repository's at `top` and the person's own, in that order; `ConfigError` says what is wrong."""
    files = [
        ("repository", path) for name in REPOSITORY_FILES if top and os.path.lexists(path := os.path.join(top, name))
    ]
    files += [
        ("yours", path) for name in RULE_FILES if os.path.lexists(path := os.path.join(places.config_dir(env), name))
    ]
    made = ruleset.builtin()
    for source, path in files:
        made = ruleset.load(path, trusted=source == "yours", base=made)
    return Rules(ruleset=made, files=tuple(files))


def listed(rules: Rules) -> list[Listed]:
    """Every rule and detector, those of files last, switched-off ones too."""
    waiting = ruleset.asked_for()
    builtin = {rule.id: rule for rule in ruleset.builtin().rules} | waiting
    found = [_listed(rule, _source(rule)) for rule in rules.ruleset.rules]
    off = [
        replace(_listed(builtin[name], "built-in") if name in builtin else Listed(id=name), enabled=False)
        for name in sorted(rules.ruleset.disabled | waiting.keys() - {rule.id for rule in rules.ruleset.rules})
    ]
    code = [Listed(id=name) for name in CODE_DETECTORS if name not in rules.ruleset.disabled]
    return [*code, *found, *off]


def _source(rule: Rule) -> str:
    if rule.builtin:
        return "asked for" if rule.id in ASKED_FOR else "built-in"
    return "yours" if rule.trusted else "repository"


def _listed(rule: Rule, source: str) -> Listed:
    return Listed(
        id=rule.id,
        kind=rule.kind,
        type=rule.type,
        scope=f"field {rule.field}" if rule.scope == "field" else rule.scope,
        source=source,
        origin="" if rule.builtin else rule.origin,
        reason=rule.reason,
        examples=len(rule.matches) + len(rule.non_matches),
    )


def validated(paths: Sequence[str], *, trusted: bool) -> tuple[int, tuple[str, ...]]:
    """How many rules the files hold, on top of the built-in ones, and of which a built-in one takes the place; `ConfigError` for the first that cannot be used."""
    count = 0
    made = ruleset.builtin()
    for path in paths:
        if not os.path.isfile(path):
            raise ConfigError(f"there is no rule file {path}", "name a .yml, .yaml or .json file")
        before = {rule.id: rule for rule in made.rules}, made.disabled
        made = ruleset.load(path, trusted=trusted, base=made)
        added = [rule for rule in made.rules if before[0].get(rule.id) != rule]
        count += len(added) + len(made.disabled - before[1])
    return count, made.superseded


def tried_out(rules: RuleSet, *, only: Sequence[str] = ()) -> tuple[int, list[Problem]]:
    """(examples tried, those that do not hold) for every rule, or those of the ids in `only`.

    An example of `matches` must be gone when all rules have been over it; one of `non_matches` must not be this rule's find.
    """
    unknown = [name for name in only if name not in {rule.id for rule in rules.rules}]
    if unknown:
        raise ConfigError(f"there is no rule {unknown[0][:64]!r} in force", "`git ai-trail rules list` lists them")
    scrubber = Scrubber(rules, os.urandom(32), identity=Identity(), gate="keyword")
    tried, problems = 0, []
    for rule in rules.rules:
        if only and rule.id not in only:
            continue
        field = rule.field if rule.scope == "field" else "prompt" if rule.scope == "prompt" else ""
        for name, texts in (("matches", rule.matches), ("non_matches", rule.non_matches)):
            for number, shape in enumerate(texts, 1):
                tried += 1
                made = [example(shape, Random(seed)) for seed in range(_SEEDS)]  # noqa: S311 - examples, not secrets
                wrong = _wrong(rule, name, made, scrubber, field)
                if wrong:
                    problems.append(Problem(rule=rule.id, origin=rule.origin, list=name, number=number, text=wrong))
    return tried, problems


def _wrong(rule: Rule, name: str, texts: Sequence[str], scrubber: Scrubber, field: str) -> str:
    for text in texts:
        clean, found = scrubber.text(text, field)
        ours = rule.id in {one.rule_id for one in found}
        if name == "matches" and clean == text:
            return "stays as it is, and should be redacted"
        if name == "matches" and not ours and not rule.builtin and not found:
            return "is not found by this rule"
        if name == "non_matches" and ours:
            return "is redacted by this rule, and should stay"
    return ""


def as_json(found: Sequence[Listed]) -> list[dict[str, Any]]:
    return [asdict(one) for one in found]
