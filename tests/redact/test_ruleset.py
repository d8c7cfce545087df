"""Rule files: what they may say, and what is said where they are wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from git_ai_trail.errors import ConfigError
from git_ai_trail.redact import Identity, Scrubber, ruleset
from tests.redact.samples import KEY, SOURCE, clean, random_text, token


def _file(folder: Path, text: str, name: str = "redactions.yml") -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


def _text(folder: Path, rules: str, text: str, field: str = "") -> str:
    own = Scrubber(ruleset.load(_file(folder, rules)), KEY, identity=Identity(), gate="keyword")
    return own.text(text, field)[0]


WRONG = [
    ("- id: a\n  patern: x\n", "redactions.yml:2: unknown key `patern` of rule a", "did you mean `pattern`?"),
    ("- id: a\n  pattern: x\n- id: a\n  pattern: y\n", "redactions.yml:3: rule a stands twice", None),
    ("- id: a\n  pattern: '(x'\n", "redactions.yml:1: rule a: bad pattern", None),
    ("- id: a\n  pattern: '(x+)+y'\n", "unlimited repeat inside an unlimited repeat", None),
    ("- id: a\n  pattern: 'x*'\n", "matches the empty text", None),
    ("- id: a\n  pattern: x\n  type: regexp\n", "unknown type `regexp`", "did you mean `regex`?"),
    ("- id: a\n  pattern: x\n  scope: promt\n", "unknown scope `promt`", "did you mean `prompt`?"),
    ("- id: a\n  pattern: x\n  scope: field\n", "`field`", None),
    ("- id: a\n  pattern: x\n  enabled: maybe\n", "redactions.yml:3", None),
    ("- id: a\n  pattern: [x]\n", "`pattern` must be text", None),
    ("- id: a\n", "`pattern` is missing", None),
    ("- pattern: x\n", "needs an `id`", None),
    ("- id: a\n  pattern: x\n  kind: Two Words\n", "`kind`", None),
    ("- id: a\n  pattern: x\n  id: b\n", "stands twice", None),
    ("- x\n", "a rule is a mapping", None),
    ("rule: []\n", "unknown key `rule`", "did you mean `rules`?"),
    ("just text", "expected a list of rules", None),
    ("- id: [\n", "not valid YAML", None),
]


@pytest.mark.parametrize(("text", "message", "hint"), WRONG, ids=[message for _, message, _ in WRONG])
def test_an_error_names_file_line_rule_and_what_was_meant(
    tmp_path: Path, text: str, message: str, hint: str | None
) -> None:
    with pytest.raises(ConfigError) as caught:
        ruleset.load(_file(tmp_path, text))
    assert message in caught.value.message
    assert caught.value.message.startswith("redactions.yml")
    if hint:
        assert caught.value.hint == hint


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"- id: a\n" * 200_000])
def test_a_file_that_is_not_text_or_too_large_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.yml").write_bytes(content)
    with pytest.raises(ConfigError):
        ruleset.load(str(tmp_path / "x.yml"))


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read the rule file none\.yml"):
        ruleset.load(str(tmp_path / "none.yml"))


def test_an_empty_file_adds_nothing(tmp_path: Path) -> None:
    assert ruleset.load(_file(tmp_path, "# nothing yet\n")) == ruleset.builtin()


def test_json_is_read_like_yaml_and_rules_may_stand_under_a_key(tmp_path: Path) -> None:
    rules = [{"id": "a", "pattern": "x{3}", "keywords": ["XXX"]}]
    flat = ruleset.load(_file(tmp_path, json.dumps(rules), "a.json"))
    under = ruleset.load(_file(tmp_path, json.dumps({"version": 1, "rules": rules}), "b.json"))
    assert flat.rules[-1].keywords == ("xxx",)
    assert flat.digest == under.digest


def test_the_digest_follows_the_meaning_not_the_words_about_it(tmp_path: Path) -> None:
    plain = ruleset.load(_file(tmp_path, "- {id: a, pattern: xyz}"))
    told = ruleset.load(_file(tmp_path, "- {id: a, pattern: xyz, reason: why, actor: me, matches: [xyz]}"))
    other = ruleset.load(_file(tmp_path, "- {id: a, pattern: xyy}"))
    off = ruleset.load(_file(tmp_path, "- {id: email, enabled: false}"))
    assert plain.digest == told.digest
    assert len({plain.digest, other.digest, off.digest, ruleset.builtin().digest}) == 4


def test_rules_replace_with_a_tag_or_their_own_text(tmp_path: Path) -> None:
    rules = """
- {id: name, pattern: 'Project (?P<secret>[A-Z]\\w+)', kind: codename}
- {id: fixed, type: literal, pattern: 'a.b', replacement: '(gone)'}
- {id: groups, pattern: '(ticket )\\d+', replacement: '\\1N'}
- {id: any-case, pattern: 'hush', ignore_case: true, replacement: 'x'}
- {id: over-lines, pattern: 'begin.{1,20}end', dotall: true, replacement: 'y'}
"""
    text = "Project Zebra, a.b aXb, ticket 42, HUSH, begin\nend"
    assert _text(tmp_path, rules, text) == "Project [REDACTED:codename#1], (gone) aXb, ticket N, x, y"


def test_a_rule_cannot_hide_a_secret_behind_its_replacement(tmp_path: Path) -> None:
    rules = "- {id: keep, pattern: '(TOKEN .*)', replacement: '\\1!'}"
    assert token() not in _text(tmp_path, rules, f"TOKEN {token()} x")


def test_keywords_entropy_and_allow_limit_a_rule(tmp_path: Path) -> None:
    rules = """
- {id: worded, pattern: 'k[0-9]{4}', keywords: [badge]}
- {id: mixed, pattern: 'm[0-9]{8}', entropy: 2.5}
- {id: allowed, pattern: 'v[0-9]{4}', allow: ['^v0000$']}
"""
    assert _text(tmp_path, rules, "k1234") == "k1234"
    assert "k1234" not in _text(tmp_path, rules, "Badge k1234")
    assert _text(tmp_path, rules, "m11111111") == "m11111111"
    assert "m12345678" not in _text(tmp_path, rules, "m12345678")
    assert _text(tmp_path, rules, "v0000") == "v0000"
    assert "v0001" not in _text(tmp_path, rules, "v0001")


def test_a_rule_for_prompts_or_a_field_leaves_other_places_alone(tmp_path: Path) -> None:
    rules = """
- {id: p, pattern: 'aaa', scope: prompt}
- {id: f, pattern: 'bbb', scope: field, field: payload.output}
"""
    assert _text(tmp_path, rules, "aaa bbb", "prompt") == "[REDACTED:custom#1] bbb"
    assert _text(tmp_path, rules, "aaa bbb", "payload.output") == "aaa [REDACTED:custom#1]"
    assert _text(tmp_path, rules, "aaa bbb", "payload.outputs") == "aaa bbb"
    own = Scrubber(ruleset.load(_file(tmp_path, rules)), KEY, identity=Identity(), gate="keyword")
    value, _ = own.value({"payload": {"output": ["aaa bbb"], "other": "aaa bbb"}})
    assert value == {"payload": {"output": ["aaa [REDACTED:custom#1]"], "other": "aaa bbb"}}


def test_a_marker_rule_takes_marker_and_content(tmp_path: Path) -> None:
    rules = "- {id: hide, type: marker, pattern: '<hide>(?P<content>.*?)</hide>'}"
    assert _text(tmp_path, rules, "a <hide>b</hide> c") == "a [REDACTED:custom#1] c"


def test_a_rule_can_span_json_inside_a_text(tmp_path: Path) -> None:
    rules = """- {id: pair, type: literal, pattern: '"color": "mauve"'}"""
    own = Scrubber(ruleset.load(_file(tmp_path, rules)), KEY, identity=Identity(), gate="keyword")
    value, _ = own.value({"a": '{"color": "mauve", "n": 1}'})
    assert value == {"a": '{[REDACTED:custom#1], "n": 1}'}


def test_the_users_own_file_may_override_and_switch_off(tmp_path: Path) -> None:
    off = "- {id: github-token, enabled: false}\n- {id: email, enabled: false}\n- {id: random-token, enabled: false}\n"
    assert _text(tmp_path, off, f"{token()} ann@corp.org") == f"{token()} ann@corp.org"
    override = "- {id: github-token, pattern: 'gitgitgit', kind: token}"
    assert "gitgitgit" not in _text(tmp_path, override, "gitgitgit")


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("{id: github-token, pattern: x}", "exists already"),
        ("{id: email, pattern: x}", "exists already"),
        ("{id: new, pattern: x, enabled: false}", "may only add"),
        ("{id: new, pattern: '(x)', replacement: '\\1'}", "may not refer to groups"),
        ("{id: new, pattern: x, allow: [x]}", "may not allow-list"),
    ],
)
def test_a_repositorys_file_may_only_add(tmp_path: Path, rule: str, message: str) -> None:
    path = _file(tmp_path, f"- {rule}\n")
    with pytest.raises(ConfigError, match=message):
        ruleset.load(path, trusted=False)


def test_a_repositorys_rules_come_before_the_users(tmp_path: Path) -> None:
    repository = ruleset.load(_file(tmp_path, "- {id: r, pattern: rrr}", "r.yml"), trusted=False)
    both = ruleset.load(_file(tmp_path, "- {id: u, pattern: uuu}", "u.yml"), base=repository)
    assert [rule.id for rule in both.rules[-2:]] == ["r", "u"]
    assert ruleset.builtin().rules == both.rules[:-2]


def test_patterns_hyperscan_refuses_work_all_the_same(tmp_path: Path) -> None:
    rules = "- {id: look, pattern: '(?<=<<)[a-z]{4}(?=>>)'}\n- {id: back, pattern: '(q[a-z]{3})-\\1'}\n- {id: far, pattern: 'é{2}'}\n"
    own = Scrubber(ruleset.load(_file(tmp_path, rules)), KEY, identity=Identity(), gate="hyperscan")
    assert own.text("<<abcd>> abcd qxyz-qxyz éé")[0].count("[REDACTED:custom#") == 3


def test_the_session_names_the_rules_it_was_cleaned_by(tmp_path: Path) -> None:
    rules = ruleset.load(_file(tmp_path, "- {id: a, pattern: xyz}"))
    session = Scrubber(rules, KEY, identity=Identity(), gate="plain").scrub(
        SOURCE, [], offset=0, appended=False, skipped={}
    )
    assert session.ruleset_digest == rules.digest


def test_a_text_without_anything_is_returned_unchanged() -> None:
    text = "nothing to see: " + random_text(5)
    assert clean(text) == text
