"""Finds `git commit`, `git cherry-pick` and `git revert` in a script and, in what came back, the commits that it made."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

from git_ai_trail.facts import CommitMade
from git_ai_trail.formats.paths import resolve
from git_ai_trail.formats.reply import Reply
from git_ai_trail.formats.shell.lexer import DYNAMIC
from git_ai_trail.formats.shell.steps import Script, Step, steps_of
from git_ai_trail.lazy import pattern

_WITH_VALUE = ("-C", "-c", "--git-dir", "--work-tree", "--namespace", "--exec-path", "--config-env")
_NO_COMMIT = ("--dry-run", "-h", "--help", "--porcelain", "--short", "--long")
# These make commits of what is in others; with one of the words only the index is changed, or nothing at all.
_TAKE_OVER = ("cherry-pick", "revert")
_TAKES_NOTHING = ("-n", "--no-commit", "--abort", "--quit", "--skip", "-h", "--help")
_MADE = pattern(r"^\[([^\]\n]{1,300}?) ([0-9a-f]{7,64})\](?= |$)", re.MULTILINE)
_OID_LINE = pattern(r"^([0-9a-f]{7,64})(?: (?:\([^)\n]*\) )?(.*))?$", re.MULTILINE)
_NOT_MADE = (
    "nothing to commit",
    "nothing added to commit",
    "no changes added to commit",
    "Aborting commit",
    "fatal:",
    "error: pathspec",
    "not a git repository",
    "error: could not apply",
    "error: could not revert",
)
_SEARCHED = 64 * 1024


class CommitCall(NamedTuple):
    """One `git commit`, or another command that makes one, in a script. `shown` says that a later command of the script prints
    the new commit's oid, `sure` that this command runs only if the commit was made."""

    workdir: str
    subject: str
    shown: bool
    sure: bool


def has_commit(text: str) -> bool:
    """A cheap test: False where `commit_calls` would find nothing."""
    return "git" in text and ("commit" in text or "cherry-pick" in text or "revert" in text)


def commit_calls(scripts: tuple[Script, ...]) -> tuple[CommitCall, ...]:
    """The commits that scripts would make, in order."""
    found: list[CommitCall] = []
    for script in scripts:
        if has_commit(script.text):
            steps = steps_of(script)
            found.extend(_call(steps, index) for index, step in enumerate(steps) if _commits(step))
    return tuple(found)


def git_command(step: Step) -> tuple[str, tuple[str, ...], str]:
    """Subcommand, its arguments and the folder of a git command; an empty subcommand for anything else."""
    words, folder = step.words, step.folder
    if step.program.removesuffix(".exe") != "git":
        return "", (), folder
    at = 1
    while at < len(words) and words[at].startswith("-"):
        if words[at] == "-C" and at + 1 < len(words):
            folder = "" if DYNAMIC in words[at + 1] else resolve(words[at + 1], folder)
        at += 2 if words[at] in _WITH_VALUE else 1
    return (words[at], words[at + 1 :], folder) if at < len(words) else ("", (), folder)


def _commits(step: Step) -> bool:
    name, arguments, _ = git_command(step)
    if name in _TAKE_OVER:
        return bool(arguments) and not any(word in _TAKES_NOTHING for word in arguments)
    return name == "commit" and not any(word in _NO_COMMIT for word in arguments)


def _call(steps: list[Step], index: int) -> CommitCall:
    _, arguments, folder = git_command(steps[index])
    shown, sure = False, True
    for step in steps[index + 1 :]:
        name, rest, _ = git_command(step)
        sure = sure and step.command.after in ("&&", "|")
        if name == "commit" or name in _TAKE_OVER:
            break
        if (
            name == "log"
            and any(
                word.startswith(("--oneline", "--format=%h", "--pretty=format:%h", "--pretty=oneline")) for word in rest
            )
        ) or (name == "rev-parse" and "HEAD" in rest):
            shown = True
            break
    return CommitCall(folder, _subject(arguments) or _given_subject(steps, index, arguments), shown, shown and sure)


def _given_subject(steps: list[Step], index: int, arguments: tuple[str, ...]) -> str:
    """The first line of a message that comes from a heredoc: `git commit -F - <<X` and `git commit -m "$(cat <<X …)"`."""
    step = steps[index]
    before = steps[index - 1] if index else step
    heredoc = None
    if "-F-" in arguments or "--file=-" in arguments or ("-F", "-") in pairwise(arguments):
        heredoc = step.heredoc
    elif DYNAMIC in arguments and before.program == "cat" and before.command.depth > step.command.depth:
        heredoc = before.heredoc
    first = heredoc.body.lstrip("\n").split("\n")[0] if heredoc is not None else ""
    return "" if heredoc is not None and not heredoc.literal and any(mark in first for mark in "$`\\") else first


def _subject(arguments: tuple[str, ...]) -> str:
    for index, word in enumerate(arguments):
        if word in ("-m", "--message", "-am", "-qm", "-aqm", "-qam", "-sm") and index + 1 < len(arguments):
            subject = arguments[index + 1].lstrip("\n").split("\n")[0]
            return "" if DYNAMIC in subject else subject
        if word.startswith("--message="):
            return word[len("--message=") :].split("\n")[0]
    return ""


def commits_made(calls: tuple[CommitCall, ...], reply: Reply, call_id: str) -> list[CommitMade]:
    """The commits that an answered call made; with an empty oid where it succeeded without printing one."""
    text = reply.text if len(reply.text) <= 2 * _SEARCHED else reply.text[:_SEARCHED] + "\n" + reply.text[-_SEARCHED:]
    printed = [_named(found) for found in _MADE.finditer(text)]
    if printed:
        return [
            CommitMade(oid, branch, calls[min(index, len(calls) - 1)].workdir, call_id)
            for index, (branch, oid) in enumerate(printed)
        ]
    if reply.status in ("declined", "running") or any(mark in text for mark in _NOT_MADE):
        return []
    for call in calls:
        oid = _shown(call, text) if call.shown else ""
        if oid:
            return [CommitMade(oid, "", call.workdir, call_id)]
    return [CommitMade("", "", calls[-1].workdir, call_id)] if reply.exit_code == 0 else []


def _named(found: re.Match[str]) -> tuple[str, str]:
    branch = found[1].split(" (")[0]
    # A detached HEAD is named in words, in the user's language; a branch has no spaces.
    return ("" if " " in branch else branch), found[2]


def _shown(call: CommitCall, text: str) -> str:
    for found in _OID_LINE.finditer(text):
        if call.sure or (call.subject and found[2] is not None and found[2].strip() == call.subject.strip()):
            return found[1]
    return ""
