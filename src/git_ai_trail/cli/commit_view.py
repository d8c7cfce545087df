"""How a commit's record looks in a terminal. Facts come ready from `pipeline.show`; here are only words and columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from git_ai_trail.cli.terminal import clean, styled
from git_ai_trail.facts import EvidenceFact
from git_ai_trail.model import Shown, ShownSession
from git_ai_trail.shown import ShownFile

BAR = 18
LABEL = 10

_KINDS = {"policy": "listed", "generated": "generated", "vendored": "vendored", "lock": "lock"}

STATUS = {
    "exact": ("green", "the record is about exactly this content"),
    "carried": ("green", "the record was carried over a rewrite"),
    "unanchored": ("yellow", "the commit's message does not vouch for it"),
    "claim": ("red", "nothing vouches for it"),
    "unknown": ("yellow", "the message names a record that is not here; fetch refs/notes/ai-log-trail"),
    "none": ("white", "no record"),
}


def short(oid: str) -> str:
    return oid[:7]


def lines(view: Shown, *, color: bool, width: int) -> Iterable[str]:
    """`show` for people."""
    when = view.commit.authored_at.astimezone().strftime("%Y-%m-%d %H:%M")
    subject = clean(view.commit.subject)
    room = max(20, width - len(when) - 11)
    subject = subject if len(subject) <= room else subject[: room - 1] + "…"
    yield f"{styled(short(view.commit.oid), 'yellow', color)}  {subject:<{room}}  {when}"
    added, generated, edited = own_lines(view)
    figures = f"{generated} generated · {edited} edited · {added - generated - edited} unattributed"
    yield _labelled("lines", f"{figures:<{max(40, width - BAR - LABEL - 1)}} {bar(view)}", color)
    if view.apart.added:
        yield _labelled("apart", _apart(view), color)
    claims = _more_claims(view)
    if claims:
        said = ", ".join(f"{clean(agent)} ({clean(source)})" for agent, source in claims)
        yield _labelled("claims", f"{said}; what a commit says of itself proves nothing", color)
    if view.status == "none":
        yield _labelled(
            "record", "none: no evidence of a coding agent's session, which says nothing about who wrote it", color
        )
        return
    for session in view.sessions:
        yield from _session(session, color=color, width=width)
    yield from _files(view.files, color)
    yield _labelled("record", _record(view, color), color)
    for problem in view.problems:
        yield _labelled("", clean(problem), color)
    if view.redactions:
        count = sum(view.redactions.values())
        yield _labelled("redacted", f"{count} by {len(view.redactions)} rules", color)


def _more_claims(view: Shown) -> list[tuple[str, str]]:
    """Claims of agents that the record does not name: its own disclosure is nothing new."""
    known = {_first(one.agent) for one in view.sessions} if view.status in ("exact", "carried", "unanchored") else set()
    return [(agent, source) for agent, source in view.claims if _first(agent) not in known]


def _first(agent: str) -> str:
    """`claude` for Claude, Claude Code and Claude-Code."""
    return agent.replace("-", " ").split(" ")[0].lower()


def _labelled(label: str, text: str, color: bool) -> str:
    return f"{styled(f'{label:<{LABEL}}', 'cyan', color)}{text}"


def own_lines(view: Shown) -> tuple[int, int, int]:
    """(added, generated, edited) lines without those of lock files, generated and vendored ones."""
    apart = view.apart
    return view.added - apart.added, view.generated - apart.generated, view.edited - apart.edited


def _apart(view: Shown) -> str:
    kinds = ", ".join(dict.fromkeys(_KINDS[file.kind] for file in view.files if file.kind and file.added))
    owned = view.apart.generated + view.apart.edited
    said = f", {owned} of them with evidence" if owned else ""
    return f"{view.apart.added} line{'' if view.apart.added == 1 else 's'} of {kinds} files kept apart{said}"


def bar(view: Shown) -> str:
    """Generated, edited and unattributed lines as a bar of blocks."""
    added, generated, edited = own_lines(view)
    if not added:
        return ""
    full = round(BAR * generated / added)
    half = min(BAR - full, round(BAR * edited / added))
    return "▇" * full + "▅" * half + "▁" * (BAR - full - half)


def _session(session: ShownSession, *, color: bool, width: int) -> Iterable[str]:
    agent = " ".join(part for part in (clean(session.agent), clean(session.agent_version)) if part)
    parts = [f"{clean(session.id)[:8]}  {agent}"]
    if session.models:
        parts.append(clean(session.models[-1]))
    if session.started_at and session.ended_at:
        parts.append(f"{_clock(session.started_at)} – {_clock(session.ended_at)}")
    count = len(session.prompts)
    if count:
        parts.append(f"{count} prompt{'s' if count != 1 else ''}")
    if session.tokens:
        parts.append(f"{amount(session.tokens.total)} tokens")
    if session.cost_usd is not None:
        parts.append(f"${session.cost_usd:,.2f}")
    yield _labelled("session", " · ".join(parts), color)
    for number, fact in enumerate(session.evidence):
        yield _labelled("  why" if number == 0 else "", _why(fact), color)
    first = True
    for prompt in session.prompts:
        if prompt.text is None:
            continue
        text = " ".join(clean(prompt.text).split())
        room = max(30, width - LABEL - 6)
        text = text if len(text) <= room else text[: room - 1] + "…"
        yield _labelled("  prompts" if first else "", f"{prompt.turn + 1:>2}  “{text}”", color)
        first = False


def _why(fact: EvidenceFact) -> str:
    if fact.kind == "committed-by-session":
        return f"{fact.kind}: {clean(fact.detail)}"
    return f"{fact.kind}: {fact.lines} lines, {fact.rare} of them rare, {fact.cover} % of what it could have written"


def _clock(moment: datetime) -> str:
    return moment.astimezone().strftime("%H:%M")


def _files(files: Sequence[ShownFile], color: bool) -> Iterable[str]:
    shown = [file for file in files if file.ranges]
    if not shown:
        return
    longest = min(48, max(len(clean(file.path)) for file in shown))
    for number, file in enumerate(shown):
        ranges = ", ".join(_span(r.start, r.end) for r in file.ranges[:6])
        more = f" and {len(file.ranges) - 6} more" if len(file.ranges) > 6 else ""
        counts = {"generated": 0, "edited": 0}
        for r in file.ranges:
            counts[r.line_class] += r.end - r.start + 1
        said = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
        said += f" ({_KINDS[file.kind]})" if file.kind else ""
        yield _labelled("files" if number == 0 else "", f"{clean(file.path):<{longest}}  {ranges}{more}  {said}", color)


def _span(start: int, end: int) -> str:
    return str(start) if start == end else f"{start}–{end}"


def _record(view: Shown, color: bool) -> str:
    name, meaning = STATUS[view.status]
    digest = f"1:{view.digest[:6]}…  " if view.digest else ""
    return f"{digest}{styled(view.status, name, color)} · {meaning}"


def row(view: Shown, *, color: bool, width: int) -> str:
    """`log` for people: one line a commit."""
    added, generated, edited = own_lines(view)
    share = f"{generated + edited}/{added}" if view.status != "none" else ""
    who = ", ".join(dict.fromkeys(clean(one.agent) for one in view.sessions))
    head = styled(short(view.commit.oid), "yellow", color)
    tail = f"{bar(view) if view.status not in ('none', 'unknown') else '':<{BAR}}  {share:>11}  {view.status:<10} {who}"
    room = max(20, width - BAR - 46)
    subject = clean(view.commit.subject)
    subject = subject if len(subject) <= room else subject[: room - 1] + "…"
    return f"{head}  {subject:<{room}}  {tail}".rstrip()


def total(views: Sequence[Shown]) -> str:
    """The sum below a log."""
    found = [view for view in views if view.status not in ("none", "unknown")]
    written = sum(sum(own_lines(view)[1:]) for view in found)
    added = sum(own_lines(view)[0] for view in views)
    apart = sum(view.apart.added for view in views)
    return (
        f"{len(found)} of {len(views)} commits have evidence of a coding agent's session; "
        f"{written:,} of {added:,} added lines were written by one, with evidence"
        f"{f'; {apart:,} lines in lock, generated and vendored files kept apart' if apart else ''}."
    )


def amount(number: int) -> str:
    """41234 as 41k."""
    if number >= 1_000_000:
        return f"{number / 1_000_000:.1f}M"
    return f"{number / 1000:.0f}k" if number >= 1000 else str(number)
