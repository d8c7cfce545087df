"""Makes the record of a commit, once, and attaches it. Hot path.

`make` runs before the commit exists, against the tree that is being committed; `attach` runs after it and only adds what was
made, so that trailer and note cannot disagree.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from typing import Any, NamedTuple

from git_ai_trail import places, userkey
from git_ai_trail.agents import spoken
from git_ai_trail.apart import kinds_at
from git_ai_trail.attach import carry, notes, pending, profiles, record, trailers
from git_ai_trail.facts import CommitMatch
from git_ai_trail.formats import FORMATS
from git_ai_trail.formats.sources import in_worktree
from git_ai_trail.git import Git, base_at, base_of, is_oid
from git_ai_trail.index.access import Index, open_index
from git_ai_trail.index.candidates import Where
from git_ai_trail.pipeline.evidence import Gathered, gather, log_places, marked
from git_ai_trail.pipeline.landed import settled_at
from git_ai_trail.pipeline.worktree import Worktree
from git_ai_trail.settings import Settings
from git_ai_trail.version import VERSION
from git_ai_trail.words import word

TOOL = f"git-ai-trail/{VERSION}"
# While one of these exists, git is making commits out of other commits.
STATES = ("rebase-merge", "rebase-apply", "CHERRY_PICK_HEAD", "MERGE_HEAD", "SQUASH_MSG", "REVERT_HEAD")
# Some hundred commits merged at once.
_MOST_HEADS = 1 << 14


class Made(NamedTuple):
    """A record made for a tree."""

    digest: str
    line: bytes
    tree: str
    match: CommitMatch
    trailers: tuple[tuple[str, str], ...]
    replaces: tuple[tuple[str, str], ...]  # trailers that the record taken over had brought


def is_rewriting(git_dir: str) -> bool:
    """Whether git is in the middle of a rebase, cherry-pick, merge, squash or revert."""
    return any(os.path.exists(f"{git_dir}/{name}") for name in STATES)


def user_index(env: Mapping[str, str], *, writable: bool = True) -> Index:
    """The user's index. Without a place to keep a key it lives in memory under a key of its own."""
    key = None
    try:
        key = userkey.load_or_create(places.data_dir(env))
    except OSError:
        key = userkey.load(places.data_dir(env))
    return open_index(places.index_path(env), key if key is not None else os.urandom(32), writable=writable)


def hints(env: Mapping[str, str]) -> tuple[str, ...]:
    """Session ids that agents put into the environment of what they run."""
    return tuple(hint for fmt in FORMATS if (hint := fmt.thread_hint(env)))


def make(
    tree: Worktree, settings: Settings, env: Mapping[str, str], *, base: str, tip: str, now: float, old: str = ""
) -> Made | None:
    """The record of the change from `base` to `tip`, or None if there is no evidence that suffices.

    `old` is the commit that this one replaces (amend); its record is taken over where its lines still stand.
    """
    try:
        gathered = _gathered(tree, settings, env, user_index(env), base=base, tip=tip, now=now)
    except sqlite3.OperationalError:
        # The disk has become full, or the folder read-only: what the logs have grown by is held in memory.
        index = user_index(env, writable=False)
        gathered = _gathered(tree, settings, env, index, base=base, tip=tip, now=now)
    return seal(tree, settings, gathered, tip, old=old)


def _gathered(
    tree: Worktree, settings: Settings, env: Mapping[str, str], index: Index, *, base: str, tip: str, now: float
) -> Gathered:
    """The match, with what the logs say now; closes the index."""
    try:
        logs = log_places(env, env.get("HOME", ""), (*settings.log_roots, *in_worktree(tree.root)))
        running = index.look(logs, now=now, roots=tree.roots)
        making = index.being_made(running, tree.roots, now=now, hints=hints(env))
        return gather(
            tree.git,
            index,
            Where(tree.roots, None),
            base=base,
            tip=tip,
            until=now,
            making=making,
            weak_too=settings.weak_trailer,
            apart=settings.apart,
            worktree=tree.root,
            settled=settled_at(tree.git_dir, base),
        )
    finally:
        index.close()


def being_committed(tree: Worktree, *, amend: bool) -> tuple[str, str]:
    """(base, tip) of the commit that git is about to make: its parents (see `base_of`), and the tree of the index it uses."""
    tip = _written_tree(tree)
    if amend and tree.head:
        return base_at(tree.git, tree.head), tip
    return base_of([tree.head, *merge_heads(tree.git_dir)] if tree.head else [], tip), tip


def merge_heads(git_dir: str) -> list[str]:
    """What is being merged, where the next commit is a merge; empty while git rewrites commits."""
    if any(os.path.exists(f"{git_dir}/{name}") for name in STATES if name != "MERGE_HEAD"):
        return []
    try:
        with open(f"{git_dir}/MERGE_HEAD", encoding="ascii", errors="replace") as file:
            return [oid for oid in file.read(_MOST_HEADS).split() if is_oid(oid)]
    except OSError:
        return []


def _written_tree(tree: Worktree) -> str:
    """The tree of the index that is being committed.

    git locks the index meanwhile, and one that is killed leaves the lock in the way of every `git add` to come. So it is given
    a second name of the same file: whatever git does to that, it replaces and never alters.
    """
    index = os.path.join(tree.root, tree.git.env.get("GIT_INDEX_FILE") or f"{tree.git_dir}/index")
    own = pending.own_index(tree.git_dir)
    try:
        os.makedirs(os.path.dirname(own), mode=0o700, exist_ok=True)
        os.link(index, own)
    except OSError:
        return tree.git.run("write-tree").decode().strip()
    try:
        return tree.git.call("write-tree", check=True, env={"GIT_INDEX_FILE": own})[1].decode().strip()
    finally:
        pending.remove(own)


def mend_amended(tree: Worktree, settings: Settings, env: Mapping[str, str], *, old: str, new: str, now: float) -> None:
    """Gives an amended commit its record where no hook knew that it was being amended."""
    git = tree.git
    message, tip = git.text("log", "-1", "--format=%B%x00%T", new).rsplit("\0", 1)
    mine = [line for line in record.parse_note(notes.read(git, new)) if line.core is not None]
    digest = trailers.record_digest(message)
    if digest and any(line.digest == digest for line in mine):
        return
    base = base_at(git, new)
    made = make(tree, settings, env, base=base, tip=tip, now=now, old=old)
    if made is not None:
        notes.add_lines(git, tree.common_dir, new, [made.line])
    elif mine:
        # git has copied the note, and none of its lines is left: that is what has to be said of it here.
        patch = record.patch_digest(git.diff(base, new))
        emptied = [record.derived_line(one.digest, "amend", patch, ()) for one in mine]
        notes.add_lines(git, tree.common_dir, new, emptied)


def seal(tree: Worktree, settings: Settings, gathered: Gathered, tip: str, *, old: str = "") -> Made | None:
    """Turns a match into the record with its trailers; `old` is a commit whose record it takes over (amend)."""
    match = gathered.match
    before = old_core(tree.git, old) if old else None
    prior = (record.digest(before),) if before else ()
    if before:
        old_diffs = tree.git.diff(base_at(tree.git, old), old)
        match = carry.unite(match, before, gathered.diffs, old_diffs)
    if not match.sessions:
        return None
    kinds = gathered.kinds or kinds_at(tree.git.blobs, tip, (one.path for one in gathered.diffs), settings.apart)
    match = marked(match, kinds)
    core = record.build_core(match, gathered.diffs, tool=TOOL, prior=prior)
    digest = record.digest(core)
    line = record.note_line(core, {"tree": tip})
    added = disclosure(settings.profile, core, digest, match)
    return Made(digest, line, tip, match, added, old_trailers(settings.profile, before))


def disclosure(profile: str, core: Mapping[str, Any], digest: str, match: CommitMatch) -> tuple[tuple[str, str], ...]:
    """The trailers that the profile asks for, the record's own last."""
    if not profiles.adds_lines(profile):
        return ()
    pairs = tuple(dict.fromkeys((one.agent, model) for one in match.sessions for model in (one.models[-1:] or ("",))))
    lines = profiles.disclosure(profile, pairs, generated_mostly=record.is_mostly_generated(core["counts"]))
    return (*lines, (trailers.KEY, f"1:{digest}"))


def old_core(git: Git, oid: str) -> dict[str, Any] | None:
    """The core of the record that a commit has: the one its trailer names, else the last one noted."""
    lines = record.parse_note(notes.read(git, oid))
    withheld = {line.digest for line in lines if line.kind == "withheld"}
    found = [line for line in lines if line.core is not None and line.digest not in withheld]
    named = trailers.record_digest(git.text("log", "-1", "--format=%B", oid))
    chosen = [line for line in found if line.digest == named] or found[-1:]
    return chosen[0].core if chosen else None


def old_trailers(profile: str, core: dict[str, Any] | None) -> tuple[tuple[str, str], ...]:
    """The disclosing trailers that a record brought with it when it was made."""
    if core is None:
        return ()
    pairs = [(one["agent"], model) for one in core["sessions"] for model in (one["models"][-1:] or [""])]
    return tuple(profiles.disclosure(profile, pairs, generated_mostly=record.is_mostly_generated(core["counts"])))


def keep(tree: Worktree, made: Made, *, quiet: bool, now: float) -> None:
    """Puts the record aside until the commit exists."""
    said = "" if quiet else summary(made.match)
    stream = notes.stream(made.line, now=int(now)) if tree.noted else b""
    pending.write(tree.git_dir, made.digest, made.line, made.tree, said, stream=stream, now=now)


def summary(match: CommitMatch) -> str:
    """One line for the person who committed; no text from a log but agent and model names."""
    apart = match.apart
    written = match.generated + match.edited - apart.generated - apart.edited
    who = sorted({" ".join((spoken(one.agent), *map(word, one.models[-1:]))) for one in match.sessions})
    count = len(match.sessions)
    return (
        f"{written} of {match.added - apart.added} added lines have evidence"
        f"{f' ({apart.added} in lock or generated files apart)' if apart.added else ''} · {', '.join(who)} · "
        f"{count} session{'s' if count != 1 else ''} · git ai-trail show"
    )
