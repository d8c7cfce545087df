"""What each git hook does. Runs inside `git commit`: imports little, writes no text, and its failure costs no commit.

prepare-commit-msg makes the record when no editor will open, commit-msg otherwise; post-commit attaches what was made.
Commits that git makes from other commits (rebase, cherry-pick, merge, squash, revert) are never stamped anew.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from git_ai_trail import patience, places, process
from git_ai_trail import settings as configured
from git_ai_trail.attach import notes, pending, trailers
from git_ai_trail.errors import TrailError, is_damage, refusal
from git_ai_trail.git import base_of
from git_ai_trail.index.access import forget
from git_ai_trail.pipeline import rewritten, stamp, unfinished, worktree
from git_ai_trail.settings import Settings

Hook = Callable[[worktree.Worktree, Settings, Mapping[str, str], list[str]], None]

_EDITORLESS = ":"
_MESSAGE_HOOKS = ("prepare-commit-msg", "commit-msg")
_LONGEST_LIST = 1 << 24
# A rebase does not wait longer than this for its records; `notes carry` does it at any time.
_PATIENCE = 60.0
# Reading all logs for the first time takes its time.
_LONGEST_CHECK = 600.0


class _StoppedError(Exception):
    """What git was about to do must not be done; the text says why."""


def main(argv: Sequence[str]) -> int:
    """Runs one hook: `main(["commit-msg", FILE])`. 0: a commit is never lost to us; 1 for a push that somebody wanted stopped."""
    name, args = (argv[0], list(argv[1:])) if argv else ("", [])
    run = _HOOKS.get(name)
    if run is None:
        print(f"ai-trail: no such hook: {name[:40]!r}", file=sys.stderr)
        return 0
    env = {**os.environ, "GIT_AI_TRAIL_PARENT": process.git_commit(os.environ)}
    if configured.switched_off(env):
        return 0
    where: list[tuple[worktree.Worktree, Settings]] = []
    limit = {"post-rewrite": _PATIENCE, "pre-push": 2 * _LONGEST_CHECK}.get(name) or patience.seconds(env)
    waiting = patience.Patience(limit, lambda: _give_up(name, where, env))
    try:
        tree = worktree.open_worktree(os.getcwd())
        settings = configured.read(
            tree.git,
            common_dir=tree.common_dir,
            toplevel=tree.root,
            config_dir=places.config_dir(env),
            env=env,
        )
        where.append((tree, settings))
        for problem in settings.problems:
            print(f"ai-trail: {problem}", file=sys.stderr)
        if name == "post-commit" and rewritten.begun(tree, env):
            waiting.extend(_PATIENCE)
        if settings.enabled:
            _run_whatever_is_damaged(run, tree, settings, env, args)
    except _StoppedError as stopped:
        print(f"ai-trail: {stopped}", file=sys.stderr)
        return 1
    except Exception as error:
        # Under our own shims the last hook of the commit tries again what the first could not do; one line is enough.
        if name not in _MESSAGE_HOOKS or "GIT_AI_TRAIL_PARENT" not in os.environ:
            what = "not pushed along" if name == "pre-push" else "not recorded"
            print(f"ai-trail: {what}: {_reason(error)}", file=sys.stderr)
        # Whoever asked for a check does not want to push unchecked.
        return int(name == "pre-push" and bool(where) and where[0][1].verify)
    finally:
        waiting.end()
    return 0


def _run_whatever_is_damaged(
    run: Hook, tree: worktree.Worktree, settings: Settings, env: Mapping[str, str], args: list[str]
) -> None:
    """Runs the hook, and once more without the index where that was found damaged: all of it comes from the logs."""
    try:
        run(tree, settings, env, args)
    except Exception as error:
        if not is_damage(error):
            raise
        forget(places.index_path(env))
        print("ai-trail: the index was damaged; it is built anew from the logs", file=sys.stderr)
        run(tree, settings, env, args)


def _give_up(name: str, where: Sequence[tuple[worktree.Worktree, Settings]], env: Mapping[str, str]) -> None:
    """What is left to do when the time is over: the hooks to come do not try again, and what runs after the commit does it."""
    git_dir = where[0][0].git_dir if where else env.get("GIT_DIR", ".git")
    if name == "pre-push":
        return
    said = "not recorded in time, left for after the commit (or for `git ai-trail backfill`)"
    print(f"ai-trail: {said}", file=sys.stderr, flush=True)
    if os.path.isdir(git_dir):
        pending.settle(git_dir, env.get("GIT_AI_TRAIL_PARENT", "") if name in _MESSAGE_HOOKS else "", "")
    if name == "post-commit" and where and where[0][1].ingest:
        _start_ingest(where[0][0])


def _reason(error: Exception) -> str:
    """Why something failed; never the error's own text, which may come from a log."""
    if isinstance(error, TrailError):
        return error.message
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    refused = refusal(error)
    if refused:
        return refused
    return f"{_place(error)} (run `git ai-trail doctor`)"


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" at {os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{where}"


def _prepare_commit_msg(tree: worktree.Worktree, settings: Settings, env: Mapping[str, str], args: list[str]) -> None:
    """Writes only when no editor opens: an untouched buffer would become a commit whose subject is our trailer."""
    source = args[1] if len(args) > 1 else env.get("PRE_COMMIT_COMMIT_MSG_SOURCE", "")
    if env.get("GIT_EDITOR") != _EDITORLESS:
        if rewritten.is_picking(tree):
            # `cherry-pick -e` runs `git commit -n`: no other hook is asked while it is known what is picked.
            _pass_over(tree, env)
        return
    if source == "squash" or (_is_rewriting(tree) and not stamp.merge_heads(tree.git_dir)):
        _pass_over(tree, env)
        return
    of = args[2] if len(args) > 2 else env.get("PRE_COMMIT_COMMIT_OBJECT_NAME", "")
    amend = (source == "commit" and of in ("HEAD", tree.head)) or _parent_amends(env)
    _stamp(tree, settings, env, _message_file(tree, args), amend=amend)


def _commit_msg(tree: worktree.Worktree, settings: Settings, env: Mapping[str, str], args: list[str]) -> None:
    """Acts on commits from an editor, and wherever prepare-commit-msg did not run."""
    if _is_settled(tree, env):
        return
    if _is_rewriting(tree) and not stamp.merge_heads(tree.git_dir):
        _pass_over(tree, env)
        return
    message_file = _message_file(tree, args)
    if not _is_untouched_template(tree, env, message_file):
        _stamp(tree, settings, env, message_file, amend=_parent_amends(env))


def _pass_over(tree: worktree.Worktree, env: Mapping[str, str]) -> None:
    """A commit that git makes of others gets no record of its own; theirs are taken over once it exists."""
    if not rewritten.begin(tree, env):
        _settle(tree, env, "")


def _stamp(
    tree: worktree.Worktree, settings: Settings, env: Mapping[str, str], message_file: str, *, amend: bool
) -> None:
    message = _read(message_file)
    if _is_revert(message):
        if not rewritten.reverted(tree, message):
            _settle(tree, env, "")
        return
    notes.make_way(tree.common_dir)
    base, tip = stamp.being_committed(tree, amend=amend)
    named = trailers.record_digest(message)
    kept = pending.read(tree.git_dir, named) if named else None
    if kept is not None and kept.tree == tip:
        # The other message hook has stamped this commit already, and knew whether it is an amended one.
        return
    if " " in base and not tree.git.diff(base, tip):
        # Most merges only join what stands in one of the parents already.
        _settle(tree, env, tip)
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
    joined = rewritten.begun(tree, env)
    if len(joined) == 1 and rewritten.take_unchanged(tree, *joined[0]):
        pass
    elif joined:
        _take_over(tree, joined, "squash" if len(joined) > 1 else "cherry-pick")
    elif not _is_rewriting(tree):
        _attach(tree, settings, env)
    if joined:
        pending.ended(tree.git_dir)
    _settle(tree, {}, "")
    if settings.ingest:
        _start_ingest(tree)


def _attach(tree: worktree.Worktree, settings: Settings, env: Mapping[str, str]) -> None:
    oid, tip, parents, message = tree.git.text("log", "-1", "--format=%H%x00%T%x00%P%x00%B").split("\0", 3)
    digest = trailers.record_digest(message)
    kept = pending.read(tree.git_dir, digest) if digest else pending.for_tree(tree.git_dir, tip)
    if kept is not None:
        line, said = kept.line, kept.summary
    elif _is_revert(message):
        if taken_back := rewritten.reverted(tree, message):
            notes.add_lines(tree.git, tree.common_dir, oid, rewritten.reversal(tree, taken_back))
        _finish_others(tree)
        return
    elif digest or _was_settled_for(tree, env, tip) or _is_made_of_others(env):
        _finish_others(tree)
        return
    else:
        base = base_of(parents.split(), oid)
        made = stamp.make(tree, settings, env, base=base, tip=tip, now=time.time())
        if made is None:
            return
        line, said = made.line, stamp.summary(made.match)
    notes.add_lines(tree.git, tree.common_dir, oid, [line])
    if kept is not None:
        pending.clear(tree.git_dir, kept.digest)
    _finish_others(tree)
    if said and not settings.quiet:
        print(f"ai-trail: {said}", file=sys.stderr)


def _finish_others(tree: worktree.Worktree) -> None:
    """Attaches records that an earlier hook made and could not attach. What waits then was made for a commit that never came."""
    unfinished.finish(tree, now=time.time())
    pending.clear(tree.git_dir)


def _post_rewrite(tree: worktree.Worktree, settings: Settings, env: Mapping[str, str], args: list[str]) -> None:
    """Mends what git's own copying of notes leaves out: an amended commit whose message hooks did not know it, and what a
    rebase joined or changed."""
    command = args[0] if args else env.get("PRE_COMMIT_REWRITE_COMMAND", "")
    if command == "rebase":
        _take_over(tree, _rewritten(tree) or rewritten.of_rebase(tree), "")
    elif command == "amend" and not _is_rewriting(tree):
        for old, new in _rewritten(tree) or _by_reflog(tree):
            stamp.mend_amended(tree, settings, env, old=old, new=new, now=time.time())


def _rewritten(tree: worktree.Worktree) -> rewritten.Pairs:
    """(old, new) pairs from stdin; hook managers leave it empty."""
    said = "" if sys.stdin is None or sys.stdin.isatty() else sys.stdin.read(_LONGEST_LIST)
    return rewritten.pairs_in(said)


def _by_reflog(tree: worktree.Worktree) -> rewritten.Pairs:
    old = tree.git.resolve("HEAD@{1}")
    return [(old, tree.head)] if old and tree.head and old != tree.head else []


def _take_over(tree: worktree.Worktree, pairs: rewritten.Pairs, op: str) -> None:
    """Has the records of rewritten commits carried to what became of them, where git's own copy of the note does not do."""
    left = rewritten.open_ends(tree, pairs)
    if left:
        _run_ours(
            tree,
            ["notes", "carry", "--rewritten", "-", *(["--op", op] if op else [])],
            "".join(f"{old} {new}\n" for old, new in left),
            "carried over",
        )


def _pre_push(tree: worktree.Worktree, settings: Settings, env: Mapping[str, str], args: list[str]) -> None:
    """Checks what is pushed where somebody asked for that, then pushes the records along, to a remote that has a name."""
    if env.get("GIT_AI_TRAIL_PUSHING"):
        return
    remote = args[0] if args else env.get("PRE_COMMIT_REMOTE_NAME", "")
    if settings.verify:
        _verify_pushed(tree, env, remote)
    # A hook manager has this hook only where somebody put it there for the records' sake.
    asked = settings.push or "GIT_AI_TRAIL_PARENT" not in os.environ
    if asked and remote and remote in tree.git.text("remote").split("\n"):
        _run_ours(tree, ["notes", "push", "--", remote], "", "pushed")


def _verify_pushed(tree: worktree.Worktree, env: Mapping[str, str], remote: str) -> None:
    """Stops a push of commits that fail, and says why they do; what the logs here do not hold is said."""
    said = "" if sys.stdin is None or sys.stdin.isatty() else sys.stdin.read(_LONGEST_LIST)
    pushing = importlib.import_module("git_ai_trail.pipeline.pushing")
    revisions = pushing.being_pushed(tree, env, remote, said)
    if not revisions:
        return
    args = ["verify", "--evidence", "--only-problems", "--", *revisions]
    done = process.run_ours(args, cwd=tree.root, env=tree.git.env, said="", seconds=_LONGEST_CHECK)
    print(done[1] if done else "", end="", file=sys.stderr)
    if done is None or done[0] != 0:
        why = "what is pushed could not be verified" if done is None or done[0] > 1 else "not all that is pushed holds"
        raise _StoppedError(f"{why} (see `git ai-trail verify`; `git push --no-verify` pushes it all the same)")


def _is_rewriting(tree: worktree.Worktree) -> bool:
    return stamp.is_rewriting(tree.git_dir)


def _is_revert(message: str) -> bool:
    """git leaves no other sign of a clean revert; since 2.43 one of a revert is called a reapplication."""
    return message.startswith(('Revert "', 'Reapply "')) and "\nThis reverts commit " in message


def _is_made_of_others(env: Mapping[str, str]) -> bool:
    """Whether git was called to make commits of commits. After `--continue` it runs post-commit twice: once as `git commit`, which
    has dealt with everything, and once for itself, when nothing is under way any more."""
    words = process.arguments(env.get("GIT_AI_TRAIL_PARENT", ""))
    return any(word in ("cherry-pick", "revert", "rebase", "am") for word in words[1:2])


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
    """Starts the ingest that feeds the database."""
    process.start_ours(["ingest", "--after-commit", tree.root, "HEAD"], cwd=tree.root, env=tree.git.env)


def _run_ours(tree: worktree.Worktree, args: list[str], said: str, what: str) -> None:
    """Runs a command about records, and waits for it; that it failed is said and stops nothing."""
    done = process.run_ours(args, cwd=tree.root, env=tree.git.env, said=said, seconds=_PATIENCE)
    # What a person is told once must reach them, also where a hook is the first to push.
    for line in done[2].splitlines() if done else ():
        if line.startswith("first publication"):
            print(line, file=sys.stderr)
    if done is None or done[0] != 0:
        print(f"ai-trail: records were not {what} (see `git ai-trail notes {args[1]} -h`)", file=sys.stderr)


_HOOKS: dict[str, Hook] = {
    "prepare-commit-msg": _prepare_commit_msg,
    "commit-msg": _commit_msg,
    "post-commit": _post_commit,
    "post-rewrite": _post_rewrite,
    "pre-push": _pre_push,
}
