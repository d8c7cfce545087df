"""Makes a `CleanSession` of a log's events, the only way to get one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, NamedTuple

from git_ai_trail.facts import Context, Edit, Event, Meta
from git_ai_trail.model import CleanEvent, CleanSession, ManualRedaction, Redaction, SourceFile
from git_ai_trail.redact.engine import Place, engine_for
from git_ai_trail.redact.identity import Identity
from git_ai_trail.redact.manual import Manual, effective_digest, rules_of
from git_ai_trail.redact.rule import RuleSet
from git_ai_trail.redact.session import Found, Session
from git_ai_trail.redact.tags import withheld
from git_ai_trail.redact.tree import Path, Tree, written

_AT_ONCE_BYTES = 1 << 18
_AT_ONCE_LINES = 160

# A line of a log (or its sha256 where it is too long to be held), and what it says.
Line = tuple[bytes | str, list[Event]]

# Of the folders that a session names, so many are asked for secrets.
_MAX_FOLDERS = 64
ENV_RULE = "env-file"

_NONE: Mapping[str, str] = {}

# What an agent says or does; everything else in a log is a prompt, repeats one or surrounds it.
# What says whose session it is and where it works.
_TELLING = frozenset((Meta, Context))
_AGENTS = frozenset(("reasoning", "plan", "call", "output", "edit", "commit", "tokens"))


class _Proof:
    """The mark of a session made here."""


_PROOF = _Proof()


class EditDigests(NamedTuple):
    """What is kept of an `Edit`: never the lines, only keyed digests of them (hex), in order."""

    path: str
    old_path: str
    op: str
    via: str
    call_id: str
    known: bool
    added_lines: int
    removed: int
    digests: tuple[str, ...]


def is_clean(session: CleanSession) -> bool:
    """Whether the session was made by `Scrubber.scrub` in this process."""
    return isinstance(session, CleanSession) and session.proof is _PROOF


class Texts:
    """Cleans single texts and values, which all count as one session's: equal values get equal tags."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def text(self, text: str, field: str = "") -> tuple[str, tuple[Redaction, ...]]:
        """See `Scrubber.text`."""
        place = _place(field)
        cleaned = self._session.clean([text], place)[text]
        return cleaned.text, tuple(_redaction(field, found) for found in cleaned.found)

    def texts(self, texts: Sequence[str], field: str = "") -> tuple[list[str], tuple[Redaction, ...]]:
        """See `Scrubber.texts`."""
        place = _place(field)
        cleaned = self._session.clean(texts, place)
        found = tuple(_redaction(field, one) for text in texts for one in cleaned[text].found)
        return [cleaned[text].text for text in texts], found

    def value(self, value: Any, field: str = "", *, said: bool = False) -> tuple[Any, tuple[Redaction, ...]]:
        """See `Scrubber.value`."""
        place = _place(field)
        tree = Tree(self._session, prompt=place.prompt, said=said or place.said)
        tree.gather(value)
        tree.examine()
        clean, found = tree.rebuild(value, field)
        return clean, tuple(_redaction(written(path), one) for path, one in found)


class Scrubber:
    """A rule set, ready to clean sessions under the user's key.

    `cache_dir` keeps the compiled patterns between runs (no text). `gate` names an engine for tests. `manual` is what a
    person wants gone besides. `secrets_in` tells, of a folder that a session works in, values that are secrets there.
    """

    def __init__(
        self,
        ruleset: RuleSet,
        key: bytes,
        *,
        identity: Identity,
        cache_dir: str | None = None,
        gate: str = "",
        manual: Sequence[ManualRedaction] = (),
        secrets_in: Callable[[str], Iterable[str]] | None = None,
    ) -> None:
        self._digest = effective_digest(ruleset.digest, manual)
        patterns = rules_of(manual)
        whole = replace(ruleset, rules=(*ruleset.rules, *patterns)) if patterns else ruleset
        self._engine = engine_for(whole, cache_dir, gate)
        self._manual = Manual(manual, key)
        self._key = key
        self._identity = identity
        self._secrets_in = secrets_in
        self._line = hashlib.blake2b(digest_size=8, key=key, person=b"line")
        self._single = Texts(Session(self._engine, key, identity, _NONE, self._manual))

    def scrub(
        self,
        source: SourceFile,
        events: Iterable[Line],
        *,
        offset: int,
        appended: bool,
        skipped: Mapping[str, int],
        seen: Mapping[str, str] = _NONE,
        session_id: str = "",
    ) -> CleanSession:
        """The session with its events cleaned lazily, in order. `events` gives each line's bytes (or their sha256,
        where there are too many to be held) and what it says.

        `seen` (redaction digest → tag) are the tags that the part before `offset` was given; with it, numbering goes on.
        `session_id` is the session's, where it is known before the log says it.
        """
        session = Session(self._engine, self._key, self._identity, seen, self._manual)
        session.identify(session_id)
        return CleanSession(
            source=source,
            ruleset_digest=self._digest,
            events=self._events(session, events),
            offset=offset,
            appended=appended,
            skipped=skipped,
            proof=_PROOF,
        )

    def going_on(self, session_id: str, seen: Mapping[str, str]) -> Texts:
        """For single texts and values of one session, with the tags that it was given already."""
        session = Session(self._engine, self._key, self._identity, seen, self._manual)
        session.identify(session_id)
        return Texts(session)

    def text(self, text: str, field: str = "") -> tuple[str, tuple[Redaction, ...]]:
        """A single text (a prompt for a note, a message for the terminal), clean. Tags are numbered per scrubber."""
        return self._single.text(text, field)

    def texts(self, texts: Sequence[str], field: str = "") -> tuple[list[str], tuple[Redaction, ...]]:
        """Many texts at once, in order, as `text` would give them one after the other."""
        return self._single.texts(texts, field)

    def value(self, value: Any, field: str = "", *, said: bool = False) -> tuple[Any, tuple[Redaction, ...]]:
        """A JSON value of the same shape with every text and key in it clean. `said`: no agent wrote it."""
        return self._single.value(value, field, said=said)

    def _events(self, session: Session, events: Iterable[Line]) -> Iterator[CleanEvent]:
        folders: set[str] = set()
        for lines in _several(events):
            for _, of_line in lines:
                for event in of_line:
                    if type(event.data) in _TELLING:
                        self._told(session, event.data, folders)
            gathered = [self._gathered(session, of_line) for _, of_line in lines]
            if not session.scoped:
                texts: dict[str, None] = {}
                for one in gathered:
                    if one is not None:
                        texts.update(one[0].texts)
                session.foresee(texts)
            for (line, of_line), one in zip(lines, gathered, strict=True):
                sha256 = line if isinstance(line, str) else hashlib.sha256(line).hexdigest()
                try:
                    if one is None:
                        raise ValueError("a line that cannot be walked")
                    clean = self._line_events(session, *one, sha256)
                except Exception:
                    # Nothing of a line that cannot be examined is passed on but its place.
                    clean = [_refused(event, sha256) for event in of_line[:1]]
                yield from clean

    def _told(self, session: Session, data: Meta | Context, known: set[str]) -> None:
        """Learns whose session it is, and the secrets of each folder that it names, which is then one of those known."""
        if isinstance(data, Meta):
            session.identify(data.session_id)
        if self._secrets_in is not None and data.cwd and data.cwd not in known and len(known) < _MAX_FOLDERS:
            known.add(data.cwd)
            session.learn_secrets(self._secrets_in(data.cwd), ENV_RULE)

    def _gathered(self, session: Session, events: list[Event]) -> tuple[Tree, list[Event]] | None:
        """The texts of a line, and its events without edited lines; None if the line cannot be walked."""
        try:
            prompt = session.scoped and any(event.kind == "prompt" for event in events)
            tree = Tree(session, prompt=prompt, said=session.scoped and not any(map(_is_agents, events)))
            events = [event if type(event.data) is not Edit else self._without_lines(event) for event in events]
            for event in events:
                if event.raw is not None:
                    tree.gather(event.raw)
                if event.data is not None:
                    tree.gather(_to_examine(event.data))
        except Exception:
            return None
        return tree, events

    def _line_events(self, session: Session, tree: Tree, events: list[Event], sha256: str) -> list[CleanEvent]:
        _learn(session, events)
        if not tree.examine():
            return [_as_is(event, sha256) for event in events]
        counted: set[tuple[str, str]] = set()
        return [_clean_event(tree, event, sha256, counted) for event in events]

    def _without_lines(self, event: Event) -> Event:
        """An edit's lines become digests; what else it says stays."""
        edit = event.data
        if not isinstance(edit, Edit):
            return event
        digests = _line_digests(self._line, chain.from_iterable(edit.added))
        kept = (edit.path, edit.old_path, edit.op, edit.via, edit.call_id, edit.known)
        return event._replace(data=EditDigests(*kept, len(digests), edit.removed, digests))


def _line_digests(keyed: hashlib.blake2b, lines: Iterable[str]) -> tuple[str, ...]:
    """Of each line what the index makes of it: a final CR is not counted."""
    begin, made = keyed.copy, []
    for line in lines:
        digest = begin()
        digest.update(line.removesuffix("\r").encode("utf-8", "surrogatepass"))
        made.append(digest.hexdigest())
    return tuple(made)


def _place(field: str) -> Place:
    prompt = field.startswith("prompt")
    return Place(prompt, field, prompt)


def _several(events: Iterable[Line]) -> Iterator[list[Line]]:
    """The lines in order, as many at a time as are worth looking through together."""
    lines: list[Line] = []
    size = 0
    for one in events:
        lines.append(one)
        size += len(one[0])
        if size >= _AT_ONCE_BYTES or len(lines) >= _AT_ONCE_LINES:
            yield lines
            lines, size = [], 0
    if lines:
        yield lines


def _is_agents(event: Event) -> bool:
    return event.kind in _AGENTS or (event.kind == "message" and event.data.role in ("assistant", "agent"))


def _learn(session: Session, events: list[Event]) -> None:
    for event in events:
        if type(event.data) in _TELLING:
            session.learn_folder(event.data.cwd)


def _to_examine(data: Any) -> Any:
    """What an event says, without the digests that were made here."""
    return data._replace(digests=()) if isinstance(data, EditDigests) else data


def _as_is(event: Event, sha256: str) -> CleanEvent:
    return CleanEvent(event, sha256, ())


def _clean_event(tree: Tree, event: Event, sha256: str, counted: set[tuple[str, str]]) -> CleanEvent:
    raw, in_raw = tree.rebuild(event.raw)
    data, in_data = tree.rebuild(_to_examine(event.data), "data")
    if isinstance(data, EditDigests):
        data = data._replace(digests=event.data.digests)
    redactions = _new(in_raw, in_data, counted)
    clean = Event(event.kind, event.at, event.offset, event.length, event.turn, data, raw)
    return CleanEvent(clean, sha256, redactions)


def _new(
    in_raw: list[tuple[Path, Found]], in_data: list[tuple[Path, Found]], counted: set[tuple[str, str]]
) -> tuple[Redaction, ...]:
    """Redactions of this event; what its data, or a derived event, repeats of the line's text is not counted again."""
    counted.update((one.rule, one.digest) for _, one in in_raw)
    only_data = [(path, one) for path, one in in_data if (one.rule, one.digest) not in counted]
    counted.update((one.rule, one.digest) for _, one in only_data)
    return tuple([_redaction(written(path), one) for path, one in in_raw + only_data])


def _redaction(path: str, found: Found) -> Redaction:
    return Redaction(found.rule, found.kind, path[:256], found.tag, found.digest)


def _refused(event: Event, sha256: str) -> CleanEvent:
    tag = withheld("engine")
    redaction = Redaction(rule_id="structural:engine", kind="engine", field="", tag=tag, digest="")
    raw = json.loads(json.dumps({"withheld": tag}))
    return CleanEvent(event=event._replace(kind="other", data=None, raw=raw), sha256=sha256, redactions=(redaction,))
