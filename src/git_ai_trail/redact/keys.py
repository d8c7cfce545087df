"""What the key of a JSON object says about its value: opaque, perhaps an image, or a secret."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from git_ai_trail.redact.detectors.keyed import is_telling
from git_ai_trail.redact.detectors.values import is_password_name

PLAIN = 0
OPAQUE = 1  # never examined, whatever it holds
MAYBE_OPAQUE = 2  # opaque where the siblings say so
VALUE = 3  # a secret where a sibling names it
TELLING = 4
PASSWORD = 5  # telling, of numbers too: people choose such values

# The words are those of the providers' own schemas.
_OPAQUE = {"encrypted_content": "encrypted_content", "thinkingSignature": "signature", "thoughtSignature": "signature"}
_MAYBE_OPAQUE = ("signature", "data", "blob")
_PAYLOADS = frozenset(("image", "audio", "base64", "input_image", "input_audio", "resource", "blob"))
_MIN_PAYLOAD = 64
_NAMES = ("name", "key", "variable", "env")


@lru_cache(maxsize=8192)
def role(key: str) -> int:
    """What part a key plays."""
    if key in _OPAQUE:
        return OPAQUE
    if key in _MAYBE_OPAQUE:
        return MAYBE_OPAQUE
    if key.lower() == "value":
        return VALUE
    if len(key) > 128 or not is_telling(key):
        return PLAIN
    return PASSWORD if is_password_name(key) else TELLING


def opaque(siblings: dict[Any, Any], key: str, item: str) -> str:
    """What kind of payload that is never examined the value of `key` is, or empty."""
    if key in _OPAQUE:
        return _OPAQUE[key]
    if key == "signature" and ("thinking" in siblings or siblings.get("type") == "thinking"):
        return "signature"
    if key in ("data", "blob") and len(item) >= _MIN_PAYLOAD:
        kind = siblings.get("type")
        return "image" if isinstance(kind, str) and kind in _PAYLOADS else ""
    return ""


def named_by_sibling(siblings: dict[Any, Any]) -> str:
    """`DB_PASS` in `{"name": "DB_PASS", "value": "…"}`, else empty."""
    for key in _NAMES:
        name = siblings.get(key)
        if isinstance(name, str) and len(name) <= 128 and is_telling(name):
            return name
    return ""
