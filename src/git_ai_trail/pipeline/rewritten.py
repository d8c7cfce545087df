"""Which commits git is making out of which others, and whether their records still have to be taken over. Hot path.

git copies notes on amend and rebase only, and copies them as they are: what a rewrite moved, joined or left out has to be said
in lines of our own, and what `cherry-pick` or `merge --squash` makes gets no note at all. Saying it is for the cold path.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from git_ai_trail.attach import notes, pending, trailers
from git_ai_trail.attach.record import derived_line, parse_note, patch_digest
from git_ai_trail.git import base_at, is_oid
from git_ai_trail.lazy import pattern
from git_ai_trail.pipeline.worktree import Worktree

# A squash of more commits than this is no pull request; the first of them have to do.
_MOST = 250
_LONGEST = 1 << 22
# So many commits are compared here; where there are more, the cold path finds out itself.
_FEW = 20

_REVERTED = pattern(r"(?m)^This reverts commit ([0-9a-f]{40,64})\b")

Pairs = Sequence[tuple[str, str]]  # (old, new)


def begin(tree: Worktree, env: Mapping[str, str]) -> bool:
    """Whether git is making one commit out of others that have records: then the hook after it has to take them over."""
    if os.path.exists(f"{tree.git_dir}/REVERT_HEAD"):
        return True
    oids = _being_joined(tree)
    if not oids or not _recorded(tree, oids):
        return False
    pending.begin(tree.git_dir, env.get("GIT_AI_TRAIL_PARENT", ""), oids)
    return True


def is_picking(tree: Worktree) -> bool:
    """Whether the commit that is being made is another one, picked."""
    return os.path.exists(f"{tree.git_dir}/CHERRY_PICK_HEAD")


def begun(tree: Worktree, env: Mapping[str, str]) -> Pairs:
    """What `begin` found for the commit that this git process has just made."""
    oids = pending.begun(tree.git_dir, env.get("GIT_AI_TRAIL_PARENT", ""))
    # A pick without a conflict runs no hook of ours before the commit, and is still under way after it.
    picked = oids or [one for one in _being_joined(tree)[:1] if _recorded(tree, [one])]
    return [(oid, tree.head) for oid in picked if oid != tree.head]


def reverted(tree: Worktree, message: str) -> list[str]:
    """The digests of the records of the commits that a message says it reverts."""
    oids = [one for one in _REVERTED.findall(message)[:_FEW] if is_oid(one)]
    found = notes.read_some(tree.git, oids) if oids and tree.noted else {}
    lines = (line for oid in oids for line in parse_note(found.get(oid, b"")))
    return list(dict.fromkeys(line.digest for line in lines if line.core is not None))


def reversal(tree: Worktree, digests: Sequence[str]) -> list[bytes]:
    """Note lines for HEAD, which takes back what these records are about. They credit nothing to anybody."""
    patch = patch_digest(tree.git.diff(base_at(tree.git, tree.head), tree.head))
    return [derived_line(digest, "revert", patch, ()) for digest in digests]


def of_rebase(tree: Worktree) -> Pairs:
    """What a rebase has made, where git's list of it did not reach the hook: it is still on disk."""
    for name in ("rebase-merge/rewritten-list", "rebase-apply/rewritten"):
        if said := _read(f"{tree.git_dir}/{name}"):
            return pairs_in(said)
    return []


def pairs_in(said: str) -> Pairs:
    """(old, new) of each line that holds two oids which differ; other lines (a heading) are passed over."""
    words = (line.split() for line in said.splitlines())
    pairs = [(one[0], one[1]) for one in words if len(one) >= 2 and is_oid(one[0]) and is_oid(one[1])]
    return [(old, new) for old, new in pairs if old != new and new.strip("0")]


def open_ends(tree: Worktree, pairs: Pairs) -> Pairs:
    """The pairs whose new commit does not have all that is known of the old one, as it stands there now."""
    before = _recorded(tree, [old for old, _ in pairs]) if pairs else set()
    ours = [(old, new) for old, new in pairs if old in before]
    news = list(dict.fromkeys(new for _, new in ours))
    if len(news) > _FEW:
        return ours
    after = notes.read_some(tree.git, news)
    done = {new for new in news if _is_whole(tree, new, after.get(new, b""))}
    return [(old, new) for old, new in ours if new not in done]


def take_unchanged(tree: Worktree, old: str, new: str) -> bool:
    """Attaches what is noted of `old` to `new`, if that makes the very change that all its records were made for."""
    note = notes.read(tree.git, old)
    lines = parse_note(note)
    cores = [line.core for line in lines if line.core is not None]
    if not cores or any(line.kind not in ("core", "derived") for line in lines):
        return False
    patch = patch_digest(tree.git.diff(base_at(tree.git, new), new))
    if any(core["patch"] != patch for core in cores):
        return False
    for ref, lasting in ((notes.REF, note), (notes.ANNEX_REF, notes.read(tree.git, old, notes.ANNEX_REF))):
        if lasting:
            notes.add_lines(tree.git, tree.common_dir, new, lasting.split(b"\n"), ref=ref)
    return True


def _is_whole(tree: Worktree, oid: str, note: bytes) -> bool:
    lines = parse_note(note)
    if all(line.core is None for line in lines):
        return False
    patch = patch_digest(tree.git.diff(base_at(tree.git, oid), oid))
    moved = {line.digest for line in lines if line.kind == "derived" and line.op != "revert" and line.patch == patch}
    return all(line.core["patch"] == patch or line.digest in moved for line in lines if line.core is not None)


def _recorded(tree: Worktree, oids: Sequence[str]) -> set[str]:
    """Those of the commits that have a record: in a note of their own, or named in their message and attached elsewhere."""
    if not tree.noted:
        return set()
    found = set(notes.read_some(tree.git, oids))
    left = "".join(f"{oid}\n" for oid in dict.fromkeys(oids) if oid not in found)
    command = ("log", "--no-walk=unsorted", "--stdin", "--no-show-signature", "-z", "--format=%H%x1f%B")
    code, out = tree.git.call(*command, data=left.encode()) if left else (1, b"")
    entries = (entry.partition("\x1f") for entry in out.decode("utf-8", "surrogateescape").split("\0") if code == 0)
    return found | {oid for oid, _, message in entries if trailers.anywhere(message)}


def _being_joined(tree: Worktree) -> list[str]:
    """The commits of a cherry-pick or `merge --squash`, oldest first. A rebase ends with a list of its own."""
    folder = tree.git_dir
    if os.path.exists(f"{folder}/rebase-merge") or os.path.exists(f"{folder}/rebase-apply"):
        return []
    picked = _read(f"{folder}/CHERRY_PICK_HEAD").strip()
    if picked:
        return [picked] if is_oid(picked) else []
    lines = _read(f"{folder}/SQUASH_MSG").split("\n")
    oids = [line[7:] for line in lines if line.startswith("commit ") and is_oid(line[7:])]
    return oids[:_MOST][::-1]


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read(_LONGEST)
    except OSError:
        return ""
