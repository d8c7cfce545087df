"""The few value types that the commit path and the cold path share.

Everything here is a `NamedTuple`: importing `dataclasses` costs 8 ms, which a commit would pay. Cold-path types live
in `model.py`. Times are unix seconds (float, UTC); paths inside logs are as the agent saw them; line texts carry no
line terminator.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from git_ai_trail.apart import Apart, apart_of


class Meta(NamedTuple):
    """What a log says about its session. Every text field may be empty; `session_id` never is."""

    session_id: str
    started_at: float | None
    cwd: str
    agent_version: str
    originator: str  # the client program's own name, e.g. codex_exec, sdk-cli
    source: str  # cli, exec, vscode, mcp, subagent, review, guardian, compact, internal, unknown
    parent_id: str  # session that spawned this one, or that it was forked from
    root_id: str  # root of the family of sessions; equal to session_id when alone
    git_oid: str  # HEAD when the session began
    git_branch: str
    git_url: str  # origin's URL with any credentials removed
    model_provider: str


class Context(NamedTuple):
    """Settings of a turn, as the log states them; a field the log does not state is empty."""

    turn_id: str
    cwd: str
    model: str
    effort: str
    approval: str
    sandbox: str


class Prompt(NamedTuple):
    """A genuine user prompt (injected context removed). `index` counts from 0 within the session."""

    index: int  # type: ignore[assignment]  # shadows tuple.index, which nobody needs
    text: str


class Message(NamedTuple):
    """Text that is not a prompt. role: assistant, developer, system, injected (role=user but not human), agent."""

    role: str
    text: str
    phase: str


class Reasoning(NamedTuple):
    """The readable summary of the model's reasoning; encrypted content is never kept."""

    text: str


class Plan(NamedTuple):
    explanation: str
    steps: tuple[tuple[str, str], ...]  # (status, step)


class Call(NamedTuple):
    """One tool call. `command` is the shell text for shell tools, else empty; `workdir` is absolute or empty."""

    call_id: str
    tool: str
    command: str
    workdir: str
    arguments: str  # the arguments as recorded (JSON text, patch text or JavaScript)


class Output(NamedTuple):
    """What came back from a call. `exit_code` is None where the log does not tell."""

    call_id: str
    exit_code: int | None
    status: str  # completed, failed, declined, running, unknown
    text: str


class Edit(NamedTuple):
    """Lines a session wrote to one file, by one call, in the order they stand in the file.

    `added` is a tuple of runs: each run is a tuple of lines that the edit wrote next to each other. `op` is add
    (whole file written), update, delete or move (with or without changed lines). `known` is False where the log shows
    that the path was written but not what (a formatter, a generator); then `added` is empty.
    """

    path: str  # absolute where the log allows it, else relative to an unknown folder
    old_path: str  # for a move: where it was; else empty
    op: str
    added: tuple[tuple[str, ...], ...]
    removed: int
    via: str  # patch, shell
    call_id: str
    known: bool


class CommitMade(NamedTuple):
    """A commit the session made, as its log shows it. `oid` is abbreviated (>= 7 hex) or empty if not printed."""

    oid: str
    branch: str
    workdir: str
    call_id: str


class Tokens(NamedTuple):
    """Tokens of one model response (not cumulative). cached and cache_write are parts of input, reasoning of output, and
    cache_write_1h, what is to stay in the cache for an hour and not for minutes, of cache_write."""

    model: str
    input: int
    cached: int
    cache_write: int
    output: int
    reasoning: int
    cache_write_1h: int = 0


class Other(NamedTuple):
    """A known kind of line that carries nothing else we use; `name` is its kind.

    `base` is the commit on which the session's work stood then, where such a line says so (a snapshot of the worktree).
    """

    name: str
    base: str = ""


EVENT_KINDS = (
    "meta",
    "context",
    "prompt",
    "message",
    "reasoning",
    "plan",
    "call",
    "output",
    "edit",
    "commit",
    "tokens",
    "other",
)


class Event(NamedTuple):
    """One thing a log says. `data` is the NamedTuple named like `kind` (commit -> CommitMade).

    A line of a log gives one event with `raw` (the decoded JSON of the whole line) and any number of derived events
    (edit, commit, tokens …) with `raw` None that share its offset. `turn` is the index of the prompt this belongs to,
    -1 before the first.
    """

    kind: str
    at: float | None
    offset: int
    length: int
    turn: int
    data: Any
    raw: Any


class PendingCommit(NamedTuple):
    """A `git commit` that the session has called and that has not answered yet."""

    at: float | None
    workdir: str
    command: str
    call_id: str
    turn: int


class FileDiff(NamedTuple):
    """One file of a commit's diff against its first parent, in git's order.

    `added` and `removed` are the lines in order without terminators (bytes, as git has them); `positions` gives the
    1-based line number in the new file of each added line. `binary` files have no lines; `old_oid`/`new_oid` then
    stand for their content. `truncated` is True where the diff was larger than we read.
    """

    path: str
    old_path: str
    status: str  # A, M, D, T
    old_mode: str
    new_mode: str
    old_oid: str
    new_oid: str
    added: tuple[bytes, ...]
    removed: tuple[bytes, ...]
    positions: tuple[int, ...]
    binary: bool
    truncated: bool


class EvidenceFact(NamedTuple):
    """One reason for a match. kind: committed-by-session, content, content-weak, time-path, consulted.

    `lines` is how many added lines of the commit the session wrote, `rare` how many of them few others contain,
    `cover` the percentage (0–100) of the significant added lines in the files that the session touched. `detail` is a
    short English phrase without any text from a log.
    """

    kind: str
    lines: int
    rare: int
    cover: int
    detail: str


class KnownSession(NamedTuple):
    """A session as the index knows it, without text. `log` numbers its log within one index."""

    log: int
    format: str
    path: str
    session_id: str
    agent_version: str
    models: tuple[str, ...]
    source: str
    cwd: str
    remote: int  # keyed digest of origin's URL, 0 if none
    base_oid: str
    started_at: float | None
    ended_at: float | None
    actions: tuple[tuple[str, int], ...]


class KnownEdit(NamedTuple):
    """One edit of one file as keyed line digests, in order; `runs` are the lengths of its runs of consecutive lines."""

    edit: int
    log: int
    at: float | None
    turn: int
    op: str
    via: str
    known: bool
    removed: int
    exact: tuple[int, ...]
    loose: tuple[int, ...]
    runs: tuple[int, ...]
    whole: bool  # found by absolute path (False: by the tail of the path)
    sketch: tuple[int, ...] = ()  # what tells that a line was changed a little, 0 for none


class KnownCommit(NamedTuple):
    """A commit that a session's log shows it made; `oid` is abbreviated, or empty if it was not printed.

    `began_at` is when the call was made, `at` when it answered; `subject` is the keyed digest of the message that the
    command gives with -m, 0 if it gives none.
    """

    log: int
    at: float | None
    turn: int
    oid: str
    workdir: str
    began_at: float | None
    subject: int


TRIVIAL, WORD, SIGNIFICANT = 0, 1, 2


class AddedLines(NamedTuple):
    """The added lines of one file of a commit, as keyed digests, in order.

    `weights` says what a line can prove: TRIVIAL (no letter or digit), WORD (short), SIGNIFICANT. `positions` are line
    numbers in the new file: consecutive numbers stand next to each other.
    """

    path: str
    exact: tuple[int, ...]
    loose: tuple[int, ...]
    weights: tuple[int, ...]
    positions: tuple[int, ...]
    rare: tuple[bool, ...]  # few sessions wrote this line and the files held no such line before
    sketch: tuple[int, ...] = ()
    joined: tuple[tuple[int, ...], ...] = ()  # `loose` of a line joined with the 1, 2 … that stand next after it
    gone: frozenset[int] = frozenset()  # `exact` of the lines that the commit takes out of the file


class Candidate(NamedTuple):
    """A session that may have produced a commit: what it wrote to its files, and whether it made the commit."""

    session: KnownSession
    agent: str
    edits: tuple[tuple[str, KnownEdit], ...]  # (path in the commit, edit), oldest first
    made: str  # how we know that the session itself made this commit, or empty
    made_turn: int
    near: bool  # active around the time of the commit


class Considered(NamedTuple):
    """What became of a candidate, for `explain`: its evidence, and whether that was enough."""

    candidate: Candidate
    evidence: tuple[EvidenceFact, ...]
    accepted: bool


class Range(NamedTuple):
    """Consecutive added lines of one file with one owner. `start` is 1-based among the file's *added* lines."""

    start: int
    count: int  # type: ignore[assignment]  # shadows tuple.count, which nobody needs
    session: str
    line_class: str  # generated, edited
    turn: int
    digest: str  # of the range's lines, see attach.record.lines_digest


class FileMatch(NamedTuple):
    """Who wrote the added lines of one file. `kind` is set where they are kept apart (see `apart.KINDS`)."""

    path: str
    added: int
    ranges: tuple[Range, ...]
    kind: str = ""


class SessionMatch(NamedTuple):
    """A session and the reasons why it belongs (or does not) to a commit."""

    session_id: str
    agent: str
    agent_version: str
    models: tuple[str, ...]
    role: str  # authored, consulted
    evidence: tuple[EvidenceFact, ...]
    turns: tuple[int, ...]  # prompts that led to the lines
    actions: tuple[tuple[str, int], ...]  # sorted (name, count): calls, commands, edits, failed
    prompts: tuple[tuple[int, str], ...]  # (turn, commitment)
    started_at: float | None
    ended_at: float | None
    last_edit_at: float | None


class CommitMatch(NamedTuple):
    """Who wrote the lines of one commit, as far as the evidence goes.

    `beyond` are added lines of files that were too large to be matched; they count as unattributed.
    """

    sessions: tuple[SessionMatch, ...]
    files: tuple[FileMatch, ...]
    added: int
    generated: int
    edited: int
    deleted: int
    beyond: int = 0

    @property
    def unattributed(self) -> int:
        return self.added - self.generated - self.edited

    @property
    def apart(self) -> Apart:
        """What of these counts stands in files that are kept apart."""
        return apart_of((one.kind, one.added, ((r.line_class, r.count) for r in one.ranges)) for one in self.files)
