"""Domain types of the cold path: what is ingested, redacted, stored and shown. Standard library only.

Types that a commit needs as well are in `facts.py` (see there why).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from git_ai_trail.apart import NOTHING, Apart
from git_ai_trail.facts import Event, EvidenceFact
from git_ai_trail.shown import Commit, ShownFile


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One log file as it was found. `mtime_ns` and `size` are of the moment of the look, which `looked_at` (unix seconds; 0:
    not known) does not come after: what others have read since may be more."""

    format: str
    path: str
    size: int
    mtime_ns: int
    inode: int
    looked_at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """Lines or files that were not read, counted by kind; `where` is a path or empty."""

    kind: str
    where: str
    count: int


# This one and the next are made for each line of a log, which a tuple is quicker at.
class Redaction(NamedTuple):
    """Provenance of one redaction: who removed what kind of thing where. Never the text.

    `digest` is keyed with the user's own key (same value, same digest, on this machine only).
    """

    rule_id: str  # rule id, `structural:<what>` or `manual:<id>`
    kind: str  # what it was: token, private-key, email, home-path …
    field: str  # JSON path within the event, e.g. payload.arguments.cmd
    tag: str  # what stands there now, e.g. [REDACTED:email#2]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualRedaction:
    """Something that a person wants gone whatever the rules say, with who, why and when. Never the text.

    `type` says by what it is found: `text` and `prompt` by keyed digests of tokens, `field` by its place, `pattern` by an
    expression that is kept as it is. Times are unix seconds; `id` is 0 until a store has given one.
    """

    id: int = 0
    type: str = "text"
    scope: str = "global"  # prompt, field, global
    field: str = ""
    session: str = ""  # only in this one; a prompt's own session
    turn: int = -1  # of a prompt that was named by its number
    first: str = ""
    last: str = ""
    tokens: int = 0
    whole: str = ""
    pattern: str = ""
    ignore_case: bool = False
    reason: str = ""
    actor: str = ""
    made_at: float = 0.0
    changed_at: float = 0.0
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """Something that was done to the store: who, when, why. `detail` is what undoing it needs."""

    id: int
    at: float
    actor: str
    action: str
    subject: str
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRule:
    """A rule of a set as the store keeps it. `body` is the rule as JSON, of one that a file has."""

    rule_id: str
    kind: str
    type: str
    scope: str
    source: str  # built-in, yours, repository
    enabled: bool
    fingerprint: str
    body: str = ""


class CleanEvent(NamedTuple):
    """An event after redaction: `event.raw` and every string of `event.data` are clean.

    `sha256` pins the original line in the user's log (its bytes without newline), so that an audit can prove the row.
    """

    event: Event
    sha256: str
    redactions: tuple[Redaction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanSession:
    """A log after redaction, the only thing a store accepts; made by `redact.scrub` alone.

    `events` is consumed once, in order, and may be long: a store reads it as a stream inside one transaction.
    `skipped` is complete when `events` is exhausted. `appended` says that the log was read before up to `offset`
    and these are the events behind it.
    """

    source: SourceFile
    ruleset_digest: str
    events: Iterator[CleanEvent]
    offset: int
    appended: bool
    skipped: Mapping[str, int]
    proof: object = field(repr=False)  # redact's own mark; the store refuses a session without it


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What one log gave."""

    path: str
    session_id: str
    prompts: int
    calls: int
    edits: int
    tokens: int
    redactions: Mapping[str, int]
    skipped: Mapping[str, int]
    bytes_read: int
    doubts: tuple[str, ...] = ()  # what is odd about the times that the log gives
    rules: str = ""  # the digest of what it was redacted under


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a pipeline verb did, for the summary at its end."""

    logs: int
    unchanged: int
    sessions: int
    prompts: int
    calls: int
    tokens: int
    bytes_read: int
    redactions: Mapping[str, int]
    skipped: tuple[Skipped, ...]
    warnings: tuple[str, ...]
    left: int = 0  # logs that are not stored, or not anew, until a repository's rules can be used


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenTotals:
    input: int = 0
    cached: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0

    @property
    def total(self) -> int:
        """Input and output; cached and cache_write are parts of input, reasoning of output."""
        return self.input + self.output


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionInfo:
    """A stored session as lists and `show` need it. Every text is redacted."""

    id: str
    agent: str
    agent_version: str
    models: tuple[str, ...]
    source: str
    cwd: str
    git_url: str
    git_branch: str
    started_at: datetime | None
    ended_at: datetime | None
    prompts: int
    calls: int
    edits: int
    tokens: TokenTotals
    cost_usd: float | None
    redactions: int
    parent_id: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptInfo:
    """A stored prompt (redacted) with what it led to."""

    session_id: str
    index: int
    at: datetime | None
    text: str
    calls: int
    edits: int
    tokens: TokenTotals
    redactions: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFilter:
    """Which sessions to list; an empty field does not restrict. Newest first, at most `limit`."""

    folders: tuple[str, ...] = ()  # sessions that worked in one of these or below, home written as ~
    url: str = ""
    since: datetime | None = None
    until: datetime | None = None
    agent: str = ""
    tag: str = ""
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageFilter:
    """Whose responses to sum up; an empty field does not restrict, and `sessions` (exact ids) only where it is given."""

    sessions: tuple[str, ...] | None = None
    folders: tuple[str, ...] = ()  # sessions that worked in one of these or below, home written as ~
    url: str = ""
    agent: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What responses of one model to one prompt of a session took together, within a quarter of an hour from `at` (UTC).

    `over` is the largest of the sizes asked for that the input of each of these responses exceeds, else 0. `cache_write_1h`
    is the part of `tokens.cache_write` that stays in the cache for an hour.
    """

    session: str
    agent: str
    cwd: str
    git_url: str
    turn: int
    model: str
    at: datetime | None
    over: int
    responses: int
    tokens: TokenTotals
    cache_write_1h: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened in a session. kind: message, reasoning, plan, call, edit, commit, mark.

    `name` is the role of a message, the tool of a call, the operation of an edit, the words of a mark (`rolled back`,
    `undone`: what became of the turn later); `text` what was said or called,
    the path of an edit, the oid of a commit; `output` what a call gave back.
    """

    kind: str
    turn: int
    at: datetime | None
    name: str
    text: str
    output: str = ""
    status: str = ""
    exit_code: int | None = None
    added: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPrompt:
    """A prompt that led to the commit; `text` (redacted) only where the local database or the annex has it."""

    turn: int
    at: datetime | None
    text: str | None
    commitment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSession:
    """A session as the record has it, with times, tokens and cost where they are known."""

    id: str
    agent: str
    agent_version: str
    models: tuple[str, ...]
    role: str
    started_at: datetime | None
    ended_at: datetime | None
    evidence: tuple[EvidenceFact, ...]
    actions: Mapping[str, int]
    tokens: TokenTotals | None
    cost_usd: float | None
    prompts: tuple[ShownPrompt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Everything `show` says about a commit. status: exact, carried, unanchored, claim, unknown, none.

    `apart` is the part of the counts that stands in lock files, generated and vendored files.
    """

    commit: Commit
    status: str
    added: int
    generated: int
    edited: int
    unattributed: int
    deleted: int
    sessions: tuple[ShownSession, ...]
    files: tuple[ShownFile, ...]
    redactions: Mapping[str, int]
    policy: str
    digest: str
    trailer: str  # digest that the message names, or empty
    lineage: tuple[str, ...]
    problems: tuple[str, ...]
    claims: tuple[tuple[str, str], ...] = ()  # (agent, where the commit claims it), which proves nothing
    apart: Apart = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that was looked after. state: done, kept (it was so already, or is the person's own), todo, removed.

    `text` is what the person has to put somewhere, for a `todo`.
    """

    name: str
    state: str
    detail: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One answer of the doctor. state: ok, warn, fail; `advice` says what to do and is empty when all is well."""

    name: str
    state: str
    detail: str
    advice: str = ""
