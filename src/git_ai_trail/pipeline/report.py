"""The transparency report on a range or a release: from the commits' records to a text that may be published. Cold path."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from git_ai_trail.attach.annex import POLICIES
from git_ai_trail.config import RepositoryConfig, UserConfig
from git_ai_trail.errors import TrailError
from git_ai_trail.git import Git, normal_url
from git_ai_trail.pipeline import history, releases
from git_ai_trail.pipeline.apart import of_commits
from git_ai_trail.pipeline.commits import no_such_range
from git_ai_trail.pipeline.env_files import values_in
from git_ai_trail.pipeline.prices import NO_PRICES, prices_of
from git_ai_trail.pipeline.report_facts import Allowance, Cleaner, Local, cleaned, fact, texts
from git_ai_trail.pipeline.second_look import refuse_unclean
from git_ai_trail.pipeline.second_opinion import refuse_on_second_opinion
from git_ai_trail.pipeline.user_store import find_user_store
from git_ai_trail.report import fit, markers, render, saved
from git_ai_trail.report.build import build
from git_ai_trail.report.document import FORMS, MODES, CommitFact, Policy, Report, Repository, Subject
from git_ai_trail.settings import effective_publish
from git_ai_trail.shown import Commit
from git_ai_trail.store.protocol import Store
from git_ai_trail.version import VERSION

# What the body of a release on GitHub holds at most, in characters.
RELEASE_BODY = 125_000
RULES = (".git-ai-trail/redactions.yml", ".git-ai-trail/redactions.yaml", ".git-ai-trail/redactions.json")
TEMPLATES = ".git-ai-trail/templates"

# A commit, the rule sets of its records, and whether a cost in it was worked out here.
_Read = tuple[CommitFact, tuple[str, ...], bool]
_READS = msgspec.msgpack.Decoder(list[_Read])

__all__ = ["FORMS", "MODES", "Report"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to report on. A release, or revisions as `git log` takes them, or nothing: what came since the last release.

    Filters choose commits: `agent`, `session` and `tag` those in which such a session took part.
    """

    release: str = ""
    previous: str = ""
    prefix: str | None = None
    revisions: tuple[str, ...] = ()
    mode: str = ""
    title: str = ""
    authors: bool = False
    paths: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    author: str = ""
    agent: str = ""
    session: str = ""
    tag: str = ""

    @property
    def filters(self) -> Mapping[str, str]:
        """The filters in force by their option's name."""
        stated = {
            "path": ", ".join(self.paths),
            "since": self.since.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ") if self.since else "",
            "until": self.until.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ") if self.until else "",
            "author": self.author,
            "agent": self.agent,
            "session": self.session,
            "tag": self.tag,
        }
        return {name: value for name, value in stated.items() if value}


def make(
    git: Git,
    wanted: Wanted,
    *,
    env: Mapping[str, str],
    policy: RepositoryConfig,
    policy_source: str = "the worktree",
    store: Store | None = None,
    user: UserConfig | None = None,
    repository: tuple[str, str] = ("", ""),
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """The report, every text in it clean. Without `store` it is made from records and trailers alone, as in CI.

    What is shown of prompts is the least of `policy`, the owner's consent (what they let into the record's annex; for what
    only this machine knows, `user`) and the environment. `repository` (name, address) is asked of git where it is empty.
    """
    mode = wanted.mode or policy.report_mode
    if mode not in MODES:
        raise TrailError(f"no such mode of a report: {mode[:40]}", f"one of {', '.join(MODES)}")
    subject = _subject(git, wanted)
    own = user or UserConfig()
    level, allow = _allowed(wanted, mode, policy, own, env)
    top = git.toplevel()
    cleaner = Cleaner([path for name in RULES if os.path.isfile(path := os.path.join(top, name))])
    # Without a person's configuration only what the records say themselves has a cost, so that everybody gets the same.
    prices = prices_of(own) if user is not None else NO_PRICES
    local = Local(store, prices, again=lambda: find_user_store(env, own))
    revisions = subject.revisions.split(" ")
    log = [one for one in history.chosen(git, revisions, paths=wanted.paths) if _in_time(one, wanted)]
    kinds = of_commits(git, [one.oid for one in log], policy.apart)

    def read(one: history.Told) -> _Read:
        before = local.priced
        made = fact(one, local, allow, kinds=kinds(one.commit.oid), within=wanted.paths)
        return made, _rulesets(one), local.priced > before

    found = history.made_of(git, revisions, log, read, history.Codec(_pack, _unpack), progress=progress)
    commits = [one for one, _, _ in found if _took_part(one, wanted, local)]
    for one in commits:
        cleaner.want(*texts(one))
    name, url = repository if repository[0] else _repository(git, top)
    head = _Head(_title(wanted, policy, subject), name, url, subject, wanted.filters, policy_source)
    head.want(cleaner)
    return build(
        tool=f"git-ai-trail/{VERSION}",
        title=cleaner(head.title),
        repository=Repository(name=cleaner(name), url=cleaner(url)),
        subject=head.clean_subject(cleaner),
        mode=mode,
        filters={key: cleaner(value) for key, value in wanted.filters.items()},
        policy=Policy(
            publish=level, profile=policy.profile or "default", require=policy.require, source=cleaner(policy_source)
        ),
        commits=tuple(cleaned(one, cleaner) for one in commits) if cleaner.changes else tuple(commits),
        removed=dict(sorted(cleaner.removed.items())),
        prices=prices.described if any(priced for _, _, priced in found) else "",
        rulesets=tuple(sorted({digest for _, digests, _ in found for digest in digests})),
    )


def written(
    report: Report,
    form: str,
    *,
    templates: str = "",
    section: str = "",
    limit: int | None = None,
    full_url: str = "",
    second_opinion: bool = False,
    folder: str = "",
) -> str:
    """The report as text, at most `limit` characters long, having passed the second look of redaction (and another engine's).

    `folder` is where a person works: what the `.env*` files there and above it hold does not go out either.
    Raises `TrailError` where that finds something (rule and place are named, never the text), so that nothing is published.
    """
    whole = replace(report, full_url=full_url) if full_url else report
    if templates:
        render.check_templates(templates)

    def draw(one: Report) -> str:
        return render.rendered(one, form, templates=templates, section=section)

    text = draw(whole) if limit is None else fit.fitted(whole, limit, draw)
    refuse_unclean(text, is_json=form == "json", secrets=values_in(folder))
    if second_opinion:
        refuse_on_second_opinion(text)
    return text


def wanted(**options: Any) -> Wanted:
    """What the command line's options ask for."""
    return Wanted(**{name: value for name, value in options.items() if value is not None})


def save_if_new(path: str, text: str, *, dry_run: bool = False) -> bool:
    """Writes the file unless it holds this text already; False if it does."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            if file.read(len(text) + 1) == text:
                return False
    except (OSError, UnicodeDecodeError):
        pass  # not there, or something else: it is replaced
    if not dry_run:
        save(path, text)
    return True


def put_into(path: str, name: str, section: str, *, dry_run: bool = False) -> bool:
    """Puts `section` between the markers of `name` in the file at `path`; False if it stood there already.

    Every other byte stays. The file is replaced whole; one that is not there is made.
    """
    try:
        with open(path, encoding="utf-8", newline="") as file:
            before = file.read()
    except FileNotFoundError:
        before = ""
    except UnicodeDecodeError as error:
        raise TrailError(f"{path}: not UTF-8, so no section can be put into it", "save it as UTF-8") from error
    except OSError as error:
        raise TrailError(f"{path}: {error.strerror}", "name a file that can be read and written") from error
    marker = markers.name_of(name)
    refuse_unclean(marker)
    after = markers.put(before, marker, section)
    if after == before:
        return False
    if not dry_run:
        save(path, after)
    return True


def save(path: str, text: str) -> None:
    """Replaces the file at `path`, so that nobody ever sees half of it."""
    target = os.path.realpath(path)
    draft = f"{target}.ai-trail-{os.getpid()}"
    try:
        mode = os.stat(target).st_mode & 0o777 if os.path.exists(target) else None
        with open(draft, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        if mode is not None:
            os.chmod(draft, mode)
        os.replace(draft, target)
    except OSError as error:
        if os.path.exists(draft):
            os.unlink(draft)
        raise TrailError(f"{path}: {error.strerror}", "name a file that can be written") from error


def load(path: str) -> Report:
    """The report in a JSON file that `--format json` wrote."""
    try:
        with open(path, "rb") as file:
            return saved.from_json(file.read(saved.MAX_BYTES + 1))
    except OSError as error:
        raise TrailError(
            f"{path}: {error.strerror}", "name a report that `git ai-trail report --format json` wrote"
        ) from error


@dataclass(frozen=True, slots=True)
class _Head:
    """The texts of a report that do not come from its commits."""

    title: str
    name: str
    url: str
    subject: Subject
    filters: Mapping[str, str]
    source: str

    def want(self, cleaner: Cleaner) -> None:
        one = self.subject
        cleaner.want(self.title, self.name, self.url, self.source, *self.filters.values())
        cleaner.want(one.name, one.tag, one.previous, one.revisions, one.chosen)

    def clean_subject(self, cleaner: Cleaner) -> Subject:
        one = self.subject
        return replace(
            one,
            name=cleaner(one.name),
            tag=cleaner(one.tag),
            previous=cleaner(one.previous),
            revisions=cleaner(one.revisions),
            chosen=cleaner(one.chosen),
        )


def _subject(git: Git, wanted: Wanted) -> Subject:
    if wanted.release:
        found = releases.release(git, wanted.release, previous=wanted.previous, prefix=wanted.prefix)
        span = f"{found.previous}..{found.tag}" if found.previous else found.tag
        return Subject(
            kind="release",
            name=found.tag,
            tag=found.tag,
            previous=found.previous,
            base_oid=found.base_oid,
            tip_oid=found.oid,
            tip_at=_time_of(git, found.oid),
            revisions=span,
            chosen=found.chosen,
        )
    chosen = ""
    revisions = wanted.revisions
    if not revisions:
        revisions, chosen = _unreleased(git, wanted)
    tips, bases = ends(git, revisions)
    return Subject(
        kind="range",
        name=f"the history up to {tips[0][:10]}" if revisions == ("HEAD",) else " ".join(revisions),
        tag="",
        previous="",
        base_oid=bases[0] if bases else "",
        tip_oid=tips[0],
        tip_at=_time_of(git, tips[0]),
        revisions=" ".join(revisions),
        chosen=chosen,
    )


def _unreleased(git: Git, wanted: Wanted) -> tuple[tuple[str, ...], str]:
    """What came since the last release, where there is one."""
    if git.resolve("HEAD") is None:
        raise TrailError("there are no commits yet", "give a range or --release, or commit something")
    if wanted.previous:
        return (f"{wanted.previous}..HEAD",), "Its start was given."
    last = releases.latest(git, wanted.prefix)
    if last:
        return (f"{last}..HEAD",), f"It starts at {last}, the last release before HEAD."
    return ("HEAD",), "There is no release yet, so it starts at the first commit."


def ends(git: Git, revisions: Sequence[str]) -> tuple[list[str], list[str]]:
    """(included, excluded) oids that the revisions name; `TrailError` for what git does not know."""
    if any(one.startswith("-") or " " in one or not one for one in revisions):
        raise TrailError(f"not a range of commits: {' '.join(revisions)[:200]!r}", "give it as v1.2..v1.3")
    code, out = git.call("rev-parse", "--revs-only", *(f"{one}" for one in revisions), "--")
    oids = out.decode("ascii", "replace").split()
    tips = [oid for oid in oids if not oid.startswith("^")]
    if code != 0 or not tips or len(oids) < len(revisions):
        raise no_such_range(git, revisions)
    known = [git.resolve(oid) for oid in tips]
    return [oid for oid in known if oid], [oid[1:] for oid in oids if oid.startswith("^")]


def _time_of(git: Git, oid: str) -> datetime:
    return datetime.fromtimestamp(int(git.text("log", "-1", "--format=%ct", oid)), UTC)


def _repository(git: Git, top: str) -> tuple[str, str]:
    """(name, address of its page) from origin; the folder's name alone where origin is no place on the web."""
    where = normal_url(git.text("config", "--get", "remote.origin.url", check=False))
    host, _, path = where.partition("/")
    if path and "." in host and not where.startswith("/"):
        return path, f"https://{host}/{path}"
    return os.path.basename(top), ""


def _title(wanted: Wanted, policy: RepositoryConfig, subject: Subject) -> str:
    title = wanted.title or policy.report_title or "AI assistance in {name}"
    return title.replace("{name}", subject.name)[:300]


def _allowed(
    wanted: Wanted, mode: str, policy: RepositoryConfig, user: UserConfig, env: Mapping[str, str]
) -> tuple[str, Allowance]:
    """(how much may be published, and how much of it such a report shows)."""
    level = effective_publish(policy.publish, env.get("GIT_AI_TRAIL_PUBLISH") or POLICIES[-1])
    return level, _allowance(wanted, mode, level, user)


def _allowance(wanted: Wanted, mode: str, level: str, user: UserConfig) -> Allowance:
    if mode in ("summary", "tokens"):
        return Allowance(authors=wanted.authors)
    local = effective_publish(level, user.consent)
    deeds = mode in ("actions", "full") and local == "redacted"
    return Allowance(noted=level, local=local, deeds=deeds, authors=wanted.authors)


def _in_time(commit: Commit, wanted: Wanted) -> bool:
    at = commit.committed_at
    early, late = wanted.since and at < wanted.since, wanted.until and at >= wanted.until
    return not early and not late and wanted.author.lower() in commit.author.lower()


def _took_part(one: CommitFact, wanted: Wanted, local: Local) -> bool:
    """Whether a session that the filters ask for took part in the commit."""
    if not (wanted.agent or wanted.session or wanted.tag):
        return True
    return any(
        (not wanted.agent or part.agent.lower() == wanted.agent.lower())
        and part.id.startswith(wanted.session)
        and (not wanted.tag or local.tagged(part.id, wanted.tag))
        for part in one.sessions
    )


def _pack(made: list[_Read]) -> bytes:
    try:
        return msgspec.msgpack.encode(made)
    except UnicodeEncodeError:
        return pickle.dumps(made)  # a path or a subject that is not UTF-8


def _unpack(sent: bytes) -> list[_Read]:
    # From our own child, through a pipe that nobody else holds. A pickle begins with a byte that no list does.
    return pickle.loads(sent) if sent.startswith(b"\x80") else _READS.decode(sent)  # noqa: S301


def _rulesets(one: history.Told) -> tuple[str, ...]:
    found = {annex.ruleset for annex in one.annexes.values()}
    return tuple(digest for digest in found if len(digest) == 64 and all(c in "0123456789abcdef" for c in digest))
