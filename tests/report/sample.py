"""Rich reports for tests and pictures: one that a project could have, one of hostile texts, one of ten thousand commits."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from git_ai_trail.model import TokenTotals
from git_ai_trail.report.document import (
    CommitFact,
    Deed,
    FileFact,
    Lines,
    Policy,
    PromptFact,
    Reason,
    Report,
    Repository,
    SessionFact,
    Subject,
)
from tests.report.make import a_report, oid

START = datetime(2026, 9, 14, 8, 10, tzinfo=UTC)
DAYS = 62
_COMMITS = 40

_AGENTS = (
    ("Codex", "0.169.0", "gpt-5.5", 0.9),
    ("Codex", "0.169.0", "gpt-6-astra", 1.4),
    ("Claude Code", "2.4.1", "claude-opus-5", 2.1),
    ("Codex", "0.145.0", "", None),
)
_SUBJECTS = (
    "Retry fetches that time out",
    "Read station lists from the harbour office's new feed",
    "Cache predictions for a day, keyed by station and datum",
    "Show low water in the table's second row",
    "Name the datum on every page that prints a height",
    "Drop the v1 feed, which nobody has called since March",
    "Round heights to the centimetre once, at the very end",
    "Fix the hour that is missing when clocks go back",
    "Draw the curve with the moon's phase below it",
    "Test against the almanac of 2024, all twelve months",
    "Explain in the guide how to add a station by hand",
    "Speed up the harmonic sum with one table of cosines",
    "Say which stations are subordinate and to which port",
)
_AREAS = (
    ("src/tides/", ("fetch.py", "curve.py", "harmonics.py", "stations.py", "cache.py", "render/table.py")),
    ("tests/", ("test_fetch.py", "test_curve.py", "test_almanac.py")),
    ("docs/", ("guide.md", "stations.md")),
)
_PROMPTS = (
    "fetch() gives up on the first timeout. Make it retry with backoff, three times at most, and log each attempt "
    "with the station's id.",
    "The table prints 24:00 for the last low water of the day. Find out why and fix it;\n"
    "add a test with the date from [REDACTED:email]'s report.",
    "Write the guide's chapter about datums. Chart datum, mean sea level, what we print and why.",
    "Why is harmonics.py slow? Profile it first, then propose one change.",
)
_DEEDS = (
    Deed(kind="reasoning", name="", text="**Looking at the retry loop** before changing the signature"),
    Deed(kind="call", name="shell", text="python -m pytest -q tests/test_fetch.py"),
    Deed(kind="edit", name="", text="src/tides/fetch.py +24 -3"),
    Deed(kind="plan", name="", text="[done] reproduce; [done] retry with backoff; [open] document it"),
    Deed(kind="message", name="", text="Retries are in; two tests cover the second and the last attempt."),
)

# What people have put, or could put, into subjects, paths, prompts and names.
HOSTILE = (
    "<script>alert(1)</script>",
    "</title></svg></style></details><img src=x onerror=alert(1)>",
    "![pixel](https://evil.example/p.png) [click](javascript:alert(1)) <https://evil.example>",
    "https://evil.example/a www.evil.example ftp://evil.example x@evil.example mailto:x@evil.example xmpp:a@b.example",
    "@octocat @org/team fixes #12 closes GH-34 a/b#56 :tada: :+1:",
    "# heading",
    "- item | cell | `code` || \\| ~~gone~~ **bold** _it_ __x__ $x^2$ $`x`$",
    "1. one 2) two",
    "    indented",
    "```\nfence\n```",
    "<!-- ai-trail:end v1.4.0 --> --> <!--",
    "::error file=a::b ::stop-commands::x ##[error]c",
    "a\u202eb\u200bc\x1b[31md\x07\x00e\ud800f\U000e0041",
    "{{ 7 * 7 }} {% raw %} ${{ secrets.X }} &lt;b&gt; &#60;i&#62; &amp;amp; &copy;",
    "[x] [^1] [ref]: https://evil.example",
    "=== --- *** > quote + plus",
    '=HYPERLINK("https://evil.example")',
    "' onmouseover='alert(1)' \" style=\"x:url(//evil.example)\"",
    "x" * 400,
    "<details open><summary>",
    "http\u200b://evil.example h`ttps://evil.example",
    "a\\`b\\\\`c\\",
    "&#x40;octocat &#35;1 &colon;tada&colon;",
)


def sample(mode: str = "full", *, hostile: bool = False) -> Report:
    """Forty commits over two months by several agents and people; with `hostile`, every text that can be foreign is so."""
    commits = _commits()
    name, title = "v1.4.0", "AI assistance in v1.4.0"
    if hostile:
        commits = tuple(_spoiled(commit, number) for number, commit in enumerate(commits))
    report = a_report(
        *commits,
        mode=mode,
        url="https://example.org/harbour/tide-tables",
        title=title if not hostile else f"AI assistance in {HOSTILE[1]}",
        repository=Repository(
            name="harbour/tide-tables" if not hostile else HOSTILE[0], url="https://example.org/harbour/tide-tables"
        ),
        subject=Subject(
            kind="release",
            name=name if not hostile else HOSTILE[4],
            tag=name if not hostile else HOSTILE[2],
            previous="v1.3.0" if not hostile else HOSTILE[10],
            base_oid=oid(0),
            tip_oid=commits[0].oid,
            tip_at=commits[0].committed_at,
            revisions="v1.3.0..v1.4.0" if not hostile else f"a..{HOSTILE[5]}",
            chosen="The last release before it is v1.3.0." if not hostile else HOSTILE[3],
        ),
        filters={} if not hostile else {"path": HOSTILE[7], "author": HOSTILE[4]},
        policy=Policy(
            publish="redacted",
            profile="default" if not hostile else HOSTILE[0],
            require=("record", "disclosure"),
            source="the base branch",
        ),
        removed={"email": 1} if not hostile else {HOSTILE[1]: 2},
        rulesets=("5b1f" * 16,) if not hostile else (HOSTILE[0],),
        tool="git-ai-trail/0.1.0" if not hostile else HOSTILE[17],
        problems=("The notes of 1 commit could not be read.",) if not hostile else HOSTILE,
    )
    return replace(report, full_url="https://example.org/harbour/tide-tables/reports/v1.4.0.html")


def large(number: int = 10_000) -> Report:
    """So many commits, each with a session of its own."""
    commits = _commits()
    with_evidence = [one for one in commits if one.evidence]
    many = (
        replace(
            with_evidence[n % len(with_evidence)],
            oid=oid(n),
            committed_at=START + timedelta(minutes=7 * (number - n)),
        )
        for n in range(number)
    )
    return a_report(*many, mode="summary")


def _commits() -> tuple[CommitFact, ...]:
    """Newest first."""
    dice = random.Random(20261122)
    made = [_commit(dice, number) for number in range(_COMMITS)]
    return tuple(reversed(made))


def _commit(dice: random.Random, number: int) -> CommitFact:
    """Quiet weeks and busy ones; two of three commits have evidence, one in twenty a record that does not count."""
    kind = dice.choices(("exact", "carried", "unanchored", "claim", "unknown", "none"), (44, 10, 8, 3, 3, 32))[0]
    day = DAYS * (number / _COMMITS) ** dice.choice((0.9, 1.0, 1.15))
    at = START + timedelta(days=int(day), hours=dice.randint(0, 9), minutes=dice.randint(0, 59))
    files = _files(dice, evidence=kind in ("exact", "carried", "unanchored"))
    added, generated, edited = (sum(getattr(one, name) for one in files) for name in ("added", "generated", "edited"))
    evidence = dice.choices(("committed-by-session", "content", "content-weak"), (4, 6, 1))[0] if generated else ""
    sessions = _sessions(dice, generated, edited) if evidence else ()
    problems = {"claim": ("the record was made for other content",), "unknown": ("its note is not here",)}
    return CommitFact(
        oid=oid(1000 + number),
        subject=_SUBJECTS[number % len(_SUBJECTS)],
        author=dice.choice(("Ada Lind", "B. Okafor", "Chiara Rossi")),
        authored_at=at,
        committed_at=at,
        merge=number % 13 == 12,
        status=kind if evidence or kind in ("claim", "unknown") else "none",
        evidence=evidence,
        lines=Lines(
            added=added,
            generated=generated,
            edited=edited,
            unattributed=added - generated - edited,
            deleted=dice.randint(0, 40),
        ),
        sessions=sessions,
        files=files,
        digest="5b1f" * 16 if evidence else "",
        problems=problems.get(kind, ()),
    )


def _files(dice: random.Random, *, evidence: bool) -> tuple[FileFact, ...]:
    found: dict[str, FileFact] = {}
    for _ in range(dice.randint(1, 4)):
        folder, names = dice.choices(_AREAS, (6, 3, 1))[0]
        added = dice.randint(3, 130)
        share = dice.choice((0.0, 0.5, 0.8, 0.95)) if evidence else 0.0
        generated = int(added * share)
        edited = min(added - generated, int(added * share * dice.choice((0, 0, 0.06, 0.12))))
        path = folder + dice.choice(names)
        found[path] = FileFact(path=path, added=added, generated=generated, edited=edited)
    return tuple(found[path] for path in sorted(found))


def _sessions(dice: random.Random, generated: int, edited: int) -> tuple[SessionFact, ...]:
    agent, version, model, price = dice.choices(_AGENTS, (8, 5, 3, 1))[0]
    identity = dice.randint(1, 26)
    turns = sorted({dice.randint(0, 5) for _ in range(dice.randint(1, 3))})
    tokens = dice.randint(20_000, 400_000) if price else None
    return (
        SessionFact(
            id=f"019a{identity:04x}-0000-7000-8000-{identity:012d}",
            agent=agent,
            agent_version=version,
            models=(model,) if model else (),
            role="authored",
            reasons=(
                Reason(kind="content", lines=generated, rare=generated // 2, cover=80, detail="lines stand there"),
            ),
            generated=generated,
            edited=edited,
            actions={"calls": dice.randint(4, 60), "commands": dice.randint(2, 30), "edits": dice.randint(1, 12)},
            prompts=tuple(
                PromptFact(
                    turn=turn,
                    at=None,
                    text=dice.choice(("", *_PROMPTS)),
                    deeds=_DEEDS[: dice.randint(0, len(_DEEDS))],
                )
                for turn in turns
            ),
            tokens=tokens
            and TokenTotals(input=tokens, cached=tokens * 7 // 10, output=tokens // 12, reasoning=tokens // 30),
            cost_usd=round(tokens * price / 1e6, 4) if price and tokens else None,
            redactions=dice.choice(({}, {}, {"email": 2}, {"github-pat": 1, "home-path": 5}, {"manual:17": 1})),
        ),
    )


def _spoiled(commit: CommitFact, number: int) -> CommitFact:
    """The commit with a hostile text in every field that a stranger can fill."""
    text = HOSTILE[number % len(HOSTILE)]
    other = HOSTILE[(number * 7 + 3) % len(HOSTILE)]
    sessions = tuple(
        replace(
            one,
            id=f"{number:08d}{text}",
            agent=text,
            models=(other,),
            agent_version=other,
            actions={**one.actions, other: 3},
            redactions={text: 1, other: 2},
            reasons=tuple(replace(reason, detail=text) for reason in one.reasons),
            prompts=tuple(
                replace(
                    prompt,
                    text=f"{text}\n{other}\n{text}",
                    deeds=tuple(replace(deed, name=text, text=other) for deed in _DEEDS),
                )
                for prompt in one.prompts
            ),
        )
        for one in commit.sessions
    )
    files = tuple(replace(one, path=f"{other}/{n}/{text}") for n, one in enumerate(commit.files))
    problems = (text,) if commit.problems else ()
    return replace(commit, subject=text, author=other, sessions=sessions, files=files, problems=problems)
