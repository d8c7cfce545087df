"""What a store must offer. Methods take and return domain types; every text in them is redacted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from git_ai_trail.errors import StoreError
from git_ai_trail.model import (
    Audited,
    CleanSession,
    Entry,
    Ingested,
    ManualRedaction,
    PromptInfo,
    SessionFilter,
    SessionInfo,
    StoredRule,
    TokenTotals,
    UsageFilter,
    Used,
)

# Redaction's own test of a session's proof. The store is given it, because no stage imports another.
IsClean = Callable[[CleanSession], bool]


# A text of a row (or JSON, as the flag says) in; the clean one out, with (rule, kind, tag, digest) of what was removed.
Clean = Callable[[str, bool], tuple[str, Sequence[tuple[str, str, str, str]]]]


def refuse_all(session: CleanSession) -> bool:
    """The test of a store that is only read."""
    return False


class ReadMeanwhile(StoreError):
    """Another run has read the same log in the meantime; there is nothing left to add."""


class ReadUpTo(NamedTuple):
    """How far a log was read, so that the next run can go on there.

    `prefix` is a digest by which the part that was read is recognised; `state` is the reader's state as text, redacted.
    `folders` are those that the log names so far, sealed (empty: not known).
    """

    offset: int
    prefix: str
    state: str
    folders: str = ""


class FileState(NamedTuple):
    """A log as it was when it was last read."""

    path: str
    format: str
    size: int
    mtime_ns: int
    inode: int
    offset: int
    prefix: str
    state: str
    ruleset_digest: str
    session_id: str
    version: object = None  # of the reader's state, as the state gives it
    folders: str = ""  # that the log names, sealed; empty where a version read it that did not note them


class PromptPlace(NamedTuple):
    """A prompt's bytes in its log, their sha256, its turn as the log's reader counts, and its text as it is stored."""

    path: str
    format: str
    offset: int
    length: int
    sha256: str
    turn: int
    text: str


class Store(Protocol):
    def add(self, session: CleanSession, *, read_up_to: Callable[[], ReadUpTo]) -> Ingested:
        """Keeps one log in one transaction; `read_up_to` is asked when the events are exhausted.

        The same log again from offset 0 replaces its rows; `appended` adds to them, and raises `ReadMeanwhile` if the log
        was read to another offset by then. Lines that another log of the same session already gave are left out.
        Raises `StoreError` for a session without redaction's proof, before anything of it is looked at.
        """
        ...

    def moved(self, old_path: str, new_path: str) -> None:
        """A log was renamed; its rows stay."""
        ...

    def file_states(self) -> Mapping[str, FileState]:
        """Every log that was read, by path."""
        ...

    def sessions(self, wanted: SessionFilter) -> list[SessionInfo]: ...

    def session(self, name: str) -> SessionInfo:
        """The session with this id, or whose id begins so; `StoreError` for none or several."""
        ...

    def find(self, session_ids: tuple[str, ...]) -> Mapping[str, SessionInfo]:
        """Those of the sessions (by exact id) that are in the store."""
        ...

    def prompts(self, session_id: str) -> list[PromptInfo]:
        """The prompts of a session, in order."""
        ...

    def entries(self, session_id: str) -> list[Entry]:
        """What happened in a session, in the order of its log."""
        ...

    def tokens_by_model(self, session_id: str) -> Mapping[str, TokenTotals]: ...

    def usage(self, wanted: UsageFilter, steps: Sequence[int] = ()) -> Iterator[Used]:
        """What models took; responses whose input is larger than one of `steps` are kept apart from smaller ones."""
        ...

    def rule_counts(self, session_id: str = "") -> Mapping[str, int]:
        """How many redactions each rule made, in one session or in all."""
        ...

    def ruleset_digests(self, session_id: str) -> tuple[str, ...]:
        """The rule sets under which a session's logs were redacted."""
        ...

    def redaction_tags(self, path: str) -> Mapping[str, str]:
        """The tag of each keyed digest in the session of a log, so that the same value keeps its tag as the log grows."""
        ...

    def search(self, words: str, *, limit: int = 20) -> list[tuple[str, int, str]]:
        """(session id, turn, snippet) of prompts and answers that hold all words, best first."""
        ...

    def manual(self) -> list[ManualRedaction]:
        """What people asked to have redacted, inactive ones too, in the order of their ids."""
        ...

    def keep_manual(self, entry: ManualRedaction, fingerprint: str, done: Audited) -> tuple[ManualRedaction, bool]:
        """Writes an entry (a new one where its id is 0) together with who did it; (as it is kept, whether it was written).

        Where an active one has the same fingerprint already, that one is given and nothing written.
        """
        ...

    def audited(self, subject: str) -> list[Audited]:
        """What was done to a subject, oldest first; one that ends in `:` stands for all whose name begins so."""
        ...

    def prompt_place(self, session_id: str, turn: int) -> PromptPlace | None:
        """Where a prompt stands in the person's own log; None where there is no such prompt."""
        ...

    def redacted_by(self, rule_ids: Sequence[str]) -> Mapping[str, int]:
        """How many redactions these rules made, by the path of the log."""
        ...

    def restamp(self, paths: Sequence[str], digest: str) -> None:
        """Notes that logs were found to be as redaction under another rule set would leave them."""
        ...

    def rewrite(self, path: str, clean: Clean, digest: str, *, dry_run: bool = False) -> int:
        """Cleans the rows of a log again where they lie, for one that is gone; how many redactions that made."""
        ...

    def stored_rules(self) -> tuple[str, float, list[StoredRule]]:
        """(digest, time, rules) of the rule set that was synced last; empty before the first."""
        ...

    def keep_rules(self, digest: str, rules: Sequence[StoredRule], done: Audited) -> None:
        """Notes the rules that are in force, under the digest of the set."""
        ...

    def repository_rules(self) -> Mapping[str, str]:
        """The rule files of repositories as they were seen last, by root; both sealed."""
        ...

    def keep_repository_rules(self, root: str, content: str) -> None:
        """Notes the rule files of a repository (sealed, as its root is); empty content forgets them."""
        ...

    def purge(self) -> bool:
        """Takes what was deleted out of every page of every file; False where another reader prevents it."""
        ...

    def problems(self) -> list[str]:
        """What an integrity check finds wrong; empty if nothing."""
        ...

    def settling(self) -> AbstractContextManager[None]:
        """While it lasts, much is written, by this process or others; the store may put it in order on the side."""
        ...

    def close(self) -> None: ...
