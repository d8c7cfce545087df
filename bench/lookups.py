#!/usr/bin/env python3
"""How long it takes to look one thing up: `show` of a commit, `blame` of a file beside git's own blame.

    python bench/lookups.py [--commits 5000] [--lines 600] [--each 10] [--runs 9] [--json]

A repository is made in which a file grew over many commits, a few lines each, every commit with a record in its note.
Each command is run as a whole process, in turn with its yardstick; printed are medians and what was allowed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from git_ai_trail.attach.record import digest
from report import MODELS, PROGRAM, START, Shape, notes, record, run_import

FILE = "src/grown.py"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--commits", type=int, default=5000)
    parser.add_argument("--lines", type=int, default=600, help="lines that the file has in the end")
    parser.add_argument("--each", type=int, default=10, help="lines of it that a commit adds")
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lookups-bench-") as folder:
        repo = Path(folder, "repo")
        make(repo, options.commits, options.lines, options.each)
        rows = measure(repo, Path(folder, "home"), options.runs)
    if options.json:
        print(json.dumps(rows))
        return
    print(
        f"{options.commits:,} commits with records; a file of {options.lines:,} lines from {options.lines // options.each:,} of them"
    )
    print(f"{'':22}{'median ms':>11}{'least':>9}{'most':>9}{'allowed':>10}")
    for name, row in rows.items():
        allowed = f"{row['allowed']:>10.0f}" if row["allowed"] else ""
        print(f"{name:<22}{row['median']:>11.0f}{row['least']:>9.0f}{row['most']:>9.0f}{allowed}")


def make(repo: Path, count: int, lines: int, each: int) -> None:
    subprocess.run(["git", "init", "-q", "-b", "main", str(repo)], check=True)
    records: dict[int, bytes] = {}
    marks = repo / "marks"
    run_import(repo, commits(count, lines, each, records), f"--export-marks={marks}")
    oids = {int(mark[1:]): oid for mark, oid in (line.split() for line in marks.read_text().splitlines())}
    run_import(repo, notes("refs/notes/ai-log-trail", oids, records))
    marks.unlink()
    subprocess.run(["git", "gc", "-q"], cwd=repo, check=True)
    subprocess.run(["git", "reset", "-q", "--hard"], cwd=repo, check=True)


def commits(count: int, lines: int, each: int, records: dict[int, bytes]) -> Iterator[bytes]:
    """The last commits add some lines each to the file; those before write others beside it."""
    shape = Shape(count, 1, each, 1)
    grown: list[bytes] = []
    growing = count - lines // each
    for number in range(1, count + 1):
        path = FILE if number > growing else f"src/other{number % 200}.py"
        new = [f"    value_{number}_{n} = compute({number * 31 + n})".encode() for n in range(each)]
        at = (number * 7919) % (len(grown) // each + 1) * each
        if path == FILE:
            grown[at:at] = new
        records[number] = record(number, {path: new}, {path: []} if number > growing + 1 else {}, shape)
        sealed = digest(json.loads(records[number])["core"])
        message = f"Change {number}\n\nAssisted-by: Codex:{MODELS[number % 2]}\nAI-Trail: 1:{sealed}\n"
        who = f"A. Person <person@example.com> {START + number * 600} +0000"
        yield f"commit refs/heads/main\nmark :{number}\nauthor {who}\ncommitter {who}\n".encode()
        yield f"data {len(message)}\n{message}".encode()
        if number > 1:
            yield f"from :{number - 1}\n".encode()
        text = b"".join(row + b"\n" for row in (grown if path == FILE else new))
        yield f"M 100644 inline {path}\ndata {len(text)}\n".encode() + text + b"\n"


def measure(repo: Path, home: Path, runs: int) -> dict[str, dict[str, float]]:
    home.mkdir()
    commands = {
        "git show": ["git", "show", "HEAD"],
        "git ai-trail show": [PROGRAM, "show", "HEAD"],
        "git blame": ["git", "blame", FILE],
        "git ai-trail blame": [PROGRAM, "blame", FILE],
    }
    found: dict[str, list[float]] = {name: [] for name in commands}
    for run in range(runs + 1):
        for name, command in commands.items():
            took = timed(command, repo, home)
            if run:
                found[name].append(took)
    medians = {name: statistics.median(each) for name, each in found.items()}
    allowed = {"git ai-trail show": 150.0, "git ai-trail blame": 1.5 * medians["git blame"] + 150}
    return {
        name: {"median": medians[name], "least": min(each), "most": max(each), "allowed": allowed.get(name, 0.0)}
        for name, each in found.items()
    }


def timed(command: list[str], repo: Path, home: Path) -> float:
    # With PYTHONDONTWRITEBYTECODE each run would compile its modules anew.
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    env |= {"HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1"}
    began = time.perf_counter()
    done = subprocess.run(command, cwd=repo, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    took = (time.perf_counter() - began) * 1000
    if done.returncode != 0 or not done.stdout:
        sys.exit(f"{' '.join(command)} failed: {done.stderr.decode()}")
    return took


if __name__ == "__main__":
    main()
