"""Judges the value behind a name such as `password`: a secret, a placeholder, or an expression of a program."""

from __future__ import annotations

import base64
import binascii
import re
from functools import lru_cache

from git_ai_trail.lazy import pattern
from git_ai_trail.redact.tokens import is_hex, is_odd_word, is_rough, looks_random

_PASSWORD_NAME = pattern(r"pass(?:word|wd|phrase|code)?|pwd|credential|_pw|Pw|identified|psk", re.IGNORECASE)

_OPENING = ("<", "{", "${", "$(")
_MAX_PLACEHOLDER = 100
_PLACEHOLDER = pattern(
    r"""
      [$%@\#]?[{<(\[].*                # ${X}, <token>, {{ x }}, %(x)s, @{x}, #{x}
    | \$(?![A-Z][a-z]+[0-9]{3,}\Z)\w+ | %\w+% | (?:%[sdr]\W?){1,4} | (?:(?:\x1b|\\x1b|\\033|\\e|\\u001b)\[.{1,12}m)+
    | (?P<c>.)(?P=c)*                  # one character repeated
    | [x*._\-•…?#0]+ | \.{3}.* | .*(?:\.\.\.|…)
    | .*(?:your|my|some|the|an?|insert|enter|replace|add)[-_ ].*(?:key|token|secret|passw|here|value).*
    | .*_here | .*[-_]?(?:placeholder|redacted|omitted|withheld)[-_]?.*
    | (?:change|replace)[-_ ]?me.* | todo.* | tbd | n/?a | example | dummy | hidden | masked
    | utf-?(?:8|16|32)(?:le|be)? | latin-?1 | iso-8859-\d+ | rot13 | base(?:64|32)(?:url)? | (?:hmac-?)?sha-?\d{1,3} | md5 | [ahrep]s\d{3}
    | include | same-origin | omit | none | null | nil | true | false | undefined | nan | yes | no | on | off | empty | optional | required
    | str(?:ing)? | bool(?:ean)? | int(?:eger)? | number | bytes | any | object | text | password | passwd | secret
    | token | bearer | basic | user(?:name)? | pass | pwd | key | value | invalid | valid | missing | unknown
    | os\.(?:environ|getenv).* | process\.env.* | import\.meta.* | (?:env|vars|secrets|config|settings|self|this|args|
      options|params|props|req|request|res|response|ctx|context|data|body|event|state|user|input|form|std)[.:\[(].*
    """,
    re.VERBOSE | re.IGNORECASE,
)
# No two parts of this can match the same text: a pattern that could would try them all on a long value.
_WORDS = pattern(r"[A-Za-z]+(?:(?:[-_.:/'’,–]| [-–] |[,:]? )[A-Za-z]+)*[.!?:]?")
_IDENTIFIER = pattern(r"[A-Za-z_$][\w$]*")
_EXPRESSION = pattern(r"[A-Za-z_$!&*][\w$]*\??(?:\.|\(|\[|::|->|!?\.).*|.*[(){}\[\]].*|[!&*]\w+.*")
_PATH_OR_URL = pattern(r"(?:[a-z][a-z0-9+.-]*://|\.{0,2}/|~/|[A-Za-z]:[\\/])\S*")
_VERSION_OR_DATE = pattern(r"v?\d+(?:[.\-:/T]\d+)+\S{0,12}")
_IDEOGRAPH = pattern(r"[\u2e80-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]")
_ODD = pattern(r"[!@#$%^&*+?~]")
# Digits alone are a secret from here on: shorter ones are times, sizes and counts.
_LONG_NUMBER = 14
# So many characters behind `…_SECRET=` are no mode or name of something.
_LONG_VALUE = 12
_DIGIT = pattern(r"[0-9]")
# What stands in expressions of programs, but hardly in passwords: calls, members, lists; also camel case without digits.
_CODE = pattern(r"[()\[\]{}<>,;\"'`|\\=]|\w\.[a-z_]|::|\A[A-Z]?[a-z]+(?:[A-Z][a-z]+)+\Z|\A[A-Z][A-Z_]+\Z|\A\w+:\Z")
# A value that speaks of passwords is the name of one.
_NAMING = pattern(r"pass|pwd|secret|cred|auth|user|hash|input|config|prompt|field|value|type|string", re.IGNORECASE)
_ENDS_SECRET = pattern(r"(?:secret|token|key)\Z", re.IGNORECASE)
_TYPE_NAME = pattern(r"[A-Z]?[a-z]+(?:[A-Z][a-z]+)+|[A-Z][a-z]+")
# The name of a secret that people make up, at its end.
_CONSTANT = pattern(r"[A-Z]{2,}[A-Z0-9_]*")
_MADE_UP = pattern(r"(?:secret|secret[_-]?key|passphrase|private[_-]?key)\Z", re.IGNORECASE)
_BASE64 = pattern(r"[A-Za-z0-9+/]{16,}={0,2}")
_CHOSEN = pattern(r"[a-z0-9!@#$%^&*]{3,}(?:[ _-][a-z0-9!@#$%^&*]{2,}){0,5}")
_LETTER = pattern(r"[A-Za-z]")


def is_password_name(name: str) -> bool:
    """Whether values of this name are chosen by people (so that a word can be one)."""
    return bool(_PASSWORD_NAME.search(name))


def is_placeholder(value: str) -> bool:
    """Whether the value stands for a secret without being one."""
    return value.startswith(_OPENING) or (len(value) <= _MAX_PLACEHOLDER and _PLACEHOLDER.fullmatch(value) is not None)


@lru_cache(maxsize=4096)
def is_secret(name: str, value: str, *, quoted: bool, environment: bool = False) -> bool:
    """Whether `value` behind `name` has to go. `environment` says that it stands as NAME=value at the start of a line."""
    if len(value) < 4 or is_placeholder(value) or not any(c.isalnum() for c in value):
        return False
    if _MADE_UP.search(name) and (environment or quoted) and _is_made_up(value):
        return True
    if is_password_name(name):
        return _is_password(value, quoted=quoted, environment=environment)
    return _is_token(name, value, quoted=quoted, environment=environment)


def is_plain_secret(name: str, value: str) -> bool:
    """Whether a value without quotes that has its line to itself, as in a configuration file, is a password or a secret."""
    if len(value) < 5 or is_placeholder(value) or _CODE.search(value) or _PATH_OR_URL.fullmatch(value):
        return False
    if is_password_name(name):
        # A constant's value is no other variable's name, unless it is its own.
        spoken = _NAMING.search(value) and not (_CONSTANT.fullmatch(name) and value.lower() != name.lower())
        return not spoken and not value.isdigit()
    return _is_token(name, value, quoted=True, environment=False)


def _is_password(value: str, *, quoted: bool, environment: bool) -> bool:
    if environment:
        return " " not in value and not _PATH_OR_URL.fullmatch(value)
    if not quoted:
        if _EXPRESSION.fullmatch(value) and not _odd(value):
            return False
        return (_mixed(value) and len(value) >= 6) or _odd(value) or (value.isdigit() and len(value) >= 6)
    if (_PATH_OR_URL.fullmatch(value) and not looks_random(value)) or _VERSION_OR_DATE.fullmatch(value):
        return False
    if _IDEOGRAPH.search(value) or (" " in value and not _DIGIT.search(value) is not None):
        return False  # a label or a message
    return value.count(" ") < 3 and not (_EXPRESSION.fullmatch(value) and not _odd(value)) and not _caption(value)


def is_chosen_word(name: str, value: str) -> bool:
    """Whether a capitalised word that is assigned to a password is one, and not what a form says beside its field."""
    return len(value) >= 6 and value.isalpha() and is_password_name(name) and not _NAMING.search(value)


def _is_made_up(value: str) -> bool:
    """A word or two of a person's choice, as `keyboard cat`."""
    return len(value) >= 6 and not _CODE.search(value) and _CHOSEN.fullmatch(value) is not None


def _is_token(name: str, value: str, *, quoted: bool, environment: bool) -> bool:
    if value.isdigit():
        return len(value) >= _LONG_NUMBER
    if len(value) < 8 or " " in value:
        return False
    if _WORDS.fullmatch(value) and not (is_odd_word(value) or (len(value) >= 20 and looks_random(value))):
        sure = value.isalpha() or len(value) >= _LONG_VALUE
        return environment and sure and _ENDS_SECRET.search(name) is not None
    if (_PATH_OR_URL.fullmatch(value) and not _is_base64(value)) or _VERSION_OR_DATE.fullmatch(value):
        return False
    if is_hex(value) and len(value) >= 16:
        return True
    if not quoted and not environment and (_EXPRESSION.fullmatch(value) or _IDENTIFIER.fullmatch(value)):
        return (is_odd_word(value) and not _TYPE_NAME.fullmatch(value)) or (
            _mixed(value) and ((len(value) >= 16 and looks_random(value)) or is_rough(value))
        )
    if environment and len(value) >= _LONG_VALUE and _ENDS_SECRET.search(name):
        return True
    return _mixed(value) or is_odd_word(value)


def is_odd_value(value: str) -> bool:
    """Whether a value in quotes is neither a word nor a path, a version or an expression."""
    if is_placeholder(value) or _PATH_OR_URL.fullmatch(value) or _VERSION_OR_DATE.fullmatch(value):
        return False
    return _mixed(value) and not (_EXPRESSION.fullmatch(value) and not _odd(value))


def _is_base64(value: str) -> bool:
    """Base64 may begin with a slash, as a path does."""
    return len(value) >= 32 and value.count("/") <= len(value) // 16 and "." not in value and looks_random(value)


def is_random_value(value: str) -> bool:
    """Whether a value says by itself that it is no word, path, name or number."""
    if len(value) < 16 or is_placeholder(value) or _PATH_OR_URL.fullmatch(value) or _VERSION_OR_DATE.fullmatch(value):
        return False
    if is_hex(value):
        return len(value) >= 32 and _DIGIT.search(value) is not None
    return " " not in value and _mixed(value) and (looks_random(value) or _odd(value) or _is_encoded_text(value))


def _is_encoded_text(value: str) -> bool:
    """Whether a value is the base64 of a readable text, which no name of anything is."""
    if _BASE64.fullmatch(value) is None or value in (value.lower(), value.upper()):
        return False
    try:
        content = base64.b64decode(value[: len(value) // 4 * 4])
    except binascii.Error:
        return False
    return content.isascii() and content.decode().isprintable()


def _mixed(value: str) -> bool:
    """Letters and digits together."""
    return bool(_LETTER.search(value)) and _DIGIT.search(value) is not None


def _odd(value: str) -> bool:
    """Letters with punctuation that no expression of a program has there."""
    return _ODD.search(value, 1) is not None and _mixed(value)


def _caption(value: str) -> bool:
    """A word with a capital, as labels have it (`Password`, `Passwort`, `InvalidLogin`)."""
    return bool(_WORDS.fullmatch(value)) and value[0].isupper() and not is_odd_word(value)
