"""Finds credentials in URLs (`scheme://user:password@host`), request headers and cookies."""

from __future__ import annotations

import re
from collections.abc import Iterator

from git_ai_trail.lazy import pattern
from git_ai_trail.redact.detector import RANK_KEYED, Detector, Leaf, Span, matches
from git_ai_trail.redact.detectors.values import is_placeholder
from git_ai_trail.redact.tokens import is_hex, is_rough, looks_random

URL_RULE = "url-credentials"
HEADER_RULE = "auth-header"

_USERINFO = pattern(
    r"[A-Za-z][A-Za-z0-9+.-]{1,24}:(?://|\\/\\/)(?P<user>[^\s/:@\"'<>\\]{0,128})(?::(?P<secret>[^\s/@\"'<>\\]{1,256}))?@"
    r"(?=[\w.\[<{$-])",
    re.ASCII,
)
_USERINFO_GATE = r":(?://|\\/\\/)[^\s/@\"'<>\\]{1,400}@"
# Go's way to name a database: `user:password@tcp(host:3306)/db`.
_DSN = pattern(r"(?<![\w/])[\w.-]{1,64}:(?P<secret>[^\s:/@\"'()]{3,128})@(?:tcp|unix)\(", re.ASCII)
_DSN_GATE = r"[\w.-]:[^\s:/@\"'()]{3,128}@(?:tcp|unix)\("
_QUERY = pattern(
    r"[?&;](?P<name>access_token|auth_token|token|api_?key|apikey|key|sig|signature|secret|client_secret|password|passwd"
    r"|pwd|code|auth|jwt|session|sid|x-amz-signature|x-amz-credential|x-amz-security-token|x-goog-signature)="
    r"(?P<secret>[A-Za-z0-9%._~+/=-]{8,2000})",
    re.ASCII | re.IGNORECASE,
)
_QUERY_GATE = (
    r"[?&;](?:access_token|auth_token|token|api_?key|apikey|key|sig|signature|secret|client_secret|password|passwd|pwd"
    r"|code|auth|jwt|session|sid|x-(?:amz|goog)-[a-z-]{4,16})=[A-Za-z0-9%._~+/=-]{8}"
)
_AUTHORIZATION = pattern(
    r"(?:proxy-)?authorization\\{0,3}[\"']?\]?[ \t]{0,4}[:=,][ \t]{0,4}(?:[bf]?\\{0,3}[\"'`])?[ \t]{0,2}"
    r"(?P<scheme>(?:basic|bearer|token|digest|apikey|api-key|negotiate|aws4-hmac-sha256|ssws|key|bot)[ \t:=]{1,3})?"
    r"(?P<secret>[^\s\"'`\\,;<>{}$()]{6,4000})"
    r"|(?<![\w-])(?:bearer|basic)[ \t]{1,3}(?P<bearer>[A-Za-z0-9._~+/=-]{12,4000})",
    re.ASCII | re.IGNORECASE,
)
_AUTHORIZATION_GATES = (
    r"authorization\\{0,3}[\"']?\]?[ \t]{0,4}[:=,][ \t]{0,4}[^\s]",
    r"(?:bearer|basic)[ \t]{1,3}[A-Za-z0-9._~+/=-]{12}",
)
_COOKIE = pattern(
    r"(?<![\w])(?:set-)?cookie[\"']?[ \t]{0,3}:[ \t]{0,3}\\?[\"']?(?P<secret>[\w.%-]{1,64}=[^\r\n\"'`\\]{4,4000})",
    re.ASCII | re.IGNORECASE,
)
_COOKIE_GATE = r"cookie[\"']?[ \t]{0,3}:[ \t]{0,3}\\?[\"']?[\w.%-]{1,64}=[^\r\n\"'`\\]{4}"
# A header on a command line whose name says what it is: `-H "X-Api-Token: …"`.
_NAMED = pattern(
    r"(?:-H|--header)[ =]{0,2}\\{0,3}[\"'](?P<name>[\w-]{0,40}(?:token|key|secret|passw|auth|credential)[\w-]{0,24})"
    r"[ \t]{0,2}:[ \t]{0,3}(?P<secret>[^\"'\n\\\x1f]{6,2000})",
    re.ASCII | re.IGNORECASE,
)
_NAMED_GATE = (
    r"(?:-H|--header)[ =]{0,2}\\{0,3}[\"'][\w-]{0,40}(?:token|key|secret|passw|auth|credential)[\w-]{0,24}[ \t]{0,2}:"
    r"[ \t]{0,3}[^\"'\n\\]{6}"
)
_WORD = pattern(r"[A-Za-z][A-Za-z_-]*")


def detectors() -> tuple[Detector, ...]:
    return (
        Detector(rule=URL_RULE, find=_userinfo, gates=(_USERINFO_GATE,), keywords=("@",), reach=700, checked=True),
        Detector(rule=URL_RULE, find=_dsn, gates=(_DSN_GATE,), keywords=("@tcp(", "@unix("), reach=300, checked=True),
        Detector(
            rule=URL_RULE, find=_query, gates=(_QUERY_GATE,), keywords=("=",), reach=2200, caseless=True, checked=True
        ),
        Detector(
            rule=HEADER_RULE,
            find=_authorization,
            gates=_AUTHORIZATION_GATES,
            keywords=("authorization", "bearer", "basic"),
            reach=4200,
            caseless=True,
            checked=True,
        ),
        Detector(
            rule=HEADER_RULE,
            find=_named,
            gates=(_NAMED_GATE,),
            keywords=("-h", "--header"),
            reach=2200,
            caseless=True,
            checked=True,
        ),
        Detector(
            rule=HEADER_RULE,
            find=_cookie,
            gates=(_COOKIE_GATE,),
            keywords=("cookie",),
            reach=4200,
            caseless=True,
            checked=True,
        ),
    )


def _userinfo(leaf: Leaf, low: int, high: int) -> Iterator[Span]:
    for match in matches(_USERINFO, leaf.text, low, high):
        user, password = match["user"], match["secret"]
        if password is not None:
            if not is_placeholder(password) and password != user:
                # A key in the place of the name is no name.
                start = (
                    match.start("user")
                    if len(user) >= 8 and (is_hex(user) or is_rough(user))
                    else match.start("secret")
                )
                yield Span(start, match.end("secret"), URL_RULE, "password", RANK_KEYED)
        elif len(user) >= 20 and (is_hex(user) or looks_random(user)):
            yield Span(*match.span("user"), URL_RULE, "password", RANK_KEYED)


def _dsn(leaf: Leaf, low: int, high: int) -> Iterator[Span]:
    for match in matches(_DSN, leaf.text, low, high):
        if not is_placeholder(match["secret"]):
            yield Span(*match.span("secret"), URL_RULE, "password", RANK_KEYED)


def _query(leaf: Leaf, low: int, high: int) -> Iterator[Span]:
    for match in matches(_QUERY, leaf.text, low, high):
        value = match["secret"]
        telling = "pass" in match["name"].lower() or "pwd" in match["name"].lower()
        if (telling or any(c.isdigit() for c in value)) and not value.isdigit() and not is_placeholder(value):
            yield Span(*match.span("secret"), URL_RULE, "secret", RANK_KEYED)


def _authorization(leaf: Leaf, low: int, high: int) -> Iterator[Span]:
    for match in matches(_AUTHORIZATION, leaf.text, low, high):
        group = "secret" if match["secret"] is not None else "bearer"
        value = match[group]
        if is_placeholder(value) or (_WORD.fullmatch(value) and not looks_random(value)):
            continue
        # Without a scheme before it, what follows the word is as often a sentence or an expression as a credential.
        if group == "secret" and not match["scheme"] and not any(c.isdigit() for c in value):
            continue
        if group == "bearer" and not any(c.isdigit() for c in value):
            continue
        yield Span(*match.span(group), HEADER_RULE, "secret", RANK_KEYED)


def _cookie(leaf: Leaf, low: int, high: int) -> Iterator[Span]:
    for match in matches(_COOKIE, leaf.text, low, high):
        value = match["secret"].partition("=")[2]
        if not is_placeholder(value) and any(c.isdigit() for c in value):
            yield Span(*match.span("secret"), HEADER_RULE, "cookie", RANK_KEYED)


def _named(leaf: Leaf, low: int, high: int) -> Iterator[Span]:
    for match in matches(_NAMED, leaf.text, low, high):
        value = match["secret"].rstrip()
        scheme, _, credential = value.rpartition(" ")
        if scheme and not scheme.isalpha():
            continue
        if any(c.isdigit() for c in credential) and not credential.isdigit() and not is_placeholder(credential):
            yield Span(
                match.end("secret") - len(match["secret"]) + len(value) - len(credential),
                match.start("secret") + len(value),
                HEADER_RULE,
                "secret",
                RANK_KEYED,
            )
