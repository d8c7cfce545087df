"""A repository's rule file may be a stranger's: what it may not do, and what is said of it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from git_ai_trail.errors import ConfigError
from git_ai_trail.plainfile import RULE_BYTES, read_inside
from git_ai_trail.redact import ruleset
from git_ai_trail.redact.explosive import explosive
from git_ai_trail.redact.rule import fingerprint
from git_ai_trail.redact.rulefile import REPOSITORY_RULES

ADDED = "- {id: bird, type: literal, pattern: Blue Heron}\n"

# Each list holds the one before nine times.
GROWS = "- ? [&l0 [x]" + "".join(f", &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 30)) + "]\n  : x\n"

REFUSED = {
    "switching off": ("- {id: email, enabled: false}", "may only add"),
    "a built-in rule's id": ("- {id: email, pattern: x}", "rule email exists already"),
    "an allow-list": ("- {id: a, pattern: x, allow: [y]}", "rule a: a repository's rule file may not allow-list"),
    "a group in the replacement": (r"- {id: a, pattern: '(x)', replacement: '\1'}", "may not refer to groups"),
    "an escape in the replacement": (r"- {id: a, pattern: x, replacement: 'y\q'}", "or hold a backslash"),
    "a long replacement": (f"- {{id: a, pattern: x, replacement: {'r' * 201}}}", "one line of at most 200"),
    "a replacement of two lines": ('- {id: a, pattern: x, replacement: "y\\nz"}', "one line of at most 200"),
    "a replacement that moves the cursor": ('- {id: a, pattern: x, replacement: "y\\e[2J"}', "one line of at most 200"),
    "a long pattern": (f"- {{id: a, pattern: {'x' * 1001}}}", "longer than 1000 characters"),
    "a repeat in a repeat": ("- {id: a, pattern: '(a+)+b'}", "unlimited repeat inside an unlimited repeat"),
    "bounded repeats that explode": ("- {id: a, pattern: '(a{0,30}){0,30}b'}", "rule a: a repeat inside a repeat"),
    "choices that explode": ("- {id: a, pattern: '(?:a|a|aa)*b'}", "choices in one that begin alike"),
    "a repeat that takes long to compile": ("- {id: a, pattern: 'x{1,1001}y'}", "a repeat of more than 1000"),
    "the empty text": ("- {id: a, pattern: 'x*'}", "matches the empty text"),
    "a list that holds itself": ("- id: a\n  matches: &l [*l]\n", "not a value that a rule can have"),
    "a mapping as a key": ("- id: a\n  matches: [{{a: b}: c}]\n", "not a value that a rule can have"),
    "a key that holds itself": ("- ? &k [*k]\n  : x\n", "a key must be a word"),
    "a key above all that holds itself": ("? &k [*k]\n: x\n", "a key must be a word"),
    "a key that grows": (GROWS, "a key must be a word"),
    "a number without end": (f"- id: a\n  entropy: {'9' * 5000}\n", "not a value that a rule can have"),
    "a value of Python's": ("- id: a\n  pattern: !!python/object/apply:os.system [true]\n", "not a value"),
    "a list without end": ("[" * 100_000, "not valid YAML"),
    "no YAML": ("\0", "not valid YAML"),
}


def file_of(folder: Path, body: str | bytes) -> Path:
    path = folder / ".git-ai-trail" / "redactions.yml"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(body if isinstance(body, bytes) else body.encode())
    return path


def load(path: Path) -> ruleset.RuleSet:
    return ruleset.load(str(path), trusted=False)


@pytest.mark.parametrize(("body", "said"), REFUSED.values(), ids=REFUSED)
def test_what_a_stranger_may_not_is_refused_with_file_and_reason(tmp_path: Path, body: str, said: str) -> None:
    path = file_of(tmp_path, body)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert said in caught.value.message
    assert "redactions.yml" in caught.value.message
    with pytest.raises(ConfigError) as again:
        ruleset.of_repositories([[("~/clone/redactions.yml", path.read_bytes())]])
    assert "~/clone/redactions.yml" in again.value.message


def test_more_rules_or_bytes_than_a_repository_needs_are_refused(tmp_path: Path) -> None:
    many = "".join(f"- {{id: r{number}, pattern: x{number}y}}\n" for number in range(REPOSITORY_RULES))
    assert len(load(file_of(tmp_path, many)).rules) == len(ruleset.builtin().rules) + REPOSITORY_RULES
    with pytest.raises(ConfigError, match="more than 500 rules"):
        load(file_of(tmp_path, many + ADDED))
    with pytest.raises(ConfigError, match="larger than 128 KiB"):
        load(file_of(tmp_path, ADDED + "#" * RULE_BYTES))


def test_links_and_what_is_no_file_are_not_followed_and_not_waited_for(tmp_path: Path) -> None:
    other = tmp_path / "other.yml"
    other.write_text(ADDED)
    path = file_of(tmp_path, ADDED)
    path.unlink()
    path.symlink_to(other)
    with pytest.raises(ConfigError, match="symbolic link"):
        load(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(ConfigError, match="not a regular file"):
        load(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(ConfigError, match="not a regular file"):
        load(path)
    path.rmdir()
    path.parent.rmdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "redactions.yml").write_text(ADDED)
    path.parent.symlink_to(elsewhere)
    with pytest.raises(ConfigError, match="symbolic link"):
        load(path)


def test_what_is_not_there_is_no_error_and_what_cannot_be_read_is_one(tmp_path: Path) -> None:
    assert read_inside(str(tmp_path / "none"), "a/b", 10, shown="b") is None
    assert read_inside(str(tmp_path), "a/b", 10, shown="b") is None
    (tmp_path / "a").write_text("a file")
    assert read_inside(str(tmp_path), "a/b", 10, shown="b") is None
    assert read_inside(str(tmp_path), "a", 10, shown="b") == b"a file"
    with pytest.raises(ConfigError, match="shown so: larger than 0 KiB"):
        read_inside(str(tmp_path), "a", 5, shown="shown so")


def test_repositories_know_nothing_of_each_other() -> None:
    one = [("a", b"- {id: bird, pattern: Heron}\n- {id: same, pattern: same}\n")]
    two = [("b", b"- {id: bird, pattern: Stork, reason: another}\n- {id: same, pattern: same, reason: told}\n")]
    made = ruleset.of_repositories([one, two])
    ours = [(rule.id, rule.pattern) for rule in made.rules if not rule.builtin]
    assert ours == [("bird", "Heron"), ("same", "same"), ("bird", "Stork")]
    assert ruleset.of_repositories([one]).digest == ruleset.of_repositories([one, one]).digest != made.digest
    assert len({fingerprint(rule) for rule in made.rules}) == len(made.rules)


def test_ones_own_file_has_the_last_word_over_all_rules_of_an_id(tmp_path: Path) -> None:
    both = ruleset.of_repositories([[("a", b"- {id: bird, pattern: Heron}")], [("b", b"- {id: bird, pattern: Stork}")]])
    own = tmp_path / "own.yml"
    own.write_text("- {id: bird, enabled: false}")
    assert [rule.id for rule in ruleset.load(str(own), base=both).rules if not rule.builtin] == []
    own.write_text("- {id: bird, pattern: Crane}")
    assert [rule.pattern for rule in ruleset.load(str(own), base=both).rules if not rule.builtin] == ["Crane"]


EXPLODE = [
    r"(a{0,30}){0,30}b",
    r"(a|a)*b",
    r"(a|ab|b)*c",
    r"(?:a?){30}a{30}",
    r"(?:\w+\s*){1,10}$",
    r"(.{1,99}x?){9}",
    r"((a{1,9}){1,9}){1,9}",
    r"(?:[a-z]{1,5}|x){1,20}!",
    r"(x|){1,20}y",
    r"(\w\w?){9,}",
    r"(?=(a|a)*b)x",
    r"(?:é?|è?){20}x",
    r"([^x]{1,9}[^y]?){8,}z",
]
FINE = [
    r"(\w{1,20}\.){1,5}corp",
    r"(?:\d[ -]?){13,16}",
    r"acme_live_[A-Za-z0-9]{32,64}",
    r"Project (?P<secret>[A-Z]\w+)",
    r"(?:[a-z0-9-]{1,63}\.){1,10}corp",
    r"(?:foo|bar){1,20}",
    r"(?:ab){9}x+",
    r"(?:key=[0-9]+;){1,99}",
    r"(a+)(b|c)*",
    r"(?:a?){1,7}b",
]


@pytest.mark.parametrize("pattern", EXPLODE)
def test_a_pattern_that_could_take_for_ever_is_told(pattern: str) -> None:
    assert re.compile(pattern)
    assert explosive(pattern)


@pytest.mark.parametrize("pattern", FINE)
def test_a_pattern_that_cannot_is_let_pass(pattern: str) -> None:
    assert not explosive(pattern)


def test_next_to_none_of_our_own_rules_would_be_refused() -> None:
    refused = [rule.id for rule in ruleset.builtin().rules if rule.type != "literal" and explosive(rule.pattern)]
    assert refused == ["putty-private-lines"]
