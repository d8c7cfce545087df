"""Finds passwords where single programs and their files have them, by the program's own syntax (`htpasswd -b f name x`, `.pgpass`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from git_ai_trail.lazy import pattern
from git_ai_trail.redact.detector import RANK_KEYED, Detector, Leaf, Span, matches
from git_ai_trail.redact.detectors.values import is_odd_value, is_placeholder, is_plain_secret, is_random_value

RULE = "command-flag"

_WORD = r"[\"']?(?P<secret>[^\s\"'`|;&<>()$-][^\s\"'`|;&<>()]{3,256})"
_LINE = r"(?:^|\n)[ \t+]{0,20}"
_ON = r"[^\n|;]{0,200}?[ \t]"


class _Form(NamedTuple):
    """`before` is what stands before the secret, `after` behind it; `keywords` (lower case) of which one must be there."""

    keywords: tuple[str, ...]
    before: str
    counts: Callable[[str], bool]
    after: str = ""


def _any(value: str) -> bool:
    return value not in ("public", "private")


def _password(value: str) -> bool:
    return is_odd_value(value) or is_plain_secret("password", value)


def _mixed_word(value: str) -> bool:
    return len(value) >= 6 and ":" not in value and is_odd_value(value)


def _random(value: str) -> bool:
    return is_random_value(value) or _UUID.fullmatch(value) is not None


_UUID = pattern(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

_FORMS = (
    _Form(("ldap",), rf"\bldap(?:search|modify|add|delete|passwd|whoami|compare)\b{_ON}-w[ \t]?", _any),
    _Form(("mongo",), rf"\bmongo(?:sh|dump|restore|import|export)?[ \t]{_ON}-p[ =]?", _any),
    _Form(("mosquitto_",), rf"\bmosquitto_(?:pub|sub|rr)\b{_ON}-P[ \t]?", _any),
    _Form(
        ("htpasswd",),
        r"\bhtpasswd[ \t]+(?:-[A-Za-z]{0,4}n[A-Za-z]{0,4}|-[A-Za-z]{0,6}[ \t]+\S{1,200})[ \t]+[\w.@-]{1,64}[ \t]+",
        _any,
    ),
    _Form(("chpasswd",), r"\becho[ \t]+[\"']?[\w.-]{1,32}:", _any, r"[\"']?[ \t]*\|[ \t]*(?:sudo[ \t]+)?chpasswd\b"),
    _Form(("useradd", "usermod"), rf"\buser(?:add|mod)\b{_ON}-p[ \t]+", _any),
    _Form(("openssl",), rf"\bopenssl[ \t]+enc\b{_ON}-[kK][ \t]+", _any),
    _Form(("zip", "7z"), rf"(?:\b(?:un)?zip\b{_ON}-P[ \t]?|\b7z[ar]?[ \t]+[a-z]{_ON}-p)", _any),
    _Form(("net",), r"\bnet[ \t]+use\b[^\n|;]{1,120}?[ \t]", _any, r"[ \t]+/user:"),
    _Form(("rabbitmqctl",), r"\brabbitmqctl[ \t]+(?:add_user|change_password)[ \t]+\S{1,64}[ \t]+", _any),
    _Form(
        ("snmp",),
        r"\bsnmp(?:-server[ \t]+community[ \t]+|(?:get|walk|set|bulkwalk)\b[^\n|;]{0,100}?[ \t]-c[ \t]*)",
        _any,
    ),
    _Form(
        ("requirepass", "masterauth", "bindpw", "rootpw"),
        rf"{_LINE}(?:requirepass|masterauth|bindpw|rootpw)[ \t]{{1,8}}",
        _any,
    ),
    _Form(
        ("env",),
        rf"{_LINE}ENV[ \t]+[A-Z0-9_]{{0,40}}(?:PASSWORD|PASSWD|PASS|PWD|SECRET|TOKEN|API_?KEY|SECRET_KEY)[ \t]+",
        _any,
    ),
    _Form(("secret", "password"), r"\b(?:enable|username[ \t]+\S{1,64})[ \t]+(?:secret|password)[ \t]+\d[ \t]+", _any),
    _Form(("password",), rf"{_LINE}password[ \t]{{1,4}}", is_odd_value, r"[\"']?[ \t]*(?=\r?\n|\Z)"),
    _Form(
        ("pass", "pw"),
        r"\b(?:[Uu]ser(?:name)?|[Ll]ogin|[Aa]ccount)[ \t]?[:=][ \t]{0,3}\S{1,64}[ \t,;/|]{1,4}(?:[Pp]ass|[Pp]wd?)[ \t]?[:=][ \t]{0,3}",
        _password,
    ),
    _Form(("identified by",), r"\b(?:IDENTIFIED|identified)[ \t]+(?:BY|by)[ \t]+(?:PASSWORD[ \t]+)?", _any),
    _Form(("net",), r"\bnet[ \t]+user[ \t]+\S{1,40}[ \t]+", _any, r"[ \t]+/[a-z]"),
    _Form(("passwd",), r"\becho[ \t]+(?:-n[ \t]+)?", _any, r"[\"']?[ \t]*\|[ \t]*(?:sudo[ \t]+)?passwd\b"),
    _Form(
        ("cred", "login", "account"),
        r"\b(?:[Cc]red(?:ential)?s?|[Ll]ogin|[Aa]ccount)[ \t:=]{1,4}[\"']?[\w.@-]{1,40}(?:[ \t]/[ \t]|[:/])",
        _password,
    ),
    _Form(("admin", "root"), r"(?<![\w/.:@-])(?<!chown )(?:admin|root|administrator):", _mixed_word),
    _Form(("password",), r"\b(?:with|using|use|the)[ \t](?:the[ \t])?password[ \t]", _mixed_word),
    _Form(("storepass", "keypass"), rf"{_LINE}(?:store|key)pass[ \t]{{1,4}}", _any),
    _Form(("sqlcmd", "osql", "bcp"), rf"\b(?:sqlcmd|osql|bcp)\b{_ON}-P[ \t]?", _any),
    _Form(
        ("pass",),
        r"\b[Uu]ser(?:name)?(?:[ \t]?/[ \t]?[Pp]ass(?:word)?[ \t]?[:=]?[ \t]{1,3}[\w.@-]{1,40}[ \t]?/[ \t]?"
        r"|[ \t]+\S{1,40},?[ \t]+(?:and[ \t]+)?[Pp]assword[ \t]+)",
        is_odd_value,
    ),
    _Form(("psk",), r"(?:\bwifi-sec\.psk[ \t]+|(?<![\w.-])psk[ \t]{0,3}=[ \t]{0,3})", _password),
    _Form(
        ("login", "--with-token", "authtoken"),
        r"(?:\bvault[ \t]+login[ \t]+|--with-token[ \t]*<<<[ \t]*|:_authToken[ \t]+)",
        _random,
    ),
    _Form(("pat", "sonar.login"), r"(?<![\w.-])(?:pat[\"']?|sonar\.login)[ \t]{0,3}[:=][ \t]{0,3}", _random),
    _Form(
        (":543", ":6432:"), r"(?:^|\n)[\w.*-]{1,80}:(?:543\d|6432):[\w*-]{1,64}:[\w.@*-]{1,64}:", _any, r"(?=\r?\n|\Z)"
    ),
)
_PATTERNS = tuple((pattern(form.before + _WORD + form.after, re.ASCII), form) for form in _FORMS)

# Calls in programs whose argument is a password: (keywords, what stands before the quote, what behind it).
_FIRST = r"[ \t]{0,2}\([ \t]{0,3}[\"'][^\"'\n]{1,80}[\"'],[ \t]{0,3}"
_QUOTED = r"[\"'](?P<secret>[^\s\"'()<>{}$]{4,128})[\"']"
_CALLS = (
    (
        ("getconnection", "new pdo"),
        r"(?:getConnection|new PDO)[ \t]{0,2}\([^\n()]{1,200}?,[ \t]{0,3}[\"'][^\"'\n]{1,80}[\"'],[ \t]{0,3}",
        "",
    ),
    (
        ("authentication", "networkcredential", "user", "login"),
        r"(?:PasswordAuthentication(?:Token)?|NetworkCredential|(?:create|add)_?[Uu]ser|\.(?:login|authenticate))"
        + _FIRST,
        "",
    ),
    (("wifi",), r"\b(?:WiFi|wifi|WiFiMulti|wifiMulti)\.(?:begin|addAP|softAP)" + _FIRST, ""),
    (("auth",), r"\bauth[ \t]?[=:][ \t]?\([\"'][^\"'\n]{1,64}[\"'],[ \t]?", ""),
    (("redis",), r"\b[Rr]edis\w{0,12}\.auth\([ \t]{0,3}", ""),
    (("jwt",), r"\bjwt\.(?:sign|verify|encode|decode)\([^\n()\"']{1,80},[ \t]{0,3}", ""),
    (("password",), r"(?:set|with|check|change|reset|verify)_?[Pp]assword\([ \t]{0,3}", r"[ \t]{0,3}\)"),
    (("fill_in",), r"\bfill_in[ (][\"'][^\"'\n]{0,40}[Pp]assword[^\"'\n]{0,20}[\"'],[ \t]{0,3}with:[ \t]{0,3}", ""),
    (("getpassword", ".password"), r"(?<=\()", r",[ \t]{0,3}[\w.]{1,60}(?:getPassword\(\)|\.password\b)"),
)
_CALL_GATE = r"[\"'][^\s\"'()<>{}$]{4,128}[\"']"
_CALL_PATTERNS = tuple((pattern(before + _QUOTED + after, re.ASCII), keywords) for keywords, before, after in _CALLS)
# Terraform: `variable "db_password" { default = "…" }`.
_VARIABLE = pattern(
    r"variable[ \t]{1,3}\"[\w-]{0,40}(?:passw|secret|token|pass|_key)[\w-]{0,20}\"[ \t]{0,3}\{[^{}]{0,400}?\bdefault[ \t]{0,12}=[ \t]{0,3}"
    r"\"(?P<secret>[^\s\"]{4,256})\"",
    re.ASCII,
)
_VARIABLE_GATE = r"variable[ \t]{1,3}\"[\w-]{0,40}(?:passw|secret|token|pass|_key)"


def detectors() -> tuple[Detector, ...]:
    return (
        *(
            Detector(
                rule=RULE,
                find=_finder(expression, form),
                gates=(rf"{form.before}[\"']?[^\s\"']",),
                keywords=form.keywords,
                reach=800,
                checked=True,
            )
            for expression, form in _PATTERNS
        ),
        *(
            Detector(
                rule=RULE, find=_finder(expression, None), gates=(gate,), keywords=keywords, reach=900, checked=True
            )
            for expression, gate, keywords in (
                *(
                    (expression, before + _CALL_GATE + after, keywords)
                    for (expression, keywords), (_, before, after) in zip(_CALL_PATTERNS, _CALLS, strict=True)
                ),
                (_VARIABLE, _VARIABLE_GATE, ("variable",)),
            )
        ),
    )


def _finder(expression: re.Pattern[str], form: _Form | None) -> Callable[[Leaf, int, int], Iterator[Span]]:
    def find(leaf: Leaf, low: int, high: int) -> Iterator[Span]:
        for match in matches(expression, leaf.text, low, high):
            value = match["secret"]
            if not is_placeholder(value) and (form is None or form.counts(value)):
                yield Span(*match.span("secret"), RULE, "secret", RANK_KEYED)

    return find
