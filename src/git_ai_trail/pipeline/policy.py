"""The repository's policy as one commit has it: in CI that of the base branch, which a pull request cannot change."""

from __future__ import annotations

from git_ai_trail.config import RepositoryConfig, load_repository, parse_repository
from git_ai_trail.errors import ConfigError, TrailError
from git_ai_trail.git import Git
from git_ai_trail.settings import MAX_FILE, REPOSITORY_FILE


def policy_of(git: Git, rev: str = "") -> RepositoryConfig:
    """The policy at the commit `rev`, or the worktree's where it is empty; the defaults where there is no file.

    Raises `ConfigError` for a file that cannot be used: a policy that cannot be read allows nothing.
    """
    if not rev:
        return load_repository(git.toplevel())
    oid = git.resolve(rev)
    if oid is None:
        raise TrailError(f"git knows no commit {rev!r} to take the policy from", "fetch it, or name another")
    entry = git.run("ls-tree", "-z", "-l", "--full-tree", oid, "--", REPOSITORY_FILE)
    head = entry.partition(b"\t")[0].decode("ascii", "replace").split()
    if not head:
        return RepositoryConfig()
    where = f"{rev}:{REPOSITORY_FILE}"
    if head[0] not in ("100644", "100755") or not head[3].isdigit():
        raise ConfigError(f"{where}: not a regular file", "replace it by a file, or remove it")
    if int(head[3]) > MAX_FILE:
        raise ConfigError(f"{where}: larger than {MAX_FILE // 1024} KiB", "make it smaller")
    body = git.blobs([head[2]])[0] or b""
    try:
        return parse_repository(body.decode("utf-8"), where)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{where}: not UTF-8", "save the file as UTF-8") from error
