"""Which commits belong to a release: where the release before it is. Cold path.

Candidates are tags that are ancestors of the release and belong to the same family (`v`, `web/v`, `pkg@`). A stable release
follows the last stable one, a prerelease the nearest of either kind.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from git_ai_trail.errors import TrailError
from git_ai_trail.git import Git

_VERSION = re.compile(
    r"(?P<numbers>\d{1,12}(?:\.\d{1,12})*)(?P<rest>(?:(?:[-+._][0-9A-Za-z]|[A-Za-z])[0-9A-Za-z.+_-]*)?)"
)
_STABLE_REST = re.compile(r"(?:[-._]?(?:final|ga|lts|post\d*|p\d+|r\d+))?(?:\+.*)?", re.IGNORECASE)
_PARTS = re.compile(r"\d+|[a-z]+", re.IGNORECASE)
# How many of the highest versions are asked for their distance.
_CLOSE = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """`previous` is a tag or another commit's name, empty where the release begins with the first commit."""

    tag: str
    oid: str
    previous: str
    base_oid: str
    chosen: str  # how the start was found, in a sentence

    @property
    def revisions(self) -> tuple[str, ...]:
        """Its commits for `git log`, by oid: a tag may be called like an option, or like a branch."""
        return (f"{self.base_oid}..{self.oid}",) if self.base_oid else (self.oid,)


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A tag's version, so that versions can be put in order: a prerelease stands before its release."""

    numbers: tuple[int, ...]
    stable: bool
    rest: tuple[tuple[int, int, str], ...]
    prefix: str
    tag: str


def version(tag: str, prefix: str | None = None) -> Version | None:
    """The version that a tag names; with `prefix` only if the tag begins so. None for a tag that names none."""
    starts = (
        [len(prefix)] if prefix is not None and tag.startswith(prefix) else [] if prefix is not None else _starts(tag)
    )
    found = [(start, match) for start in starts if (match := _VERSION.fullmatch(tag, start))]
    if not found:
        return None
    start, match = next((one for one in found if "." in one[1]["numbers"]), found[0])
    numbers = [int(number) for number in match["numbers"].split(".")]
    while len(numbers) > 1 and not numbers[-1]:
        numbers.pop()
    rest = tuple(
        (1, 0, part.lower()) if not part.isdigit() else (0, int(part), "") for part in _PARTS.findall(match["rest"])
    )
    stable = _STABLE_REST.fullmatch(match["rest"]) is not None
    return Version(tuple(numbers), stable, rest, tag[:start], tag)


def _starts(tag: str) -> list[int]:
    """Where in a tag a version can begin: after a sign, after a `v`, after letters alone, at the beginning."""
    starts = []
    for at, letter in enumerate(tag[:200]):
        if not letter.isdigit() or (at and tag[at - 1].isdigit()):
            continue
        before = tag[:at]
        bare = before[:-1] if before[-1:] in ("v", "V") else before
        if not bare or not bare[-1].isalnum() or before.isalpha():
            starts.append(at)
    return starts


def release(git: Git, tag: str, *, previous: str = "", prefix: str | None = None) -> Release:
    """The release `tag` and the one before it; raises `TrailError` for a tag that is not there, or a clone that is too shallow.

    `previous` names the start itself; `prefix` is what the tags of the same family begin with.
    """
    oid = git.resolve(f"refs/tags/{tag}")
    if oid is None:
        raise TrailError(f"there is no tag {_shown(tag)}", _near(git, tag))
    if previous:
        return _given(git, tag, oid, previous)
    own = version(tag, prefix)
    family = own.prefix if own else prefix or ""
    kin = [one for one in _merged(git, oid, family) if one.tag != tag]
    before = _before(git, oid, own, kin)
    if before is None:
        _refuse_shallow(git, tag)
        what = f"whose name begins with {family!r} " if family else ""
        said = f"There is no earlier release {what}among its ancestors, so it begins with the first commit."
        return Release(tag=tag, oid=oid, previous="", base_oid="", chosen=said)
    base = git.resolve(f"refs/tags/{before.tag}") or ""
    if own is None:
        said = f"{_shown(tag)} names no version, so the nearest one before it counts: {before.tag}."
    elif own.stable:
        said = f"The last stable release among its ancestors is {before.tag}."
    else:
        said = f"The nearest release before this prerelease is {before.tag}."
    return Release(tag=tag, oid=oid, previous=before.tag, base_oid=base, chosen=said)


def latest(git: Git, prefix: str | None = None) -> str:
    """The nearest version tag that HEAD contains, stable or not; empty if there is none."""
    head = git.resolve("HEAD")
    kin = _merged(git, head, prefix or "", itself=True) if head else []
    if prefix is None:
        # The family of the nearest tag of all: several projects in one repository have several.
        kin = [one for one in kin if one.prefix in ("", "v", "V")] or kin
    found = _nearest(git, head or "", kin)
    return found.tag if found else ""


def _before(git: Git, oid: str, own: Version | None, kin: list[Version]) -> Version | None:
    if own is not None:
        kin = [one for one in kin if (one.numbers, one.stable, one.rest) < (own.numbers, own.stable, own.rest)]
    if own is None or own.stable:
        kin = [one for one in kin if one.stable] or ([] if own else kin)
    return _nearest(git, oid, kin)


def _nearest(git: Git, oid: str, kin: Iterable[Version]) -> Version | None:
    """The one with the fewest commits behind it; of two on one commit the higher version."""
    close = sorted(kin, reverse=True)[:_CLOSE]
    if len(close) < 2:
        return close[0] if close else None
    counts = [int(git.text("rev-list", "--count", oid, f"^refs/tags/{one.tag}", "--")) for one in close]
    return min(zip(counts, range(len(close)), close, strict=True))[2]


def _merged(git: Git, oid: str, prefix: str, *, itself: bool = False) -> list[Version]:
    """The version tags of a family that are ancestors of `oid`; with `itself` those on it too."""
    out = git.run(
        "for-each-ref", f"--merged={oid}", "--format=%(refname:strip=2)%00%(objectname)%00%(*objectname)", "refs/tags"
    )
    found = []
    for line in out.decode("utf-8", "surrogateescape").split("\n"):
        fields = line.split("\0")
        if len(fields) == 3 and fields[0].startswith(prefix) and (itself or oid not in fields[1:]):
            one = version(fields[0])
            if one is not None and (not prefix or one.prefix == prefix):
                found.append(one)
    return found


def _given(git: Git, tag: str, oid: str, previous: str) -> Release:
    base = git.resolve(previous)
    if base is None:
        raise TrailError(f"git knows no commit {_shown(previous)}", "give a tag or commit that is here, or fetch it")
    within, _ = git.call("merge-base", "--is-ancestor", base, oid)
    said = "Its start was given." if within == 0 else "Its start was given; it is not an ancestor of the release."
    return Release(tag=tag, oid=oid, previous=previous, base_oid=base, chosen=said)


def _refuse_shallow(git: Git, tag: str) -> None:
    if git.text("rev-parse", "--is-shallow-repository") == "true":
        raise TrailError(
            f"this clone is too shallow to find the release before {_shown(tag)}",
            "git fetch --unshallow --tags (in a workflow: a checkout with fetch-depth: 0), or name it with --previous",
        )


def _near(git: Git, tag: str) -> str:
    tags = git.text("for-each-ref", "--format=%(refname:strip=2)", "refs/tags").split("\n")
    near = difflib.get_close_matches(tag[:200], [one for one in tags if one][-5000:], n=3)
    return f"did you mean {', '.join(map(_shown, near))}?" if near else "fetch the tags: git fetch --tags"


def _shown(name: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in name[:80])
