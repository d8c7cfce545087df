"""The second look sees a secret as the readers of a page see it, whatever its markup puts between the letters."""

from __future__ import annotations

import csv
import html
import io
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_ai_trail.errors import TrailError
from git_ai_trail.pipeline import second_look, undressed
from git_ai_trail.redact import publish_scan
from git_ai_trail.report.escape import md, md_html, spreadsheet
from tests.redact.samples import token

# A key whose rule begins at a word, an address, a home and a URL with a password. Put together here, so that no scanner fires.
KEY = "AKI" + "A" + "ZQ3DRSTU" + "VWXYZ27A"
MAIL = "someone.private" + "@" + "corp-company.io"
HOME = "/home/" + "somebody/notes"
URL = "https://reader:" + "pa55-w0rd!x" + "@" + "db.corp.io/x"
SLACK = "xox" + "b-" + "123456789012-1234567890123-" + "AbCdEfGhIjKlMnOpQrStUvWx"
SECRETS = {"github-token": token(), "aws-access-key-id": KEY, "email": MAIL, "home-path": HOME, "url-credentials": URL}


def broken(secret: str, mark: str, every: int = 5) -> str:
    """The secret with something put in after each five letters."""
    return mark.join(secret[at : at + every] for at in range(0, len(secret), every))


DRESSES = {
    "Markdown, every sign escaped": lambda secret: "".join(c if c.isalnum() else f"\\{c}" for c in secret),
    "Markdown, as we escape it": lambda secret: md(f"({secret})"),
    "an empty comment": lambda secret: broken(secret, "<!-- -->"),
    "a comment with words": lambda secret: broken(secret, "<!--x y-->"),
    "our HTML within Markdown": lambda secret: md_html(f"({secret})"),
    "HTML, signs as entities": lambda secret: "".join(c if c.isalnum() else f"&#{ord(c)};" for c in secret),
    "HTML, all of it as entities": lambda secret: "".join(f"&#x{ord(c):X};" for c in secret),
    "HTML, names": lambda secret: "".join(NAMES.get(c, c) for c in secret),
    "HTML, escaped twice": lambda secret: html.escape("".join(f"&#{ord(c)};" for c in secret)),
    "a place to break": lambda secret: broken(secret, "<wbr>"),
    "a closed place to break": lambda secret: broken(secret, "<WBR/>"),
    "a soft hyphen by name": lambda secret: broken(secret, "&shy;"),
    "a space of no width": lambda secret: broken(secret, "&#8203;"),
    "the character itself": lambda secret: broken(secret, "\u200b"),
    "elements": lambda secret: broken(secret, '</span><span class="x">'),
    "bold": lambda secret: f"{secret[:6]}<b>{secret[6:9]}</b>{secret[9:]}",
    "an attribute": lambda secret: (
        f'<a href="{html.escape(secret).replace("/", "&#47;").replace("@", "&#64;")}" rel="x">y</a>'
    ),
    "a link": lambda secret: f"[x](https://example.com/?to={''.join(f'%{ord(c):02X}' for c in secret)})",
    "a link, quoted": lambda secret: f"[x](https://example.com/?to={quote(secret, safe='')})",
    "cells": lambda secret: f"<td class='a'>x</td><td>{broken(secret, '&#8203;')}</td>",
    "elements and entities": lambda secret: broken(secret, "<code>&#8203;</code>"),
}
NAMES = {
    "@": "&commat;",
    "/": "&sol;",
    ".": "&period;",
    ":": "&colon;",
    "_": "&lowbar;",
    "!": "&excl;",
}


@pytest.mark.parametrize("dress", DRESSES)
@pytest.mark.parametrize("rule", SECRETS)
def test_a_secret_in_markup_is_refused_with_its_line_and_never_named(dress: str, rule: str) -> None:
    shown = DRESSES[dress](SECRETS[rule])
    with pytest.raises(TrailError, match=r"holds what rule [a-z-]+ catches \(line 3, ") as refused:
        second_look.refuse_unclean(f"# Heading\n\nSee {shown} for it.\n\nMore.\n")
    assert SECRETS[rule] not in str(refused.value)


def test_our_own_markup_did_hide_some() -> None:
    """Else there would be nothing to prove above: the plain scan passes over these."""
    hidden = [name for name, dress in DRESSES.items() if not publish_scan(f"See {dress(MAIL)} for it.")]
    assert {"Markdown, as we escape it", "a place to break", "HTML, signs as entities"} <= set(hidden)


def test_a_secret_in_a_quoted_field_of_csv_is_refused() -> None:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    value = f'set "{broken(KEY, chr(34) * 2)}" now'
    writer.writerows([["commit", "subject"], ["abc", spreadsheet(value)], ["def", "x"]])
    second_look.refuse_unclean("commit,subject\nabc,nothing\n")
    password = f'PASS="{token()}"'
    writer.writerow(["ghi", password])
    with pytest.raises(TrailError, match="line 4"):
        second_look.refuse_unclean(out.getvalue())
    assert '"' in undressed.undone('a""b')
    assert undressed.undone('a""b') == 'a"b'


@pytest.mark.parametrize("rule", SECRETS)
def test_in_json_both_are_undone(rule: str) -> None:
    secret = SECRETS[rule]
    value = {"one": "clean", "two": f"first\n{''.join(f'&#{ord(c)};' for c in secret)}", "three": ""}
    second_look.refuse_unclean(json.dumps({**value, "two": "first\n&amp;&#47;\\_"}, indent=1), is_json=True)
    with pytest.raises(TrailError, match=r"line 3, behind an escape"):
        second_look.refuse_unclean(json.dumps(value, indent=1), is_json=True)
    with pytest.raises(TrailError, match=r"the thing holds what rule [a-z-]+ catches \(second"):
        second_look.refuse_unclean_lines([("first", "{}"), ("second", json.dumps(value))], "the thing", "hint")


@pytest.mark.parametrize("at", [0, 5_000, 70_000])
def test_in_a_long_line_it_is_found_wherever_it_stands(at: int) -> None:
    words = "some words of a line " * 7_000
    text = "x\n" + words[:at] + f" {broken(KEY, '<wbr>')} " + words[at:] + "\n"
    with pytest.raises(TrailError, match="aws-access-key-id"):
        second_look.refuse_unclean(text)
    assert sum(len(part) for _, part in undressed.undressed(text)) < 40_000, "not all of it is looked at again"


@pytest.mark.parametrize(
    "line",
    [
        "| `a1b2c3d` | Handle \\_private and \\*stars\\* \\[REDACTED:email#2\\] | ~/x |",
        "Use @<!-- -->octocat and http<!-- -->://example.com, #<!-- -->12 &amp; &lt;b&gt;",
        "<td>src/a.py</td><td>b.py</td><td><code>/tmp/x</code></td>",
        '"say ""yes"" to it",\'=1+1,"",""',
        "cost \\$6.26, 3 \\< 4, C:\\Windows",
        "https:&#47;&#47;[REDACTED:password#1]@host, person&#64;example.com",
    ],
)
def test_what_is_harmless_stays_so(line: str) -> None:
    second_look.refuse_unclean(f"{line}\n")


@given(
    st.lists(
        st.sampled_from(
            [*'ab1 \\\n&#;<>/"_', "&amp;", "&#95;", "<wbr>", "<b>", "</b>", "&lt;", '""', "<!-- -->", "\u200b"]
        )
    ).map("".join)
)
def test_undoing_ends_and_takes_nothing_but_markup(text: str) -> None:
    layers = [text]
    for _ in range(len(text) + 1):
        layers.append(undressed.undone(layers[-1]))
        assert len(layers[-1]) <= len(layers[-2])
    assert layers[-1] == layers[-2], "what is undone stays undone"
    plain = [number for number, _ in undressed.undressed(text)]
    assert plain == sorted(plain)
    assert all(1 <= number <= text.count("\n") + 1 for number in plain)


def test_the_work_is_bounded_whatever_stands_there() -> None:
    """No more is handed out to be looked at than a small multiple of what there is, and only where there is markup."""
    size = 200_000
    for piece in (
        "&amp;",
        "<b",
        "<!--",
        "\\",
        '""',
        "<wbr>a",
        "&#",
        "a<span",
        "%41",
        "%",
        "&amp;amp;x;",
        "\u200bx",
        "<b>" * 9,
    ):
        for sep in ("", " ", "\n"):
            text = (piece + sep) * (size // len(piece + sep))
            assert sum(len(part) for _, part in undressed.undressed(text)) <= 8 * len(text), (piece, sep)
    assert list(undressed.undressed("no markup at all\n" * 1000)) == []
