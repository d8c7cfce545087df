"""Rules that hold only where somebody asks for them: addresses of machines, and names of internal ones."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from git_ai_trail.errors import ConfigError
from git_ai_trail.redact import Identity, Scrubber, ruleset
from git_ai_trail.redact.rule import ASKED_FOR, Rule, RuleSet
from git_ai_trail.redact.shapes import example

RULES = tuple(ruleset.asked_for().values())
BOTH = "".join(f"- {{id: {name}, enabled: true}}\n" for name in ASKED_FOR)
TEXT = "ssh 10.23.187.42 via db-07.prod.internal, http://nas12.lan:5000/x and fe80::1a2b:3c4d; not 127.0.0.1 or 1.2.3"


def loaded(folder: Path, text: str, *, trusted: bool = True) -> RuleSet:
    path = folder / ".git-ai-trail" / "redactions.yml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return ruleset.load(str(path), trusted=trusted)


def cleaned(rules: RuleSet, text: str) -> str:
    return Scrubber(rules, bytes(32), identity=Identity()).text(text)[0]


def test_unasked_they_are_not_there() -> None:
    assert {rule.id for rule in RULES} == set(ASKED_FOR)
    assert not {rule.id for rule in ruleset.builtin().rules} & set(ASKED_FOR)
    assert cleaned(ruleset.builtin(), TEXT) == TEXT


@pytest.mark.parametrize("trusted", [True, False])
def test_a_person_and_a_repository_can_ask_for_them(tmp_path: Path, *, trusted: bool) -> None:
    rules = loaded(tmp_path, BOTH, trusted=trusted)
    assert cleaned(rules, TEXT) == (
        "ssh [REDACTED:ip-address#1] via [REDACTED:host#1], http://[REDACTED:host#2]:5000/x and "
        "[REDACTED:ip-address#2]; not 127.0.0.1 or 1.2.3"
    )
    assert rules.digest != ruleset.builtin().digest


def test_asked_for_twice_they_hold_once_and_can_be_switched_off_again(tmp_path: Path) -> None:
    of_repository = (("redactions.yml", BOTH.encode()),)
    base = ruleset.of_repositories([of_repository, of_repository])
    assert [rule.id for rule in base.rules[-2:]] == list(ASKED_FOR)
    assert len(base.rules) == len(ruleset.builtin().rules) + 2
    own = tmp_path / "redactions.yml"
    own.write_text("- {id: ip-address, enabled: false}\n")
    assert cleaned(ruleset.load(str(own), base=base), TEXT).startswith("ssh 10.23.187.42 via [REDACTED:host#1]")


def test_one_of_a_persons_own_takes_its_place(tmp_path: Path) -> None:
    rules = loaded(tmp_path, "- {id: ip-address, pattern: '10[.]23[.][0-9.]{3,7}', kind: address}\n")
    assert cleaned(rules, "10.23.187.42 and 10.99.1.1") == "[REDACTED:address#1] and 10.99.1.1"


def test_no_other_rule_comes_without_a_pattern(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="`pattern` is missing"):
        loaded(tmp_path, "- {id: github-token, enabled: true}\n")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_they_keep_their_examples(tmp_path: Path, rule: Rule) -> None:
    rules = loaded(tmp_path, BOTH)
    for shape in rule.matches:
        text = example(shape, Random(5))
        assert text not in cleaned(rules, f"to {text} now"), shape
    for shape in rule.non_matches:
        text = example(shape, Random(5))
        assert text in cleaned(rules, f"to {text} now"), shape
