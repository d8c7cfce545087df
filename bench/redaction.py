#!/usr/bin/env python3
"""How much the redaction finds, how much it takes that is no secret, and how fast it is; beside other tools where they are installed.

    python bench/redaction.py [CASES.jsonl…] [--repo DIR]… [--log FILE]… [--megabytes 20] [--jobs 2] [--peers] [--misses N]

A line of a case file is `{"text": …, "secret": …, "kind": …, "is_secret": true}`. Each case goes through the scrubber as
the only line of a log. A secret is gone when neither it nor its JSON form stands in what comes out; a piece is any 8
characters of it that the text has nowhere else. `--repo` takes the diffs of `git log -p` as plain developer text,
`--log` agents' logs: for the noise on them, and for the speed from the file on (read, parsed, redacted). Mail
addresses, home paths and names of people are counted apart. Of the other tools any finding in a case counts, whatever
part of the secret it covers. Case files belong outside the repository: every scanner would fire on them.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from git_ai_trail.facts import Event
from git_ai_trail.formats import FORMATS, is_own
from git_ai_trail.formats.records import decode_with
from git_ai_trail.loglines import LogFile
from git_ai_trail.model import SourceFile
from git_ai_trail.redact import Identity, Scrubber, ruleset

KEY = bytes(range(32))
PIECE = 8
PERSONS = frozenset(("email", "home-path", "user-name"))
CHUNK = 32 * 1024
PATIENCE = 300  # seconds; some do not come to an end with thousands of files
SOURCE = SourceFile(format="codex", path="bench.jsonl", size=0, mtime_ns=0, inode=0)


class Case(NamedTuple):
    text: str
    secret: str
    kind: str
    is_secret: bool


class Result(NamedTuple):
    """What is left of a case."""

    gone: bool
    whole: bool  # gone, and no piece of it left
    changed: bool


def main() -> None:
    options = arguments()
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, rules {ruleset.builtin().digest[:12]}")
    cases = {Path(path).stem: read_cases(path) for path in options.cases}
    text = developer_text(options.repo, options.megabytes * 1_000_000)
    if cases:
        print_scores({name: score(of_set) for name, of_set in cases.items()}, cases, options.misses)
    if text:
        print_noise("developer text", sum(map(len, text)), redactions(([part], None) for part in text), options.misses)
    if options.log:
        logs = [path for path in options.log if os.path.getsize(path)]
        print_noise("transcripts", sum(map(os.path.getsize, logs)), redactions_of_logs(logs), options.misses)
        print_speed(logs, options.jobs)
    if options.peers:
        print_peers(cases, text)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", metavar="CASES.jsonl")
    parser.add_argument("--repo", action="append", default=[], help="a repository whose `git log -p` is read")
    parser.add_argument("--log", nargs="+", default=[], help="logs of agents")
    parser.add_argument("--megabytes", type=int, default=20, help="of each repository's diffs at most")
    parser.add_argument("--jobs", type=int, default=2, help="processes for the speed")
    parser.add_argument("--peers", action="store_true", help="run detect-secrets, secretlint and kingfisher too")
    parser.add_argument("--misses", type=int, default=0, metavar="N", help="show N misses of each kind (of test data!)")
    return parser.parse_args()


# Recall and precision on labelled cases.


def read_cases(path: str) -> list[Case]:
    cases = []
    with open(path, encoding="utf-8", errors="surrogatepass") as file:
        for line in file:
            row = json.loads(line)
            cases.append(Case(row["text"], row.get("secret") or "", row.get("kind") or "?", bool(row["is_secret"])))
    return cases


def score(cases: Sequence[Case]) -> list[Result]:
    scrubber = the_scrubber()
    return [judge(case, *cleaned(scrubber, case.text)) for case in cases]


def the_scrubber() -> Scrubber:
    return Scrubber(ruleset.load(), KEY, identity=Identity())


def cleaned(scrubber: Scrubber, text: str) -> tuple[str, Counter[str]]:
    """The text after a scrub in a session of its own, and the rules that were at work."""
    event = Event("other", None, 0, 0, -1, None, {"text": text})
    session = scrubber.scrub(SOURCE, [(b"", [event])], offset=0, appended=False, skipped={})
    (clean,) = session.events
    raw: dict[str, Any] = clean.event.raw
    return raw.get("text", ""), Counter(one.rule_id for one in clean.redactions)


def judge(case: Case, clean: str, rules: Counter[str]) -> Result:
    if not case.is_secret:
        return Result(False, False, bool(rules.keys() - PERSONS))
    forms = (case.secret, json.dumps(case.secret)[1:-1])
    gone = not any(form in clean for form in forms)
    rest = case.text.replace(case.secret, "\0")
    left = any(piece in clean and piece not in rest for piece in pieces(case.secret))
    return Result(gone, gone and not left, bool(rules))


def pieces(secret: str) -> Iterator[str]:
    return (secret[at : at + PIECE] for at in range(len(secret) - PIECE + 1))


def print_scores(results: dict[str, list[Result]], cases: dict[str, list[Case]], misses: int) -> None:
    print(f"\n{'set':<24}{'secrets':>9}{'gone':>8}{'whole':>8}{'others':>9}{'changed':>9}")
    for name, of_set in results.items():
        pairs = list(zip(cases[name], of_set, strict=True))
        secrets = [result for case, result in pairs if case.is_secret]
        others = [result for case, result in pairs if not case.is_secret]
        gone, whole = (share(getattr(one, field) for one in secrets) for field in ("gone", "whole"))
        changed = share(one.changed for one in others)
        print(f"{name:<24}{len(secrets):>9}{gone:>8}{whole:>8}{len(others):>9}{changed:>9}")
        if misses:
            print_misses(pairs, misses)


def share(flags: Iterable[bool]) -> str:
    given = list(flags)
    return f"{sum(given) / len(given):.3f}" if given else "-"


def print_misses(pairs: list[tuple[Case, Result]], limit: int) -> None:
    by_kind: dict[str, list[str]] = defaultdict(list)
    for case, result in pairs:
        if case.is_secret and not result.whole:
            by_kind[("PIECE " if result.gone else "MISS  ") + case.kind].append(case.text)
        elif not case.is_secret and result.changed:
            by_kind["TAKEN " + case.kind].append(case.text)
    for kind, texts in sorted(by_kind.items(), key=lambda entry: (entry[0][:5], -len(entry[1]))):
        print(f"  {kind} {len(texts)}")
        for text in texts[:limit]:
            print(f"      {text[:240]!r}")


# Noise on text that nobody labelled: nearly everything taken there is no secret.


def developer_text(repos: Sequence[str], limit: int) -> list[str]:
    """What `git log -p` prints, in parts as long as a tool's output."""
    parts = []
    for repo in repos:
        command = ["git", "-C", repo, "log", "-p", "--no-color", "--no-ext-diff", "--format=commit %H%n%n%B"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as git:
            assert git.stdout is not None
            content = git.stdout.read(limit).decode("utf-8", "replace")
            git.kill()
        parts += [content[at : at + CHUNK] for at in range(0, len(content), CHUNK)]
    return parts


Lines = Iterable[tuple[bytes, list[Event]]]


def redactions(parts: Iterable[tuple[list[str], None]]) -> Counter[str]:
    scrubber = the_scrubber()
    found: Counter[str] = Counter()
    for (text,), _ in parts:
        found += cleaned(scrubber, text)[1]
    return found


def redactions_of_logs(logs: Sequence[str]) -> Counter[str]:
    return sum((Counter(dict(scrub_log(path))) for path in logs), Counter())


def print_noise(name: str, size: int, rules: Counter[str], misses: int) -> None:
    payloads = {rule for rule in rules if rule.startswith("structural:")}
    persons = sum(count for rule, count in rules.items() if rule in PERSONS)
    left_out = sum(rules[rule] for rule in payloads)
    secrets = rules.total() - persons - left_out
    per_mb = [f"{count * 1e6 / size:.1f}" for count in (secrets, persons, left_out)]
    print(
        f"\n{name}: {size / 1e6:.1f} MB, redactions per MB: {per_mb[0]}; paths, names, addresses {per_mb[1]};", end=" "
    )
    print(f"payloads left out {per_mb[2]}")
    if misses:
        print(
            "  " + ", ".join(f"{rule} {count}" for rule, count in rules.most_common() if rule not in payloads | PERSONS)
        )


# Speed from the file on.


def scrub_log(path: str) -> list[tuple[str, int]]:
    """Reads, parses and redacts one log; the rules that were at work."""
    fmt = next(one for one in FORMATS if one.is_log(os.path.basename(path)) and is_own(one, path))
    found: Counter[str] = Counter()
    with LogFile(path) as log:
        reader = fmt.reader(path)
        lines = ((line.raw, log.placed(reader.feed(line.text, line.offset), line)) for line in log.lines())
        session = _Process.scrubber().scrub(SOURCE, lines, offset=0, appended=False, skipped={})
        for clean in session.events:
            for one in clean.redactions:
                found[one.rule_id] += 1
    return list(found.items())


class _Process:
    """The scrubber of a process, made once."""

    made: Scrubber | None = None

    @classmethod
    def scrubber(cls) -> Scrubber:
        if cls.made is None:
            # As `ingest` does it.
            decode_with(msgspec.json.Decoder().decode)
            gc.set_threshold(100_000, 20, 100)
            cls.made = the_scrubber()
        return cls.made


def timed_log(path: str) -> float:
    began = time.process_time()
    scrub_log(path)
    return time.process_time() - began


def print_speed(logs: list[str], jobs: int) -> None:
    """Wall time of all logs on `jobs` processes that are warm, and the processor time of them all."""
    size = sum(map(os.path.getsize, logs)) / 1e6
    by_size = sorted(logs, key=os.path.getsize, reverse=True)
    best: tuple[float, float] | None = None
    with multiprocessing.get_context("spawn").Pool(jobs, initializer=_Process.scrubber) as pool:
        pool.map(timed_log, by_size[-2 * jobs :], chunksize=1)
        for _ in range(3):
            began = time.perf_counter()
            cpu = sum(pool.imap_unordered(timed_log, by_size, chunksize=1))
            best = min(best or (1e9, 1e9), (time.perf_counter() - began, cpu))
    assert best is not None
    wall, cpu = best
    print(f"\nspeed, read + parsed + redacted: {size:.1f} MB on {jobs} processes: {size / wall:.1f} MB/s", end=" ")
    print(f"(best of 3; {size / cpu:.1f} MB per second of processor time)")


# Others, as programs of their own over a folder with a file for each case.


def print_peers(cases: dict[str, list[Case]], text: list[str]) -> None:
    for name, findings in PEERS.items():
        if shutil.which(name) is None:
            print(f"\n{name}: not installed")
            continue
        with tempfile.TemporaryDirectory(prefix="redaction-peers-") as folder:
            print(f"\n{name} (any finding in a case counts)")
            for of_set, rows in cases.items():
                files = write_files(Path(folder, of_set), [case.text for case in rows])
                hit = findings(str(Path(folder, of_set)))
                found = share(file in hit for file, case in zip(files, rows, strict=True) if case.is_secret)
                wrong = share(file in hit for file, case in zip(files, rows, strict=True) if not case.is_secret)
                print(f"  {of_set:<22} found {found}, others changed {wrong}")
            if text:
                write_files(Path(folder, "text"), text)
                began = time.perf_counter()
                count = findings(str(Path(folder, "text"))).total()
                size = sum(map(len, text)) / 1e6
                took = time.perf_counter() - began
                print(f"  developer text: {count / size:.1f} findings per MB, {size / took:.1f} MB/s")


def write_files(folder: Path, texts: Sequence[str]) -> list[str]:
    folder.mkdir()
    names = [f"{number:06}.txt" for number in range(len(texts))]
    for name, text in zip(names, texts, strict=True):
        (folder / name).write_text(text, encoding="utf-8", errors="replace")
    return names


def run(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE).stdout
    except subprocess.TimeoutExpired:
        print(f"  {command[0]}: gave up after {PATIENCE} s, what follows is not its result")
        return ""


def detect_secrets(folder: str) -> Counter[str]:
    found = json.loads(run("detect-secrets", "-C", folder, "scan", "--all-files", "--no-verify", ".") or "{}")
    return Counter({os.path.basename(path): len(of_file) for path, of_file in found.get("results", {}).items()})


def secretlint(folder: str) -> Counter[str]:
    config = {"rules": [{"id": "@secretlint/secretlint-rule-preset-recommend"}]}
    Path(folder, ".secretlintrc.json").write_text(json.dumps(config))
    # To a file: what it prints into a pipe is cut at 64 KiB.
    output = Path(folder, ".found.json")
    options = ("--secretlintrc", f"{folder}/.secretlintrc.json", "--format", "json", "--maskSecrets")
    run("secretlint", *options, "--output", str(output), f"{folder}/*.txt")
    found = json.loads(output.read_text() if output.exists() else "[]")
    return Counter({os.path.basename(one["filePath"]): len(one["messages"]) for one in found if one["messages"]})


def kingfisher(folder: str) -> Counter[str]:
    options = ("--format", "jsonl", "--no-validate", "--no-update-check", "--confidence", "low", "--no-dedup")
    found: Counter[str] = Counter()
    for line in run("kingfisher", "scan", folder, *options).splitlines():
        row = json.loads(line) if line.startswith("{") else {}
        path = row.get("finding", {}).get("path")
        if path:
            found[os.path.basename(path)] += 1
    return found


PEERS: dict[str, Callable[[str], Counter[str]]] = {
    "detect-secrets": detect_secrets,
    "secretlint": secretlint,
    "kingfisher": kingfisher,
}


if __name__ == "__main__":
    main()
