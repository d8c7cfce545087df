"""Finds values that stand behind a telling name: `KEY=value`, `"password": "x"`, `<secret>x</secret>`, `--token x`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import ahocorasick

from git_ai_trail.lazy import pattern
from git_ai_trail.redact.detector import RANK_KEYED, Detector, Leaf, Span, matches
from git_ai_trail.redact.detectors.values import (
    is_chosen_word,
    is_odd_value,
    is_plain_secret,
    is_random_value,
    is_secret,
)

RULE = "keyed-value"

KEYWORDS = (
    "pass",
    "pwd",
    "pw",
    "secret",
    "token",
    "credential",
    "dsn",
    "key",
    "connection",
    "auth",
    "identified",
    "securestring",
    "salt",
    "nonce",
    "seed",
    "hmac",
    "jwt",
    "otp",
    "pepper",
    "cookie",
    "psk",
    "appid",
    "app_id",
)

_STRONG = (
    r"pass(?:word|wd|phrase|code|[_-]?key)|passwort|pwd|secret|token|credential|dsn"
    r"|(?:api|access|private|auth|account|signing|sign|encryption|encrypt|decryption|decrypt|cipher|cookie|master|shared"
    r"|storage|service|licen[sc]e|client|session|app|application|jwt|ssh|deploy|consumer|subscription|webhook|admin|root"
    r"|crypto?|aes|hmac)[_. -]?key"
    r"|connection[_ -]?string|_auth|authorization|identified by|securestring|erlang_?cookie"
    r"|(?:sta|wifi_?|wpa2?_?|pre_?shared_?)psk"
)
# `db_pass`, `dbPass`, `DB_PASS`, `root_pw`, but neither `bypass` nor `two-pass`.
_SHORT = (
    r"(?:(?:db|user|root|admin|smtp|mail|my|mysql|sql|pg|ftp|ssh|login|web|http|proxy|auth|sudo|become)_?pass(?![a-z])"
    r"|(?-i:(?:[A-Za-z0-9][_.]pass|[a-z0-9_]Pass|(?<!BY)(?<=[A-Z0-9_])PASS|[a-z0-9]_pw|[A-Z0-9]_PW|[a-z0-9]Pw)(?![A-Za-z])"
    r"|(?<![A-Za-z0-9_.-])(?:(?:pass|pw)(?=\\{0,3}[\"'`]?[ \t]{0,4}[:=])|(?:PASS|PW)(?==))))"
)
_WORD = rf"(?:{_STRONG})"
_NAME = rf"(?:{_WORD}[\w.-]{{0,30}}|{_SHORT}[0-9]{{0,2}})"
# Any other key: its value has to look the part.
_OTHERS = r"salt|pepper|nonce|seed|hmac|jwt|otp|app_?id"
_ANY_KEY = rf"(?:(?:[A-Za-z0-9][_. -]?|(?<![A-Za-z0-9_.-]))keys?|{_OTHERS})[0-9]{{0,2}}"
_CLOSE = r"(?:\[\d{0,5}\])?\\{0,3}[\"'`\])]{0,2}"
_TYPE = r"(?:[ \t]{0,2}:?[ \t]{1,3}(?:&?(?:'static )?str(?:ing)?|varchar\(\d{1,5}\)|text))?"
_ASSIGN = r"(?:[ \t]{0,8}(?:=>|[:?.|+!=]{0,3}=|:-|:)[ \t]{0,8}|[ \t]{1,3}(?:is|was|(?:set )?to)[ \t:]{1,3})"
# Between name and value where the value must stand in quotes: `f("name", "value")`, `name "value"`, and
# `name="password" value="x"` in XML, `name: PASSWORD\n value: x` in YAML, the same in JSON.
_SPACE = r"[ \t]{1,4}"
_COMMA = (
    r"(?:\\{0,3}[\]\"'`)]{0,3}[ \t]{0,3},\s{0,4}(?:with:? ?)?|(?:\\{0,3}[\"'`]\))?\.(?:type|fill|val|send_?keys|set_?value)\("
    r"|\([ \t]{0,3})"
)
_VALUE = r"\\{0,3}[\"'`]?[ \t]{0,3},?\s{1,40}\\{0,3}[\"']?value\\{0,3}[\"']?[ \t]{0,3}[:=][ \t]{0,4}"
_QUOTE = r"(?:[bBfFrRuUlLnN@$]{0,2}\\{0,3}[\"'`]{1,3})"
# What needs no quotes behind a name and a blank.
_RANDOM = r"[A-Za-z0-9+/=_.~-]{16}"
_GATES = (
    rf"(?:{_WORD}[\w.-]{{0,30}}|pass[0-9]{{0,2}}|pw[0-9]{{0,2}}){_CLOSE}(?:{_TYPE}{_ASSIGN}|>\s{{0,24}}){_QUOTE}?[^\s\"'`\\]{{3}}",
    rf"(?:{_WORD}[\w.-]{{0,30}}|pass[0-9]{{0,2}}|pw[0-9]{{0,2}})(?:{_CLOSE}{_SPACE}|{_COMMA}){_QUOTE}[^\s\"'`\\]{{3}}",
    rf"(?:{_WORD}[\w.-]{{0,30}}|pass[0-9]{{0,2}}|pw[0-9]{{0,2}}){_VALUE}{_QUOTE}?[^\s\"'`\\]{{3}}",
    rf"(?:keys?|{_OTHERS})[0-9]{{0,2}}{_CLOSE}{_TYPE}{_ASSIGN}{_QUOTE}?{_RANDOM}",
    rf"(?:{_WORD}[\w.-]{{0,30}}|(?:pass|pw|keys?|{_OTHERS})[0-9]{{0,2}}){_CLOSE}{_SPACE}{_RANDOM}",
    rf"(?:salt|pepper|nonce|seed)[0-9]{{0,2}}{_CLOSE}{_TYPE}{_ASSIGN}{_QUOTE}[^\s\"'`\\]{{6}}",
)

_KEY = pattern(
    rf"(?P<name>(?!tokeni[sz])(?:{_NAME}|(?P<any>{_ANY_KEY})))"
    rf"(?:{_CLOSE}(?:{_TYPE}(?P<assign>{_ASSIGN})|(?P<xml>>\s{{0,24}})|{_SPACE}(?=[\"'`]|{_RANDOM}))"
    rf"|(?P<value>{_VALUE})|{_COMMA}(?=[\"'`]))",
    re.ASCII | re.IGNORECASE,
)
_BEGINS_RANDOM = pattern(_RANDOM)
_SALT = pattern(r"salt|pepper|nonce|seed", re.IGNORECASE)
# `define("DB_PASSWORD", "…")`: the name of a constant, not that of a field.
_CONSTANT = pattern(r"[A-Z]{2,}[A-Z0-9_]*")
# What fills in a form.
_TYPED = pattern(r"[\"'`)\w]\.(?:type|fill|val|send_?keys|set_?value)\(\Z|fill\([\"'`]", re.IGNORECASE)
# Every name holds one of these, and begins at most so far before it.
_CORES = ahocorasick.Automaton()
for _word in KEYWORDS:
    _CORES.add_word(_word, len(_word) - 1)
_CORES.make_automaton()
_BEFORE_CORE = 16
_QUOTED = pattern(r"[bBfFrRuUlLnN@$]{0,2}(?P<quote>\\{0,3}(?:\"\"\"|'''|[\"'`]))", re.ASCII)
# What makes bytes, a type of its own or a digest of a value: `[]byte("…")`, `SecretStr('…')`, `bcrypt.hash("…")`.
_MADE = pattern(
    r"(?:new[ \t])?(?:\[\]byte|bytes(?:\.fromhex)?|b64decode|base64\.\w{1,20}|atob|Secret(?:Str)?|String|Buffer\.from"
    r"|[\w.]{0,40}?(?:hash\w{0,12}|encode\w{0,12}|encrypt\w{0,12}|get_?bytes|make_password|md5|sha\d{1,3}))"
    r"\([ \t]{0,3}(?=[bfru]?\\{0,3}[\"'`])",
    re.ASCII | re.IGNORECASE,
)
_BARE = pattern(r"[^\s\"'`,;<>|\\]{4,512}")
_LINE = pattern(r"[^\s\"'`]{4,512}")
_ENVIRONMENT = pattern(r"(?:^|[\s;&|`(\"'+-])[A-Z][A-Z0-9_]*\Z")
# A line of a properties, ini or YAML file before the name, and behind the value.
_PROPERTY = pattern(r"[ \t+#;/-]{0,60}(?:[\w-]{1,40}[.]){0,8}[\w-]{0,60}", re.ASCII)
_LINE_END = pattern(r"[ \t]{0,8}(?:[ \t]#[^\n]{0,200})?(?:\r?\n(?![ \t+-]{0,60}[)}\]])|\Z)", re.ASCII)
# Where the next part of a query begins, or what a shell runs in the background.
_FURTHER = pattern(r"&(?:amp;)?[\w.-]{1,40}=|&&|&\Z", re.ASCII)
_VARIABLE = pattern(r"\$\{[\w.-]{0,60}\Z", re.ASCII)
_MAX_NAME = 120
_MAX_VALUE = 1024
# From the gate's report back to where the name begins; the value is read from there on, however long.
_REACH = 16
_BACK = 224


def detectors() -> tuple[Detector, ...]:
    return (
        Detector(
            rule=RULE,
            find=_find,
            gates=_GATES,
            keywords=KEYWORDS,
            reach=_REACH,
            back=_BACK,
            caseless=True,
            checked=True,
        ),
    )


def is_telling(name: str) -> bool:
    """Whether a key of an object says that its value is a secret."""
    return _TELLING.fullmatch(name) is not None


_TELLING = pattern(
    rf"(?:.{{0,64}}?(?:{_STRONG})[\w.-]{{0,30}}|.{{0,64}}{_SHORT}|pass|pw|pin|cookie)", re.ASCII | re.IGNORECASE
)


def _find(leaf: Leaf, low: int, high: int) -> Iterator[Span]:
    text = leaf.text
    for match in _names(text, low, high):
        if match.end() < leaf.covered and not _QUOTED.match(text, match.end()):
            continue  # what lies inside a find is not judged again: `a=a=a=…` would take for ever
        start, end, form = _place(text, match)
        if end <= start or end <= leaf.covered:
            continue
        value = text[start:end]
        if not _is_sought(match, value, form):
            continue
        leaf.covered = max(leaf.covered, end)
        yield Span(start, end, RULE, "secret", RANK_KEYED)


def _is_sought(match: re.Match[str], value: str, form: _Form) -> bool:
    """Whether a value behind a name has to go."""
    if form.loose and not form.quoted:
        return is_random_value(value)  # nothing but a blank between them
    if match["any"] is not None and not _is_key(match["any"], value, form):
        return False
    if form.loose and not _is_near_secret(match, value):
        return False
    return _judged(match["name"], value, form)


def _names(text: str, low: int, high: int) -> Iterator[re.Match[str]]:
    """Matches of the large pattern, which is tried only where a name can begin: elsewhere is nearly everywhere."""
    lower = text[low:high].lower()
    if len(lower) != high - low:
        yield from matches(_KEY, text, low, high)  # some letters have a longer form in lower case
        return
    at = low
    for place in sorted({low + end - length for end, length in _CORES.iter(lower)}):
        for start in range(max(at, place - _BEFORE_CORE), place + 1):
            match = _KEY.match(text, start)
            if match is not None:
                yield match
                at = match.end()
                break
        else:
            at = max(at, place + 1)


def _is_key(name: str, value: str, form: _Form) -> bool:
    """Whether the value of a name that need not mean a secret (`sort_key`) is one all the same."""
    if form.loose:
        return False
    if form.quoted and _SALT.match(name) is not None and is_odd_value(value):
        return True
    return _BEGINS_RANDOM.match(value) is not None and is_random_value(value)


def _is_near_secret(match: re.Match[str], value: str) -> bool:
    """Whether a value that is only near a name can be its secret: no word, or its place leaves no doubt."""
    if " " in value:
        return False
    sure = _CONSTANT.fullmatch(match["name"]) is not None or match["name"].lower() == "identified by"
    sure = sure or (match.group().endswith("(") and _TYPED.search(match.group()) is not None)
    return sure or any(c.isdigit() for c in value)


class _Form(NamedTuple):
    """How a value is written. `loose` says that nothing but nearness ties it to the name, `alone` that it stands without
    quotes as the only value of its line, as in a configuration file."""

    quoted: bool
    environment: bool = False
    loose: bool = False
    alone: bool = False
    equals: bool = False


def _judged(name: str, value: str, form: _Form) -> bool:
    if name.lower() in ("pass", "pw") and not form.quoted:
        return form.alone and is_plain_secret(name, value)
    if is_secret(name, value, quoted=form.quoted, environment=form.environment):
        return True
    if form.equals and form.quoted:
        return is_chosen_word(name, value)
    return form.alone and is_plain_secret(name, value)


def _place(text: str, match: re.Match[str]) -> tuple[int, int, _Form]:
    """Where the value behind a name stands (start = end where there is none), and how it is written."""
    at = match.end()
    if match["xml"] is not None:
        end = text.find("<", at, at + _MAX_VALUE)
        return at, at + len(text[at:end].rstrip()) if end > at else at, _Form(quoted=True)
    loose = match["assign"] is None and match["value"] is None
    made = _MADE.match(text, at) if match["assign"] is not None and match["any"] is None else None
    quote = _QUOTED.match(text, made.end() if made else at)
    if quote:
        equals = (match["assign"] or "").strip() in ("=", ":=")
        return quote.end(), _quoted_end(text, quote), _Form(quoted=True, loose=loose, equals=equals)
    assign = match["assign"] or ""
    environment = "=" in assign and _is_environment(text, match)
    bare = (_LINE if environment else _BARE).match(text, at)
    if bare and assign in (":", ":-") and _is_default(text, match.start()):
        end = text.find("}", at, bare.end())
        return at, max(end, at), _Form(quoted=False, alone=True)
    end = _bare_end(text, at, bare.end(), environment=environment) if bare else at
    alone = bool(assign) and (
        _is_alone(text, match.start(), end) or (assign == "=" and _is_part(text, match.start(), end))
    )
    # With blanks around the sign it is a program's line, unless nothing follows.
    environment = environment and (alone or assign == assign.strip())
    return at, end, _Form(quoted=False, environment=environment, alone=alone, loose=loose)


def _is_part(text: str, start: int, end: int) -> bool:
    """Whether the value is one of several that are no program's: `Server=db;Password=x`, `host=db password=x`."""
    before, after = text[max(0, start - 1) : start], text[end : end + 1]
    if before == ";":
        return after in (";", '"', "'", "", "\n")
    return before in (" ", '"', "'", "=", "-") and after in (" ", '"', "'", "", "\n")


def _is_default(text: str, start: int) -> bool:
    """Whether the value is what holds where a variable is not set: `${DB_PASSWORD:-x}`, `${jwt.secret:x}`."""
    return _VARIABLE.search(text, max(0, start - _MAX_NAME), start) is not None


def _is_alone(text: str, start: int, end: int) -> bool:
    line = text.rfind("\n", max(0, start - _MAX_NAME), start) + 1
    if line == 0 and start > _MAX_NAME:
        return False
    return _PROPERTY.fullmatch(text, line, start) is not None and _LINE_END.match(text, end) is not None


def _quoted_end(text: str, quote: re.Match[str]) -> int:
    """The closing quote, else the end of the line, else as far as a value may reach."""
    start = quote.end()
    for closing in (quote["quote"], "\n"):
        end = text.find(closing, start, start + _MAX_VALUE)
        if end >= 0:
            return end
    return min(len(text), start + _MAX_VALUE)


def _is_environment(text: str, match: re.Match[str]) -> bool:
    """Whether the name stands as that of an environment variable does, at the beginning of a word."""
    before = text[max(0, match.start() - _MAX_NAME) : match.end("name")]
    return _ENVIRONMENT.search(before) is not None and (match.start() <= _MAX_NAME or " " in before or "\n" in before)


def _bare_end(text: str, start: int, end: int, *, environment: bool) -> int:
    if environment:
        return start + len(text[start:end].rstrip(";,.:"))
    value = text[start:end]
    if "(" not in value and "[" not in value:
        end = start + len(value.rstrip(")}]"))
    further = _FURTHER.search(text, start + 1, end)
    if further is not None:
        end = further.start()
    while end > start and text[end - 1] in ".:":
        end -= 1
    return end
