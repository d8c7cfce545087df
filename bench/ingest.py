#!/usr/bin/env python3
"""How quickly logs are read into the trail database and into the index, and how much memory that takes.

    python bench/ingest.py [FOLDER …] [--size 200] [--runs 3] [--jobs 2] [--files 10000] [--big] [--keep DIR] [--json]

Every figure is of a whole process: started, run to its end, and waited for. In each run, over the same files: the
yardstick (a bare loop that reads lines and decodes them with Python's json), `git-ai-trail ingest` into an empty
database with one process and with several, the same again with nothing changed, and the commit index from nothing and
again; after `make fast` also what that compiled. `of bare` is the speed as a share of the yardstick's. Folders are of Codex
logs; without any, a set is made (--size in MB). --files is how many small logs the last set has, of which nothing changes;
--big adds a log of 2 GB and one with a line of 200 MB. Seconds are medians, memory is the largest peak of one process, CPU
that of all processes together.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

PROGRAM = str(Path(sys.executable).with_name("git-ai-trail"))
# What `make fast` makes.
COMPILED = Path(__file__).resolve().parents[1] / ".fast" / "bin" / "git-ai-trail"
REAL = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "real"
MB = 1_000_000

BARE = "bare JSON-decoding loop"
DECODE = """
import json, sys
for path in sys.argv[1:]:
    with open(path, "rb") as file:
        for line in file:
            try:
                json.loads(line)
            except ValueError:
                pass
"""
INDEX = """
import os, sys
from git_ai_trail.pipeline.indexing import build
build(dict(os.environ, CODEX_HOME="/nowhere"), log_roots=sys.argv[1:])
"""


class Took(NamedTuple):
    """One process: seconds by the clock, seconds of CPU (children included), peak memory in MB."""

    wall: float
    cpu: float
    memory: float


class Row(NamedTuple):
    name: str
    seconds: float
    least: float
    most: float
    cpu: float
    memory: float
    size: int  # bytes of the logs; 0 where speed says nothing
    events: int


def main() -> None:
    options = arguments()
    folder = Path(options.keep or tempfile.mkdtemp(prefix="ingest-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    results: dict[str, list[Row]] = {}
    try:
        print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
        for name, paths in sets(folder, options):
            results[name] = compare(folder, paths, options)
            show(name, results[name])
        if options.files:
            paths = many(folder, options.files)
            results["unchanged"] = unchanged(folder, paths, options.runs)
            show(f"{options.files:,} small logs, none of them changed", results["unchanged"])
        for name, path in huge(folder) if options.big else ():
            results[name] = memory(folder, path, options.jobs)
            show(name, results[name])
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        print(json.dumps({name: [row._asdict() for row in rows] for name, rows in results.items()}))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--size", type=int, default=200, help="MB of made logs, where no folder is given; 0: none")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--files", type=int, default=10_000, help="small logs for the look at unchanged ones; 0: none")
    parser.add_argument("--big", action="store_true", help="also a log of 2 GB and one with a line of 200 MB")
    parser.add_argument("--keep", help="folder to keep made logs in (and to use again)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON as well")
    return parser.parse_args()


def sets(folder: Path, options: argparse.Namespace) -> Iterable[tuple[str, list[Path]]]:
    for given in options.folders:
        yield str(given), logs_below(given)
    if options.folders or not options.size:
        return
    made = folder / f"made-{options.size}"
    if not made.exists():
        made_logs("set", made, options.size * MB)
    yield "made logs", logs_below(made)
    if REAL.is_dir():
        yield "real logs", logs_below(REAL)


def made_logs(what: str, where: Path, amount: int) -> None:
    script = Path(__file__).with_name("made_logs.py")
    subprocess.run([sys.executable, str(script), what, str(where), str(amount)], check=True)


def logs_below(folder: Path) -> list[Path]:
    found = sorted(folder.rglob("*.jsonl"))
    return found or sys.exit(f"no logs below {folder}")


def compare(folder: Path, paths: list[Path], options: argparse.Namespace) -> list[Row]:
    """The yardstick, ingest and index over the same files, in turn."""
    size, events = sum(path.stat().st_size for path in paths), count_lines(paths)
    names = [str(path) for path in paths]
    root = os.path.commonpath([path.parent for path in paths])
    took: dict[str, list[Took]] = {}

    def take(name: str, home: Path, command: Sequence[str | Path]) -> None:
        took.setdefault(name, []).append(timed(command, home))

    warm(folder / "home")
    for _ in range(options.runs):
        take(BARE, folder / "home", [sys.executable, "-c", DECODE, *names])
        for jobs in dict.fromkeys((1, options.jobs)):
            if COMPILED.exists():
                take(f"compiled --jobs {jobs}", fresh_home(folder), [COMPILED, "ingest", "--jobs", str(jobs), root])
            home = fresh_home(folder)
            take(f"ingest --jobs {jobs}", home, [PROGRAM, "ingest", "--jobs", str(jobs), root])
        take("ingest, nothing changed", home, [PROGRAM, "ingest", root])
        take("index", home, [sys.executable, "-c", INDEX, root])
        take("index, nothing changed", home, [sys.executable, "-c", INDEX, root])
    return [row(name, found, 0 if "nothing" in name else size, events) for name, found in took.items()]


def many(folder: Path, count: int) -> list[Path]:
    made = folder / f"small-{count}"
    if not made.exists():
        made_logs("many", made, count)
    return logs_below(made)


def unchanged(folder: Path, paths: list[Path], runs: int) -> list[Row]:
    """The second look at many logs; the first, which reads them all, is only shown for its own sake."""
    root = os.path.commonpath([path.parent for path in paths])
    home = fresh_home(folder)
    size, events = sum(path.stat().st_size for path in paths), count_lines(paths)
    ingest, index = [PROGRAM, "ingest", root], [sys.executable, "-c", INDEX, root]
    rows = [
        row(f"{name}, first look", [timed(how, home)], size, events)
        for name, how in (("ingest", ingest), ("index", index))
    ]
    for name, how in (("ingest", ingest), ("index", index)):
        rows.append(row(f"{name}, nothing changed", [timed(how, home) for _ in range(runs)], 0, 0))
    return rows


def huge(folder: Path) -> Iterable[tuple[str, Path]]:
    large = folder / "large" / "rollout-2026-05-01T08-00-00-11111111-1111-4111-8111-111111111111.jsonl"
    if not large.exists():
        made_logs("one", large, 2000 * MB)
    yield "one log of 2 GB", large
    long = folder / "long" / "rollout-2026-05-01T08-00-00-22222222-2222-4222-8222-222222222222.jsonl"
    if not long.exists():
        made_logs("one", long, 5 * MB)
        with long.open("ab") as file:
            file.write(
                b'{"timestamp":"2026-05-02T08:00:00Z","type":"event_msg","payload":{"type":"agent_message","message":"'
            )
            for _ in range(200):
                file.write(b"x" * MB)
            file.write(b'"}}\n')
    yield "one log with a line of 200 MB", long


def memory(folder: Path, path: Path, jobs: int) -> list[Row]:
    home = fresh_home(folder)
    size, events = path.stat().st_size, count_lines([path])
    ingest = timed([PROGRAM, "ingest", "--jobs", str(jobs), str(path)], home)
    index = timed([sys.executable, "-c", INDEX, str(path.parent)], home)
    return [row("ingest", [ingest], size, events), row("index", [index], size, events)]


def count_lines(paths: Sequence[Path]) -> int:
    return sum(map(lines_in, paths))


def lines_in(path: Path) -> int:
    with path.open("rb") as file:
        return sum(part.count(b"\n") for part in iter(lambda: file.read(MB), b""))


def warm(home: Path) -> None:
    """Compiles the patterns, once: they stay for the runs that follow."""
    home.mkdir(exist_ok=True)
    # Without a log there is nothing to redact, and nothing is compiled.
    log = home / "rollout-2026-05-01T07-00-00-33333333-3333-4333-8333-333333333333.jsonl"
    log.write_text(
        '{"timestamp":"2026-05-01T07:00:00Z","type":"event_msg","payload":{"type":"agent_message","message":"x"}}\n'
    )
    for program in {PROGRAM, str(COMPILED)}:
        if os.path.exists(program):
            timed([program, "ingest", str(log)], home)
    log.unlink()


def fresh_home(folder: Path) -> Path:
    """A home without a database, but with the compiled patterns that any second run finds."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    for name in (".local/share/git-ai-trail/trail.db", ".cache/git-ai-trail/index.db"):
        for suffix in ("", "-wal", "-shm"):
            (home / f"{name}{suffix}").unlink(missing_ok=True)
    return home


def timed(command: Sequence[str | Path], home: Path) -> Took:
    # What keeps Python from holding on to compiled modules would be measured too, which nobody has who uses the program.
    foreign = ("GIT_", "CODEX_", "XDG_", "PYTHON")
    env = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    env |= {"HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, command[:4]))} failed")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(took, cpu, usage.ru_maxrss / 1024)


def row(name: str, found: Sequence[Took], size: int, events: int) -> Row:
    walls = [one.wall for one in found]
    cpu = statistics.median(one.cpu for one in found)
    return Row(
        name, statistics.median(walls), min(walls), max(walls), cpu, max(one.memory for one in found), size, events
    )


def show(name: str, rows: Sequence[Row]) -> None:
    size, events = max(one.size for one in rows), max(one.events for one in rows)
    print(f"\n{name}: {size / MB:,.1f} MB, {events:,} lines")
    print(
        f"{'':28}{'seconds':>9}{'least':>8}{'most':>8}{'CPU':>8}{'MB/s':>8}{'of bare':>9}{'events/s':>11}{'memory':>10}"
    )
    yardstick = next((one.seconds for one in rows if one.name == BARE), 0.0)
    for one in rows:
        share = f"{yardstick / one.seconds:>9.3f}" if yardstick else f"{'':9}"
        speed = (
            f"{one.size / MB / one.seconds:>8.1f}{share}{one.events / one.seconds:>11,.0f}" if one.size else f"{'':28}"
        )
        figures = f"{one.seconds:>9.2f}{one.least:>8.2f}{one.most:>8.2f}{one.cpu:>8.2f}{speed}{one.memory:>7.0f} MB"
        print(f"{one.name:<28}{figures}", flush=True)


if __name__ == "__main__":
    main()
