"""What people do with commits, each as a function of a world and of two small numbers that choose between variants.

Each move does it with a real git, and tells the model what it means: which commit was made of which, and what the hooks saw.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from tests.survival.world import FILES, World

Move = Callable[[World, int, int], None]

_EDIT = {"GIT_EDITOR": "true", "GIT_SEQUENCE_EDITOR": "true"}
# No hook and no setting of ours takes part: somebody else's machine.
_ELSEWHERE = ("-c", "core.hooksPath=/dev/null", "-c", "notes.rewriteRef=refs/notes/none")


def commit(world: World, a: int, b: int) -> None:
    """A session's lines, a person's, or both, committed with -m, with -a, by pathspec or from an editor."""
    _write(world, a, b)
    subject = world.subject()
    how = (a + b) % 4
    if how == 0:
        world.git("add", "-A")
        world.git("commit", "-q", "-m", subject)
    elif how == 1:
        world.git("add", "-N", ".")
        world.git("commit", "-q", "-a", "-m", subject)
    elif how == 2:
        world.git("commit", "-q", "-m", subject, "--", *FILES)
    else:
        world.git("add", "-A")
        world.git("commit", "-q", env={"GIT_EDITOR": _saying(world, subject)})
    world.stamps()


def part(world: World, a: int, b: int) -> None:
    """Half of what was written is staged (as `add -p` does), the rest is committed next."""
    _write(world, a, 1)
    _write(world, a + 1, 6)
    patch = world.git("diff", "-U0", "--", FILES[a % 3])
    world.git("apply", "--cached", "--unidiff-zero", "-", stdin=f"{patch}\n")
    world.git("commit", "-q", "-m", world.subject("half"))
    world.stamps()
    world.git("commit", "-q", "-a", "--allow-empty", "-m", world.subject("the rest"))
    world.stamps()


def amend(world: World, a: int, b: int) -> None:
    key = world.key("HEAD")
    if b % 4 != 3:
        _write(world, a, b)
    if b % 2:
        # A person takes a line away that the commit had added.
        _drop_one(world, a)
    world.git("add", "-A")
    if a % 2:
        world.git("commit", "-q", "--amend", "--allow-empty", "--no-edit")
    else:
        world.git("commit", "-q", "--amend", "--allow-empty", "-m", f"{key} other words")
    world.stamps()


def reword(world: World, a: int, b: int) -> None:
    oids = world.oids("-4", "--no-merges", "HEAD")
    oid = oids[a % len(oids)]
    if world.git("rev-list", "--merges", f"{oid}..HEAD") or oid == world.oids("HEAD")[0]:
        return
    key = world.key(oid)
    _rebase(
        world, "-i", f"{oid}^", env={**_todo(world, {oid: "reword"}), "GIT_EDITOR": _saying(world, f"{key} reworded")}
    )


def interactive(world: World, a: int, b: int) -> None:
    """Squash, fixup, drop, edit and reorder, of the last commits."""
    oids = _linear(world, 4)
    if len(oids) < 3:
        return
    *_, first, second = oids[: 2 + a % 2]
    verb = ("squash", "fixup", "drop", "edit", "reorder", "fixup -C")[b % 6]
    keys = world.key(first), world.key(second)
    if verb == "reorder":
        _rebase(world, "-i", f"{oids[0]}^", env={**_EDIT, **_todo(world, {}, order=(second, first))})
        return
    if verb in ("squash", "fixup"):
        world.joins(keys[0], [keys[1]])
    if verb == "fixup -C":
        world.joins(keys[1], [keys[0]])
    if verb == "edit":
        world.tries("rebase", "-i", f"{oids[0]}^", env={**_EDIT, **_todo(world, {second: "edit"})})
        world.git("commit", "-q", "--amend", "--no-edit")
        _finish(world, "rebase")
        return
    _rebase(world, "-i", f"{oids[0]}^", env={**_EDIT, **_todo(world, {second: verb})})


def autosquash(world: World, a: int, b: int) -> None:
    oids = _linear(world, 3)
    if len(oids) < 2:
        return
    target = oids[a % len(oids)]
    key = world.key(target)
    _write(world, a, b)
    world.git("add", "-A")
    world.git(
        "commit", "-q", "--allow-empty", f"--{('fixup', 'squash')[b % 2]}={target}", *(["-m", "more"] if b % 2 else [])
    )
    world.stamps()
    world.joins(key, [world.key("HEAD")])
    _rebase(world, "-i", "--autosquash", f"{oids[0]}^", env=_EDIT)


def rebase(world: World, a: int, b: int) -> None:
    """A topic onto what main became meanwhile, with either back end, with --exec or with --onto."""
    _branch(world)
    base = world.git("rev-parse", "HEAD")
    commit(world, a, b)
    commit(world, a + 1, b + 3)
    topic = world.git("symbolic-ref", "--short", "HEAD")
    world.git("checkout", "-q", "-b", f"{topic}-upstream", base)
    _write(world, a + b, b)
    world.git("commit", "-q", "-a", "--allow-empty", "-m", world.subject("upstream"))
    world.stamps()
    world.git("checkout", "-q", topic)
    how = (["--apply"], ["--merge"], ["--exec", "true"], ["--onto", f"{topic}-upstream"])[b % 4]
    last = [f"{topic}-upstream"] if how[0] != "--onto" else [base if a % 2 else "HEAD~1"]
    _rebase(world, *how, *last, env=_EDIT)


def cherry_pick(world: World, a: int, b: int) -> None:
    """Of one or several commits onto another branch, with -x, with -n, or plain."""
    oids = _linear(world, 3)
    if len(oids) < 2:
        return
    picked = oids[-1:] if a % 2 else oids[-2:]
    home = world.git("rev-parse", f"{oids[0]}^")
    _branch(world, home)
    how = ([], ["-x"], ["-n"], ["-e"])[b % 4]
    keys = [world.key(one) for one in picked]
    if how == ["-n"]:
        if not world.tries("cherry-pick", "-n", *picked):
            _resolve(world)
        world.git("commit", "-q", "--allow-empty", "-m", world.subject("picked"))
        # It looks like any commit, and is stamped as one.
        world.stamps()
        return
    if not world.tries("cherry-pick", *how, *picked, env=_EDIT):
        _finish(world, "cherry-pick")
    assert {world.key("HEAD")} <= {*keys, world.key(home)}


def revert(world: World, a: int, b: int) -> None:
    oids = _linear(world, 3)
    if oids and not world.tries("revert", "--no-edit", oids[a % len(oids)]):
        _finish(world, "revert")


def merge(world: World, a: int, b: int) -> None:
    """A topic into main: as a merge, as a squash with or without the messages of its commits."""
    _branch(world)
    base = world.git("rev-parse", "HEAD")
    topic = world.git("symbolic-ref", "--short", "HEAD")
    commit(world, a, b)
    commit(world, a + 1, b + 1)
    keys = [world.key(one) for one in world.oids(f"{base}..{topic}")]
    world.git("checkout", "-q", "-b", f"{topic}-main", base)
    if a % 2:
        _write(world, a, b)
        world.git("commit", "-q", "-a", "--allow-empty", "-m", world.subject("main"))
        world.stamps()
    how = b % 4
    if how == 0:
        subject = world.subject("merge")
        more = ["--no-commit"] if b >= 4 else []
        if not world.tries("merge", "-q", "--no-ff", *more, "-m", subject, topic) or more:
            _resolve(world)
            if more:
                # What is written while a merge is under way is the merge's own.
                _write(world, a + 2, b + 1)
                world.git("add", "-A")
            world.git("commit", "-q", "--no-edit")
            world.stamps()
        return
    if not world.tries("merge", "-q", "--squash", topic):
        _resolve(world)
    subject = world.subject("squash")
    if how == 1:
        world.git("commit", "-q", "-m", subject)
    else:
        path = world.git("rev-parse", "--git-path", "SQUASH_MSG")
        text = (world.root / path).read_text()
        world.git("commit", "-q", "-F", "-", stdin=f"{subject}\n\n{text}")
    world.joins(subject.split(" ")[0], keys)


def stash(world: World, a: int, b: int) -> None:
    _write(world, a, b)
    world.git("stash", "-q")
    commit(world, a + 1, 0)
    if not world.tries("stash", "pop"):
        _resolve(world)
        world.git("stash", "drop", "-q")
    world.git("commit", "-q", "-a", "--allow-empty", "-m", world.subject("after stash"))
    world.stamps()


def reset(world: World, a: int, b: int) -> None:
    oids = _linear(world, 2)
    if oids:
        world.git("reset", "-q", "--soft" if a % 2 else "--mixed", f"{oids[0]}^")
        world.git("add", "-A")
        world.git("commit", "-q", "--allow-empty", "-m", world.subject("again"))
        world.stamps()


def worktree(world: World, a: int, b: int) -> None:
    name = f"tree{len(world.said)}"
    world.git("worktree", "add", "-q", "-b", name, str(world.folder / name))
    there = world.at(world.folder / name)
    commit(there, a, b)
    world._lines, world._commits = there._lines, there._commits
    if a % 2:
        world.git("merge", "-q", "--ff-only", name)


def detached(world: World, a: int, b: int) -> None:
    world.git("checkout", "-q", "--detach")
    commit(world, a, b)
    world.git("checkout", "-q", "-b", f"kept{len(world.said)}")


def filtered(world: World, a: int, b: int) -> None:
    """What filter-repo does: every commit is written anew, with another author, and neither hooks nor notes know."""
    made: dict[str, str] = {}
    for oid in world.oids("--branches", "HEAD"):
        tree, parents, message = world.git("log", "-1", "--format=%T%x00%P%x00%B", oid).split("\0", 2)
        links = [word for parent in parents.split() for word in ("-p", made[parent])]
        who = {"GIT_AUTHOR_NAME": "Another Name", "GIT_COMMITTER_NAME": "Another Name"}
        made[oid] = world.git("commit-tree", tree, *links, stdin=message, env=who)
    head = world.git("rev-parse", "HEAD")
    world.git("update-ref", "HEAD", made[head])
    # What filter-repo leaves behind of the old history is nothing but the notes.
    for line in world.git("for-each-ref", "--format=%(refname) %(objectname)", "refs/heads").splitlines():
        ref, oid = line.split()
        if oid in made:
            world.git("update-ref", ref, made[oid])


def on_a_host(world: World, a: int, b: int) -> None:
    """A squash or a rebase merge made by a code host, and records carried over it by hand."""
    _branch(world)
    base = world.git("rev-parse", "HEAD")
    topic = world.git("symbolic-ref", "--short", "HEAD")
    commit(world, a, b)
    commit(world, a + 1, b + 2)
    world.git("checkout", "-q", "-b", f"{topic}-main", base)
    commit(world, a + 2, b)
    ahead = world.git("rev-parse", "HEAD")
    if b % 2:
        if not world.tries(*_ELSEWHERE, "cherry-pick", f"{base}..{topic}"):
            _finish(world, "cherry-pick", *_ELSEWHERE)
        for new in world.oids(f"{ahead}..HEAD"):
            old = [one for one in world.oids(f"{base}..{topic}") if world.key(one) == world.key(new)]
            world.run("git-ai-trail", "notes", "carry", new, "--from", old[0], "--op", "rebase")
        return
    if not world.tries(*_ELSEWHERE, "merge", "-q", "--squash", topic):
        _resolve(world)
    subject = world.subject("squashed on a host")
    messages = world.git("log", "--reverse", "--format=* %B", f"{base}..{topic}") if a % 2 else ""
    world.git(*_ELSEWHERE, "commit", "-q", "--allow-empty", "-F", "-", stdin=f"{subject} (#1)\n\n{messages}\n")
    world.joins(subject.split(" ")[0], [world.key(one) for one in world.oids(f"{base}..{topic}")])
    world.run("git-ai-trail", "notes", "carry", "HEAD", "--from", f"{base}..{topic}")


MOVES: dict[str, Move] = {
    one.__name__: one
    for one in (
        commit,
        part,
        amend,
        reword,
        interactive,
        autosquash,
        rebase,
        cherry_pick,
        revert,
        merge,
        stash,
        reset,
        worktree,
        detached,
        filtered,
        on_a_host,
    )
}


def _write(world: World, a: int, b: int) -> None:
    """Lines by a session (mostly), by a person, or by both, into one file or two."""
    world.writes((1, 2, 1, 0)[b % 4], FILES[a % 3], b)
    if b % 3 == 0:
        world.writes(0, FILES[(a + b) % 3], a, 1)
    if b % 5 == 0:
        world.writes(2, FILES[(a + 1) % 3], a + b)


def _drop_one(world: World, a: int) -> None:
    added = sorted(world.added("HEAD").lines.items())
    if added:
        (path, _), line = added[a % len(added)]
        world.put(path, [one for one in world.lines(path) if one != line])


def _linear(world: World, most: int) -> list[str]:
    """The last commits, oldest first, as far as no merge and no root is among them."""
    oids: list[str] = []
    for oid in world.oids("--first-parent", f"-{most}", "HEAD")[::-1]:
        if len(world.git("log", "-1", "--format=%P", oid).split()) != 1:
            break
        oids.insert(0, oid)
    return oids


def _branch(world: World, at: str = "HEAD") -> None:
    world.git("checkout", "-q", "-b", f"topic{len(world.said)}", at)


def _rebase(world: World, *args: str, env: dict[str, str]) -> None:
    if not world.tries("rebase", "-q", *args, env=env):
        _finish(world, "rebase")


def _finish(world: World, what: str, *options: str) -> None:
    """Resolves conflict after conflict; what turns out empty is skipped."""
    for _ in range(20):
        if not _is_under_way(world, what):
            return
        _resolve(world)
        empty = not world.git("status", "--porcelain", "-uno")
        go_on = "--skip" if empty and what != "rebase" else "--continue"
        if not world.tries(*options, what, go_on, env=_EDIT) and not _is_under_way(world, what):
            return
    raise AssertionError(f"{what} does not end: {world.git('status')}")


def _is_under_way(world: World, what: str) -> bool:
    names = {
        "rebase": ("rebase-merge", "rebase-apply"),
        "cherry-pick": ("CHERRY_PICK_HEAD", "sequencer"),
        "revert": ("REVERT_HEAD", "sequencer"),
    }
    return any(os.path.exists(world.root / world.git("rev-parse", "--git-path", name)) for name in names[what])


def _resolve(world: World) -> None:
    """As a careful person does: what both sides have stays, in the order of ours; nothing comes twice."""
    for path in FILES:
        sides = [_side(world, number, path) for number in (1, 2, 3)]
        if any(side is None for side in sides[1:]) or not world.git("ls-files", "-u", "--", path):
            continue
        base, ours, theirs = ([] if side is None else side for side in sides)
        gone = {line for line in base if line not in theirs}
        new = [line for line in theirs if line not in base and line not in ours]
        kept = [line for line in ours if line not in gone]
        at = min((index for index, line in enumerate(kept) if line in base), default=0) + 1
        world.put(path, [*kept[:at], *new, *kept[at:]])
        world.git("add", path)


def _side(world: World, number: int, path: str) -> Sequence[str] | None:
    if not world.tries("cat-file", "-e", f":{number}:{path}"):
        return None
    return world.git("cat-file", "-p", f":{number}:{path}").splitlines()


def _saying(world: World, message: str) -> str:
    """An editor that writes this message over the first line and keeps what stands below."""
    editor = world.folder / f"editor{len(world.said)}"
    editor.write_text(f"#!/bin/sh\nsed -i '1s/.*/{message}/' \"$1\"\n")
    editor.chmod(0o755)
    return str(editor)


def _todo(world: World, verbs: dict[str, str], order: tuple[str, str] | None = None) -> dict[str, str]:
    """An editor of the list of commits: another verb for some of them, or two of them exchanged."""
    editor = world.folder / f"todo{len(world.said)}"
    script = "".join(f"-e 's/^pick {oid[:7]}\\S*/{verb} {oid[:7]}/' " for oid, verb in verbs.items())
    if order:
        second, first = (one[:7] for one in order)
        script = f"-e '/^pick {first}/{{h;d}}' -e '/^pick {second}/{{G}}' "
    editor.write_text(f'#!/bin/sh\nsed -i -E {script}"$1"\n')
    editor.chmod(0o755)
    return {"GIT_SEQUENCE_EDITOR": str(editor)}
