"""The Markdown form as GitHub's own renderer shows it: foreign text is shown, never obeyed."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from git_ai_trail.report import escape
from git_ai_trail.report.document import MODES, Report
from git_ai_trail.report.render import rendered
from tests.report import gfm
from tests.report.gfm import Element
from tests.report.sample import HOSTILE, sample

# What GitHub turns into a mention, a reference or a picture in the finished text.
_OBEYED = re.compile(r"@\w|#\d|\bGH-\d|:[+\w-]+:|https?://|www\.", re.IGNORECASE)
_PIECES = (
    *HOSTILE,
    *"\\`*_[](){}<>#+-.!|~&:@$=^'\"/ \t\n\r",
    "http://a.example",
    "www.a.example",
    "a@b.example",
    "@user",
    "#1",
    "GH-1",
    ":tada:",
    "<!--",
    "-->",
    "<b>",
    "</b>",
    "&lt;",
    "&#35;",
    "&amp",
    "word",
    "1.",
    "23)",
    "[x]",
    "[^1]",
    "ä",
    "\u00a0",
    "\u3000",
    "\u202e",
    "\ufeff",
    "\x1b",
    "\x00",
    "::error::",
    "##[group]",
)
TEXTS = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(_PIECES), max_size=8).map("".join))

# Where templates put a text, and the elements that are theirs there.
PLACES: dict[str, tuple[str, set[str]]] = {
    "a paragraph": ("{}", {"p"}),
    "after words": ("Before: {}.", {"p"}),
    "a heading": ("### {}", {"h3"}),
    "a list": ("- {}", {"ul", "li"}),
    "bold": ("**{}** · more", {"p", "strong"}),
    "a table": ("| a | b |\n| --- | --- |\n| {} | z |", {"table", "thead", "tbody", "tr", "th", "td"}),
}


def tags(element: Element) -> set[str]:
    return {one.tag for one in element.all()}


def words(element: Element) -> str:
    return " ".join(element.text().split())


@pytest.mark.parametrize("place", PLACES)
@given(text=TEXTS)
@example(text="b.example@.word")
@example(text="0 #")
@example(text="@_ :_:")
def test_md_shows_just_the_text(place: str, text: str) -> None:
    form, ours = PLACES[place]
    assume(place != "bold" or escape.seen(text))
    found = gfm.rendered(form.format(escape.md(text)))
    assert words(found) == words(gfm.page(form_text(form, escape.seen(text))))
    assert tags(found) <= ours
    assert not any(_OBEYED.search(piece) for piece in found.prose())


def form_text(form: str, text: str) -> str:
    """What a reader should see, with the text put in as HTML."""
    shown = text.replace("&", "&amp;").replace("<", "&lt;")
    plain = {PLACES["a table"][0]: "a b {} z", PLACES["a list"][0]: "{}", PLACES["a heading"][0]: "{}"}
    return plain.get(form, form.replace("**", "")).replace("{}", shown)


@given(text=TEXTS)
def test_code_shows_just_the_text(text: str) -> None:
    found = gfm.rendered(f"Run {escape.md_code(text)} now")
    assert words(found) == " ".join(f"Run {unmarked(escape.seen(text))} now".split())
    assert tags(found) == {"p", "code"}
    assert "<!--" not in gfm.html(escape.md_code(text))


@given(text=TEXTS)
def test_code_in_a_table_shows_just_the_text(text: str) -> None:
    found = gfm.rendered(f"| a |\n| --- |\n| {escape.md_cell_code(text)} |")
    assert [words(cell) for cell in found.all("td")] == [" ".join(unmarked(escape.seen(text)).split())]
    assert tags(found) == {"table", "thead", "tbody", "tr", "th", "td", "code"}


@given(text=TEXTS)
def test_a_block_shows_just_the_text(text: str) -> None:
    found = gfm.rendered(f"Before\n\n{escape.md_block(text)}\n\nAfter\n")
    (block,) = found.all("code")
    assert block.text().strip("\n") == unmarked(escape.seen_block(text)).strip("\n")
    assert [one.tag for one in found.all()] == ["p", "pre", "code", "p"]


@given(text=TEXTS)
@example(text="0HTTP://a")
def test_a_summary_shows_just_the_text(text: str) -> None:
    found = gfm.rendered(f"<details><summary>{escape.md_html(text)}</summary>\n\nwithin\n\n</details>\n")
    (summary,) = found.all("summary")
    assert words(summary) == words(gfm.page(form_text("{}", escape.seen(text))))
    assert tags(found) == {"details", "summary", "p"}
    assert not any(_OBEYED.search(piece) for piece in summary.prose())


def unmarked(text: str) -> str:
    """Code keeps a comment's beginning from being one of our markers."""
    return text.replace("<!--", "<! --")


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "ftp://evil.example", " https://a.example"]
)
def test_only_addresses_of_the_web_become_targets(url: str) -> None:
    assert escape.md_url(url) == ""


@given(text=TEXTS)
def test_an_address_stays_within_its_link(text: str) -> None:
    found = gfm.rendered(f"[x]({escape.md_url('https://example.org/' + text)})")
    assert [one.tag for one in found.all()] == ["p", "a"]
    assert found.all("a")[0].attributes["href"].startswith("https://example.org/")


@pytest.fixture(scope="module", params=MODES)
def hostile(request: pytest.FixtureRequest) -> tuple[Report, str]:
    report = sample(request.param, hostile=True)
    return report, rendered(report, "md")


def test_every_row_of_a_table_has_all_its_cells(hostile: tuple[Report, str]) -> None:
    report, text = hostile
    expected = [
        [len(one.table.columns)] * (1 + len(one.table.rows)) for one in report.sections if one.table and one.table.rows
    ]
    found = [[len(row.all("th", "td")) for row in table.all("tr")] for table in gfm.rendered(text).all("table")]
    assert found == expected
    # GitHub cuts what is too many and fills up what is missing, so the cells must also say what they should.
    shown = [cell.text() for table in gfm.rendered(text).all("table") for cell in table.all("td")]
    for subject in {escape.seen(one.subject) for one in report.commits if one.evidence}:
        assert report.mode == "tokens" or subject in shown


def test_folds_open_and_close_in_pairs(hostile: tuple[Report, str]) -> None:
    report, text = hostile
    folds = gfm.rendered(text).all("details")
    assert len(folds) == sum(1 for one in report.sections if one.folded)
    assert all(fold.all()[0].tag == "summary" for fold in folds)
    assert not any(fold.all("details") for fold in folds)


def test_links_lead_to_commits_and_the_full_report_only(hostile: tuple[Report, str]) -> None:
    report, text = hostile
    allowed = {f"{report.repository.url}/commit/{one.oid}" for one in report.commits} | {report.full_url}
    found = {link.attributes["href"] for link in gfm.rendered(text).all("a")}
    assert found <= allowed
    assert report.full_url in found


def test_a_hostile_text_makes_no_element(hostile: tuple[Report, str]) -> None:
    report, text = hostile
    found = gfm.rendered(text)
    plain = gfm.rendered(rendered(sample(report.mode), "md"))
    assert tags(found) <= tags(plain) | {"table", "thead", "tbody", "tr", "th", "td"}
    assert not tags(found) & {"script", "img", "h1", "hr", "blockquote", "ol", "input", "del", "sup", "style"}
    headings = [one.tag for one in found.all("h1", "h2", "h3", "h4", "h5", "h6")]
    assert headings == ["h2", *(["h3"] * sum(1 for one in report.sections if not one.folded and one.id != "headline"))]
    assert all(set(one.attributes) <= {"href", "align", "class"} for one in found.all())


def test_nobody_is_mentioned_and_nothing_is_referred_to(hostile: tuple[Report, str]) -> None:
    _, text = hostile
    assert not [piece for piece in gfm.rendered(text).prose() if _OBEYED.search(piece)]


def test_no_marker_of_ours_comes_from_a_text(hostile: tuple[Report, str]) -> None:
    _, text = hostile
    assert not re.search(r"<!--\s*ai-trail", text)


@pytest.mark.parametrize("form", ["md", "html", "txt", "json", "csv"])
@pytest.mark.parametrize("mode", MODES)
def test_no_line_is_a_command_to_a_workflow(form: str, mode: str) -> None:
    text = rendered(sample(mode, hostile=True), form, section="agents" if form == "csv" else "")
    assert not re.search(r"^\s*::", text, re.MULTILINE)
    assert "##[" not in text


@given(text=TEXTS)
def test_no_text_becomes_a_command_to_a_workflow(text: str) -> None:
    makers: tuple[Callable[[str], str], ...] = (
        escape.md,
        escape.md_code,
        escape.md_block,
        escape.md_html,
        escape.seen,
        escape.seen_block,
        lambda one: str(escape.spreadsheet(one)),
    )
    for make in makers:
        assert not re.search(r"^\s*::|##\[", make(text), re.MULTILINE)


@pytest.mark.parametrize("text", ["x" * 5_000, "`" * 300, "[" * 3_000, "<" * 3_000, "*a " * 2_000, "\\" * 999])
def test_long_runs_cost_little_and_stay_text(text: str) -> None:
    assert words(gfm.rendered(escape.md(text))) == words(gfm.page(form_text("{}", escape.seen(text))))
