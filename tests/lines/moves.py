"""What people and agents do, each as a function of a world, a place and three small numbers that choose between variants."""

from __future__ import annotations

from collections.abc import Callable

from tests.lines.world import FILES, Agent, World, Wrote

Move = Callable[[World, str, int, int, int], None]


def agent_writes(world: World, place: str, a: int, b: int, c: int) -> None:
    """New lines somewhere in a file, some of the old ones gone."""
    world.tick()
    agent = world.agent(place, a % 2)
    if c % 3 or agent.turn < 0:
        agent.ask(world.at)
    _change(world, place, FILES[b % 3], b + c, 3 + (a + c) % 5, c % 4, agent)


def person_writes(world: World, place: str, a: int, b: int, c: int) -> None:
    _change(world, place, FILES[b % 3], b + c, 1 + (a + c) % 4, c % 3, None)


def agent_moves_a_block(world: World, place: str, a: int, b: int, c: int) -> None:
    """An agent that moves lines writes them again: they are its own now."""
    world.tick()
    agent = world.agent(place, a % 2)
    agent.ask(world.at)
    _move(world, place, FILES[b % 3], b, c, agent)


def person_moves_a_block(world: World, place: str, a: int, b: int, c: int) -> None:
    _move(world, place, FILES[b % 3], a, c, None)


def person_deletes(world: World, place: str, a: int, b: int, c: int) -> None:
    path = FILES[b % 3]
    lines = world.read(place, path)
    first = (a + c) % (len(lines) + 1)
    world.tick()
    world.write(place, path, [*lines[:first], *lines[first + 1 + c % 3 :]], Wrote(world.at, "", -1))


def renames(world: World, place: str, a: int, b: int, c: int) -> None:
    """The file goes on under another name, and later writers find it under its old one no more."""
    path, repo = FILES[b % 3], world.places[place]
    if not world.read(place, path):
        return
    world.tick()
    repo.git("add", "-A")
    repo.git("mv", "-f", path, f"{path.removesuffix('.py')}_{a % 2}.py")


def commits(world: World, place: str, a: int, b: int, c: int) -> None:
    world.commit(world.places[place])


def commits_a_part(world: World, place: str, a: int, b: int, c: int) -> None:
    """Every other hunk of the files that git knows is staged, as `add -p` does; the rest stays in the worktree."""
    repo = world.places[place]
    repo.git("add", "-N", ".")
    repo.git("reset", "-q")
    patch = repo.git("diff", "-U0", "--no-renames")
    if not patch:
        return
    head: list[str] = []
    chosen: list[str] = []
    number = 0
    for line in patch.split("\n"):
        if line.startswith("diff --git"):
            head = [line]
        elif line.startswith("@@"):
            number += 1
            if number % 2 == a % 2:
                chosen += [*head, line]
                head = []
        elif (head and not line.startswith(("+", "-"))) or line.startswith(("+++ ", "--- ")):
            head.append(line)
        elif number % 2 == a % 2:
            chosen.append(line)
    if chosen:
        repo.git("apply", "--cached", "--unidiff-zero", "--recount", "-", stdin="\n".join(chosen) + "\n")
        world.commit(repo, "--no-edit")


def amends(world: World, place: str, a: int, b: int, c: int) -> None:
    repo = world.places[place]
    repo.git("add", "-A")
    world.commit(repo, "--amend")


def stashes(world: World, place: str, a: int, b: int, c: int) -> None:
    """Work is put aside; the next time it comes back, if it still fits."""
    repo = world.places[place]
    if place in world.stashed:
        world.stashed.remove(place)
        done = repo.run("git", "stash", "list").stdout.splitlines()
        mine = next((one.partition(":")[0] for one in done if f"from {place}" in one), "")
        if mine and not repo.git("status", "--porcelain"):
            repo.git("stash", "pop", "-q", mine)
        return
    if repo.git("status", "--porcelain"):
        repo.git("stash", "push", "-q", "-u", "-m", f"from {place}")
        world.stashed.add(place)


def person_puts_back(world: World, place: str, a: int, b: int, c: int) -> None:
    """Lines of a file that were committed, and somebody took out, are brought back by a person and committed."""
    path = FILES[b % 3]
    lines = world.read(place, path)
    gone = world.committed_and_gone(place, path)
    if not lines or not gone:
        return
    world.commit(world.places[place])
    world.tick()
    at = (a + c) % (len(lines) + 1)
    back = gone[a % len(gone) :][: 1 + c % 5]
    for line in back:
        world.history[line].append(Wrote(world.at, "", -1))
        world.brought_back.add(line)
    world.write(place, path, [*lines[:at], *back, *lines[at:]], Wrote(world.at, "", -1))
    world.commit(world.places[place])


def days_pass(world: World, place: str, a: int, b: int, c: int) -> None:
    world.tick(3600 * (1 + (a * 7 + b) % 40))


def is_copied_elsewhere(world: World, place: str, a: int, b: int, c: int) -> None:
    """A person makes the same change in another repository."""
    path = FILES[b % 3]
    lines = world.read("here", path)
    world.tick()
    world.write("other", path, lines, Wrote(world.at, "", -1))
    if a % 2:
        world.commit(world.places["other"])


def _change(world: World, place: str, path: str, where: int, more: int, fewer: int, agent: Agent | None) -> None:
    world.tick()
    lines = world.read(place, path)
    at = where % (len(lines) + 1)
    new = [world.token() for _ in range(more)]
    world.write(place, path, [*lines[:at], *new, *lines[at + fewer :]], _by(world, agent), agent)


def _move(world: World, place: str, path: str, first: int, to: int, agent: Agent | None) -> None:
    lines = world.read(place, path)
    if len(lines) < 6:
        return
    world.tick()
    first %= len(lines) - 3
    block, rest = lines[first : first + 3], lines[:first] + lines[first + 3 :]
    to %= len(rest) + 1
    # Taken out first and put in then, so that it is plain which lines were written again.
    world.write(place, path, rest, _by(world, agent), agent)
    world.write(place, path, [*rest[:to], *block, *rest[to:]], _by(world, agent), agent)


def _by(world: World, agent: Agent | None) -> Wrote:
    return Wrote(world.at, "", -1) if agent is None else Wrote(agent.log.at, agent.session, agent.turn)


MOVES: dict[str, Move] = {
    move.__name__: move
    for move in (
        agent_writes,
        person_writes,
        agent_moves_a_block,
        person_moves_a_block,
        person_deletes,
        renames,
        commits,
        commits_a_part,
        amends,
        stashes,
        person_puts_back,
        days_pass,
        is_copied_elsewhere,
    )
}
