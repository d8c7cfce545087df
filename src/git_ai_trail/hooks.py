"""What each git hook does. Runs inside `git commit`: imports little, writes no text, and its failure costs no commit.

prepare-commit-msg makes the record when no editor will open, commit-msg otherwise; post-commit attaches what was made.
Commits that git makes from other commits (rebase, cherry-pick, merge, squash, revert) are never stamped anew.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from git_ai_trail import places, process
from git_ai_trail import settings as configured
from git_ai_trail.attach import notes, pending, trailers
from git_ai_trail.errors import TrailError
from git_ai_trail.git import empty_tree
from git_ai_trail.pipeline import stamp, worktree
from git_ai_trail.settings import Settings

_EDITORLESS = ":"


def main(argv: Sequence[str]) -> int:
    """Runs one hook: `main(["commit-msg", FILE])`. Always 0: a commit is never lost to us."""
    name, args = (argv[0], list(argv[1:])) if argv else ("", [])
    run = _HOOKS.get(name)
    if run is None:
        print(f"ai-trail: no such hook: {name[:40]!r}", file=sys.stderr)
        return 0
    try:
        env = {**os.environ, "GIT_AI_TRAIL_PARENT": process.git_commit(os.environ)}
        if configured.switched_off(env):
            return 0
        tree = worktree.open_worktree(os.getcwd())
        settings = configured.read(
            tree.git,
            common_dir=tree.common_dir,
            toplevel=tree.root,
            config_dir=places.config_dir(env),
            env=env,
        )
        for problem in settings.problems:
            print(f"ai-trail: {problem}", file=sys.stderr)
        if settings.enabled:
            run(tree, settings, env, args)
    except TrailError as error:
        print(f"ai-trail: not recorded: {error.message}", file=sys.stderr)
    except Exception as error:
        # The kind of error and the place in our own code; never its text, which may come from a log.
        print(f"ai-trail: not recorded: {_place(error)} (run `git ai-trail doctor`)", file=sys.stderr)
    return 0


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" at {os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{where}"


def _prepare_commit_msg(tree: worktree.Worktree, settings: Settings, env: Mapping[str, str], args: list[str]) -> None:
    """Acts only when no editor opens: an untouched buffer would become a commit whose subject is our trailer."""
    source = args[1] if len(args) > 1 else env.get("PRE_COMMIT_COMMIT_MSG_SOURCE", "")
    if env.get("GIT_EDITOR") != _EDITORLESS:
        return
    if source in ("merge", "squash") or _is_rewriting(tree):
        _settle(tree, env, "")
        return
    of = args[2] if len(args) > 2 else env.get("PRE_COMMIT_COMMIT_OBJECT_NAME", "")
    amend = (source == "commit" and of in ("HEAD", tree.head)) or _parent_amends(env)
    _stamp(tree, settings, env, _message_file(tree, args), amend=amend)


def _commit_msg(tree: worktree.Worktree, settings: Settings, env: Mapping[str, str], args: list[str]) -> None:
    """Acts on commits from an editor, and wherever prepare-commit-msg did not run."""
    if _is_settled(tree, env) or _is_rewriting(tree):
        return
    message_file = _message_file(tree, args)
    if not _is_untouched_template(tree, env, message_file):
        _stamp(tree, settings, env, message_file, amend=_parent_amends(env))


def _stamp(
    tree: worktree.Worktree, settings: Settings, env: Mapping[str, str], message_file: str, *, amend: bool
) -> None:
    message = _read(message_file)
    if _is_revert(message):
        _settle(tree, env, "")
        return
    base, tip = stamp.being_committed(tree, amend=amend)
    named = trailers.record_digest(message)
    kept = pending.read(tree.git_dir, named) if named else None
    if kept is not None and kept.tree == tip:
        # The other message hook has stamped this commit already, and knew whether it is an amended one.
        return
    old = tree.head if amend else ""
    now = time.time()
    made = stamp.make(tree, settings, env, base=base, tip=tip, now=now, old=old)
    if made is None:
        if amend and trailers.record_digest(message):
            gone = stamp.old_trailers(settings.profile, stamp.old_core(tree.git, old))
            trailers.write(tree.git, message_file, (), replaces=gone)
        _settle(tree, env, tip)
        return
    stamp.keep(tree, made, quiet=settings.quiet, now=now)
    if made.trailers:
        trailers.write(tree.git, message_file, made.trailers, replaces=made.replaces)
    _settle(tree, env, made.tree)


def _post_commit(tree: worktree.Worktree, settings: Settings, env: Mapping[str, str], args: list[str]) -> None:
    """Attaches the record that was made for this commit, or makes one if no message hook ran; then feeds the database."""
    if not _is_rewriting(tree):
        _attach(tree, settings, env)
    _settle(tree, {}, "")
    if settings.ingest:
        _start_ingest(tree)


def _attach(tree: worktree.Worktree, settings: Settings, env: Mapping[str, str]) -> None:
    oid, tip, parents, message = tree.git.text("log", "-1", "--format=%H%x00%T%x00%P%x00%B").split("\0", 3)
    digest = trailers.record_digest(message)
    kept = pending.read(tree.git_dir, digest) if digest else pending.for_tree(tree.git_dir, tip)
    if kept is not None:
        line, said = kept.line, kept.summary
    elif digest or _is_revert(message) or len(parents.split()) > 1 or _was_settled_for(tree, env, tip):
        # What still waits was made for a commit that never came.
        pending.clear(tree.git_dir)
        return
    else:
        base = parents or empty_tree(oid)
        made = stamp.make(tree, settings, env, base=base, tip=tip, now=time.time())
        if made is None:
            return
        line, said = made.line, stamp.summary(made.match)
    notes.add_lines(tree.git, tree.common_dir, oid, [line])
    pending.clear(tree.git_dir)
    if said and not settings.quiet:
        print(f"ai-trail: {said}", file=sys.stderr)


def _post_rewrite(tree: worktree.Worktree, settings: Settings, env: Mapping[str, str], args: list[str]) -> None:
    """Mends what git's own copying of notes leaves out: an amended commit whose message hooks did not know it."""
    command = args[0] if args else env.get("PRE_COMMIT_REWRITE_COMMAND", "")
    if command != "amend" or _is_rewriting(tree):
        return
    for old, new in _rewritten(tree):
        stamp.mend_amended(tree, settings, env, old=old, new=new, now=time.time())


def _rewritten(tree: worktree.Worktree) -> list[tuple[str, str]]:
    """(old, new) pairs from stdin; hook managers leave it empty, then the reflog knows."""
    said = "" if sys.stdin is None or sys.stdin.isatty() else sys.stdin.read(1 << 20)
    pairs = [tuple(line.split()[:2]) for line in said.splitlines() if len(line.split()) >= 2]
    if not pairs:
        old = tree.git.resolve("HEAD@{1}")
        pairs = [(old, tree.head)] if old and tree.head else []
    return [(old, new) for old, new in pairs if old != new]


def _is_rewriting(tree: worktree.Worktree) -> bool:
    return stamp.is_rewriting(tree.git_dir)


def _is_revert(message: str) -> bool:
    """git leaves no other sign of a clean revert."""
    return message.startswith('Revert "') and "\nThis reverts commit " in message


def _parent_amends(env: Mapping[str, str]) -> bool:
    """Whether git was called with --amend: with -m it looks like a new commit to every hook."""
    words = process.arguments(env.get("GIT_AI_TRAIL_PARENT", ""))
    return any(word.startswith("--am") and "--amend".startswith(word) for word in words)


def _is_untouched_template(tree: worktree.Worktree, env: Mapping[str, str], message_file: str) -> bool:
    """Whether the message is a template that nobody filled in: git then makes no commit, unless we add a line."""
    words = process.arguments(env.get("GIT_AI_TRAIL_PARENT", ""))
    stated = [after for word, after in pairwise(words) if word in ("-t", "--template")]
    stated += [word.partition("=")[2] for word in words if word.startswith("--template=")]
    template = stated[-1] if stated else tree.git.text("config", "--type=path", "--get", "commit.template", check=False)
    if not template:
        return False
    texts = (_read(os.path.join(tree.root, template)), _read(message_file))
    bare = [tree.git.run("stripspace", "-s", data=text.encode("utf-8", "surrogateescape")) for text in texts]
    return bare[0] == bare[1]


def _message_file(tree: worktree.Worktree, args: list[str]) -> str:
    """The file with the message. A hook manager's file filter may have dropped the argument."""
    return args[0] if args else f"{tree.git_dir}/COMMIT_EDITMSG"


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read(1 << 20)
    except OSError:
        return ""


def _settle(tree: worktree.Worktree, env: Mapping[str, str], tip: str) -> None:
    """Notes that this git process's commit is dealt with, so that the hooks after this one need not start Python."""
    pending.settle(tree.git_dir, env.get("GIT_AI_TRAIL_PARENT", ""), tip)


def _is_settled(tree: worktree.Worktree, env: Mapping[str, str]) -> bool:
    pid, _ = pending.settled(tree.git_dir)
    return pid != "" and pid == env.get("GIT_AI_TRAIL_PARENT", "")


def _was_settled_for(tree: worktree.Worktree, env: Mapping[str, str], tip: str) -> bool:
    pid, settled_tip = pending.settled(tree.git_dir)
    return (pid != "" and pid == env.get("GIT_AI_TRAIL_PARENT", "")) or (settled_tip != "" and settled_tip == tip)


def _start_ingest(tree: worktree.Worktree) -> None:
    """Starts the ingest that feeds the database, on its own: nobody waits for it and nothing holds it."""
    env = {key: value for key, value in tree.git.env.items() if not key.startswith(("GIT_", "PYTHON"))}
    subprocess.Popen(
        [sys.executable, "-P", "-m", "git_ai_trail", "ingest", "--after-commit", tree.root, "HEAD"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=tree.root,
        env={**env, "PYTHONPATH": ""} if "PYTHONPATH" in os.environ else env,
        close_fds=True,
        start_new_session=True,
    )


_HOOKS: dict[str, Callable[[worktree.Worktree, Settings, Mapping[str, str], list[str]], None]] = {
    "prepare-commit-msg": _prepare_commit_msg,
    "commit-msg": _commit_msg,
    "post-commit": _post_commit,
    "post-rewrite": _post_rewrite,
}
