"""The independent scan over finished output."""

from __future__ import annotations

import pytest

from git_ai_trail.redact import Finding, publish_scan
from tests.redact.samples import clean, key_block, token


def test_clean_text_has_no_findings() -> None:
    text = f"see {token()}\nmail ann@corp.org at /home/annabel/x\n{key_block()}\npostgres://a:{'s3cr' + 'et9'}@h/x\n"
    assert publish_scan(text) != []
    assert publish_scan(clean(text)) == []


def test_a_finding_says_rule_and_place_and_nothing_else() -> None:
    assert publish_scan(f"a\nbc {token()}") == [Finding("github-token", 2, 4)]
    assert token() not in repr(publish_scan(token()))


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("/home/annabel/x", "home-path"),
        ("C:\\Users\\annabel", "home-path"),
        ("ann@corp.org", "email"),
        ("https://u:" + "pass" + "w0rd1@host", "url-credentials"),
        ("-----BEGIN EC PRIVATE" + " KEY-----", "private-key"),
    ],
)
def test_what_rules_of_files_do_not_cover_is_found(line: str, rule: str) -> None:
    assert [finding.rule for finding in publish_scan(line)] == [rule]


@pytest.mark.parametrize(
    "line",
    [
        "[REDACTED:email#2] [WITHHELD:engine] [omitted:image 12 B]",
        "https://[REDACTED:password#1]@host",
        "person@example.com, git@github.com:o/p.git, icon@2x.png",
        "~/x ~user-2/y user-1",
        "commit 4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    ],
)
def test_our_own_tags_and_public_words_are_no_findings(line: str) -> None:
    assert publish_scan(line) == []
