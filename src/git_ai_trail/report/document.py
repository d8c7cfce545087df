"""The report as a value: everything that any form of it says, and what its JSON holds.

A report names no time of its own making: the same commits and notes give the same bytes, so that anybody can make it again
and compare. Every text in it has been through redaction (`pipeline.report`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from git_ai_trail.model import TokenTotals

FORMAT = "git-ai-trail/report/1"
MODES = ("summary", "prompts", "actions", "tokens", "full")
FORMS = ("md", "html", "json", "csv", "txt")

# What stands in a table: a text, a count, US dollars, or nothing known.
Cell = str | int | float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Lines of one or many commits. `added` = `generated` + `edited` + `unattributed`."""

    added: int = 0
    generated: int = 0
    edited: int = 0
    unattributed: int = 0
    deleted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """Lines of lock files, generated and vendored files, which no other figure counts; `generated` and `edited` have evidence."""

    files: int = 0
    added: int = 0
    generated: int = 0
    edited: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One piece of evidence as the record has it; `cover` is in per cent of what the session could have written."""

    kind: str
    lines: int
    rare: int
    cover: int
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something a session did for a prompt. kind: reasoning, call, edit, commit, message, plan; texts are redacted."""

    kind: str
    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptFact:
    """A prompt that led to a commit. `text` is empty where nothing of it may be published or nothing is at hand."""

    turn: int
    at: datetime | None
    text: str
    deeds: tuple[Deed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFact:
    """A session's part in one commit. Tokens and cost are those of the prompts that led to this commit, None if unknown."""

    id: str
    agent: str  # the agent's name as people write it
    agent_version: str
    models: tuple[str, ...]
    role: str
    reasons: tuple[Reason, ...]
    generated: int
    edited: int
    actions: Mapping[str, int]
    prompts: tuple[PromptFact, ...]
    tokens: TokenTotals | None
    cost_usd: float | None
    redactions: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFact:
    path: str
    added: int
    generated: int
    edited: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitFact:
    """One commit. `status` is that of `show`; `evidence` the strongest kind, empty without any that counts.

    Lines of a commit whose record nothing supports (`claim`) or that is missing (`unknown`) count as unattributed.
    """

    oid: str
    subject: str
    author: str  # empty unless authors were asked for
    authored_at: datetime
    committed_at: datetime
    merge: bool
    status: str
    evidence: str
    lines: Lines
    sessions: tuple[SessionFact, ...]
    files: tuple[FileFact, ...]
    digest: str
    problems: tuple[str, ...]
    apart: Apart = Apart()


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """`url` is where people read it, without a final slash, or empty; a commit is at `url`/commit/<oid>."""

    name: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What the report is about. kind: release, range. `name` is how people call it, `chosen` how the start was found."""

    kind: str
    name: str
    tag: str
    previous: str
    base_oid: str
    tip_oid: str
    tip_at: datetime
    revisions: str
    chosen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What was in force. `publish` is the least of what repository, person and environment allow."""

    publish: str
    profile: str
    require: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sums over all commits but merges without a record. `costed` says whether every session's cost is known.

    `claims` and `unknown` count commits whose record nothing supports, or is missing.
    """

    commits: int
    merges: int
    with_evidence: int
    claims: int
    unknown: int
    lines: Lines
    sessions: int
    prompts: int
    tokens: TokenTotals | None
    cost_usd: float | None
    costed: bool
    apart: Apart = Apart()


@dataclass(frozen=True, slots=True, kw_only=True)
class Redactions:
    """Redactions by rule: `records` in what the prompts' sessions held, `report` in what this report would have shown."""

    records: Mapping[str, int]
    report: Mapping[str, int]
    rulesets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """kind: text, code, commit (an oid), path, count, lines (bar of generated, edited and added), money, time, label."""

    id: str
    title: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows by column id; a `lines` column reads `generated`, `edited` and `added` of its row. `omitted` rows were left out."""

    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Cell], ...]
    omitted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A redacted text of a session, or what it did. kind: prompt, action (steps, one a line), again (shown elsewhere)."""

    kind: str
    label: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Texts that belong to one commit and session."""

    oid: str
    title: str
    detail: str
    texts: tuple[Text, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part of the report: sentences, a table, items, sentences below. `folded` ones are closed until asked for.

    `omitted` items were left out; `commands` are shell commands that a reader can run.
    """

    id: str
    title: str
    lead: tuple[str, ...] = ()
    table: Table | None = None
    items: tuple[Item, ...] = ()
    commands: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    folded: bool = False
    omitted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole of it. `sections` are words and tables made of the facts; `check` is the command
    by which anybody can check the records, `full_url` where the unshortened report is."""

    format: str
    tool: str
    title: str
    repository: Repository
    subject: Subject
    mode: str
    filters: Mapping[str, str]
    policy: Policy
    totals: Totals
    redactions: Redactions
    commits: tuple[CommitFact, ...]
    sections: tuple[Section, ...]
    check: str
    full_url: str = ""
    problems: tuple[str, ...] = field(default=())
    prices: str = ""  # the price lists by which costs that no record states were worked out
