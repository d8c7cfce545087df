"""Tells a session's own records from the history of another that a fork's log begins with.

Forks copy the records of the session they leave, with their uuids. What a reader of one file can see depends on the version:

* `/branch` marks every copied record (`forkedFrom`);
* 2.1.330 marks the answers that `--fork-session` copied (`requestSessionId`): what stands between two of them is copied too;
* interactive forks begin with a snapshot of files for each prompt that they copied and for the first of their own, where
  other sessions begin with one for the latter (seen in 2.1.330; 17 interactive sessions of 2.1.101 to 2.1.218 begin with one);
* 2.1.37 leaves the parent's `sessionId` in them, 2.0.76 in the prompts;
* since 2.0.76 they keep their times, which are before the file's first line where that line has one (headless runs);
* 1.0.128 and 2.0.28 stamp them all anew, with one and the same time, and take `requestId` from the answers.

A fork without any of these looks like a session of its own, and so does the first prompt of one whose answers alone are
marked: only the uuids, looked up over all files, would tell. Where the parent's log is gone, what is copied is left out all
the same. The other way round, a log of 1.0 that goes on with a resumed session carries that session's `sessionId` and is no
copy: its first record answers one that stands in another file.
"""

from __future__ import annotations

from typing import Any
from zlib import crc32

from git_ai_trail.formats.claude.prompts import human_text
from git_ai_trail.formats.claude.session import session_of
from git_ai_trail.formats.fields import an_id, text_of

# A person's or a program's clock may tick between the first line and the first prompt; a copied turn took longer.
_OLDER = 0.25
_RESTAMPING = ("1.", "2.0.")
_MAX_LISTED = 512


class Copies:
    """Follows one log from record to record."""

    def __init__(self) -> None:
        self.opening = True  # nothing of the session's own was seen so far
        self.copying = False
        self.marked = False  # the last answer was marked as copied, and nothing but such marks tells
        self.fresh = True  # there was no conversation so far
        # Digests of the prompts still to come that have a snapshot; the last is the session's own.
        self.listed: list[int] = []
        self.began: float | None = None  # time of the first line, if it came before all conversation
        self.stamp: float | None = None  # the one time that all copied records carry

    def side_note(self, record: dict[str, Any], at: float | None) -> None:
        """A line outside the conversation."""
        if not self.fresh:
            return
        if self.began is None:
            self.began = at
        if record.get("type") == "file-history-snapshot" and len(self.listed) < _MAX_LISTED:
            prompt = _digest(record.get("messageId"))
            if prompt not in self.listed:
                self.listed.append(prompt)

    def covers(self, record: dict[str, Any], own_id: str, at: float | None) -> bool:
        """Whether a record of the conversation is copied. Call it once for each, in order."""
        if self.fresh and len(self.listed) < 2:
            self.listed = []
        self.fresh = False
        if isinstance(record.get("forkedFrom"), dict):
            return True
        asked_by = an_id(record.get("requestSessionId")).lower()
        if asked_by and own_id and asked_by != own_id:
            self.marked = self.began is None
            return True
        if record.get("type") == "assistant":
            self.marked = False
        if not self.opening:
            return False
        if record.get("type") not in ("user", "assistant"):
            return self.copying
        if self.listed:
            return self._is_listed(record)
        theirs = session_of(record)
        old = self.began is not None and at is not None and at < self.began - _OLDER
        restamped = self.stamp is not None and at == self.stamp and not record.get("requestId")
        self.copying = bool(theirs and own_id and theirs != own_id) or old or restamped
        self.opening = self.copying or self.may_be_restamped(record)
        return self.copying

    def _is_listed(self, record: dict[str, Any]) -> bool:
        """Whether a record comes before the session's own first prompt."""
        digest = _digest(record.get("uuid"))
        own = digest == self.listed[-1]
        if digest in self.listed:
            self.listed = self.listed[self.listed.index(digest) + 1 :]
        elif len(self.listed) == 1 and record.get("type") == "user":
            message = record.get("message")
            own = bool(human_text(record, message.get("content") if isinstance(message, dict) else None))
        if own:
            self.listed = []
        self.copying = self.opening = not own
        return self.copying

    def may_be_restamped(self, record: dict[str, Any]) -> bool:
        """Whether a prompt may turn out to be the first of a history that was stamped anew. Copied prompts are lists."""
        message = record.get("message")
        return (
            self.opening
            and record.get("type") == "user"
            and record.get("parentUuid") is None
            and isinstance(message, dict)
            and isinstance(message.get("content"), list)
            and text_of(record.get("version")).startswith(_RESTAMPING)
        )

    def is_restamped(self, record: dict[str, Any], at: float | None, prompted_at: float | None) -> bool:
        """Whether the answer shows that the prompt before it was copied: nothing answers in the same millisecond."""
        found = at is not None and at == prompted_at and not record.get("requestId")
        if found:
            self.stamp, self.opening, self.copying = at, True, True
        return found

    def state(self) -> list[Any]:
        return [self.opening, self.copying, self.marked, self.fresh, self.listed, self.began, self.stamp]

    def restore(self, state: object) -> None:
        if isinstance(state, list) and len(state) == 7:
            self.opening, self.copying, self.marked, self.fresh, self.listed, self.began, self.stamp = state


def _digest(uuid: object) -> int:
    return crc32(text_of(uuid, 64).encode("utf-8", "replace"))
