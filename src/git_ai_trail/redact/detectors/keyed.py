"""Finds values that stand behind a telling name: `KEY=value`, `"password": "x"`, `<secret>x</secret>`, `--token x`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from git_ai_trail.redact.detector import RANK_KEYED, Detector, Leaf, Span, matches
from git_ai_trail.redact.detectors.values import is_placeholder, is_secret

RULE = "keyed-value"
FLAG_RULE = "command-flag"

KEYWORDS = ("pass", "pwd", "secret", "token", "credential", "dsn", "key", "connection", "auth")

_WORD = (
    r"(?:pass(?:word|wd|phrase|code)|passwort|pwd|secret|token|credential|dsn"
    r"|(?:api|access|private|auth|account|signing|encryption|master|shared|storage|service|licen[sc]e|client|session"
    r"|app|application|jwt|ssh|deploy|consumer|subscription|webhook|admin|root|crypto?|aes|hmac)[_. -]?key"
    r"|connection[_ -]?string|_auth|authorization)"
)
_NAME = _WORD + r"[\w.-]{0,30}"
_SEPARATOR = r"\\{0,3}[\"'`\])]{0,2}(?:[ \t]{0,8}(?::=|=>|[:=])[ \t]{0,8}|>)"
_QUOTE = r"(?:[bBfFrRuU]{0,2}\\{0,3}[\"'`]{1,3})?"
_GATE = _NAME + _SEPARATOR + _QUOTE + r"[^\s\"'`\\]{3}"

_KEY = re.compile(rf"(?P<name>(?!tokeni[sz]){_NAME})(?P<between>{_SEPARATOR})", re.ASCII | re.IGNORECASE)
_QUOTED = re.compile(r"[bBfFrRuU]{0,2}(?P<quote>\\{0,3}(?:\"\"\"|'''|[\"'`]))", re.ASCII)
_BARE = re.compile(r"[^\s\"'`,;<>|\\]{4,512}")
_ENVIRONMENT = re.compile(r"(?:^|\n)[ \t+\-]{0,4}(?:export |set |ENV |- )?[\"']?[A-Z][A-Z0-9_]*\Z")
_MAX_VALUE = 1024
_REACH = 1400

_FLAG = re.compile(
    r"(?P<before>(?<![\w-])--?(?:(?:[a-z]+-){0,3}(?:password|passwd|pass|passphrase|token|secret|api-?key|access-?key"
    r"|secret-?key|auth-?key|credentials?))[= ][ \t]{0,3}[\"']?)(?P<secret>[^\s\"'`|;&<>()]{6,512})",
    re.ASCII | re.IGNORECASE,
)
_FLAG_GATE = (
    r"-(?:password|passwd|pass|passphrase|token|secret|key|credentials?)[= ][ \t]{0,3}[\"']?[^\s\"'`|;&<>()]{6}"
)
_PAIR = re.compile(
    r"\b(?:curl|wget|http|https|httpie)\b[^\n|;]{0,600}?[ \t](?:-u|--user)[ =]?[\"']?[^\s\"':]{0,64}:"
    r"(?P<secret>[^\s\"'`|;&<>()]{4,256})"
    r"|\bsshpass[ \t]+-p[ \t]?[\"']?(?P<ssh>[^\s\"']{4,256})"
    r"|\bmysql(?:dump|admin)?\b[^\n|;]{0,200}?[ \t]-p(?P<mysql>[^\s\"'-][^\s\"']{3,128})",
    re.ASCII,
)
_PAIR_GATES = (
    r"\b(?:curl|wget|https?|httpie)\b[^\n|;]{0,600}[ \t](?:-u|--user)[ =]?[\"']?[^\s\"':]{0,64}:[^\s\"']{4}",
    r"\bsshpass[ \t]+-p",
    r"\bmysql(?:dump|admin)?\b[^\n|;]{0,200}[ \t]-p[^\s\"'-]",
)


def detectors() -> tuple[Detector, ...]:
    return (
        Detector(rule=RULE, find=_find, gates=(_GATE,), keywords=KEYWORDS, reach=_REACH, caseless=True, checked=True),
        Detector(
            rule=FLAG_RULE,
            find=_find_flags,
            gates=(_FLAG_GATE,),
            keywords=("-pass", "-token", "-secret", "key", "-credential"),
            reach=800,
            caseless=True,
            checked=True,
        ),
        Detector(
            rule=FLAG_RULE,
            find=_find_pairs,
            gates=_PAIR_GATES,
            keywords=("curl", "wget", "http", "sshpass", "mysql"),
            reach=1200,
            checked=True,
        ),
    )


def is_telling(name: str) -> bool:
    """Whether a key of an object says that its value is a secret."""
    return _TELLING.fullmatch(name) is not None


_TELLING = re.compile(rf"(?:.{{0,64}}?(?:{_WORD})[\w.-]{{0,30}}|pass|pw|pin|cookie)", re.ASCII | re.IGNORECASE)


def _find(leaf: Leaf, low: int, high: int) -> Iterator[Span]:
    text = leaf.text
    for match in matches(_KEY, text, low, high):
        found = _value(text, match)
        if found is not None:
            yield Span(*found, RULE, "secret", RANK_KEYED)


def _value(text: str, match: re.Match[str]) -> tuple[int, int] | None:
    """Where the secret behind a name stands, or None where there is none."""
    name, at = match["name"], match.end()
    if match["between"].endswith(">") and not match["between"].endswith("=>"):
        return _element(text, name, at)
    quote = _QUOTED.match(text, at)
    if quote:
        start = quote.end()
        end = text.find(quote["quote"], start, start + _MAX_VALUE)
        if end < 0:
            line_end = text.find("\n", start, start + _MAX_VALUE)
            end = line_end if line_end >= 0 else min(len(text), start + _MAX_VALUE)
        return (start, end) if is_secret(name, text[start:end], quoted=True) else None
    bare = _BARE.match(text, at)
    if not bare:
        return None
    line_start = text.rfind("\n", max(0, match.start() - 200), match.start()) + 1
    environment = "=" in match["between"] and bool(_ENVIRONMENT.search(text, max(0, line_start - 1), match.end("name")))
    end = _bare_end(text, bare.start(), bare.end(), environment=environment)
    return (at, end) if is_secret(name, text[at:end], quoted=False, environment=environment) else None


def _bare_end(text: str, start: int, end: int, *, environment: bool) -> int:
    if not environment:
        cut = re.compile(r"[)}\]]+\Z").search(text, start, end)
        if cut and "(" not in text[start:end] and "[" not in text[start:end]:
            end = cut.start()
        ampersand = text.find("&", start, end)
        if ampersand > start:
            end = ampersand
    while end > start and text[end - 1] in ".:":
        end -= 1
    return end


def _element(text: str, name: str, at: int) -> tuple[int, int] | None:
    end = text.find("</", at, at + _MAX_VALUE)
    return (at, end) if end > at and is_secret(name, text[at:end].strip(), quoted=True) else None


def _find_flags(leaf: Leaf, low: int, high: int) -> Iterator[Span]:
    for match in matches(_FLAG, leaf.text, low, high):
        value = match["secret"]
        if not is_placeholder(value) and is_secret(
            match["before"], value, quoted=not match["before"].endswith((" ", "\t"))
        ):
            yield Span(match.start("secret"), match.end("secret"), FLAG_RULE, "secret", RANK_KEYED)


def _find_pairs(leaf: Leaf, low: int, high: int) -> Iterator[Span]:
    for match in matches(_PAIR, leaf.text, low, high):
        group = match.lastgroup or "secret"
        if not is_placeholder(match[group]):
            yield Span(*match.span(group), FLAG_RULE, "secret", RANK_KEYED)
