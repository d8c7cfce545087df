"""Redactions that a person asks for: added, changed, taken back, each with who, why and when, and in effect at once."""

from __future__ import annotations

import getpass
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from git_ai_trail import places
from git_ai_trail.config import UserConfig
from git_ai_trail.errors import ConfigError, StoreError, TrailError
from git_ai_trail.facts import Prompt
from git_ai_trail.git import Git
from git_ai_trail.model import Audited, ManualRedaction
from git_ai_trail.pipeline import scrubbing
from git_ai_trail.pipeline.discovery import named
from git_ai_trail.pipeline.exclusion import alone
from git_ai_trail.pipeline.in_force import in_force
from git_ai_trail.pipeline.logfile import open_log
from git_ai_trail.pipeline.manual_apply import Applied, Change, Progress
from git_ai_trail.pipeline.third_party import admit_what_can
from git_ai_trail.pipeline.user_store import store_url
from git_ai_trail.redact import is_clean
from git_ai_trail.redact.manual import MAX_TOKENS, digests_of, fingerprint, rule_id
from git_ai_trail.redact.rule import Rule
from git_ai_trail.redact.rulefile import refuse_bad_pattern
from git_ai_trail.store import open_store
from git_ai_trail.store.protocol import PromptPlace, Store

SUBJECT = "manual:"

_LEAST = 3
_MAX_WORDS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asks for. Of `text`, `pattern`, `prompt` (its number in `session`, from 1) and `whole` one is given."""

    text: str = ""
    pattern: str = ""
    prompt: int = 0
    whole: bool = False
    scope: str = ""  # as before, for a new one global
    field: str = ""
    session: str = ""
    ignore_case: bool = False
    reason: str = ""
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What became of it. `new` is False where the same was asked for before; then nothing was changed."""

    entry: ManualRedaction
    new: bool
    applied: Applied = field(default_factory=Applied)


class Book:
    """The manual redactions of a person's store. Use as a context."""

    def __init__(self, env: Mapping[str, str], config: UserConfig) -> None:
        self.env = env
        self.url = store_url(env, config)
        admit_what_can(config.formats)
        # A rule file that cannot be used stops everything before anything is opened.
        scrubbing.ruleset_digest(env)
        self.store: Store = open_store(self.url, is_clean=is_clean, create=False)

    def __enter__(self) -> Book:
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()

    def entries(self, *, everything: bool = False) -> list[ManualRedaction]:
        return [entry for entry in self.store.manual() if entry.active or everything]

    def places(self, entries: Sequence[ManualRedaction]) -> dict[int, int]:
        """In how many places each of them has redacted something in what is stored, by id."""
        return {entry.id: sum(self.store.redacted_by([rule_id(entry)]).values()) for entry in entries}

    def entry(self, number: int) -> ManualRedaction:
        found = next((entry for entry in self.store.manual() if entry.id == number), None)
        if found is None:
            raise StoreError(f"there is no manual redaction {number}", "`git ai-trail redact list` lists them")
        return found

    def history(self, number: int | None = None) -> list[Audited]:
        """Who changed what, oldest first; of one, or of all."""
        if number is None:
            return self.store.audited(SUBJECT)
        return self.store.audited(f"{SUBJECT}{self.entry(number).id}")

    def add(self, asked: Asked, *, dry_run: bool = False, progress: Progress | None = None) -> Changed:
        """Redacts what is asked for in everything stored, and from now on in everything that is read."""
        entry = self._made(ManualRedaction(), asked)
        same = next((one for one in self.entries() if fingerprint(one) == fingerprint(entry)), None)
        if same is not None:
            return Changed(entry=same, new=False)
        return self._change(entry, "add", None, dry_run=dry_run, progress=progress, needle=_needle(asked, entry))

    def edit(self, number: int, asked: Asked, *, dry_run: bool = False, progress: Progress | None = None) -> Changed:
        """Changes a redaction: what is given of `asked` takes the place of what was."""
        before = self.entry(number)
        entry = self._made(before, asked)
        if fingerprint(entry) == fingerprint(before) and entry.reason == before.reason:
            return Changed(entry=before, new=False)
        return self._change(entry, "edit", before, dry_run=dry_run, progress=progress, needle=_needle(asked, entry))

    def remove(
        self, number: int, *, reason: str = "", actor: str = "", dry_run: bool = False, progress: Progress | None = None
    ) -> Changed:
        """Takes a redaction back; sessions whose log is still there get their text again."""
        before = self.entry(number)
        if not before.active:
            return Changed(entry=before, new=False)
        entry = replace(before, active=False, changed_at=time.time())
        return self._change(
            entry, "remove", before, dry_run=dry_run, progress=progress, actor=actor, reason=_one_line(reason)
        )

    def undo(
        self, number: int | None = None, *, actor: str = "", dry_run: bool = False, progress: Progress | None = None
    ) -> Changed:
        """Takes back the last change, of one or of all; undoing twice is doing it again."""
        changes = [one for one in self.history(number) if one.detail]
        if not changes:
            raise StoreError("there is nothing to undo")
        last = changes[-1]
        now = self.entry(int(last.subject.removeprefix(SUBJECT)))
        kept = json.loads(last.detail)
        entry = ManualRedaction(**kept) if kept else replace(now, active=False)
        entry = replace(entry, id=now.id, changed_at=time.time())
        return self._change(
            entry, "undo", now, dry_run=dry_run, progress=progress, actor=actor, reason=f"of {last.action}"
        )

    def _made(self, before: ManualRedaction, asked: Asked) -> ManualRedaction:
        """The entry with what is asked for, checked; `ConfigError` says what is wrong with it."""
        now = time.time()
        entry = replace(
            before,
            scope=asked.scope or ("field" if asked.field else before.scope),
            field=asked.field or (before.field if asked.scope in ("", "field") else ""),
            reason=_one_line(asked.reason) or before.reason,
            actor=_one_line(asked.actor) or before.actor or person(self.env),
            made_at=before.made_at or now,
            changed_at=now,
        )
        if (entry.scope == "field") != bool(entry.field):
            raise ConfigError("a field's path goes with the scope `field`", "such as --field payload.arguments")
        if asked.session:
            entry = replace(entry, session=self.store.session(asked.session).id)
        if asked.pattern:
            return self._pattern(entry, asked)
        if asked.prompt:
            return self._prompt(entry, asked)
        if asked.whole:
            if entry.scope != "field":
                raise ConfigError("--whole is for a field or a prompt", "name it with --field or --prompt")
            return replace(_bare(entry), type="field")
        if asked.text:
            return self._text(entry, asked.text, "text", ignore_case=asked.ignore_case)
        if not before.id:
            raise ConfigError("nothing to redact was given", "a text, --pattern, --prompt or --whole")
        return entry

    def _pattern(self, entry: ManualRedaction, asked: Asked) -> ManualRedaction:
        if entry.session:
            raise ConfigError("a pattern holds in all sessions", "leave --session out, or give a text")
        rule = Rule(id=SUBJECT, pattern=asked.pattern, ignore_case=asked.ignore_case)
        refuse_bad_pattern(rule, "the pattern")
        return replace(_bare(entry), type="pattern", pattern=asked.pattern, ignore_case=asked.ignore_case)

    def _prompt(self, entry: ManualRedaction, asked: Asked) -> ManualRedaction:
        if not entry.session or entry.scope == "field":
            raise ConfigError("a prompt is named by its session and its number", "such as --session 0a1b --prompt 3")
        place = self.store.prompt_place(entry.session, asked.prompt - 1)
        if place is None:
            raise StoreError(
                f"session {entry.session[:8]} has no prompt {asked.prompt}", "`git ai-trail session` numbers them"
            )
        text = _raw_prompt(self.env, place) or place.text
        return replace(self._text(entry, text, "prompt", ignore_case=False), turn=asked.prompt - 1, scope="global")

    def _text(self, entry: ManualRedaction, text: str, kind: str, *, ignore_case: bool) -> ManualRedaction:
        found = digests_of(text, scrubbing.key_of(self.env), ignore_case=ignore_case)
        if found is None:
            raise ConfigError(f"a text of 1 to {MAX_TOKENS:,} words and signs is needed", "give a part of it")
        if kind == "text" and sum(map(str.isalnum, text)) < _LEAST:
            raise ConfigError(
                f"a text of fewer than {_LEAST} letters or digits stands everywhere", "give more of it, or a pattern"
            )
        return replace(
            _bare(entry),
            type=kind,
            ignore_case=ignore_case,
            first=found.first,
            last=found.last,
            tokens=found.tokens,
            whole=found.whole,
        )

    def _change(
        self,
        entry: ManualRedaction,
        action: str,
        before: ManualRedaction | None,
        *,
        dry_run: bool,
        progress: Progress | None,
        actor: str = "",
        reason: str = "",
        needle: str = "",
    ) -> Changed:
        same = before is not None and before.active == entry.active and fingerprint(before) == fingerprint(entry)
        wanted = [entry] if entry.active and not same else []
        dropped = [rule_id(before)] if before is not None and before.active and not same else []
        if dry_run:
            change = Change(self.env, self.url, wanted=wanted, dropped=dropped, progress=progress)
            return Changed(entry=entry, new=True, applied=change.looked(self.store))
        done = Audited(
            id=0,
            at=entry.changed_at,
            actor=_one_line(actor) or entry.actor,
            action=action,
            subject=f"{SUBJECT}{entry.id}" if entry.id else "",
            reason=reason or entry.reason,
            detail=json.dumps(asdict(before) if before is not None else {}),
        )
        with alone(self.env):
            before_it = in_force(self.env, self.store)
            kept, new = self.store.keep_manual(entry, fingerprint(entry), done)
            if not new or same:
                return Changed(entry=kept, new=new)
            wanted = [kept] if wanted else []
            change = Change(self.env, self.url, wanted=wanted, dropped=dropped, progress=progress)
            return Changed(entry=kept, new=True, applied=change.applied(self.store, before_it, needle=needle))


def view(entry: ManualRedaction) -> dict[str, Any]:
    """An entry for `--json`; digests say nothing to anybody and are left out."""
    found = asdict(entry)
    for name in ("first", "last", "whole"):
        del found[name]
    return {**found, "prompt": entry.turn + 1 if entry.turn >= 0 else None, "fingerprint": fingerprint(entry)}


def _bare(entry: ManualRedaction) -> ManualRedaction:
    """The entry without what it looks for."""
    return replace(entry, first="", last="", tokens=0, whole="", pattern="", turn=-1, ignore_case=False)


def _needle(asked: Asked, entry: ManualRedaction) -> str:
    """The text, where after redaction it may stand nowhere any more."""
    everywhere = entry.scope == "global" and not entry.session and not entry.ignore_case
    return asked.text.strip() if everywhere else ""


def _raw_prompt(env: Mapping[str, str], place: PromptPlace) -> str:
    """The prompt as the person's own log has it; empty where the log is gone or another one."""
    fmt = named(place.format)
    path = places.expanded(place.path, env)
    if fmt is None:
        return ""
    try:
        with open_log(path, document=fmt.is_document(path)) as log:
            reader = fmt.reader(path)
            for line in log.lines():
                for event in log.placed([] if line.sha256 else reader.feed(line.text, line.offset), line):
                    if (event.offset, event.turn) == (place.offset, place.turn) and isinstance(event.data, Prompt):
                        return event.data.text
    except OSError:
        return ""
    return ""


def _one_line(text: str) -> str:
    return " ".join(text.split())[:_MAX_WORDS]


def person(env: Mapping[str, str]) -> str:
    """Who runs this: git's name for this person, else the account's."""
    name = Git(places.home_dir(env), foreign=True).text("config", "--get", "user.name", check=False)
    if name:
        return _one_line(name)
    try:
        return getpass.getuser()
    except (OSError, KeyError) as error:
        raise TrailError("nobody knows who you are", "give --actor, or set user.name") from error
