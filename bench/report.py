#!/usr/bin/env python3
"""How long a report takes over a release of many commits, each with a record of its own.

    python bench/report.py [--commits 10000] [--files 3] [--lines 10] [--sessions 1] [--forms md,html,json]
                           [--runs 5] [--keep DIR] [--json]

A repository is made with git fast-import: commits of three files and 30 lines, each with a record of a session in
its note, an annex, and a trailer that vouches for the record. Then `git-ai-trail report` is run as a whole process in
each form, in turn with the yardstick, `git log -p -U0` over the same range. Printed are medians and the largest peak of
memory of one process, and what was measured: a lighter history gives better figures.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from git_ai_trail.attach.annex import AnnexSession, annex_line
from git_ai_trail.attach.record import build_core, digest, lines_digest, note_line
from git_ai_trail.facts import CommitMatch, EvidenceFact, FileDiff, FileMatch, Range, SessionMatch
from git_ai_trail.model import TokenTotals

START = 1_750_000_000
FORMS = "md,html,json"
MODELS = ("gpt-5.5", "gpt-6-astra")
PROGRAM = str(Path(sys.executable).with_name("git-ai-trail"))


class Shape(NamedTuple):
    """What a history is like."""

    commits: int
    files: int
    lines: int
    sessions: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--commits", type=int, default=10_000)
    parser.add_argument("--files", type=int, default=3, help="files that a commit changes")
    parser.add_argument("--lines", type=int, default=10, help="lines of each of them")
    parser.add_argument("--sessions", type=int, choices=(1, 2), default=1, help="sessions in each record")
    parser.add_argument("--forms", default=FORMS)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--keep", help="folder to keep the repository in (and to use again)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    folder = Path(options.keep or tempfile.mkdtemp(prefix="report-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        shape = Shape(options.commits, options.files, options.lines, options.sessions)
        repo = folder / "repo-{}-{}-{}-{}".format(*shape)
        if not repo.exists():
            make(repo, shape)
        rows = measure(repo, folder / "home", options.runs, options.forms.split(","))
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        print(json.dumps({**shape._asdict(), "rows": rows}))
        return
    git = subprocess.run(["git", "version"], capture_output=True, text=True).stdout.strip()
    print(f"{git}, Python {sys.version.split()[0]}, {os.cpu_count()} cores")
    each = f"{shape.files} x {shape.lines} lines, {shape.sessions} session(s) in the record"
    print(f"{shape.commits:,} commits, each of {each}")
    print(f"{'':28}{'seconds':>9}{'least':>9}{'most':>9}{'memory':>10}{'written':>11}")
    for name, row in rows.items():
        figures = f"{row['median']:>9.2f}{row['least']:>9.2f}{row['most']:>9.2f}"
        print(f"{name:<28}{figures}{row['memory_mb']:>7.0f} MB{row['bytes'] / 1e6:>8.1f} MB")


def measure(repo: Path, home: Path, runs: int, forms: list[str]) -> dict[str, dict[str, float]]:
    commands = {
        "git log -p -U0": ["git", "log", "-p", "-U0", "v1.0.0..v2.0.0"],
        **{
            f"report --format {form}": [PROGRAM, "report", "--release", "v2.0.0", "--format", form, "--no-store"]
            for form in forms
        },
    }
    figures: dict[str, list[tuple[float, float, int]]] = {name: [] for name in commands}
    for run in range(runs + 1):
        for name, command in commands.items():
            found = timed(command, repo, home)
            if run:  # the first is a warm-up
                figures[name].append(found)
    return {
        name: {
            "median": statistics.median(one[0] for one in found),
            "least": min(one[0] for one in found),
            "most": max(one[0] for one in found),
            "memory_mb": max(one[1] for one in found),
            "bytes": found[0][2],
        }
        for name, found in figures.items()
    }


def timed(command: list[str], repo: Path, home: Path) -> tuple[float, float, int]:
    """(seconds, peak memory in MB of the largest process, bytes printed)."""
    home.mkdir(exist_ok=True)
    # With PYTHONDONTWRITEBYTECODE each run would compile its modules anew.
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    env |= {"HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1"}
    with tempfile.TemporaryFile() as out:
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=repo, env=env, stdout=out, stdin=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        took = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"{' '.join(command)} failed")
        return took, usage.ru_maxrss / 1024, out.tell()


def make(repo: Path, shape: Shape) -> None:
    """The repository, by two fast-imports: commits first, then notes, which need the commits' names."""
    subprocess.run(["git", "init", "-q", "-b", "main", str(repo)], check=True)
    marks = repo / "marks"
    lines: dict[int, bytes] = {}
    run_import(repo, commits(shape, lines), f"--export-marks={marks}")
    oids = {int(mark[1:]): oid for mark, oid in (line.split() for line in marks.read_text().splitlines())}
    run_import(repo, notes("refs/notes/ai-log-trail", oids, lines))
    annexes = {number: annex_of(line) for number, line in lines.items()}
    run_import(repo, notes("refs/notes/ai-log-trail-prompts", oids, annexes))
    subprocess.run(["git", "tag", "v1.0.0", oids[1]], cwd=repo, check=True)
    subprocess.run(["git", "tag", "v2.0.0", oids[shape.commits + 1]], cwd=repo, check=True)
    subprocess.run(["git", "gc", "-q"], cwd=repo, check=True)
    subprocess.run(["git", "reset", "-q", "--hard"], cwd=repo, check=True)
    marks.unlink()


def run_import(repo: Path, stream: Iterator[bytes], *options: str) -> None:
    process = subprocess.Popen(["git", "fast-import", "--quiet", *options], cwd=repo, stdin=subprocess.PIPE)
    assert process.stdin is not None
    for part in stream:
        process.stdin.write(part)
    process.stdin.close()
    if process.wait() != 0:
        sys.exit("git fast-import failed")


def commits(shape: Shape, lines: dict[int, bytes]) -> Iterator[bytes]:
    """A first commit without a record, then `shape.commits` with one; the notes' lines are left in `lines`."""
    before: dict[str, list[bytes]] = {}
    for number in range(1, shape.commits + 2):
        parts = range(shape.files if number > 1 else 0)
        texts = {f"src/part{n}/m{number % 400:03}.py": body(number, n, shape.lines) for n in parts}
        message = f"Change number {number} of the module\n"
        if texts:
            lines[number] = record(number, texts, before, shape)
            sealed = digest(json.loads(lines[number])["core"])
            message += f"\nAssisted-by: Codex:{MODELS[number % 2]}\nAI-Trail: 1:{sealed}\n"
        who = f"A. Person <person@example.com> {START + number * 600} +0000"
        yield f"commit refs/heads/main\nmark :{number}\nauthor {who}\ncommitter {who}\n".encode()
        yield f"data {len(message)}\n{message}".encode()
        if number > 1:
            yield f"from :{number - 1}\n".encode()
        for path, rows in texts.items():
            text = b"".join(row + b"\n" for row in rows)
            yield f"M 100644 inline {path}\ndata {len(text)}\n".encode() + text
        yield b"\n"


def body(number: int, part: int, lines: int) -> list[bytes]:
    return [f"    value_{number}_{part}_{n} = compute({number * 31 + n}, part={part})".encode() for n in range(lines)]


def record(number: int, texts: dict[str, list[bytes]], before: dict[str, list[bytes]], shape: Shape) -> bytes:
    """The note's line: all lines of each file but the first and the last belong to its sessions, in turn."""
    diffs, files = [], []
    for path in sorted(texts):
        rows = texts[path]
        old = before.get(path)
        modes = ("100644" if old else "000000", "100644")
        places = tuple(range(1, len(rows) + 1))
        diffs.append(
            FileDiff(
                path,
                path if old else "",
                "M" if old else "A",
                *modes,
                "",
                "",
                tuple(rows),
                tuple(old or ()),
                places,
                False,
                False,
            )
        )
        middle = max(1, (shape.lines - 2) // 2)
        parts = [(2, middle, 0), (2 + middle, shape.lines - 2 - middle, shape.sessions - 1)]
        ranges = [
            Range(a, n, session(number, s), "generated", s, lines_digest(rows[a - 1 : a - 1 + n]))
            for a, n, s in parts
            if n > 0
        ]
        files.append(FileMatch(path, len(rows), tuple(ranges)))
        before[path] = rows
    facts = (EvidenceFact("content", 9, 7, 80, "wrote these lines to this path"),)
    actions = (("calls", 9), ("commands", 5), ("edits", 4))
    sessions = tuple(
        SessionMatch(
            session(number, s),
            "codex",
            "0.169.0",
            (MODELS[number % 2],),
            "authored",
            facts,
            (s,),
            actions,
            ((s, f"{number:064x}"),),
            None,
            None,
            None,
        )
        for s in range(shape.sessions)
    )
    added, generated = shape.files * shape.lines, sum(r.count for one in files for r in one.ranges)
    match = CommitMatch(sessions, tuple(files), added, generated, 0, sum(len(one.removed) for one in diffs))
    return note_line(build_core(match, diffs, tool="git-ai-trail/0.1.0"), {})


def session(number: int, which: int) -> str:
    return f"019a55c1-{number // 20:04x}-7000-8000-{which:012x}"


def annex_of(line: bytes) -> bytes:
    core = json.loads(line)["core"]
    sessions = [
        AnnexSession(
            id=one["id"],
            tokens=TokenTotals(input=9000, cached=7000, output=500),
            cost_usd="0.0125",
            redactions={"email": 1},
        )
        for one in core["sessions"]
    ]
    return annex_line(digest(core), sessions, policy="none", ruleset="8" * 64, made_at=START)


def notes(ref: str, oids: dict[int, str], lines: dict[int, bytes]) -> Iterator[bytes]:
    yield f"commit {ref}\ncommitter n <n@example.com> {START} +0000\ndata 5\nnotes".encode() + b"\n"
    for number, line in lines.items():
        yield f"N inline {oids[number]}\ndata {len(line) + 1}\n".encode() + line + b"\n\n"


if __name__ == "__main__":
    main()
