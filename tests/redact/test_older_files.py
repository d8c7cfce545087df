"""A rule file as ai-log-trail had it loads as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from git_ai_trail.redact import Identity, Scrubber, ruleset
from git_ai_trail.redact.rule import RuleSet
from tests.redact.samples import KEY

# The same keys, kinds of rules and scopes; the patterns are ours.
FILE = r"""
- {id: email, type: regex, pattern: '[a-z]+@[a-z]+\.[a-z]{2,}', scope: global, enabled: true, reason: default for addresses}
- {id: bearer_token, type: regex, pattern: 'bearer\s+[A-Za-z0-9._-]{8,}', scope: global, enabled: true, reason: default}
- {id: file_paths, type: regex, pattern: '(?:[A-Z]:\\[^\s<>]*|(?<=[=\s])/srv/[^\s<>]*)', scope: global, enabled: true}
- {id: snippets, type: regex, pattern: '\[trouble [^\]]{8,}\]', scope: interaction, enabled: true}
- {id: inline_marker, type: marker, pattern: '\[hide\s+(?P<content>.+?)\]', scope: interaction, dotall: true, enabled: true}
- {id: a_word, type: literal, pattern: Blue Heron, scope: prompt, replacement: (a project), enabled: true}
- {id: unused, type: regex, pattern: 'zzz+', enabled: false}
"""


@pytest.fixture
def old(tmp_path: Path) -> RuleSet:
    path = tmp_path / "redactions.yml"
    path.write_text(FILE)
    return ruleset.load(str(path))


def test_it_loads_and_says_what_a_detector_of_ours_does_instead(old: RuleSet) -> None:
    assert [rule.id for rule in old.rules if not rule.builtin] == [
        "bearer_token",
        "file_paths",
        "snippets",
        "inline_marker",
        "a_word",
    ]
    (note,) = old.superseded
    assert note.startswith("redactions.yml:2: email is a built-in detector")
    assert "email" not in old.disabled


@pytest.mark.parametrize(
    "text",
    ["see bearer abcdefgh.ij", r"in C:\work\plans", "at /srv/plans/x", "[trouble with the plans]", "[hide the\nplans]"],
)
def test_its_rules_do_what_they_did(old: RuleSet, text: str) -> None:
    clean, _ = Scrubber(old, KEY, identity=Identity()).text(text)
    assert "plans" not in clean
    assert "abcdefgh" not in clean


def test_a_literal_rule_for_prompts_has_its_replacement(old: RuleSet) -> None:
    scrubber = Scrubber(old, KEY, identity=Identity())
    assert scrubber.text("it is Blue Heron", "prompt")[0] == "it is (a project)"
    assert scrubber.text("it is Blue Heron", "output")[0] == "it is Blue Heron"
