"""What a report may say of commits: their records and annexes, and what this machine's database adds, all of it cleaned."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from git_ai_trail.apart import Apart as Kept
from git_ai_trail.apart import Kinds
from git_ai_trail.attach.annex import Annex, AnnexSession, allowed
from git_ai_trail.attach.profiles import brand
from git_ai_trail.attach.status import Assessment
from git_ai_trail.model import Entry, PromptInfo, TokenTotals
from git_ai_trail.pipeline.apart import without
from git_ai_trail.pipeline.cost import added, cost, cost_of_prompts
from git_ai_trail.pipeline.history import Told
from git_ai_trail.pipeline.prices import Prices
from git_ai_trail.redact import Identity, Scrubber, ruleset
from git_ai_trail.redact.rule import MANUAL
from git_ai_trail.report.document import Apart, CommitFact, Deed, FileFact, Lines, PromptFact, Reason, SessionFact
from git_ai_trail.store.protocol import Store

# Evidence that makes a commit one with evidence, the strongest first; `time-path` alone is shown and proves nothing.
COUNTS = ("committed-by-session", "content", "content-weak")
SOUND = ("exact", "carried", "unanchored")

_SUBJECT, _PATH, _NAME, _DEED = 200, 400, 120, 300
_DEEDS = 40
_CARRIERS = ("*** Begin Patch", "// @exec")
_SHOWN_DEEDS = ("reasoning", "plan", "call", "edit", "commit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How much of a prompt may be shown: `noted` of what annexes hold, `local` of what the database holds."""

    noted: str = "none"
    local: str = "none"
    deeds: bool = False
    authors: bool = False


class Cleaner:
    """Cleans all texts of one report together, so that one value has one tag in it.

    Texts are given first (`want`) and asked for afterwards (calling it). No identity of this machine's user goes in: the
    report on the same commits is the same wherever it is made.
    """

    def __init__(self, rule_files: Sequence[str] = ()) -> None:
        rules = ruleset.load(*rule_files, trusted=False)
        # Built in a twentieth of a second, where the fastest gate compiles for two; both find the same.
        self._scrubber = Scrubber(rules, os.urandom(32), identity=Identity(), gate="keyword")
        self._wanted: dict[str, None] = {}
        self.removed: dict[str, int] = {}

    def want(self, *texts: str) -> None:
        """Registers texts that will be asked for."""
        self._wanted.update(dict.fromkeys(texts))

    @cached_property
    def _clean(self) -> Mapping[str, str]:
        texts = list(self._wanted)
        clean, found = self._scrubber.texts(texts)
        for one in found:
            self.removed[one.rule_id] = self.removed.get(one.rule_id, 0) + 1
        return dict(zip(texts, clean, strict=True))

    def __call__(self, text: str) -> str:
        return self._clean[text] if text else ""

    @property
    def changes(self) -> bool:
        """Whether any text is another one when it is clean."""
        return any(text != clean for text, clean in self._clean.items())


class Local:
    """What the database knows of sessions, each asked for once.

    `again` opens the same store for another process: a connection must not be used on both sides of a fork.
    """

    def __init__(self, store: Store | None, prices: Prices, again: Callable[[], Store | None] = lambda: None) -> None:
        self.priced = 0  # how many costs were worked out here
        self._opened = store
        self._again = again
        self._pid = os.getpid()
        self._prices = prices
        self._prompts: dict[str, Mapping[int, PromptInfo]] = {}
        self._entries: dict[str, Sequence[Entry]] = {}
        self._cwd: dict[str, str] = {}

    @property
    def _store(self) -> Store | None:
        if self._opened is not None and os.getpid() != self._pid:
            self._opened, self._pid = self._again(), os.getpid()
        return self._opened

    def prompts(self, session: str) -> Mapping[int, PromptInfo]:
        if session not in self._prompts:
            store = self._store
            found = store.prompts(session) if store is not None and session in store.find((session,)) else []
            self._prompts[session] = {one.index: one for one in found}
        return self._prompts[session]

    def deeds(self, session: str, turn: int) -> list[Deed]:
        """What a session did for a prompt, in order: never what came back."""
        store = self._store
        if store is None:
            return []
        if session not in self._entries:
            self._entries[session] = store.entries(session)
            self._cwd[session] = store.session(session).cwd.rstrip("/") + "/"
        entries = [one for one in self._entries[session] if one.turn == turn and _is_shown(one)]
        deeds = [_deed(entry, self._cwd[session]) for entry in entries[:_DEEDS]]
        if len(entries) > _DEEDS:
            deeds.append(Deed(kind="and", name="", text=f"{len(entries) - _DEEDS:,} more steps"))
        return deeds

    def cost(self, session: str, turns: Collection[int], tokens: TokenTotals, models: Sequence[str]) -> float | None:
        """By the responses to these prompts where the database has them (`turns`), else by the sum of tokens."""
        store = self._store if turns else None
        if store is not None:
            spent = cost_of_prompts(store, session, turns, self._prices)
        else:
            spent = cost(tokens, models[-1] if models else "", self._prices)
        if spent is None:
            return None
        self.priced += 1
        return float(spent)

    def tagged(self, session: str, tag: str) -> bool:
        store = self._store
        found = store.find((session,)).get(session) if store is not None else None
        return found is not None and tag in found.tags


def _is_shown(entry: Entry) -> bool:
    """Calls that only carry edits or other calls are left out, since those stand there themselves."""
    return entry.kind in _SHOWN_DEEDS and not (entry.kind == "call" and entry.text.startswith(_CARRIERS))


def _deed(entry: Entry, cwd: str) -> Deed:
    text = entry.text.strip()
    text = text if entry.kind == "reasoning" else text.partition("\n")[0]
    if entry.kind == "edit":
        text = text.removeprefix(cwd)
    return Deed(kind=entry.kind, name=entry.name[:_NAME], text=text if len(text) <= _DEED else text[: _DEED - 1] + "…")


def fact(one: Told, local: Local, allow: Allowance, *, kinds: Kinds, within: Sequence[str] = ()) -> CommitFact:
    """The commit as a report has it, not yet cleaned. With paths in `within` only what the commit did there is counted; lines of
    files that `kinds` keeps apart are counted by themselves."""
    folders = [path.strip("/") for path in within if path.strip("/") not in ("", ".")]
    whole = _within(one, folders) if folders else one
    found, apart = without(whole.found, kinds)
    return _commit(whole._replace(found=found), apart, local, allow)


def texts(fact: CommitFact) -> Iterable[str]:
    """Every text in the fact, to be cleaned."""
    yield from (fact.subject, fact.author, *fact.problems)
    yield from (file.path for file in fact.files)
    for part in fact.sessions:
        yield from (part.id, part.agent, part.agent_version, *part.models, *part.actions, *part.redactions)
        for reason in part.reasons:
            yield from (reason.kind, reason.detail)
        for prompt in part.prompts:
            yield prompt.text
            for deed in prompt.deeds:
                yield from (deed.name, deed.text)


def _within(one: Told, folders: Sequence[str]) -> Told:
    files = tuple(
        file
        for file in one.found.files
        if any(file.path == name or file.path.startswith(name + "/") for name in folders)
    )
    counts = {"generated": 0, "edited": 0}
    for r in (r for file in files for r in file.ranges):
        counts[r.line_class] += r.end - r.start + 1
    # How many lines were removed is not known file by file.
    found = replace(
        one.found,
        files=files,
        added=sum(file.added for file in files),
        generated=counts["generated"],
        edited=counts["edited"],
        deleted=0,
    )
    return one._replace(found=found)


def _commit(one: Told, apart: Kept, local: Local, allow: Allowance) -> CommitFact:
    commit, found = one.commit, one.found
    sound = found.status in SOUND
    owned = _owned(found) if sound else {}
    sessions = tuple(_session(raw, owned, _annexes(one), local, allow) for raw in found.sessions) if sound else ()
    kinds = {reason.kind for part in sessions if part.role == "authored" for reason in part.reasons}
    generated, edited = (found.generated, found.edited) if sound else (0, 0)
    return CommitFact(
        oid=commit.oid,
        subject=commit.subject[:_SUBJECT],
        author=commit.author[:_NAME] if allow.authors else "",
        authored_at=commit.authored_at,
        committed_at=commit.committed_at,
        merge=len(commit.parents) > 1,
        status=found.status,
        evidence=next((kind for kind in COUNTS if kind in kinds), ""),
        lines=Lines(
            added=found.added,
            generated=generated,
            edited=edited,
            unattributed=found.added - generated - edited,
            deleted=found.deleted,
        ),
        sessions=sessions,
        files=tuple(_files(found, sound)),
        digest=found.digest,
        problems=found.problems[:8],
        apart=Apart(
            files=apart.files,
            added=apart.added,
            generated=apart.generated if sound else 0,
            edited=apart.edited if sound else 0,
        ),
    )


def _annexes(one: Told) -> list[Annex]:
    """The annexes of the records that contributed, the commit's own record first."""
    order = dict.fromkeys((one.found.digest, *one.found.lineage))
    return [one.annexes[digest] for digest in order if digest in one.annexes]


def _owned(found: Assessment) -> Mapping[tuple[str, str], int]:
    """Lines by (session, class)."""
    owned: dict[tuple[str, str], int] = {}
    for file in found.files:
        for r in file.ranges:
            key = r.session, r.line_class
            owned[key] = owned.get(key, 0) + r.end - r.start + 1
    return owned


def _files(found: Assessment, sound: bool) -> Iterable[FileFact]:
    for file in found.files:
        counts = {"generated": 0, "edited": 0}
        for r in file.ranges if sound else ():
            counts[r.line_class] += r.end - r.start + 1
        yield FileFact(path=file.path[:_PATH], added=file.added, **counts)


def _session(
    raw: Mapping[str, object],
    owned: Mapping[tuple[str, str], int],
    annexes: Sequence[Annex],
    local: Local,
    allow: Allowance,
) -> SessionFact:
    one = _Core(raw)
    noted = next((each for annex in annexes for each in annex.sessions if each.id == one.id), None)
    known = {turn: info for turn, info in local.prompts(one.id).items() if turn in one.turns}
    tokens, spent, redactions = _took(one, noted, known, local)
    return SessionFact(
        id=one.id,
        agent=brand(one.agent),
        agent_version=one.agent_version,
        models=one.models,
        role=one.role,
        reasons=one.reasons,
        generated=owned.get((one.id, "generated"), 0),
        edited=owned.get((one.id, "edited"), 0),
        actions=one.actions,
        prompts=tuple(_prompt(one.id, turn, noted, known.get(turn), local, allow) for turn in one.turns),
        tokens=tokens,
        cost_usd=spent,
        redactions=redactions,
    )


class _Core:
    """A session as a record has it; `attach.shape` has checked its form."""

    def __init__(self, raw: Mapping[str, object]) -> None:
        value: Mapping[str, object] = raw
        self.id = str(value["id"])
        self.agent, self.agent_version = str(value["agent"]), str(value["agent_version"])
        self.role = str(value["role"])
        models, evidence, prompts, actions = (value[name] for name in ("models", "evidence", "prompts", "actions"))
        assert isinstance(models, list | tuple)
        assert isinstance(evidence, list | tuple)
        assert isinstance(prompts, list | tuple)
        assert isinstance(actions, dict)
        self.models = tuple(str(model) for model in models[:16])
        self.turns = tuple(sorted({int(one["turn"]) for one in prompts}))
        self.actions = {str(name): int(count) for name, count in list(actions.items())[:32]}
        self.reasons = tuple(
            Reason(kind=e["kind"], lines=e["lines"], rare=e["rare"], cover=e["cover"], detail=e["detail"])
            for e in evidence[:16]
        )


def _took(
    one: _Core, noted: AnnexSession | None, known: Mapping[int, PromptInfo], local: Local
) -> tuple[TokenTotals | None, float | None, Mapping[str, int]]:
    """(tokens, cost, redactions): what the record's annex says, else what the database does."""
    if noted is not None:
        price = float(noted.cost_usd) if noted.cost_usd else local.cost(one.id, known, noted.tokens, one.models)
        return noted.tokens, price, dict(noted.redactions)
    if not known:
        return None, None, {}
    tokens = added([info.tokens for info in known.values()])
    redactions: dict[str, int] = {}
    for info in known.values():
        for rule, number in info.redactions.items():
            redactions[rule] = redactions.get(rule, 0) + number
    return tokens, local.cost(one.id, known, tokens, one.models), redactions


def _prompt(
    session: str, turn: int, noted: AnnexSession | None, known: PromptInfo | None, local: Local, allow: Allowance
) -> PromptFact:
    texts = dict(noted.prompts) if noted else {}
    if known is not None and turn in texts and any(rule.startswith(MANUAL) for rule in known.redactions):
        texts[turn] = known.text  # the person has redacted it by hand since it was published
    text = allowed(texts.get(turn, ""), allow.noted)
    if not text and known is not None:
        text = allowed(known.text, allow.local)
    deeds = tuple(local.deeds(session, turn)) if allow.deeds and known is not None else ()
    return PromptFact(turn=turn, at=known.at if known and text else None, text=text, deeds=deeds)


def cleaned(fact: CommitFact, clean: Cleaner) -> CommitFact:
    """The same fact with every text in it clean."""
    return CommitFact(
        oid=fact.oid,
        subject=clean(fact.subject),
        author=clean(fact.author),
        authored_at=fact.authored_at,
        committed_at=fact.committed_at,
        merge=fact.merge,
        status=fact.status,
        evidence=fact.evidence,
        lines=fact.lines,
        sessions=tuple(_cleaned_session(part, clean) for part in fact.sessions),
        files=tuple(
            FileFact(path=clean(file.path), added=file.added, generated=file.generated, edited=file.edited)
            for file in fact.files
        ),
        digest=fact.digest,
        problems=tuple(map(clean, fact.problems)),
        apart=fact.apart,
    )


def _cleaned_session(part: SessionFact, clean: Cleaner) -> SessionFact:
    return SessionFact(
        id=clean(part.id),
        agent=clean(part.agent),
        agent_version=clean(part.agent_version),
        models=tuple(map(clean, part.models)),
        role=part.role,
        reasons=tuple(
            Reason(kind=clean(one.kind), lines=one.lines, rare=one.rare, cover=one.cover, detail=clean(one.detail))
            for one in part.reasons
        ),
        generated=part.generated,
        edited=part.edited,
        actions={clean(name): count for name, count in part.actions.items()},
        prompts=tuple(
            PromptFact(
                turn=one.turn,
                at=one.at,
                text=clean(one.text),
                deeds=tuple(Deed(kind=d.kind, name=clean(d.name), text=clean(d.text)) for d in one.deeds),
            )
            for one in part.prompts
        ),
        tokens=part.tokens,
        cost_usd=part.cost_usd,
        redactions={clean(rule): number for rule, number in part.redactions.items()},
    )
