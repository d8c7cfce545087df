#!/usr/bin/env python3
"""What our hooks add to `git commit`: whole commits with them against without, alternating, beside 50 and 5,000 logs.

    python bench/hook_cost.py [--logs 50 5000] [--gigabytes 5] [--runs 40] [--corpus DIR] [--keep DIR]

The collections are made by repeating real logs (any folder of Codex rollouts; a synthetic one otherwise) with shifted ids
and times, spread over 120 days. One more log, today's, grows before every commit, as an agent's does. Printed: median and
95th percentile of the difference of each pair, for a commit with an agent's lines, for a person's, and switched off.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

LINE_TIME = re.compile(rb'^(\{"timestamp":")[0-9T:.\-]+Z')
UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def main() -> None:
    options = arguments()
    folder = Path(options.keep or tempfile.mkdtemp(prefix="hook-cost-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        print(machine())
        rows = [measure(folder / str(count), count, options) for count in options.logs]
        print_rows(rows)
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logs", type=int, nargs="+", default=[50, 5000])
    parser.add_argument("--gigabytes", type=float, default=5.0, help="size of the largest collection")
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument(
        "--corpus", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "corpus" / "real"
    )
    parser.add_argument("--keep", help="folder to keep the collections in (and to use again)")
    return parser.parse_args()


def machine() -> str:
    git = subprocess.run(["git", "version"], capture_output=True, text=True).stdout.strip()
    return f"{git}, Python {sys.version.split()[0]}, {os.cpu_count()} cores"


class World:
    """A home with a collection of logs, and one repository twice: with hooks and without."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.codex = folder / "codex"
        self.env = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "CODEX_", "XDG_", "PYTHON"))},
            "HOME": str(folder / "home"),
            "CODEX_HOME": str(self.codex),
            "GIT_CONFIG_NOSYSTEM": "1",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "LC_ALL": "C.UTF-8",
        }
        (folder / "home").mkdir(parents=True, exist_ok=True)
        (folder / "home" / ".gitconfig").write_text(
            "[user]\n\tname = A. Person\n\temail = person@example.com\n[init]\n\tdefaultBranch = main\n"
            "[gc]\n\tauto = 0\n"
        )

    def run(self, *command: str, cwd: Path | None = None) -> str:
        done = subprocess.run(command, cwd=cwd or self.folder, env=self.env, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{' '.join(command)}: {done.stderr or done.stdout}")
        return done.stdout


def make_logs(world: World, count: int, size: int, corpus: Path) -> int:
    """Fills the collection; returns its size in bytes. A collection that is already there is used again."""
    root = world.codex / "sessions"
    if root.exists():
        return sum(path.stat().st_size for path in root.rglob("*.jsonl"))
    sources = [path.read_bytes() for path in sorted(corpus.glob("*.jsonl")) if path.stat().st_size > 100_000]
    sources = [text for text in sources if b'"session_meta"' in text[:200_000]] or [synthetic()]
    chance = random.Random(1)
    total = 0
    for number in range(count):
        wanted = size // count
        text = min(chance.sample(sources, min(6, len(sources))), key=lambda one: abs(len(one) - wanted))
        began = dt.datetime.now(dt.UTC) - dt.timedelta(days=2 + 118 * (number / count))
        total += write_copy(root, text, began, wanted)
    return total


def write_copy(root: Path, text: bytes, began: dt.datetime, wanted: int) -> int:
    """One log: the text with a session id and times of its own, repeated up to the wanted size."""
    thread = str(uuid.uuid4()).encode()
    first = UUID.search(text)
    body = text.replace(first.group(0), thread) if first else text
    lines, moment = [], began
    size = 0
    while size < wanted:
        for line in body.splitlines(keepends=True):
            moment += dt.timedelta(seconds=1)
            stamp = moment.strftime("%Y-%m-%dT%H:%M:%S.000Z").encode()
            line = LINE_TIME.sub(rb"\g<1>" + stamp, line, count=1)
            lines.append(line)
            size += len(line)
            if size >= wanted:
                break
    folder = root / began.strftime("%Y/%m/%d")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"rollout-{began.strftime('%Y-%m-%dT%H-%M-%S')}-{thread.decode()}.jsonl"
    path.write_bytes(b"".join(lines))
    os.utime(path, (moment.timestamp(), moment.timestamp()))
    return size


def synthetic() -> bytes:
    """A log of about 600 kB where no corpus is at hand."""
    thread = str(uuid.uuid4())
    lines = [meta_line(thread, "/srv/elsewhere/project")]
    for number in range(300):
        lines.extend(edit_lines(f"call_{number}", f"src/module_{number % 40}.py", agent_lines(f"s{number}", 30)))
    return b"".join(lines)


def now_stamp() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def entry(kind: str, payload: dict[str, object]) -> bytes:
    return json.dumps({"timestamp": now_stamp(), "type": kind, "payload": payload}).encode() + b"\n"


def meta_line(thread: str, cwd: str) -> bytes:
    meta = {"id": thread, "timestamp": now_stamp(), "cwd": cwd, "originator": "codex_exec", "cli_version": "0.145.0"}
    return entry("session_meta", meta)


def edit_lines(call: str, path: str, lines: list[str]) -> Iterator[bytes]:
    """An apply_patch call that adds a file, and its output."""
    patch = f"*** Begin Patch\n*** Add File: {path}\n" + "".join(f"+{line}\n" for line in lines) + "*** End Patch"
    item = {"type": "custom_tool_call", "name": "apply_patch", "call_id": call, "input": patch}
    yield entry("response_item", item)
    said = f"Exit code: 0\nWall time: 0 seconds\nOutput:\nSuccess. Updated the following files:\nA {path}\n"
    yield entry("response_item", {"type": "custom_tool_call_output", "call_id": call, "output": said})


def agent_lines(seed: str, count: int) -> list[str]:
    chance = random.Random(seed)
    return [f"value_{chance.getrandbits(40):x} = compute_{chance.getrandbits(20):x}({n})" for n in range(count)]


class Live:
    """Today's log: the session that is working in both copies of the repository."""

    def __init__(self, world: World, cwd: Path) -> None:
        self.thread = str(uuid.uuid4())
        today = dt.datetime.now()
        folder = world.codex / "sessions" / today.strftime("%Y/%m/%d")
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"rollout-{today.strftime('%Y-%m-%dT%H-%M-%S')}-{self.thread}.jsonl"
        user = {"type": "user_message", "message": "Please write the modules."}
        context = {"cwd": str(cwd), "model": "gpt-5.5", "turn_id": "t1"}
        self.path.write_bytes(
            meta_line(self.thread, str(cwd)) + entry("turn_context", context) + entry("event_msg", user)
        )

    def write(self, number: int, path: str, lines: list[str]) -> None:
        with self.path.open("ab") as file:
            file.writelines(edit_lines(f"call_live_{number}", path, lines))


def make_repository(world: World, name: str) -> Path:
    root = world.folder / name
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    world.run("git", "init", "-q", ".", cwd=root)
    for number in range(200):
        path = root / f"src/part_{number % 20}/file_{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(agent_lines(f"base {number}", 120)) + "\n")
    world.run("git", "add", "-A", cwd=root)
    world.run("git", "commit", "-q", "-m", "base", cwd=root)
    return root


def commit(world: World, root: Path) -> float:
    """Seconds that one `git commit` takes."""
    start = time.perf_counter()
    world.run("git", "commit", "-q", "-m", "change", cwd=root)
    return time.perf_counter() - start


def pair(world: World, plain: Path, hooked: Path, files: dict[str, list[str]], *, hooked_first: bool) -> float:
    """The same change committed in both; what the hooks added, in milliseconds."""
    for root in (plain, hooked):
        for path, lines in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text("\n".join(lines) + "\n")
        world.run("git", "add", "-A", cwd=root)
    order = (hooked, plain) if hooked_first else (plain, hooked)
    took = {root: commit(world, root) for root in order}
    settle(world)
    return (took[hooked] - took[plain]) * 1000


def settle(world: World) -> None:
    """Waits for the ingest that a commit starts on its own, as the time between two commits does."""
    for _ in range(200):
        running = subprocess.run(["pgrep", "-f", "git_ai_trail ingest --after-commit"], capture_output=True)
        if running.returncode:
            return
        time.sleep(0.02)


def measure(folder: Path, count: int, options: argparse.Namespace) -> dict[str, object]:
    world = World(folder)
    size = make_logs(world, count, int(options.gigabytes * 1e9 * count / max(options.logs)), options.corpus)
    plain, hooked = make_repository(world, "plain"), make_repository(world, "hooked")
    start = time.perf_counter()
    world.run("git-ai-trail", "init", "--native", cwd=hooked)
    indexed = time.perf_counter() - start
    live = Live(world, hooked)
    found: dict[str, list[float]] = {"agent": [], "person": [], "off": []}
    for number in range(options.runs + 3):
        for kind, costs in found.items():
            lines = agent_lines(f"{kind} {number}", 40)
            path = f"src/{kind}/module_{number}.py"
            if kind == "agent":
                live.write(number, str(hooked / path), lines)
            world.run("git", "config", "ai-log-trail.enabled", "false" if kind == "off" else "true", cwd=hooked)
            cost = pair(world, plain, hooked, {path: lines}, hooked_first=number % 2 == 0)
            if number >= 3:
                costs.append(cost)
    notes = world.run("git", "notes", "--ref=ai-log-trail", "list", cwd=hooked).splitlines()
    if len(notes) != options.runs + 3:
        sys.exit(f"{len(notes)} notes for {options.runs + 3} commits with an agent's lines: nothing was measured")
    return {"logs": count, "bytes": size, "indexed": indexed, **found}


def print_rows(rows: list[dict[str, object]]) -> None:
    print(
        f"{'logs':>6} {'size':>9} {'first index':>12}   {'commit':<8} {'median':>9} {'p95':>9}   (added by all hooks, ms)"
    )
    medians = {}
    for row in rows:
        for kind in ("agent", "person", "off"):
            costs = sorted(row[kind])  # type: ignore[arg-type, call-overload]
            median = statistics.median(costs)
            medians[row["logs"], kind] = median
            p95 = costs[min(len(costs) - 1, int(len(costs) * 0.95))]
            size = f"{int(row['bytes']) / 1e6:,.0f} MB"  # type: ignore[call-overload]
            print(
                f"{row['logs']:>6} {size:>9} {float(row['indexed']):>10.1f} s   {kind:<8} {median:>9.1f} {p95:>9.1f}"  # type: ignore[arg-type]
            )
    if len(rows) > 1:
        few, many = rows[0]["logs"], rows[-1]["logs"]
        print(f"between {few} and {many} logs: {medians[many, 'agent'] - medians[few, 'agent']:+.1f} ms at the median")


if __name__ == "__main__":
    main()
