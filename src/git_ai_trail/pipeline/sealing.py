"""Texts that the database has to keep and must not show, such as folders: sealed under the person's key, which lies elsewhere.

The same text gives the same seal, so that rows can be compared without being opened. Whoever has the database alone learns no
more than that two are equal, and how long they are.
"""

from __future__ import annotations

import binascii
import hashlib

_TAG = 16
_BLOCK = 64


class Seal:
    """Seals and opens under one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sealed(self, text: str) -> str:
        data = text.encode("utf-8", "surrogatepass")
        tag = self._tag(data)
        return binascii.b2a_base64(tag + self._mixed(data, tag), newline=False).decode("ascii")

    def opened(self, sealed: str) -> str | None:
        """The text; None where it was sealed under another key, or changed."""
        try:
            whole = binascii.a2b_base64(sealed.encode("ascii"))
            tag, data = whole[:_TAG], self._mixed(whole[_TAG:], whole[:_TAG])
            return data.decode("utf-8", "surrogatepass") if self._tag(data) == tag else None
        except (binascii.Error, ValueError):
            return None

    def _tag(self, data: bytes) -> bytes:
        return hashlib.blake2b(data, key=self._key, digest_size=_TAG, person=b"seal-tag").digest()

    def _mixed(self, data: bytes, tag: bytes) -> bytes:
        """`data` with a stream that only the key and the tag give; twice gives it back."""
        blocks = -(-len(data) // _BLOCK)
        stream = b"".join(
            [
                hashlib.blake2b(tag + number.to_bytes(8, "big"), key=self._key, person=b"seal-stream").digest()
                for number in range(blocks)
            ]
        )
        mixed = int.from_bytes(data, "big") ^ int.from_bytes(stream[: len(data)], "big")
        return mixed.to_bytes(len(data), "big")
