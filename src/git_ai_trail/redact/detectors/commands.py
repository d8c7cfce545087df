"""Finds secrets that programs are given on their command lines (`--token x`, `-u name:password`) or in a call."""

from __future__ import annotations

import re
from collections.abc import Iterator

from git_ai_trail.lazy import pattern
from git_ai_trail.redact.detector import RANK_KEYED, Detector, Leaf, Span, matches
from git_ai_trail.redact.detectors.values import is_odd_value, is_placeholder, is_secret

RULE = "command-flag"

_FLAG = pattern(
    r"(?P<before>(?<![\w-])--?(?:(?:[a-z]+-){0,3}(?:password|passwd|pass|passphrase|token|secret|api-?key|access-?key"
    r"|secret-?key|auth-?key|credentials?))[= ][ \t]{0,3}[\"']?)(?P<secret>[^\s\"'`|;&<>()]{6,512})",
    re.ASCII | re.IGNORECASE,
)
_FLAG_GATE = (
    r"-(?:password|passwd|pass|passphrase|token|secret|key|credentials?)[= ][ \t]{0,3}[\"']?[^\s\"'`|;&<>()]{6}"
)
_PAIR = pattern(
    r"\b(?:curl|wget|http|https|httpie)\b(?:[^\n|;\\]|\\.|\\\n){0,600}?[ \t](?:-u|--user|--proxy-user)[ =]{0,3}[\"']?"
    r"(?P<pair>[^\s\"':$<{]?[^\s\"':]{0,64}:(?:'[^\s'\n]{1,256}'|\"[^\s\"$\n]{1,256}\"|[^\s\"'`|;&<>()]{0,256}))",
    re.ASCII,
)
_PAIR_GATE = r"[ \t](?:-u|--user|--proxy-user)[ =]{0,3}[\"']?[^\s\"':]{0,65}:"
_WORD = r"[\"']?(?P<secret>[^\s\"'`|;&<>()-][^\s\"'`|;&<>()]{3,256})"
# Programs that take a password behind an option of their own.
_OPTIONS = tuple(
    (pattern(before + _WORD, re.ASCII), gate)
    for before, gate in (
        (r"\bsshpass[ \t]+-p[ \t]?", r"\bsshpass[ \t]+-p"),
        (
            r"\bmysql(?:dump|admin)?\b[^\n|;]{0,200}?[ \t]-p",
            r"\bmysql(?:dump|admin)?\b[^\n|;]{0,200}[ \t]-p[\"']?[^\s\"'-]",
        ),
        (r"\blogin\b[^\n|;]{0,200}?[ \t]-p[ =]?", r"\blogin\b[^\n|;]{0,200}[ \t]-p[ =]?[^\s-]"),
        (r"\bredis-cli\b[^\n|;]{0,200}?[ \t]-a[ \t]{1,3}", r"\bredis-cli\b[^\n|;]{0,200}[ \t]-a[ \t]"),
        (r"-(?:store|key|src|dest)(?:store)?pass[ \t]{1,3}", r"-(?:store|key|src|dest)(?:store)?pass[ \t]"),
        (r"-pass(?:in|out|phrase)?[ \t]{1,3}pass:", r"-pass(?:in|out|phrase)?[ \t]{1,3}pass:"),
        (
            r"\b(?:smbclient|rpcclient|net)\b[^\n|;]{0,200}?[ \t]-U[ \t]?[\w.\\-]{1,64}%",
            r"[ \t]-U[ \t]?[\w.\\-]{1,64}%",
        ),
        (r"\blogin[ \t]{1,4}\S{1,80}\s{1,12}password[ \t]{1,4}", r"\blogin[ \t]{1,4}\S{1,80}\s{1,12}password[ \t]"),
        (
            r"\becho[ \t]{1,3}(?:-n[ \t])?(?=[^\n|]{4,80}\|[ \t]{0,3}sudo[ \t][^\n|]{0,40}-S)",
            r"\becho[ \t][^\n|]{4,80}\|[ \t]{0,3}sudo[ \t][^\n|]{0,40}-S",
        ),
        (r"\bjdbc:oracle:thin:[^\s/@\"']{1,64}/", r"\bjdbc:oracle:thin:[^\s/@\"']{1,64}/"),
    )
)
# `connect("host", "name", "password")`, `new mysqli(…)`.
_CONNECT = pattern(
    r"(?:connect(?:ion)?|mysqli)[ \t]{0,2}\([ \t]{0,3}(?:[\"'][^\"'\n]{0,80}[\"'],[ \t]{0,3}){2}[\"'](?P<secret>[^\s\"']{4,128})[\"']",
    re.ASCII | re.IGNORECASE,
)
_CONNECT_GATE = r"(?:connect(?:ion)?|mysqli)[ \t]{0,2}\([ \t]{0,3}(?:[\"'][^\"'\n]{0,80}[\"'],[ \t]{0,3}){2}[\"']"
# `BasicAuth("name", "password")`, `auth=("name", "password")`.
_CALL = pattern(
    r"(?:basic_?auth|\bauth|credentials?|authenticate|login)\w{0,20}[ \t]{0,2}(?:=[ \t]{0,2})?\([ \t]{0,3}[\"'][^\"'\n]{1,80}[\"'],[ \t]{0,3}"
    r"[\"'](?P<secret>[^\s\"']{4,128})[\"']",
    re.ASCII | re.IGNORECASE,
)
_CALL_GATE = r"(?:basic_?auth|auth|credentials?|authenticate|login)\w{0,20}[ \t]{0,2}(?:=[ \t]{0,2})?\([ \t]{0,3}[\"'][^\"'\n]{1,80}[\"'],[ \t]{0,3}[\"']"


def detectors() -> tuple[Detector, ...]:
    return (
        Detector(
            rule=RULE,
            find=_find_flags,
            gates=(_FLAG_GATE,),
            keywords=("-pass", "-token", "-secret", "key", "-credential"),
            reach=800,
            caseless=True,
            checked=True,
        ),
        Detector(
            rule=RULE,
            find=_find_pairs,
            gates=(_PAIR_GATE,),
            keywords=("curl", "wget", "http"),
            reach=1200,
            checked=True,
        ),
        Detector(
            rule=RULE,
            find=_find_options,
            gates=tuple(gate for _, gate in _OPTIONS),
            keywords=(
                "echo",
                "sshpass",
                "mysql",
                "login",
                "redis-cli",
                "pass",
                "smbclient",
                "rpcclient",
                "net",
                "jdbc:",
            ),
            reach=800,
            checked=True,
        ),
        Detector(
            rule=RULE,
            find=_find_calls,
            gates=(_CALL_GATE, _CONNECT_GATE),
            keywords=("auth", "credential", "login", "connect", "mysqli"),
            reach=400,
            caseless=True,
            checked=True,
        ),
    )


def _find_flags(leaf: Leaf, low: int, high: int) -> Iterator[Span]:
    for match in matches(_FLAG, leaf.text, low, high):
        value = match["secret"]
        if not is_placeholder(value) and is_secret(
            match["before"], value, quoted=not match["before"].endswith((" ", "\t"))
        ):
            yield Span(match.start("secret"), match.end("secret"), RULE, "secret", RANK_KEYED)


def _find_pairs(leaf: Leaf, low: int, high: int) -> Iterator[Span]:
    for match in matches(_PAIR, leaf.text, low, high):
        if _is_pair(*match["pair"].partition(":")[::2]):
            yield Span(*match.span("pair"), RULE, "secret", RANK_KEYED)


def _is_pair(user: str, password: str) -> bool:
    """`name:password`, or a key that takes the place of the name."""
    password = password.strip("\"'")
    if len(password) < 4 or is_placeholder(password):
        return len(user) >= 10 and any(c.isdigit() for c in user) and not is_placeholder(user)
    return password != user


def _find_options(leaf: Leaf, low: int, high: int) -> Iterator[Span]:
    for expression, _ in _OPTIONS:
        for match in matches(expression, leaf.text, low, high):
            if not is_placeholder(match["secret"]):
                yield Span(*match.span("secret"), RULE, "secret", RANK_KEYED)


def _find_calls(leaf: Leaf, low: int, high: int) -> Iterator[Span]:
    for match in matches(_CALL, leaf.text, low, high):
        if is_odd_value(match["secret"]):
            yield Span(*match.span("secret"), RULE, "secret", RANK_KEYED)
    for match in matches(_CONNECT, leaf.text, low, high):
        if not is_placeholder(match["secret"]):
            yield Span(*match.span("secret"), RULE, "secret", RANK_KEYED)
