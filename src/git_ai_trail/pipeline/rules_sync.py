"""Keeps the database's account of the redaction rules in step with the rule files: what changed, and which sessions that concerns."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields

import yaml

from git_ai_trail import places
from git_ai_trail.config import UserConfig
from git_ai_trail.errors import ConfigError, StoreError, TrailError
from git_ai_trail.model import Audited, StoredRule
from git_ai_trail.pipeline.in_force import InForce
from git_ai_trail.pipeline.in_force import in_force as in_force_for
from git_ai_trail.pipeline.manual import person
from git_ai_trail.pipeline.manual_apply import readable
from git_ai_trail.pipeline.repository_rules import UnusableRulesError
from git_ai_trail.pipeline.rules import Rules, in_force
from git_ai_trail.pipeline.scrubbing import RULE_FILES
from git_ai_trail.pipeline.user_store import store_url
from git_ai_trail.redact import ruleset
from git_ai_trail.redact.rule import Rule, fingerprint
from git_ai_trail.store import open_store
from git_ai_trail.store.protocol import Store

SUBJECT = "rules"
_OFF = "off"
_OF_A_FILE = ("origin", "builtin", "trusted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A rule that is not as the database has it. `change`: added, removed, changed, switched on, switched off."""

    rule: str
    change: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outdated:
    """A session that was redacted under another rule set (its digest) than the one in force; `gone` says that its log is."""

    session: str
    digest: str
    gone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OfRepository:
    """What a repository adds to the rules for the sessions that are of it, of which `sessions` are stored. `digest` names the rule
    set with them; `problem` says why they cannot be used. `remembered`: its work tree, or the file in it, is not there."""

    root: str
    rules: int
    digest: str
    sessions: int
    problem: str
    remembered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What a sync found. `before` and `digest` name the rule set that the database had and the one that holds everywhere;
    `repositories` are those that add to it.

    `sessions` counts the stored sessions by the digest (of rules and manual redactions) that they were redacted under.
    """

    before: str
    digest: str
    changes: tuple[Changed, ...]
    outdated: tuple[Outdated, ...]
    sessions: Mapping[str, int]
    effective: str
    rules: int
    written: bool
    repositories: tuple[OfRepository, ...] = ()


def sync(env: Mapping[str, str], config: UserConfig, *, dry_run: bool, actor: str = "") -> Synced:
    """Notes the rules in force in the database, with what is different since the last time; `ConfigError` for a bad rule file."""
    rules = in_force(env)
    digest = rules.ruleset.digest
    wanted = stored_form(rules)
    store = open_store(store_url(env, config), create=False)
    try:
        before, _, there = store.stored_rules()
        changes = _differences(there, wanted) if before else []
        now = in_force_for(env, store)
        effective = now.redactors.digest()
        written = not dry_run and (before != digest or there != wanted)
        if written:
            done = Audited(
                id=0,
                at=time.time(),
                actor=actor or person(env),
                action="sync",
                subject=SUBJECT,
                reason=f"{len(changes)} rules changed" if before else "first sync",
            )
            store.keep_rules(digest, wanted, done)
        by_digest = _sessions(store)
        outdated = _outdated(env, store, now)
        repositories = _repositories(env, now)
    finally:
        store.close()
    return Synced(
        before=before,
        digest=digest,
        changes=tuple(changes),
        outdated=tuple(outdated),
        sessions=by_digest,
        effective=effective,
        rules=len(wanted),
        written=written,
        repositories=tuple(repositories),
    )


def to_file(
    env: Mapping[str, str], config: UserConfig, *, path: str = "", force: bool = False, dry_run: bool
) -> tuple[str, int]:
    """Writes the person's own rules, as they were synced last, into a rule file again: (its path, how many rules).

    A file that is there already is left alone without `force`.
    """
    store = open_store(store_url(env, config), create=False)
    try:
        before, _, there = store.stored_rules()
    finally:
        store.close()
    if not before:
        raise StoreError("no rules were synced yet", "run `git ai-trail rules sync`")
    own = [_written(one) for one in there if one.source == "yours"]
    where = path or os.path.join(places.config_dir(env), RULE_FILES[0])
    if os.path.lexists(where) and not force:
        raise ConfigError(
            f"{places.shortened(where, env)} is there already", "--force replaces it, --file names another"
        )
    if dry_run:
        return where, len(own)
    text = yaml.safe_dump(own, sort_keys=False, allow_unicode=True) if own else ""
    folder = os.path.dirname(os.path.abspath(where))
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=folder, suffix=".yml", delete=False, encoding="utf-8") as file:
            file.write(text)
        try:
            ruleset.load(file.name)
            os.replace(file.name, where)
        except BaseException:
            os.unlink(file.name)
            raise
    except OSError as error:
        raise TrailError(f"{where}: {error.strerror}") from error
    return where, len(own)


def stored_form(rules: Rules) -> list[StoredRule]:
    """The rules as the database keeps them, those that are switched off last."""
    kept = [
        StoredRule(
            rule_id=rule.id,
            kind=rule.kind,
            type=rule.type,
            scope=f"field {rule.field}" if rule.scope == "field" else rule.scope,
            source="built-in" if rule.builtin else "yours" if rule.trusted else "repository",
            enabled=True,
            fingerprint=fingerprint(rule),
            body="" if rule.builtin else _body(rule),
        )
        for rule in rules.ruleset.rules
    ]
    return [
        *kept,
        *(
            StoredRule(
                rule_id=name, kind="", type="", scope="", source="yours", enabled=False, fingerprint=_OFF, body=""
            )
            for name in sorted(rules.ruleset.disabled)
        ),
    ]


def outdated(env: Mapping[str, str], store: Store) -> int:
    """How many stored sessions were redacted under other rules than those in force."""
    return len(_outdated(env, store, in_force_for(env, store)))


def _differences(there: Sequence[StoredRule], wanted: Sequence[StoredRule]) -> list[Changed]:
    before, now = ({one.rule_id: one for one in rules} for rules in (there, wanted))
    found = []
    for name in dict.fromkeys((*now, *before)):
        old, new = before.get(name), now.get(name)
        if new is None and old is not None:
            change = "removed" if old.enabled else "switched on"
        elif new is not None and not new.enabled:
            change = "" if old is not None and not old.enabled else "switched off"
        elif old is None:
            change = "added"
        elif new is not None and not old.enabled:
            change = "switched on"
        else:
            change = "changed" if new is not None and new.fingerprint != old.fingerprint else ""
        known = new or old
        if change and known is not None:
            found.append(Changed(rule=name, change=change, source=known.source))
    return found


def _sessions(store: Store) -> dict[str, int]:
    pairs = {(state.session_id, state.ruleset_digest) for state in store.file_states().values() if state.session_id}
    return dict(Counter(digest for _, digest in pairs).most_common())


def _repositories(env: Mapping[str, str], now: InForce) -> list[OfRepository]:
    sessions = Counter(root for scope in now.scopes.values() for root in scope)
    found = []
    for root in sorted(sessions):
        rules, digest, problem = 0, "", ""
        try:
            digest = now.redactors.digest((root,))
            rules = sum(1 for rule in now.redactors.rules((root,)).rules if not rule.trusted)
        except UnusableRulesError as error:
            problem = error.message
        one = OfRepository(
            root=places.shortened(root, env),
            rules=rules,
            digest=digest,
            sessions=sessions[root],
            problem=problem,
            remembered=now.redactors.repositories.is_remembered(root),
        )
        found.append(one)
    return found


def _outdated(env: Mapping[str, str], store: Store, now: InForce) -> list[Outdated]:
    found: dict[str, Outdated] = {}
    for state in store.file_states().values():
        if state.session_id and not now.is_current(state):
            gone = not readable(env, state)
            found[state.session_id] = Outdated(session=state.session_id, digest=state.ruleset_digest, gone=gone)
    return [found[name] for name in sorted(found)]


def _body(rule: Rule) -> str:
    plain = Rule(id="")
    said = {
        field.name: getattr(rule, field.name)
        for field in fields(Rule)
        if field.name not in _OF_A_FILE and getattr(rule, field.name) != getattr(plain, field.name)
    }
    return json.dumps(said, ensure_ascii=False)


def _written(one: StoredRule) -> dict[str, object]:
    if not one.enabled:
        return {"id": one.rule_id, "enabled": False}
    found: dict[str, object] = json.loads(one.body)
    return found


def as_json(done: Synced) -> dict[str, object]:
    return asdict(done)
