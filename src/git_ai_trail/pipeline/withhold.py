"""Withdraws prompts' texts from the annexes of a repository, for good. Records stay as they are. Cold path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from git_ai_trail.attach import annex, notes, status, tombstones
from git_ai_trail.attach.purge import purge
from git_ai_trail.attach.record import NoteLine, parse_note
from git_ai_trail.errors import TrailError
from git_ai_trail.git import Git
from git_ai_trail.model import ManualRedaction
from git_ai_trail.pipeline import scrubbing, sharing
from git_ai_trail.pipeline.worktree import Worktree


class Prompt(NamedTuple):
    """A prompt that a record names; `turn` counts from 0."""

    record: str
    session: str
    turn: int
    commitment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """What was done: the prompts, the commits whose annex held a text of theirs, and whether the ref was purged and pushed."""

    prompts: tuple[Prompt, ...] = ()
    commits: tuple[str, ...] = ()
    new: bool = False
    purged: bool = False
    pushed: str = ""


def withhold(
    tree: Worktree,
    rev: str,
    numbers: Sequence[int],
    *,
    session: str = "",
    everything: bool = False,
    dry_run: bool = False,
) -> Withheld:
    """Withholds the prompts with these numbers (from 1, as `show` counts) of a commit's record, or all of them.

    The same prompt of the same session is withheld from every record here that names it. Raises `TrailError` where there is
    no such commit, record or prompt.
    """
    oid = tree.git.resolve(rev)
    if oid is None:
        raise TrailError(f"git knows no commit {rev[:80]!r}", "give a commit, a branch or a tag")
    named = [one for one in _prompts(_lines(tree.git, oid)) if not session or one.session.startswith(session)]
    if not named:
        raise TrailError(f"{oid[:12]} has no record that names a prompt{' of that session' if session else ''}")
    chosen = named if everything else _chosen(named, numbers)
    places = _places(tree.git, {(one.session, one.turn) for one in chosen})
    lines: dict[str, list[bytes]] = {oid: []}
    for one in chosen:
        lines[oid].append(tombstones.prompt_line(one.record, one.session, one.turn, one.commitment))
    for at, found in places.items():
        lines.setdefault(at, []).extend(tombstones.prompt_line(*one) for one in found)
    changed = 0
    if not dry_run:
        changed = notes.add_many(tree.git, tree.common_dir, lines, notes.ANNEX_REF)
    return Withheld(prompts=tuple(chosen), commits=tuple(places), new=bool(changed) and not dry_run)


def purge_history(tree: Worktree, *, remote: str = "") -> Withheld:
    """Rewrites the annexes' ref without its history; with a remote, there too."""
    if remote:
        sharing.fetch(tree.git, tree.common_dir, remote)
    purge(tree.git, notes.ANNEX_REF)
    if remote and tree.git.resolve(notes.ANNEX_REF):
        sharing.force(tree.git, remote, notes.ANNEX_REF)
    return Withheld(purged=True, pushed=remote)


def published(cwd: str, env: Mapping[str, str], entry: ManualRedaction) -> list[tuple[str, int]]:
    """(commit, number of the prompt) of every text in the annexes of the repository around `cwd` that holds what goes by hand.

    The annexes are a copy of their own: redacting the database does not change them. Outside of a repository there are none.
    """
    git = Git(cwd)
    listed = notes.annotated(git, notes.ANNEX_REF)
    if not listed:
        return []
    elsewhere = tombstones.standing(git, notes.ANNEX_REF)
    scrubber = scrubbing.by_hand_alone(env, [entry])
    found: dict[tuple[str, int], None] = {}
    for oid, body in notes.read_many(git, [oid for oid, _, _ in listed], notes.ANNEX_REF, listed=listed).items():
        for one in annex.parse_annex(body, elsewhere=elsewhere).values():
            for session in one.sessions:
                by_hand = scrubber.going_on(session.id, {})
                for turn, text in session.prompts:
                    if by_hand.text(text, "prompt")[1]:
                        found[oid, turn + 1] = None
    return list(found)


def _lines(git: Git, oid: str) -> list[NoteLine]:
    """The lines about a commit: its own note's, and the record that its message names, wherever that is attached."""
    lines = parse_note(notes.read(git, oid))
    _, *digests = status.names_in(git.text("log", "-1", "--format=%B", oid))
    for digest in digests:
        if not any(line.kind == "core" and line.digest == digest for line in lines):
            found = notes.find_by_digest(git, digest)
            lines += [found[1]] if found else []
    return lines


def _prompts(lines: Sequence[NoteLine]) -> list[Prompt]:
    found = [
        Prompt(line.digest, session["id"], prompt["turn"], prompt["commitment"])
        for line in lines
        if line.core is not None
        for session in line.core["sessions"]
        for prompt in session["prompts"]
    ]
    return list(dict.fromkeys(found))


def _chosen(named: Sequence[Prompt], numbers: Sequence[int]) -> list[Prompt]:
    there = sorted({one.turn + 1 for one in named})
    for number in numbers:
        if number not in there:
            raise TrailError(f"the record names no prompt {number}", f"it names {', '.join(map(str, there[:40]))}")
    chosen = [one for one in named if one.turn + 1 in numbers]
    sessions = sorted({one.session for one in chosen})
    if len(sessions) > 1:
        raise TrailError(
            "several sessions have a prompt of that number", f"add --session: {', '.join(one[:8] for one in sessions)}"
        )
    return chosen


def _places(git: Git, wanted: set[tuple[str, int]]) -> dict[str, list[Prompt]]:
    """Every commit whose annex has the text of one of these prompts of a session, under whichever record."""
    listed = notes.annotated(git, notes.ANNEX_REF)
    bodies = notes.read_many(git, [oid for oid, _, _ in listed], notes.ANNEX_REF, listed=listed)
    found = {oid: texts for oid, body in bodies.items() if (texts := list(_texts(body, wanted)))}
    if not found:
        return {}
    known: dict[tuple[str, str, int], str] = {}
    for note in notes.read_many(git, found).values():
        known.update(((one.record, one.session, one.turn), one.commitment) for one in _prompts(parse_note(note)))
    return {
        # A record that is not here has its prompt withheld all the same; its digest stands in for the commitment.
        oid: [Prompt(*one, known.get(one, one[0])) for one in texts]
        for oid, texts in found.items()
    }


def _texts(body: bytes, wanted: set[tuple[str, int]]) -> Iterator[tuple[str, str, int]]:
    for raw in body.split(b"\n"):
        for digest, one in annex.parse_annex(raw).items():
            for session in one.sessions:
                for turn, _ in session.prompts:
                    if (session.id, turn) in wanted:
                        yield digest, session.id, turn
