"""What a report says of commits: sums, sections, words."""

from __future__ import annotations

import re

import pytest

from git_ai_trail.model import TokenTotals
from git_ai_trail.report.document import MODES, Policy, PromptFact, Report, Section
from git_ai_trail.report.render import rendered
from git_ai_trail.report.spent import spent
from tests.report.make import a_commit, a_report, a_session


def section(report: Report, name: str) -> Section:
    return next(one for one in report.sections if one.id == name)


def test_the_headline_counts_commits_and_lines() -> None:
    report = a_report(a_commit(1, a_session()), a_commit(2))
    assert section(report, "headline").lead == (
        "1 of 2 commits carries evidence of AI assistance.",
        "Of 12 added lines, 7 were written by a coding agent's session and 1 was written by one and altered afterwards, "
        "with evidence; 4 have none, which says nothing about who wrote them.",
    )


def test_without_evidence_nothing_is_claimed() -> None:
    report = a_report(a_commit(1), a_commit(2))
    assert section(report, "headline").lead == (
        "None of 2 commits carries evidence of AI assistance, which says nothing about who wrote them.",
    )
    assert [one.id for one in report.sections] == ["headline", "unmatched", "method"]


def test_a_range_without_commits_says_so() -> None:
    assert section(a_report(), "headline").lead == ("There are no commits to report on.",)


def test_merges_are_named_and_not_counted() -> None:
    report = a_report(a_commit(1, a_session()), a_commit(2, merge=True))
    assert report.totals.commits == 1
    assert "1 merge is not counted" in section(report, "headline").lead[0]


def test_a_merge_with_a_record_counts() -> None:
    assert a_report(a_commit(1, a_session(), merge=True)).totals.commits == 1


def test_a_claim_adds_nothing_to_the_figures_and_is_named() -> None:
    claim = a_commit(2, status="claim", problems=("the record was made for other content",))
    report = a_report(a_commit(1, a_session()), claim)
    assert (report.totals.with_evidence, report.totals.claims) == (1, 1)
    rows = section(report, "unmatched").table
    assert rows is not None
    assert rows.rows[0]["why"] == "the record was made for other content"


def test_sessions_and_prompts_are_counted_once() -> None:
    report = a_report(a_commit(1, a_session(1, turns=(0, 1))), a_commit(2, a_session(1, turns=(1, 2)), a_session(2)))
    assert (report.totals.sessions, report.totals.prompts) == (2, 4)


def test_tokens_of_the_same_prompts_count_once() -> None:
    took = spent([a_session(1), a_session(1), a_session(2)])
    assert took.tokens is not None
    assert (took.tokens.total, took.cost_usd, took.doubled) == (2400, 0.5, False)


def test_overlapping_prompts_are_said_to_overlap() -> None:
    assert spent([a_session(1, turns=(0, 1)), a_session(1, turns=(1, 2))]).doubled


def test_a_session_without_a_price_leaves_the_row_without_a_cost() -> None:
    took = spent([a_session(1), a_session(2, cost_usd=None)])
    assert (took.tokens and took.tokens.total, took.cost_usd) == (2400, None)


def test_nothing_known_is_not_zero() -> None:
    took = spent([a_session(1, tokens=None, cost_usd=None)])
    assert (took.tokens, took.cost_usd) == (None, None)
    text = rendered(a_report(a_commit(1, a_session(1, tokens=None, cost_usd=None))), "md")
    assert "| Codex · gpt-5.5 | 1 | 7 | 1 | 1 | – | – |" in text


def test_agents_stand_by_what_they_wrote() -> None:
    report = a_report(
        a_commit(1, a_session(1, generated=3)),
        a_commit(
            2, a_session(2, models=("gpt-6",), generated=30), a_session(3, agent="Claude", models=(), generated=9)
        ),
    )
    table = section(report, "agents").table
    assert table is not None
    assert [row["agent"] for row in table.rows] == ["Codex · gpt-6", "Claude", "Codex · gpt-5.5"]
    assert section(report, "agents").notes


def test_a_large_area_is_cut_finer() -> None:
    files = {
        "src/core/a.py": (40, 30, 0),
        "src/core/b.py": (10, 0, 0),
        "src/web/c.js": (30, 1, 1),
        "README.md": (2, 0, 0),
    }
    table = section(a_report(a_commit(1, a_session(), files=files)), "areas").table
    assert table is not None
    assert [row["area"] for row in table.rows] == ["src/core/*", "src/web/", "(top level)"]
    assert table.rows[0]["files"] == 2
    assert sum(int(row["added"] or 0) for row in table.rows) == 82


def test_redactions_by_rule_and_by_hand() -> None:
    found = {"email": 3, "github-pat": 2, "manual:17": 1, "structural:image": 4}
    title = section(a_report(a_commit(1, a_session(redactions=found))), "redactions").title
    assert title == "Redactions: 5 by 2 rules, 1 by hand, 4 payloads left out"


def test_redactions_of_the_same_prompts_count_once() -> None:
    one, two = (a_commit(number, a_session(redactions={"email": 3})) for number in (1, 2))
    assert a_report(one, two).redactions.records == {"email": 3}


@pytest.mark.parametrize(("level", "said"), [("none", "policy and consent"), ("redacted", "no owner of a session")])
def test_prompts_that_are_not_shown_are_counted_with_the_reason(level: str, said: str) -> None:
    policy = Policy(publish=level, profile="default", require=(), source="the worktree")
    found = section(a_report(a_commit(1, a_session(turns=(0, 1))), mode="prompts", policy=policy), "prompts")
    assert found.lead[0].startswith("2 prompts led to these commits.")
    assert said in found.lead[0]
    assert not found.items


def test_prompts_stand_under_their_commit() -> None:
    policy = Policy(publish="redacted", profile="default", require=(), source="the worktree")
    told = a_session(prompts=(PromptFact(turn=0, at=None, text="Make it retry"), PromptFact(turn=2, at=None, text="")))
    found = section(a_report(a_commit(1, told), mode="prompts", policy=policy), "prompts")
    assert [(text.label, text.text) for text in found.items[0].texts] == [("Prompt 1", "Make it retry")]
    assert found.lead[0].endswith("Of 1 of them the text, redacted, is shown here by consent of the owner.")


def test_the_check_commands_are_safe_to_paste() -> None:
    report = a_report(a_commit(1, a_session()))
    hostile = report.subject.__class__(
        **{name: getattr(report.subject, name) for name in report.subject.__slots__}
        | {"revisions": "v1..$(id)", "tag": "$(id)"}
    )
    commands = section(a_report(a_commit(1, a_session()), subject=hostile), "method").commands
    assert commands[1] == "git ai-trail verify 'v1..$(id)'"
    assert commands[2] == "git ai-trail report --release '$(id)' --previous v1.3.0 --no-store"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("form", ["md", "txt"])
def test_no_form_claims_what_nobody_knows(mode: str, form: str) -> None:
    files = {"src/a.py": (9, 7, 1)}
    report = a_report(a_commit(1, a_session(), files=files), a_commit(2), a_commit(3, status="unknown"), mode=mode)
    text = rendered(report, form)
    assert "human-written" not in text
    assert not re.search(r"\d ?%", text)
    assert "with evidence" in text.replace("*", "")
    if mode == "full":
        assert {one.id for one in report.sections} >= {
            "agents",
            "areas",
            "tokens",
            "commits",
            "prompts",
            "actions",
            "method",
        }


def test_the_same_facts_give_the_same_bytes() -> None:
    commits = a_commit(1, a_session(redactions={"b": 1, "a": 2})), a_commit(2, a_session(2))
    assert rendered(a_report(*commits), "json") == rendered(a_report(*commits), "json")


def test_tokens_have_a_row_for_each_model() -> None:
    more = a_session(2, models=("gpt-6",), tokens=TokenTotals(input=9000, output=1), cost_usd=None)
    found = section(a_report(a_commit(1, a_session()), a_commit(2, more), mode="tokens"), "tokens")
    assert found.table is not None
    assert [(row["agent"], row["total"], row["cost_usd"]) for row in found.table.rows] == [
        ("Codex · gpt-6", 9001, None),
        ("Codex · gpt-5.5", 1200, 0.25),
    ]
    assert any("no price is known" in note for note in found.notes)
