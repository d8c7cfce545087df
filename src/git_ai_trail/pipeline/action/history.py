"""Brings what a checkout lacks: the rest of a shallow history, single commits, the policy's branch, the records."""

from __future__ import annotations

from git_ai_trail.config import RepositoryConfig
from git_ai_trail.errors import GitError, TrailError
from git_ai_trail.pipeline import sharing
from git_ai_trail.pipeline.action.job import Job
from git_ai_trail.pipeline.policy import policy_of

REMOTE = "origin"
_QUIET = ("fetch", "--quiet", "--no-write-fetch-head", "--no-recurse-submodules")


def complete(job: Job) -> None:
    """Makes a shallow checkout whole: a report on half a history would be wrong, and look right."""
    if job.git.text("rev-parse", "--is-shallow-repository", check=False) != "true":
        return
    job.log.notice("the checkout was shallow and has been completed; fetch-depth: 0 does so at once")
    try:
        job.git.run(*_QUIET, "--unshallow", "--no-tags", REMOTE)
    except GitError as error:
        hint = "give actions/checkout the input fetch-depth: 0"
        raise TrailError(f"the rest of the history cannot be fetched ({error.message})", hint) from None


def tags(job: Job) -> None:
    """Brings all tags, which tell releases apart; those that are here stay as they are."""
    code, _ = job.git.call(*_QUIET, "--no-tags", REMOTE, "refs/tags/*:refs/tags/*")
    if code != 0:
        job.log.say("tags were not fetched, or differ from those that are here; those that are here count")


def commit(job: Job, oid: str) -> str:
    """A commit that the event names, fetched where it is missing."""
    if oid and job.git.resolve(oid) is None:
        job.git.call(*_QUIET, "--no-tags", REMOTE, oid)
    found = job.git.resolve(oid) if oid else None
    if found is None:
        hint = "give actions/checkout the input fetch-depth: 0"
        raise TrailError(f"the commit {oid[:12] or '(none)'} that the event names is not here", hint)
    return found


def policy(job: Job, base: str = "") -> tuple[RepositoryConfig, str]:
    """(policy, where it is from): of the input policy-ref, else of the commit `base`, else of the default branch's tip.

    Never that of the checkout, which may be a stranger's.
    """
    named = job.inputs["policy-ref"]
    if named:
        return policy_of(job.git, named), named
    if base:
        return policy_of(job.git, base), base[:12]
    branch = job.default_branch()
    ref = f"refs/remotes/{REMOTE}/{branch}"
    job.git.call(*_QUIET, "--no-tags", REMOTE, f"+refs/heads/{branch}:{ref}")
    if job.git.resolve(ref) is None:
        raise TrailError(
            f"the branch {branch} whose policy counts cannot be fetched", "set the input policy-ref to a commit"
        )
    return policy_of(job.git, ref), branch


def records(job: Job) -> None:
    """Brings the records that were shared. A repository without any is no error; a remote that cannot be asked is."""
    try:
        sharing.fetch(job.git, job.git.common_dir(), REMOTE)
    except GitError as error:
        hint = "the job needs `permissions: contents: read`, and the checkout a remote of the name origin"
        raise TrailError(f"the shared records cannot be fetched ({error.message})", hint) from None


def pull_request(job: Job, number: int) -> None:
    """Brings a pull request's commits, which tell what changed in each; without them only its records speak."""
    job.git.call(*_QUIET, "--no-tags", REMOTE, f"refs/pull/{number}/head")
