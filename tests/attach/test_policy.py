"""The policy's rules about lines, people and signatures."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_ai_trail.attach import verify
from git_ai_trail.attach.status import assess
from git_ai_trail.attach.verify import FAILURES, Rules, Verdict, is_exempt, judge
from git_ai_trail.globs import fits, is_under
from git_ai_trail.shown import Commit
from tests.attach.build import a_core, a_diff, a_line, a_match, a_message, a_range, a_session

DIFF = a_diff("crypto/keys.py", first=11)
HALF = a_match([DIFF], [[a_range(DIFF, 3, 3)]], [a_session()])
CORE = a_core([DIFF], HALF)


def commit(message: str, author: str = "A. Person", email: str = "a@example.com") -> Commit:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    return Commit(
        oid="a" * 40,
        tree="b" * 40,
        parents=("c" * 40,),
        author=author,
        authored_at=at,
        committed_at=at,
        subject=message.splitlines()[0],
        message=message,
        email=email,
    )


def verdict(rules: Rules, *, core: Any = CORE, signature: str = "", **who: str) -> Verdict:
    message = a_message(core) if core else a_message()
    found = assess(message, a_line(core) if core else b"", [DIFF])
    return judge(commit(message, **who), found, rules, signature=signature)


def rules_of(one: Verdict) -> list[str]:
    return [each.rule for each in one.failures]


def test_no_line_may_have_evidence_where_the_policy_says_so() -> None:
    found = verdict(Rules(forbid_paths=("docs/", "crypto/")))
    assert (found.result, rules_of(found)) == ("fail", ["path-forbidden"])
    assert found.reasons[0].startswith("3 added lines with evidence")
    assert (found.file, found.line) == ("crypto/keys.py", 13)
    assert verdict(Rules(forbid_paths=("docs/", "*.sql"))).result == "ok"
    assert verdict(Rules(forbid_paths=("crypto/",)), core=None).result == "none"


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        ("crypto/a.py", "crypto/", True),
        ("crypto/deep/a.py", "/crypto/", True),
        ("src/crypto/a.py", "crypto/", False),
        ("src/crypto/a.py", "*/crypto/", True),
        ("crypto", "crypto/", False),
        ("crypto", "crypto", True),
        ("src/crypto", "crypto", True),
        ("src/a.sql", "*.sql", True),
        ("src/a.sql.txt", "*.sql", False),
        ("src/a.sql/b", "*.sql", False),
        ("src/a/b.py", "src/a", True),
        ("src/ab.py", "src/a", False),
        ("a.py", "/a.py", True),
        ("src/a.py", "src/?.py", True),
        ("src/[x].py", "src/[x].py", True),
        ("src/x.py", "src/[x].py", False),
    ],
)
def test_a_pattern_names_paths(path: str, pattern: str, expected: bool) -> None:
    assert is_under(path, pattern) is expected


@given(st.text("ab/*?[", max_size=12), st.text("ab/*?[", max_size=8))
def test_stars_and_question_marks_are_what_they_are_everywhere(text: str, pattern: str) -> None:
    whole = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    assert fits(text, pattern) == (re.fullmatch(whole, text, re.DOTALL) is not None)


def test_a_part_of_the_lines_may_have_evidence_and_no_more() -> None:
    assert verdict(Rules(share_limit=0.5)).result == "ok"
    found = verdict(Rules(share_limit=0.4))
    assert rules_of(found) == ["share-exceeded"]
    assert found.reasons[0] == "3 of 7 added lines have evidence, and the policy allows 0.4 of them"
    assert rules_of(verdict(Rules(share_limit=0))) == ["share-exceeded"]
    assert verdict(Rules(share_limit=0), core=None).result == "none"


def test_who_is_exempt_need_not_keep_to_the_policy_but_to_the_truth() -> None:
    rules = Rules(share_limit=0, forbid_paths=("crypto/",), signed="all", exempt=("dependabot[bot]", "* <*@bots.org>"))
    assert verdict(rules, author="dependabot[bot]").result == "ok"
    assert verdict(rules, author="dependabot[bot]").exempt
    assert verdict(rules, email="x@bots.org").result == "ok"
    assert verdict(rules, author="dependabotb").result == "fail"
    forged = {**CORE, "files": [{**CORE["files"][0], "ranges": [{**CORE["files"][0]["ranges"][0], "start": 5}]}]}
    message = a_message(forged)
    found = assess(message, a_line(forged), [DIFF])
    wrong = verify.misplaced(forged, [DIFF])
    assert rules_of(judge(commit(message, "dependabot[bot]"), found, rules, misplaced=wrong)) == ["lines-misplaced"]


def test_an_address_in_the_pattern_is_compared_too() -> None:
    one = commit("x", "bot", "bot@evil.org")
    assert not is_exempt(one, ["bot <bot@good.org>"])
    assert is_exempt(one, ["bot"])


@pytest.mark.parametrize("letter", [*"NUBERXY", ""])
def test_a_signature_that_does_not_count_is_said(letter: str) -> None:
    found = verdict(Rules(signed="all"), signature=letter)
    assert rules_of(found) == ["signature-missing"]
    assert verdict(Rules(signed="evidence"), signature=letter).result == "fail"
    assert verdict(Rules(signed="evidence"), signature=letter, core=None).result == "none"
    assert verdict(Rules(signed="all"), signature=letter, core=None).result == "fail"
    assert verdict(Rules(), signature=letter).result == "ok"


def test_a_good_signature_counts() -> None:
    assert verdict(Rules(signed="all"), signature="G").result == "ok"


def test_every_rule_that_can_fail_is_listed() -> None:
    source = (verify.__file__ or "").replace(".pyc", ".py")
    with open(source, encoding="utf-8") as file:
        used = set(re.findall(r'Failure\(\s*"([a-z-]+)"', file.read()))
    assert used == set(FAILURES)
