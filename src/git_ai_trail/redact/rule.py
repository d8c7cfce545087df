"""What a redaction rule is. Rules are data; `ruleset` reads them, `detectors` put them to work."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

# Raised whenever the same rules and the same text could give another result: stored sessions are then scrubbed again.
ENGINE = "4"

# What a person asked for by hand has no place in a rule file: its id begins so.
MANUAL = "manual:"

TYPES = ("regex", "literal", "marker")
SCOPES = ("global", "prompt", "field")

# Detectors that are code, not data. A trusted rule file can switch them off by id like any rule.
CODE_DETECTORS = (
    "inline-marker",
    "private-key",
    "keyed-value",
    "url-credentials",
    "auth-header",
    "command-flag",
    "kubernetes-secret",
    "random-token",
    "email",
    "home-path",
    "user-name",
)


# Rules that ship with the program and hold only where a rule file switches them on by id.
ASKED_FOR = ("ip-address", "internal-host")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of a file. `origin` is `file:line`; a group called `secret` or `content` narrows what is replaced."""

    id: str
    type: str = "regex"
    pattern: str = ""
    kind: str = "custom"
    scope: str = "global"
    field: str = ""
    replacement: str = ""
    enabled: bool = True
    reason: str = ""
    actor: str = ""
    ignore_case: bool = False
    dotall: bool = False
    keywords: tuple[str, ...] = ()
    entropy: float = 0.0
    allow: tuple[str, ...] = ()
    matches: tuple[str, ...] = ()
    non_matches: tuple[str, ...] = ()
    origin: str = ""
    builtin: bool = False
    trusted: bool = True


# What decides about the result; the rest is provenance.
_MEANING = (
    "id",
    "type",
    "pattern",
    "kind",
    "scope",
    "field",
    "replacement",
    "ignore_case",
    "dotall",
    "keywords",
    "entropy",
    "allow",
)


def fingerprint(rule: Rule) -> str:
    """What a rule does, as a digest: the same as long as it gives the same results."""
    meaning = {key: getattr(rule, key) for key in _MEANING}
    return hashlib.sha256(json.dumps(meaning, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """Enabled rules in order, and which code detectors are off. `digest` names rules and engine together; `superseded` says
    of which rules of a file a built-in detector takes the place."""

    rules: tuple[Rule, ...]
    disabled: frozenset[str]
    superseded: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        meaning = [{key: getattr(rule, key) for key in _MEANING} for rule in self.rules]
        text = json.dumps([ENGINE, sorted(self.disabled), meaning], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(rule.kind for rule in self.rules)
