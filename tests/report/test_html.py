"""The page: foreign texts are shown and make nothing; it asks for nothing; people can read it however they do."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pypdf
import pytest

from git_ai_trail.report import escape
from git_ai_trail.report.document import MODES, Report
from git_ai_trail.report.render import rendered
from tests.report.browser import Browser, NoBrowser, browser
from tests.report.gfm import Element, page
from tests.report.make import a_commit, a_report, a_session
from tests.report.sample import large, sample

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "report.png"
_NAMED = re.compile(r"--(\w+): (#[0-9a-f]{3,6});")


@pytest.fixture(scope="module", params=MODES)
def hostile(request: pytest.FixtureRequest) -> tuple[Report, Element]:
    report = sample(request.param, hostile=True)
    return report, page(rendered(report, "html"))


def shapes(root: Element) -> set[tuple[str, ...]]:
    """Every kind of element with the names of its attributes."""
    return {(one.tag, *sorted(one.attributes)) for one in root.all()}


def test_a_hostile_text_makes_no_element_and_no_attribute(hostile: tuple[Report, Element]) -> None:
    report, found = hostile
    assert shapes(found) <= shapes(page(rendered(sample(report.mode), "html")))
    assert not {one.tag for one in found.all()} & {"script", "img", "iframe", "object", "form", "base"}
    assert not [name for one in found.all() for name in one.attributes if name.startswith("on") or name == "style"]


def test_a_hostile_text_is_shown(hostile: tuple[Report, Element]) -> None:
    report, found = hostile
    assert found.all("h1")[0].text() == escape.seen(report.title)
    shown = {cell.text() for cell in found.all("td", "th", "h3")}
    if report.mode != "tokens":
        assert {escape.seen(one.subject) for one in report.commits if one.evidence} <= shown


def test_the_page_links_to_commits_and_nowhere_else(hostile: tuple[Report, Element]) -> None:
    report, found = hostile
    url = report.repository.url
    allowed = {f"{url}/commit/{one.oid}" for one in report.commits} | {url, report.full_url, "#sections"}
    assert {one.attributes["href"] for one in found.all("a")} <= allowed
    assert all(
        one.attributes["rel"] == "noopener noreferrer"
        for one in found.all("a")
        if one.attributes["href"].startswith("http")
    )
    assert [one.attributes["href"] for one in found.all("link")] == ["data:,"]
    assert not [one for one in found.all() if {"src", "srcset", "action", "xlink:href"} & set(one.attributes)]


@pytest.mark.parametrize("url", ["javascript:alert(1)//", "data:text/html,x", "//evil.example", ""])
def test_an_address_that_is_none_of_the_web_is_no_link(url: str) -> None:
    text = rendered(replace(a_report(a_commit(1, a_session()), url=url), full_url=url), "html")
    assert [one.attributes["href"] for one in page(text).all("a")] == ["#sections"]


def test_what_is_no_oid_is_no_link() -> None:
    commit = a_commit(1, a_session(), oid="../../../evil/x")
    assert "evil" not in {a.attributes["href"] for a in page(rendered(a_report(commit), "html")).all("a")}
    assert "](" not in rendered(a_report(commit), "md")


def test_the_policy_of_the_page_lets_in_its_own_style_alone() -> None:
    text = rendered(sample(), "html")
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    (policy,) = [one.attributes["content"] for one in page(text).all("meta") if "http-equiv" in one.attributes]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert set(re.findall(r"url\([^)]*\)|@import", style[1])) == {"url(#hatch)"}


def test_a_page_can_be_read_by_its_parts(hostile: tuple[Report, Element]) -> None:
    _, found = hostile
    levels = [int(one.tag[1]) for one in found.all("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert [len(found.all(tag)) for tag in ("main", "header", "footer")] == [1, 1, 1]
    assert found.all("html")[0].attributes["lang"] == "en"
    names = [one.attributes["id"] for one in found.all() if "id" in one.attributes]
    assert len(names) == len(set(names))
    wanted = {
        name for one in found.all() for name in one.attributes.get("aria-labelledby", "").split() if name not in names
    }
    assert not wanted
    for svg in found.all("svg"):
        assert svg.attributes.get("aria-hidden") == "true" or (
            svg.attributes["role"] == "img" and svg.all("title")[0].text()
        )


def test_a_table_names_its_columns_and_rows(hostile: tuple[Report, Element]) -> None:
    _, found = hostile
    for table in found.all("table"):
        assert table.all("caption")[0].text()
        head, *rows = table.all("tr")
        assert {one.attributes.get("scope") for one in head.all("th", "td")} == {"col"}
        assert all(one.text() for one in head.all("th"))
        for row in rows:
            first, *rest = row.all("th", "td")
            assert (first.tag, first.attributes["scope"]) == ("th", "row")
            assert {one.tag for one in rest} == {"td"}
            assert len(rest) + 1 == len(head.all("th"))


@pytest.mark.parametrize("mode", MODES)
def test_the_page_claims_no_more_than_is_known(mode: str) -> None:
    found = page(rendered(sample(mode), "html"))
    shown = " ".join(one.text() for one in found.all("body"))
    assert "human-written" not in shown
    assert not re.search(r"\d ?%", shown)
    assert sample(mode).sections[0].lead[0] in shown


def test_without_evidence_there_is_no_chart() -> None:
    found = page(rendered(a_report(a_commit(1), a_commit(2)), "html"))
    assert not found.all("figure")
    assert "None of 2 commits carries evidence" in found.text()


def test_charts_draw_the_figures_of_the_report() -> None:
    report = sample()
    found = page(rendered(report, "html"))
    (share,) = [one for one in found.all("svg") if one.attributes.get("class") == "share"]
    parts = {one.attributes["class"]: float(one.attributes["width"].rstrip("%")) for one in share.all("rect")}
    lines = report.totals.lines
    for name, number in (("g", lines.generated), ("e", lines.edited), ("r", lines.unattributed)):
        assert parts[name] == pytest.approx(100 * number / lines.added, abs=0.02)
    (spans,) = [one for one in found.all("svg") if one.attributes.get("class") == "spans"]
    told = [re.search(r": (\d+) of (\d+) with evidence", one.all("title")[0].text()) for one in spans.all("g")]
    assert sum(int(one[1]) for one in told if one) == report.totals.with_evidence
    assert sum(int(one[2]) for one in told if one) == report.totals.commits


class TestTemplates:
    def write(self, folder: Path, name: str, text: str) -> str:
        (folder / "report" / "sections").mkdir(parents=True, exist_ok=True)
        (folder / "report" / name).write_text(text, encoding="utf-8")
        return str(folder)

    def test_a_users_section_replaces_one_of_ours(self, tmp_path: Path) -> None:
        folder = self.write(tmp_path, "sections/agents.html.j2", "<p>{{ report.title }}</p>")
        text = rendered(replace(sample(), title="<b>"), "html", templates=folder)
        assert "<p>&lt;b&gt;</p>" in text
        assert 'id="areas"' in text

    def test_a_users_form_of_all_sections_is_that_of_each(self, tmp_path: Path) -> None:
        folder = self.write(tmp_path, "section.html.j2", '<hr class="{{ section.id }}">')
        report = sample()
        found = page(rendered(report, "html", templates=folder))
        assert [one.attributes["class"] for one in found.all("hr")] == [one.id for one in report.sections[1:]]

    def test_a_users_style_is_let_in(self, tmp_path: Path) -> None:
        folder = self.write(tmp_path, "style.css", "b > a { color: red }")
        text = rendered(sample(), "html", templates=folder)
        style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
        assert style
        assert "b > a { color: red }" in style[1]
        assert base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode() in text


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_what_charts_draw_can_be_told_apart(dark: bool) -> None:
    style = rendered(sample(), "html")
    blocks = re.split(r"@media \((?:prefers-color-scheme: dark|max-width.*)\)", style)
    colours = dict(_NAMED.findall(blocks[1] if dark else blocks[0]))
    for name in ("generated", "edited", "edge"):
        for ground in ("paper", "page"):
            assert contrast(colours[name], colours[ground]) >= 3, (name, ground)
    assert contrast(colours["generated"], colours["rest"]) >= 3


def contrast(one: str, other: str) -> float:
    """The ratio that WCAG defines."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_picture_in_the_docs_is_one_to_show() -> None:
    data = EXAMPLE.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert int.from_bytes(data[16:20]) == 1280
    assert len(data) <= 200_000


@pytest.mark.proof
def test_ten_thousand_commits_are_all_there() -> None:
    assert rendered(large(), "html").count("<tr>") > 10_000


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    try:
        with browser() as running:
            yield running
    except NoBrowser as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module", params=["usual", "hostile"])
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(rendered(sample(hostile=request.param == "hostile"), "html"), encoding="utf-8")
    return path


@pytest.mark.proof
class TestInABrowser:
    @pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
    @pytest.mark.parametrize("width", [1280, 400, 360])
    def test_the_page_is_quiet_and_open_to_everybody(
        self, chromium: Browser, file: Path, width: int, dark: bool
    ) -> None:
        chromium.open(file, width=width, dark=dark)
        assert chromium.barriers() == []
        assert chromium.complaints() == []
        assert chromium.requests() == [file.as_uri()]
        assert chromium.ask("document.documentElement.scrollWidth") == width
        assert chromium.ask("document.querySelectorAll('script, img, [style]').length") == 0

    def test_a_page_that_is_not_so_would_be_found_out(self, chromium: Browser, file: Path) -> None:
        """The checks above can fail: for each a page that they must not let pass."""
        bad = file.with_name("bad.html")
        more = '<p style="color: #aaa">pale</p><img src="https://evil.example/p.png"><script>alert(1)</script></body>'
        bad.write_text(file.read_text(encoding="utf-8").replace("</body>", more), encoding="utf-8")
        chromium.open(bad)
        assert "image-alt" in str(chromium.barriers())
        assert "Content Security Policy" in str(chromium.complaints())
        open_door = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", bad.read_text(encoding="utf-8"))
        bad.write_text(open_door.replace("<script>alert(1)</script>", ""), encoding="utf-8")
        chromium.open(bad)
        assert "https://evil.example/p.png" in chromium.requests()
        assert "color-contrast" in str(chromium.barriers())

    def test_the_keyboard_leads_past_the_top_and_is_seen(self, chromium: Browser, file: Path) -> None:
        chromium.open(file)
        chromium.press("Tab")
        assert chromium.ask("document.activeElement.className") == "skip"
        assert chromium.ask("document.activeElement.getBoundingClientRect().left") >= 0
        assert chromium.ask("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        reached = set()
        for _ in range(60):
            chromium.press("Tab")
            reached.add(chromium.ask("document.activeElement.localName"))
        assert reached >= {"summary", "a", "div"}

    def test_on_paper_everything_is_unfolded_and_nothing_is_cut(self, chromium: Browser, file: Path) -> None:
        chromium.open(file, width=690)
        chromium.call("Emulation.setEmulatedMedia", media="print")
        beyond = (
            "[...document.querySelectorAll('th, td, p, pre, h3, li')].filter(one => one.getBoundingClientRect().right"
            " > document.body.getBoundingClientRect().right + 1).map(one => one.textContent.slice(0, 40))"
        )
        assert chromium.ask(beyond) == []
        hidden = "[...document.querySelectorAll('details > *')].filter(one => !one.checkVisibility()).length"
        assert chromium.ask(hidden) == 0
        assert chromium.ask("document.querySelectorAll('details:not([open])').length") > 3

    def test_the_pdf_holds_what_is_folded_on_the_screen(self, chromium: Browser, tmp_path: Path) -> None:
        path = tmp_path / "report.html"
        path.write_text(rendered(sample(), "html"), encoding="utf-8")
        chromium.open(path, dark=True)
        pages = [one.extract_text() for one in pypdf.PdfReader(io.BytesIO(chromium.pdf())).pages]
        text = " ".join(" ".join(pages).split())
        assert 5 <= len(pages) <= 15
        for section in sample().sections:
            assert section.title in text
        assert "git ai-trail verify v1.3.0..v1.4.0" in text
        assert "Profile it first, then propose one change." in text

    def test_a_large_page_opens(self, chromium: Browser, tmp_path: Path) -> None:
        path = tmp_path / "report.html"
        path.write_text(rendered(large(), "html"), encoding="utf-8")
        chromium.open(path)
        assert chromium.ask("document.querySelectorAll('#commits:not([open]) tbody tr').length") == 10_000
        chromium.picture()
