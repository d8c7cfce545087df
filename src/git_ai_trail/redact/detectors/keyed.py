"""Finds values that stand behind a telling name: `KEY=value`, `"password": "x"`, `<secret>x</secret>`, `--token x`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypedDict

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
_ENVIRONMENT = re.compile(r"[ \t+\-]{0,4}(?:export |set |ENV |- )?[\"']?[A-Z][A-Z0-9_]*")
_MAX_NAME = 120
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
    covered = 0
    for match in matches(_KEY, text, low, high):
        start, end, form = _place(text, match)
        # What lies inside a find need not be judged again: `a=a=a=…` would take for ever.
        inside = start < covered and (end <= covered or not form["quoted"])
        if end <= start or inside or not is_secret(match["name"], text[start:end], **form):
            continue
        covered = max(covered, end)
        yield Span(start, end, RULE, "secret", RANK_KEYED)


class _Form(TypedDict):
    quoted: bool
    environment: bool


def _place(text: str, match: re.Match[str]) -> tuple[int, int, _Form]:
    """Where the value behind a name stands (start = end where there is none), and how it is written."""
    at = match.end()
    if match["between"].endswith(">") and not match["between"].endswith("=>"):
        return at, text.find("</", at, at + _MAX_VALUE), _Form(quoted=True, environment=False)
    quote = _QUOTED.match(text, at)
    if quote:
        return quote.end(), _quoted_end(text, quote), _Form(quoted=True, environment=False)
    bare = _BARE.match(text, at)
    environment = "=" in match["between"] and _begins_line(text, match)
    end = _bare_end(text, at, bare.end(), environment=environment) if bare else at
    return at, end, _Form(quoted=False, environment=environment)


def _quoted_end(text: str, quote: re.Match[str]) -> int:
    """The closing quote, else the end of the line, else as far as a value may reach."""
    start = quote.end()
    for closing in (quote["quote"], "\n"):
        end = text.find(closing, start, start + _MAX_VALUE)
        if end >= 0:
            return end
    return min(len(text), start + _MAX_VALUE)


def _begins_line(text: str, match: re.Match[str]) -> bool:
    before = text[max(0, match.start() - _MAX_NAME) : match.end("name")]
    line = before.rpartition("\n")
    return (bool(line[1]) or match.start() <= _MAX_NAME) and _ENVIRONMENT.fullmatch(line[2]) is not None


def _bare_end(text: str, start: int, end: int, *, environment: bool) -> int:
    if not environment:
        value = text[start:end]
        if "(" not in value and "[" not in value:
            end = start + len(value.rstrip(")}]"))
        ampersand = text.find("&", start, end)
        if ampersand > start:
            end = ampersand
    while end > start and text[end - 1] in ".:":
        end -= 1
    return end


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
