"""Judges the value behind a name such as `password`: a secret, a placeholder, or an expression of a program."""

from __future__ import annotations

import re

from git_ai_trail.redact.tokens import is_hex, looks_random

_PASSWORD_NAME = re.compile(r"pass(?:word|wd|phrase|code)?|pwd|credential", re.IGNORECASE)

_OPENING = ("<", "{", "${", "$(")
_MAX_PLACEHOLDER = 100
_PLACEHOLDER = re.compile(
    r"""
      [$%@\#]?[{<(\[].*                # ${X}, <token>, {{ x }}, %(x)s, @{x}, #{x}
    | \$\w+ | %\w+% | %[sdr]
    | (?P<c>.)(?P=c)*                  # one character repeated
    | [x*._\-•…?#0]+ | \.{3}.* | .*(?:\.\.\.|…)
    | .*(?:your|my|some|the|an?|insert|enter|replace|add)[-_ ].*(?:key|token|secret|passw|here|value).*
    | .*_here | .*[-_]?(?:placeholder|redacted|omitted|withheld)[-_]?.*
    | (?:change|replace)[-_ ]?me.* | todo.* | tbd | n/?a | example | dummy | hidden | masked
    | none | null | nil | true | false | undefined | nan | yes | no | on | off | empty | optional | required
    | str(?:ing)? | bool(?:ean)? | int(?:eger)? | number | bytes | any | object | text | password | passwd | secret
    | token | bearer | basic | user(?:name)? | pass | pwd | key | value | invalid | valid | missing | unknown
    | os\.(?:environ|getenv).* | process\.env.* | import\.meta.* | (?:env|vars|secrets|config|settings|self|this|args|
      options|params|props|req|request|res|response|ctx|context|data|body|event|state|user|input|form|std)[.:\[(].*
    """,
    re.VERBOSE | re.IGNORECASE,
)
# No two parts of this can match the same text: a pattern that could would try them all on a long value.
_WORDS = re.compile(r"[A-Za-z]+(?:(?:[-_.:/'’,–]| [-–] |[,:]? )[A-Za-z]+)*[.!?:]?")
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*")
_EXPRESSION = re.compile(r"[A-Za-z_$!&*][\w$]*\??(?:\.|\(|\[|::|->|!?\.).*|.*[(){}\[\]].*|[!&*]\w+.*")
_PATH_OR_URL = re.compile(r"(?:[a-z][a-z0-9+.-]*://|\.{0,2}/|~/|[A-Za-z]:[\\/])\S*")
_VERSION_OR_DATE = re.compile(r"v?\d+(?:[.\-:/T]\d+)+\S{0,12}")
_IDEOGRAPH = re.compile(r"[\u2e80-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]")
_ODD = re.compile(r"[!@#$%^&*+?~]")
_DIGIT = re.compile(r"[0-9]")
_LETTER = re.compile(r"[A-Za-z]")


def is_password_name(name: str) -> bool:
    """Whether values of this name are chosen by people (so that a word can be one)."""
    return bool(_PASSWORD_NAME.search(name))


def is_placeholder(value: str) -> bool:
    """Whether the value stands for a secret without being one."""
    return value.startswith(_OPENING) or (len(value) <= _MAX_PLACEHOLDER and _PLACEHOLDER.fullmatch(value) is not None)


def is_secret(name: str, value: str, *, quoted: bool, environment: bool = False) -> bool:
    """Whether `value` behind `name` has to go. `environment` says that it stands as NAME=value at the start of a line."""
    if len(value) < 4 or is_placeholder(value):
        return False
    if is_password_name(name):
        return _is_password(value, quoted=quoted, environment=environment)
    return _is_token(value, quoted=quoted, environment=environment)


def _is_password(value: str, *, quoted: bool, environment: bool) -> bool:
    if environment:
        return " " not in value and not _PATH_OR_URL.fullmatch(value)
    if not quoted:
        if _EXPRESSION.fullmatch(value) and not _odd(value):
            return False
        return (_mixed(value) and len(value) >= 6) or _odd(value) or (value.isdigit() and len(value) >= 6)
    if _PATH_OR_URL.fullmatch(value) and not looks_random(value):
        return False
    if _IDEOGRAPH.search(value) or (" " in value and not _DIGIT.search(value) is not None):
        return False  # a label or a message
    return value.count(" ") < 3 and not (_EXPRESSION.fullmatch(value) and not _odd(value)) and not _caption(value)


def _is_token(value: str, *, quoted: bool, environment: bool) -> bool:
    if len(value) < 8 or " " in value or value.isdigit():
        return False
    if _WORDS.fullmatch(value) and not (len(value) >= 20 and looks_random(value)):
        return False
    if _PATH_OR_URL.fullmatch(value) or _VERSION_OR_DATE.fullmatch(value):
        return False
    if is_hex(value) and len(value) >= 16:
        return True
    if not quoted and not environment and (_EXPRESSION.fullmatch(value) or _IDENTIFIER.fullmatch(value)):
        return len(value) >= 16 and _mixed(value) and looks_random(value)
    return _mixed(value)


def _mixed(value: str) -> bool:
    """Letters and digits together."""
    return bool(_LETTER.search(value)) and _DIGIT.search(value) is not None


def _odd(value: str) -> bool:
    """Letters with punctuation that no expression of a program has there."""
    return _ODD.search(value, 1) is not None and _mixed(value)


def _caption(value: str) -> bool:
    """A word with a capital, as labels have it (`Password`, `Passwort`, `InvalidLogin`)."""
    return bool(_WORDS.fullmatch(value)) and value[0].isupper()
