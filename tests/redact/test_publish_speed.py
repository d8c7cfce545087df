"""The quick way through a long text finds what the plain way does: each rule on each line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from git_ai_trail.redact import Finding, publish, publish_scan
from tests.redact.samples import key_block, token

PIECES = [
    *"ab1 \n.:/@-_",
    "\r\n",
    "\u2028",
    "İ",
    "token",
    "KEY=",
    "ann@corp.org",
    "/home/annabel/x",
    "C:\\Users\\annabel",
    "https://u:pa55word@host",
    "[REDACTED:email#2]",
    "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    token(),
    key_block(),
]


def plainly(text: str) -> list[Finding]:
    found = set()
    for number, line in enumerate(text.splitlines(), 1):
        bare = publish._TAG.sub(lambda match: "\x1f" * len(match.group()), line)
        for look in publish._looks():
            if not look.keywords or any(keyword in bare.lower() for keyword in look.keywords):
                found |= {Finding(look.rule, number, start + 1) for start in look.places(bare)}
    return sorted(found, key=lambda one: (one.line, one.column, one.rule))


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_both_ways_find_the_same(text: str) -> None:
    assert publish_scan(text) == plainly(text)


def test_a_line_that_comes_again_is_found_each_time() -> None:
    text = f"x {token()}\nfine\nx {token()}\n"
    assert [one.line for one in publish_scan(text)] == [1, 3]
