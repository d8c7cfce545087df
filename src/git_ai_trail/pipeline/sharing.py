"""Brings records from a remote and to it: never by force, and without losing what somebody else writes meanwhile. Cold path."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from git_ai_trail.attach import notes
from git_ai_trail.attach.record import MAX_NOTE
from git_ai_trail.attach.sharing import SHARED, Union, purges, tip_of, unite
from git_ai_trail.errors import GitError, TrailError
from git_ai_trail.git import Git
from git_ai_trail.pipeline.near_misses import NearNote, in_outgoing, is_first, note_told
from git_ai_trail.pipeline.outgoing import refuse_unclean_notes

_TRIES = 10
# What git says where somebody else was quicker; anything else is not helped by trying again.
_RACES = (
    "fetch first",
    "non-fast-forward",
    "failed to update ref",
    "cannot lock ref",
    "but expected",
    "incorrect old value",
    "stale info",
    "reference already exists",
)
_FETCH = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
# A pre-push hook of the user's runs: it may be there to keep things from going out.
_PUSH = ("push", "--porcelain", "--quiet", "--no-follow-tags", "--recurse-submodules=no")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What came in, by ref; `pushed` says which refs the remote has now as they are here, `too_large` how many notes in them are
    larger than readers read."""

    fetched: dict[str, Union]
    pushed: tuple[str, ...] = ()
    too_large: int = 0


def fetch(git: Git, common_dir: str, remote: str) -> Shared:
    """Fetches the remote's records and unites them with those here. A remote without records is fine.

    Raises `GitError` if the remote cannot be reached.
    """
    return _fetched(git, common_dir, remote)[0]


def _fetched(git: Git, common_dir: str, remote: str) -> tuple[Shared, list[str]]:
    """What `fetch` brought, and the refs that hold here what the remote has."""
    _check(git, remote)
    place = {ref: _copy(remote, ref) for ref in SHARED}
    notes.make_way(common_dir, *place.values())
    # Asked first, because a ref that the remote lacks makes its exact name an error, and a pattern brings others' refs.
    tips = _tips(git, remote)
    there = [ref for ref in SHARED if ref in tips]
    if there:
        git.call(*_FETCH, "--", remote, *(f"+{ref}:{place[ref]}" for ref in there), check=True)
    fetched = {ref: unite(git, ref, place[ref]) if ref in there else Union() for ref in SHARED}
    return Shared(fetched=fetched), [place[ref] for ref in there]


def push(git: Git, common_dir: str, remote: str, *, tell: Callable[[Sequence[NearNote]], None] | None = None) -> Shared:
    """Fetches, unites and pushes until the remote has it all. Raises `GitError` where it refuses for another reason than haste.

    Nothing is pushed that the second look of redaction finds something in (`TrailError`). `tell` is called once before a ref
    goes to a remote that has never had it, with what in it comes near to a secret; what it raises stops the push.
    """
    for attempt in range(_TRIES):
        shared, there = _fetched(git, common_dir, remote)
        refs = [ref for ref in SHARED if git.call("rev-parse", "--verify", "--quiet", ref)[0] == 0]
        if not refs:
            return shared
        _refuse_unpurged(git, remote, refs)
        refuse_unclean_notes(git, refs, there=there)
        if tell is not None:
            _tell_of_the_first(git, common_dir, remote, [ref for ref in refs if _copy(remote, ref) not in there], tell)
            tell = None
        code, out = git.call(*_PUSH, "--", remote, *(f"{ref}:{ref}" for ref in refs))
        if code == 0:
            large = sum(size > MAX_NOTE for ref in refs for _, _, size in notes.annotated(git, ref))
            return Shared(fetched=shared.fetched, pushed=tuple(refs), too_large=large)
        refused = _refused(out)
        if not _lost_a_race(git, remote, refs, refused):
            raise GitError(f"git push: {refused or 'a hook refused, or the remote hung up'}")
        time.sleep(0.05 * (attempt + 1))
    raise GitError(f"{remote} moved at every try to push the records", "try again")


def force(git: Git, remote: str, ref: str) -> None:
    """Puts a ref whose history was purged in the place of the remote's, unless that has moved since it was fetched.

    The only forced push there is. Raises `GitError` where the remote refuses, and `TrailError` where what would be sent, and is
    not there already, holds what must not go out.
    """
    there = _tips(git, remote).get(ref, "")
    if there and git.call("cat-file", "-e", there)[0] != 0:
        raise GitError(f"{remote} has notes that are not here yet", "run `git ai-trail notes fetch`, and try again")
    refuse_unclean_notes(git, [ref], there=[there] if there else [])
    code, out = git.call(*_PUSH, f"--force-with-lease={ref}:{there}", "--", remote, f"+{ref}:{ref}")
    if code != 0:
        raise GitError(f"git push: {_refused(out) or 'a hook refused, or the remote hung up'}")


def outgoing(git: Git, remote: str, limit: int) -> list[NearNote]:
    """What comes near to a secret in the notes that `push` would send now. Raises `GitError` if the remote cannot be reached."""
    _check(git, remote)
    refs = [ref for ref in SHARED if tip_of(git, ref)]
    tips = _tips(git, remote).values()
    there = [oid for oid in tips if git.call("cat-file", "-e", oid)[0] == 0]
    return in_outgoing(git, refs, there=there, limit=limit)


def _tell_of_the_first(
    git: Git, common_dir: str, remote: str, refs: Sequence[str], tell: Callable[[Sequence[NearNote]], None]
) -> None:
    """Tells a person of what goes to a remote for the first time, unless they were told already."""
    names = {ref: f"push {remote} {ref}" for ref in refs}
    new = [ref for ref, name in names.items() if is_first(common_dir, name)]
    found = in_outgoing(git, new, there=[]) if new else []
    if found:
        tell(found)
        for ref in new:
            note_told(common_dir, names[ref])


def _copy(remote: str, ref: str) -> str:
    """Where what was fetched of a remote's ref is kept."""
    return f"refs/notes/remotes/{remote}/{ref.removeprefix('refs/notes/')}"


def _refuse_unpurged(git: Git, remote: str, refs: Sequence[str]) -> None:
    """A remote that has a purged history again would be asked in vain to take the one without it."""
    for ref in refs:
        own = purges(git, tip_of(git, ref))
        there = _copy(remote, ref)
        if own and tip_of(git, there) and not own <= purges(git, tip_of(git, there)):
            raise TrailError(
                f"{remote} still has, or has again, the history of {ref} from before it was purged",
                "run `git ai-trail redact withhold --purge --push`",
            )


def _refused(out: bytes) -> str:
    """The reasons in what `git push --porcelain` prints."""
    lines = [line.split("\t") for line in out.decode("utf-8", "replace").splitlines() if line.startswith("!")]
    return "; ".join(dict.fromkeys(line[-1] for line in lines))[:300]


def _lost_a_race(git: Git, remote: str, refs: Sequence[str], refused: str) -> bool:
    """Whether the remote has something that is not here: then fetching and trying again helps."""
    if any(word in refused for word in _RACES):
        return True
    tips = _tips(git, remote)
    return any(git.call("merge-base", "--is-ancestor", tips[ref], ref)[0] != 0 for ref in refs if ref in tips)


def _tips(git: Git, remote: str) -> dict[str, str]:
    """What the remote has of our refs, by full name."""
    _, out = git.call("ls-remote", "--refs", "--", remote, *SHARED, check=True)
    pairs = [line.split("\t") for line in out.decode("utf-8", "replace").splitlines()]
    # git compares ends of names: `refs/heads/refs/notes/…` is none of ours.
    return {pair[1]: pair[0] for pair in pairs if len(pair) == 2 and pair[1] in SHARED}


def _check(git: Git, remote: str) -> None:
    if remote not in git.text("remote").split("\n") or not remote or ".." in remote:
        raise TrailError(f"not the name of a remote: {remote[:80]!r}", "git remote -v lists them")
