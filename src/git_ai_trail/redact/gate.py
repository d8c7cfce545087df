"""Finds quickly which detectors can have something to say about which texts. Three ways, all leading to the same spans."""

from __future__ import annotations

import hashlib
import importlib
import os
from collections.abc import Sequence
from threading import Lock
from typing import Any, Protocol

import ahocorasick

from git_ai_trail.redact.detector import Detector
from git_ai_trail.redact.joined import Joined

hyperscan: Any
try:
    hyperscan = importlib.import_module("hyperscan")
except ImportError:  # no wheel for this machine, or a processor that it refuses
    hyperscan = None

# Which detectors (by position) may match a text, each with the ends reported, or None where nothing is known of them.
Hits = dict[int, "list[int] | None"]


class Gate(Protocol):
    def scan(self, joined: Joined) -> dict[int, Hits]:
        """For each text that a detector may have spans in (by number), a superset of those detectors."""
        ...


class PlainGate:
    """Looks for each keyword in turn: no dependency, slow."""

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self._keywords = [detector.keywords for detector in detectors]

    def scan(self, joined: Joined) -> dict[int, Hits]:
        return {number: self._of(text.lower()) for number, text in enumerate(joined.texts)}

    def _of(self, lower: str) -> Hits:
        return {
            number: None
            for number, keywords in enumerate(self._keywords)
            if not keywords or any(keyword in lower for keyword in keywords)
        }


class KeywordGate:
    """Looks for all keywords in one pass with an Aho-Corasick automaton."""

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self._always = [number for number, detector in enumerate(detectors) if not detector.keywords]
        by_keyword: dict[str, list[int]] = {}
        for number, detector in enumerate(detectors):
            for keyword in detector.keywords:
                by_keyword.setdefault(keyword, []).append(number)
        self._automaton = ahocorasick.Automaton()
        for keyword, numbers in by_keyword.items():
            self._automaton.add_word(keyword, tuple(numbers))
        self._automaton.make_automaton()

    def scan(self, joined: Joined) -> dict[int, Hits]:
        found: dict[int, Hits] = {}
        for number, text in enumerate(joined.texts):
            numbers = set(self._always)
            for _, of_keyword in self._automaton.iter(text.lower()):
                numbers.update(of_keyword)
            found[number] = dict.fromkeys(sorted(numbers))
        return found


class HyperscanGate:
    """All expressions at once with Hyperscan, which also says where matches end."""

    def __init__(self, detectors: Sequence[Detector], cache_dir: str | None = None) -> None:
        self._always: list[int] = []
        self._whole: list[bool] = [detector.reach is None for detector in detectors]
        self._sampled = [(number, each.sampled) for number, each in enumerate(detectors) if each.sampled is not None]
        expressions: list[tuple[bytes, int, int]] = []
        for number, detector in enumerate(detectors):
            if detector.sampled is not None:
                continue
            compiled = _expressions(detector, number)
            if compiled is None:
                self._always.append(number)
            else:
                expressions += compiled
        self._database = _database(expressions, cache_dir)
        # Hyperscan's scratch space serves one scan at a time.
        self._lock = Lock()

    def scan(self, joined: Joined) -> dict[int, Hits]:
        found: dict[int, Hits] = {}
        if self._always:
            found = {number: dict.fromkeys(self._always) for number in range(len(joined.texts))}
        for detector, sampled in self._sampled:
            for number in sampled(joined):
                found.setdefault(number, {})[detector] = None
        if self._database is None:
            return found
        reports: list[tuple[int, int]] = []
        with self._lock:
            self._database.scan(joined.encoded, match_event_handler=_report, context=reports)
        whole = self._whole
        for detector, number, before in joined.spread(reports):
            hits = found.get(number)
            if hits is None:
                hits = found[number] = {}
            if whole[detector]:
                hits[detector] = None
            elif (ends := hits.get(detector)) is not None:
                ends.append(before + 1)
            elif detector not in hits:
                hits[detector] = [before + 1]
        return found


def make_gate(detectors: Sequence[Detector], cache_dir: str | None = None, kind: str = "") -> Gate:
    """The fastest gate this machine has, or the one named: hyperscan, keyword, plain."""
    if kind == "plain":
        return PlainGate(detectors)
    if kind == "keyword" or (not kind and hyperscan is None):
        return KeywordGate(detectors)
    try:
        return HyperscanGate(detectors, cache_dir)
    except hyperscan.error:
        if kind:
            raise
        return KeywordGate(detectors)  # the processor lacks what Hyperscan needs


def _report(number: int, _start: int, end: int, _flags: int, reports: list[tuple[int, int]]) -> None:
    # The place of the last character, which is in the text that it ends.
    reports.append((number, max(end - 1, 0)))


def _expressions(detector: Detector, number: int) -> list[tuple[bytes, int, int]] | None:
    """What Hyperscan takes of a detector's gates; None where it must run on everything."""
    if detector.gates is None:
        return None
    # ^ and $ must also match where one text ends and the next begins.
    flags = hyperscan.HS_FLAG_MULTILINE | hyperscan.HS_FLAG_ALLOWEMPTY
    flags |= hyperscan.HS_FLAG_CASELESS if detector.caseless else 0
    flags |= hyperscan.HS_FLAG_DOTALL if detector.dotall else 0
    taken: list[tuple[bytes, int, int]] = []
    for gate in detector.gates:
        prefilter = hyperscan.HS_FLAG_PREFILTER if "(?=" in gate or "(?!" in gate or "(?<" in gate else 0
        expression = gate.encode("latin-1")
        if detector.checked:
            taken.append((expression, number, flags | prefilter))
            continue
        for attempt in dict.fromkeys((flags | prefilter, flags | hyperscan.HS_FLAG_PREFILTER)):
            if _compiles(expression, attempt):
                taken.append((expression, number, attempt))
                break
        else:
            return None
    return taken


def _compiles(expression: bytes, flags: int) -> bool:
    try:
        hyperscan.Database().compile(expressions=[expression], ids=[0], flags=[flags])
    except hyperscan.error:
        return False
    return True


def _database(expressions: list[tuple[bytes, int, int]], cache_dir: str | None) -> Any:
    if not expressions:
        return None
    name = _cache_name(expressions)
    path = os.path.join(cache_dir, name) if cache_dir else None
    kept = _load(path) if path else None
    if kept is not None:
        return kept
    database = hyperscan.Database()
    database.compile(
        expressions=[expression for expression, _, _ in expressions],
        ids=[number for _, number, _ in expressions],
        flags=[flags for _, _, flags in expressions],
    )
    if path:
        _save(path, database)
    return database


def _cache_name(expressions: list[tuple[bytes, int, int]]) -> str:
    digest = hashlib.sha256(repr((hyperscan.__version__, expressions)).encode()).hexdigest()[:32]
    return f"redaction-{digest}.hsdb"


def _load(path: str) -> Any:
    """A database compiled earlier; its own checksum guards against a damaged file, the digest against another's rules."""
    try:
        with open(path, "rb") as file:
            digest, content = file.read(32), file.read()
        if hashlib.sha256(content).digest() != digest:
            return None
        database = hyperscan.loadb(content, mode=hyperscan.HS_MODE_BLOCK)
        database.scratch = hyperscan.Scratch(database)
    except (OSError, hyperscan.error):
        return None
    return database


def _save(path: str, database: Any) -> None:
    draft = f"{path}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        content = hyperscan.dumpb(database)
        with open(draft, "wb") as file:
            file.write(hashlib.sha256(content).digest() + content)
        os.replace(draft, path)
    except (OSError, hyperscan.error):
        return  # only speed is lost
