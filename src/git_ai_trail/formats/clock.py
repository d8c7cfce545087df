"""Turns the times in a log into unix seconds without datetime, whose import and parser a commit would pay for."""

from __future__ import annotations

from git_ai_trail.lazy import pattern

_FORM = pattern(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9})\d*)?\s*(?:([Zz])|([+-])(\d\d):?(\d\d))?$"
)
_UUID7 = pattern(r"([0-9a-fA-F]{8})-([0-9a-fA-F]{4})-7[0-9a-fA-F]{3}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$")

# Most lines of a log are of the same minute as the one before.
_minutes: dict[str, int] = {}


def unix_time(text: object) -> float | None:
    """Seconds since the epoch of an RFC 3339 time (UTC if it names no zone); None for anything else."""
    if not isinstance(text, str):
        return None
    if len(text) == 24 and text[23] == "Z" and text[19] == ".":
        known = _minutes.get(text[:17])
        if known is not None:
            seconds, thousandths = text[17:19], text[20:23]
            if text.isascii() and seconds.isdecimal() and seconds <= "60" and thousandths.isdecimal():
                return known + int(seconds) + int(thousandths) / 1000
            return None
    found = _FORM.match(text[:64])
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(found[n]) for n in range(1, 7))
    if not (
        1970 <= year <= 9999 and 1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second <= 60
    ):
        return None
    start = _day_start(year, month, day)
    if len(text) == 24 and text[23] == "Z" and text[19] == ".":
        if len(_minutes) >= 64:
            _minutes.clear()
        _minutes[text[:17]] = start + hour * 3600 + minute * 60
    offset = 0 if found[9] is None else (int(found[10]) * 60 + int(found[11])) * (60 if found[9] == "+" else -60)
    fraction = float("0." + found[7]) if found[7] else 0.0
    return start + hour * 3600 + minute * 60 + second - offset + fraction


def _day_start(year: int, month: int, day: int) -> int:
    # Counting years from March puts the leap day last, so that month lengths follow one formula.
    year -= month <= 2
    shifted = (month + 9) % 12
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * shifted + 2) // 5 + day - 1
    return (days - 719468) * 86400


def uuid_millis(text: object) -> int | None:
    """Creation time in milliseconds of a time-ordered UUID (version 7); None for any other id."""
    found = _UUID7.match(text) if isinstance(text, str) else None
    return int(found[1] + found[2], 16) if found else None
