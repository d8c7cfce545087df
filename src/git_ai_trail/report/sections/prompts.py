"""The prompts that led to the commits, as far as policy and consent let them be published."""

from __future__ import annotations

from collections.abc import Sequence

from git_ai_trail.report.document import CommitFact, Deed, Item, Report, Section, SessionFact, Text
from git_ai_trail.report.phrases import agent_model, count
from git_ai_trail.report.sums import authored, counted

ID = "prompts"
MODES = ("prompts",)


def build(report: Report) -> Section | None:
    if not report.totals.prompts:
        return None
    shown = items(report, deeds=False)
    return Section(id=ID, title="Prompts", lead=lead(report), items=shown, folded=report.mode == "full")


def lead(report: Report) -> tuple[str, ...]:
    """How many prompts there are, how many are here, and why not all."""
    led = f"{count(report.totals.prompts, 'prompt')} led to these commits."
    if report.policy.publish == "none":
        return (f"{led} None is published: policy and consent allow none.",)
    texts = {
        (part.id, prompt.turn)
        for commit in counted(report.commits)
        for part in authored(commit)
        for prompt in part.prompts
        if prompt.text
    }
    if not texts:
        return (f"{led} None is published: no owner of a session has agreed to it, or their records are not here.",)
    what = "first line, redacted," if report.policy.publish == "first-line" else "text, redacted,"
    return (f"{led} Of {len(texts):,} of them the {what} is shown here by consent of the owner.",)


def items(report: Report, *, deeds: bool) -> tuple[Item, ...]:
    """What was asked for each commit, and with `deeds` what was done. A prompt behind several commits is shown once."""
    seen: dict[tuple[str, int], str] = {}
    found = (_item(commit, part, seen, deeds) for commit in counted(report.commits) for part in authored(commit))
    return tuple(one for one in found if one is not None)


def _item(commit: CommitFact, part: SessionFact, seen: dict[tuple[str, int], str], deeds: bool) -> Item | None:
    texts: list[Text] = []
    for prompt in part.prompts:
        label = f"Prompt {prompt.turn + 1}"
        there = seen.get((part.id, prompt.turn))
        if there is not None:
            texts.append(Text(kind="again", label=label, text=f"shown under {there[:7]}"))
            continue
        if prompt.text:
            texts.append(Text(kind="prompt", label=label, text=prompt.text))
            seen[part.id, prompt.turn] = commit.oid
        if deeds and prompt.deeds:
            texts.append(
                Text(kind="action", label=f"What it did for prompt {prompt.turn + 1}", text=_steps(prompt.deeds))
            )
            seen[part.id, prompt.turn] = commit.oid
    if not any(text.kind != "again" for text in texts):
        return None
    name = agent_model(part.agent, part.models[-1] if part.models else "")
    return Item(oid=commit.oid, title=commit.subject, detail=f"{name} · session {part.id[:8]}", texts=tuple(texts))


def _steps(deeds: Sequence[Deed]) -> str:
    """One step a line; what was thought stands on lines of its own, as the readable summary has it."""
    lines = []
    for deed in deeds:
        head = "thought" if deed.kind == "reasoning" else deed.name if deed.kind == "call" else deed.kind
        said = " ".join(deed.text.replace("**", "").split())
        lines.append(f"{head}: {said}" if said else head)
    return "\n".join(lines)
