"""The gate: every commit of a range against its record and the policy. Fails closed."""

# No `from __future__ import annotations` here: a function of this module has that name.
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from git_ai_trail.apart import Apart
from git_ai_trail.attach import notes
from git_ai_trail.attach import verify as judging
from git_ai_trail.attach.profiles import adds_lines
from git_ai_trail.attach.record import MAX_NOTE, parse_note
from git_ai_trail.attach.verify import NOT_ASKED, RESULTS, Derived, Rules, Verdict
from git_ai_trail.config import RepositoryConfig
from git_ai_trail.errors import ConfigError, TrailError
from git_ai_trail.git import Git, base_of
from git_ai_trail.pipeline.apart import of_commits, parted
from git_ai_trail.pipeline.history import Told, told
from git_ai_trail.pipeline.shallow import refuse_cut_off
from git_ai_trail.report.escape import seen

# GitHub shows ten annotations of a level for a step and drops the others without a word.
MOST_ANNOTATIONS = 10
_LONGEST_TITLE = 120
_AT_ONCE = 1000
_LEVELS = {"fail": "error", "unknown": "warning"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The verdicts in the order of `git log`, and sums over the commits that have one."""

    verdicts: tuple[Verdict, ...]
    counts: Mapping[str, int]
    generated: int
    edited: int
    added: int
    apart: int  # added lines of lock files, generated and vendored files, in none of the other figures
    profile: str
    require: tuple[str, ...]

    @property
    def failed(self) -> bool:
        return self.counts["fail"] > 0

    @property
    def problems(self) -> tuple[Verdict, ...]:
        """Those that fail, and those that the logs at hand contradict."""
        return tuple(one for one in self.verdicts if one.result == "fail" or one.evidence == "contradicted")


def default_range(git: Git) -> str:
    """What has not been pushed yet; without an upstream branch the last commit alone."""
    return "@{upstream}..HEAD" if git.resolve("@{upstream}") else "HEAD^!"


def verify(
    git: Git,
    revisions: Sequence[str],
    policy: RepositoryConfig,
    *,
    require_known: bool = False,
    progress: Callable[[int, int], None] | None = None,
    logs: Callable[[Sequence[Told]], Mapping[str, Derived]] | None = None,
) -> Verified:
    """Judges the commits of `revisions`. Merges count where they have a record of their own.

    `logs` looks at the logs at hand again (see `rederive`); what they say is told for each commit, and fails those that they
    contradict where the policy has `require = ["evidence"]`. `require_known` fails a commit that names a record which is not here, as the policy's `require = ["record"]` does. Raises
    `ConfigError` for a policy that nothing could meet, `TrailError` where history is missing.
    """
    rules = _rules(policy, require_known)
    odd = next((one for one in revisions if one.startswith("-")), None)
    if odd is not None:
        raise TrailError("a range cannot begin with a hyphen", "give a range like origin/main..HEAD")
    found = [one for one in told(git, list(revisions), progress=progress) if _counts(one)]
    refuse_cut_off(git, (one.commit.oid for one in found))
    attached = notes.read_many(git, [one.commit.oid for one in found if one.found.status == "unknown"])
    signatures = _signatures(git, found) if rules.signed != "none" else {}
    kinds = of_commits(git, [one.commit.oid for one in found], policy.apart)
    apart = {one.commit.oid: parted(one.found, kinds(one.commit.oid)) for one in found}
    oversized = {oid for oid, _, size in notes.annotated(git) if size > MAX_NOTE}
    derived = logs(found) if logs is not None else {}
    verdicts = tuple(
        _judged(
            git,
            one,
            rules,
            attached.get(one.commit.oid, b""),
            signatures.get(one.commit.oid, ""),
            apart[one.commit.oid],
            derived.get(one.commit.oid, NOT_ASKED),
            one.commit.oid in oversized,
        )
        for one in found
    )
    counts = Counter(verdict.result for verdict in verdicts)
    return Verified(
        verdicts=verdicts,
        counts={name: counts[name] for name in RESULTS},
        generated=sum(one.found.generated - apart[one.commit.oid].generated for one in found),
        edited=sum(one.found.edited - apart[one.commit.oid].edited for one in found),
        added=sum(one.found.added - apart[one.commit.oid].added for one in found),
        apart=sum(one.added for one in apart.values()),
        profile=rules.profile,
        require=rules.require,
    )


def _rules(policy: RepositoryConfig, require_known: bool) -> Rules:
    profile = policy.profile or "default"
    unmet = [name for name in policy.require if name in ("trailer", "disclosure")]
    if unmet and not adds_lines(profile):
        raise ConfigError(
            f"policy.require asks for {' and '.join(unmet)}, and the profile {profile} allows no line",
            "take another profile, or less in require",
        )
    return Rules(
        require=tuple(policy.require),
        profile=profile,
        weak=bool(policy.weak_trailer),
        require_known=require_known,
        forbid_paths=policy.forbid_paths,
        share_limit=policy.share_limit,
        exempt=policy.exempt,
        signed=policy.signed,
    )


def _signatures(git: Git, found: Sequence[Told]) -> Mapping[str, str]:
    """What git says of each commit's signature, in one letter (see `%G?` in git-log)."""
    oids = [one.commit.oid for one in found]
    letters: dict[str, str] = {}
    for at in range(0, len(oids), _AT_ONCE):
        out = git.run("log", "--no-walk=unsorted", "--format=%H %G?", *oids[at : at + _AT_ONCE])
        for line in out.decode("ascii", "replace").splitlines():
            oid, _, letter = line.partition(" ")
            letters[oid] = letter
    return letters


def _counts(one: Told) -> bool:
    """A merge brings lines of its own into no history that its parents do not show, unless somebody attached a record."""
    return len(one.commit.parents) < 2 or one.found.status not in ("none", "unknown")


def _judged(
    git: Git, one: Told, rules: Rules, note: bytes, signature: str, apart: Apart, derived: Derived, oversized: bool
) -> Verdict:
    wrong = None
    if one.found.core is not None and judging.is_doubtful(one.found):
        diffs = git.diff(base_of(one.commit.parents, one.commit.oid), one.commit.oid)
        wrong = judging.misplaced(one.found.core, diffs)
    return judging.judge(
        one.commit,
        one.found,
        rules,
        attached=parse_note(note),
        misplaced=wrong,
        signature=signature,
        apart=apart,
        derived=derived,
        oversized=oversized,
    )


def as_json(verified: Verified) -> dict[str, Any]:
    """The verdicts as `verify --json` prints them; the shape is described in docs/verify.md."""
    return {
        "result": "fail" if verified.failed else "ok",
        "counts": dict(verified.counts),
        "lines": {
            "added": verified.added,
            "generated": verified.generated,
            "edited": verified.edited,
            "apart": verified.apart,
        },
        "policy": {"profile": verified.profile, "require": list(verified.require)},
        "commits": [
            {
                "commit": one.oid,
                "subject": one.subject,
                "result": one.result,
                "status": one.status,
                "reasons": list(one.reasons),
                "failed": [each.rule for each in one.failures],
                "exempt": one.exempt,
                "evidence": one.evidence or None,
                "file": one.file or None,
                "line": one.line or None,
            }
            for one in verified.verdicts
        ],
    }


def annotations(verified: Verified) -> list[str]:
    """The verdicts as workflow commands of GitHub: an error for each commit that failed, a warning for each whose record is
    missing, one notice with the sum. What does not fit into ten of a level is summed up in the last of them."""
    lines: list[str] = []
    for result, level in _LEVELS.items():
        ours = [one for one in verified.verdicts if one.result == result]
        shown = ours if len(ours) <= MOST_ANNOTATIONS else ours[: MOST_ANNOTATIONS - 1]
        lines += [_annotation(level, one) for one in shown]
        if len(shown) < len(ours):
            lines.append(
                _command(level, f"and {len(ours) - len(shown)} more commits", "see the step's log for each of them")
            )
    lines.append(_command("notice", "AI assistance", summary(verified)))
    return lines


def summary(verified: Verified) -> str:
    """One sentence about all of them."""
    counts = verified.counts
    parts = [f"{counts['ok']} with a record that holds", f"{counts['none']} without record"]
    parts += [f"{counts['unknown']} whose record is not here"] if counts["unknown"] else []
    parts += [f"{counts['fail']} failed"] if counts["fail"] else []
    total = len(verified.verdicts)
    lines = verified.generated + verified.edited
    return (
        f"{total} commit{'' if total == 1 else 's'}: {', '.join(parts)}; "
        f"{lines:,} of {verified.added:,} added lines have evidence of a coding agent's session."
    )


def _annotation(level: str, one: Verdict) -> str:
    title = f"{one.oid[:10]} {one.subject}"
    title = title if len(title) <= _LONGEST_TITLE else title[: _LONGEST_TITLE - 1] + "…"
    place = [("file", one.file), ("line", str(one.line) if one.line else "")] if one.file else []
    return _command(level, title, "; ".join(one.reasons) or one.status, place)


def _command(level: str, title: str, message: str, place: Iterable[tuple[str, str]] = ()) -> str:
    stated = [*((name, value) for name, value in place if value), ("title", title)]
    return f"::{level} {','.join(f'{name}={_property(value)}' for name, value in stated)}::{_data(message)}"


def _data(text: str) -> str:
    """Text of a workflow command, in which only what is escaped can end a line."""
    return seen(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
