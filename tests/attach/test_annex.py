"""The annex holds what the policy allows, fits into its line, and is gone when it is withheld."""

from __future__ import annotations

import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from git_ai_trail.attach.annex import MAX_PROMPT, POLICIES, AnnexSession, annex_line, parse_annex
from git_ai_trail.attach.record import tombstone_line
from git_ai_trail.errors import TrailError
from git_ai_trail.model import TokenTotals
from git_ai_trail.settings import PUBLISH_LEVELS
from tests.attach.build import SESSION

DIGEST = "d" * 64
TEXT = "Make it retry with backoff\nand tell [REDACTED:email#1] about it"
ONE = AnnexSession(
    id=SESSION,
    tokens=TokenTotals(input=40, cached=30, cache_write=1, output=5, reasoning=2),
    cost_usd="0.31",
    redactions={"email": 1, "structural:image": 2},
    prompts=((0, TEXT), (1, "Thanks")),
)


def line(*sessions: AnnexSession, policy: str = "none", made_at: int = 100, reviewer: str = "") -> bytes:
    return annex_line(DIGEST, sessions or [ONE], policy=policy, ruleset="r" * 64, made_at=made_at, reviewer=reviewer)


@pytest.mark.parametrize(
    ("policy", "prompts"),
    [
        ("none", ()),
        ("first-line", ((0, "Make it retry with backoff"), (1, "Thanks"))),
        ("redacted", ((0, TEXT), (1, "Thanks"))),
    ],
)
def test_prompts_are_there_only_as_far_as_the_policy_goes(policy: str, prompts: tuple[tuple[int, str], ...]) -> None:
    raw = line(policy=policy)
    assert raw == rfc8785.dumps(json.loads(raw))
    annex = parse_annex(raw + b"\n")[DIGEST]
    assert annex.sessions[0].prompts == prompts
    assert (annex.sessions[0].tokens, annex.sessions[0].cost_usd) == (ONE.tokens, "0.31")
    assert annex.sessions[0].redactions == ONE.redactions
    assert (annex.policy, annex.ruleset, annex.made_at, annex.cut) == (policy, "r" * 64, 100, 0)


def test_with_policy_none_no_byte_of_a_prompt_is_in_the_line() -> None:
    assert b"retry" not in line(policy="none")
    assert b"about it" not in line(policy="first-line")


def test_an_unknown_policy_publishes_nothing() -> None:
    with pytest.raises(TrailError):
        line(policy="all")


def test_long_prompts_are_cut_and_what_does_not_fit_is_counted() -> None:
    long = AnnexSession(id=SESSION, prompts=tuple((n, f"{n} " + "ü" * 5000) for n in range(40)))
    raw = line(long, AnnexSession(id="other", prompts=((0, "last"),)), policy="redacted")
    annex = parse_annex(raw)[DIGEST]
    shown = annex.sessions[0].prompts
    assert len(raw) <= 64 * 1024
    assert all(len(text) == MAX_PROMPT for _, text in shown)
    assert [turn for turn, _ in shown] == list(range(len(shown)))
    assert annex.cut == 41 - len(shown) - len(annex.sessions[1].prompts) > 0


def test_lone_surrogates_and_odd_figures_do_not_get_in() -> None:
    odd = AnnexSession(id="two words", cost_usd="1e9; rm", redactions={"no rule": 1}, prompts=((0, "a\ud800b"),))
    annex = parse_annex(line(odd, policy="redacted", reviewer="A\nB\x1b[1m"))[DIGEST]
    session = annex.sessions[0]
    assert (session.cost_usd, session.redactions, session.prompts) == ("", {}, ((0, "a?b"),))
    assert session.id.startswith("sha256-")
    assert annex.reviewer == "A B [1m"


def test_the_last_one_made_counts_wherever_merging_put_it() -> None:
    old, new = line(policy="redacted", made_at=1), line(policy="none", made_at=2)
    for note in (old + b"\n" + new, new + b"\n\n" + old):
        assert parse_annex(note)[DIGEST].policy == "none"


def test_a_tombstone_leaves_nothing() -> None:
    raw = line(policy="redacted")
    assert parse_annex(raw + b"\n" + tombstone_line(DIGEST)) == {}
    assert parse_annex(raw, withheld=[DIGEST]) == {}


@pytest.mark.parametrize(
    "raw", [b"", b"words", b'{"annex":1}', b'{"annex":"' + b"d" * 64 + b'","sessions":3}', b"[" * 90_000]
)
def test_foreign_lines_are_nothing(raw: bytes) -> None:
    assert parse_annex(raw) == {}


values = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)


@given(st.dictionaries(st.sampled_from(["id", "tokens", "cost_usd", "redactions", "prompts"]), values))
def test_wrong_types_are_read_as_nothing(session: dict[str, object]) -> None:
    raw = json.dumps({"annex": DIGEST, "sessions": [session]}).encode()
    for annex in parse_annex(raw).values():
        assert annex.sessions[0].tokens.total == 0


def test_policies_are_the_ones_that_can_be_configured() -> None:
    assert POLICIES == PUBLISH_LEVELS


def test_a_lone_surrogate_can_be_written_again() -> None:
    value = {"annex": "a" * 64, "made_at": 1, "policy": "redacted", "ruleset": "\ud800", "sessions": []}
    found = parse_annex(json.dumps(value).encode())["a" * 64]
    assert found.ruleset == "?"
    assert annex_line(found.digest, found.sessions, policy="redacted", ruleset=found.ruleset, made_at=1)
