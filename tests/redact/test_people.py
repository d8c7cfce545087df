"""Homes, names and addresses."""

from __future__ import annotations

import pytest

from git_ai_trail.redact import Identity
from tests.redact.samples import clean, scrubber

ANN = Identity(home="/home/annabel", accounts=("annabel",), names=("Annabel Lee",), emails=("al@example.com",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/home/annabel/src/x.py", "~/src/x.py"),
        ("file:///home/annabel/x", "file://~/x"),
        ("/Users/annabel/x", "~/x"),
        ("C:\\Users\\annabel\\x", "~\\x"),
        ("C:\\\\Users\\\\annabel\\\\x", "~\\\\x"),
        ("/mnt/c/Users/annabel/x", "~/x"),
        ("-Users-annabel-src-x", "-~-src-x"),
        ("%2Fhome%2Fannabel%2Fx", "~%2Fx"),
        ("cd /home/annabel.", "cd ~."),
        ("/home/someone/x", "~user-3/x"),
        ("https://example.org/home/page", "https://example.org/home/page"),
        ("src/home/page.tsx", "src/home/page.tsx"),
        ("annabel wrote it", "user-1 wrote it"),
        ("by Annabel Lee", "by user-2"),
        ("annabella is another word", "annabella is another word"),
        ("-rw-r--r-- 1 zoltan staff 12 May 1 x", "-rw-r--r-- 1 user-3 staff 12 May 1 x"),
        ("drwxr-xr-x 2 root root 4096 x", "drwxr-xr-x 2 root root 4096 x"),
    ],
)
def test_homes_and_names_become_pseudonyms(text: str, expected: str) -> None:
    assert scrubber(identity=ANN).text(text)[0] == expected


def test_the_same_person_keeps_the_pseudonym() -> None:
    own = scrubber(identity=ANN)
    first = own.text("/home/bertrand/x")[0]
    assert own.text("see /home/carlotta/x and /home/bertrand/y")[0] == "see ~user-4/x and " + first.replace("/x", "/y")


def test_a_generic_account_is_no_word_to_replace() -> None:
    own = scrubber(identity=Identity(home="/home/runner", accounts=("runner", "me")))
    assert own.text("the runner says me")[0] == "the runner says me"
    assert own.text("/home/runner/work")[0] == "~/work"


@pytest.mark.parametrize(
    "address",
    ["ann.lee@corp.org", "a+b@mail.corp.co.uk", "x@sub.dom.travel", "Ann <ann@corp.org>", "mailto:ann@corp.org"],
)
def test_addresses_go(address: str) -> None:
    assert "corp" not in clean(address)
    assert "dom" not in clean(address)


@pytest.mark.parametrize(
    "text",
    [
        "person@example.com",
        "noreply@anything.org",
        "123+x@users.noreply.github.com",
        "git@gitlab.com:o/p.git",
        "icon@2x.png",
        "unit@tty1.service",
        "lodash@4.17.21",
        "@scope/package",
        "+@click.group(invoke=True)",
        "actions/checkout@v4",
    ],
)
def test_what_is_nobodys_address_stays(text: str) -> None:
    assert clean(text) == text


def test_own_address_goes_even_where_it_looks_like_an_example() -> None:
    assert scrubber(identity=ANN).text("mail al@example.com")[0] == "mail [REDACTED:email#1]"


def test_identity_comes_from_environment_and_git() -> None:
    identity = Identity.of({"HOME": "/home/annabel", "USER": "annabel"}, name="A. Lee", email="a@x.org")
    assert identity.accounts == ("annabel",)
    assert identity.words() == ("annabel", "A. Lee")
    assert Identity.of({}).words() == ()


def test_many_at_signs_and_letters_do_not_take_long() -> None:
    for pump in ("a" * 65536, "a@" * 32768, "a." * 32768, "/home/" * 10000, "a@a." * 16000):
        assert isinstance(clean(pump), str)
