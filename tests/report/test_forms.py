"""Rendering: from JSON again, shortened, with a user's templates, as CSV; hostile templates and texts."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import jsonschema
import pytest

from git_ai_trail.errors import TrailError
from git_ai_trail.report import fit, saved
from git_ai_trail.report.document import FORMS, MODES
from git_ai_trail.report.render import rendered
from tests.report.make import a_commit, a_report, a_session

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "report.schema.json"


def many(number: int, mode: str = "summary") -> object:
    return a_report(
        *(a_commit(n, a_session(n), files={f"src/m{n}.py": (9, 7, 1)}) for n in range(1, number + 1)), mode=mode
    )


@pytest.mark.parametrize("mode", MODES)
def test_a_report_read_back_renders_the_same(mode: str) -> None:
    report = a_report(a_commit(1, a_session(texts={0: "do it"})), a_commit(2), mode=mode)
    again = saved.from_json(saved.to_json(report).encode())
    for form in FORMS:
        section = "agents" if mode == "tokens" else ""
        assert rendered(again, form, section=section) == rendered(report, form, section=section)


def test_the_published_schema_is_current_and_fits() -> None:
    found = json.dumps(saved.schema(), indent=2) + "\n"
    if os.environ.get("UPDATE"):
        SCHEMA.write_text(found, encoding="utf-8")
    assert SCHEMA.read_text(encoding="utf-8") == found
    report = json.loads(saved.to_json(a_report(a_commit(1, a_session(), files={"a": (1, 1, 0)}), mode="full")))
    jsonschema.Draft202012Validator(json.loads(found)).validate(report)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"format": 7}', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_report_is_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(TrailError) as caught:
        saved.from_json(data)
    assert "\n" not in caught.value.message


def test_a_report_of_another_format_is_refused() -> None:
    data = saved.to_json(a_report()).replace("git-ai-trail/report/1", "git-ai-trail/report/9")
    with pytest.raises(TrailError, match="another format"):
        saved.from_json(data.encode())


def test_csv_holds_the_table_that_is_asked_for() -> None:
    report = a_report(a_commit(1, a_session(), subject='=HYPERLINK("x")'))
    rows = list(csv.DictReader(io.StringIO(rendered(report, "csv"))))
    assert rows[0]["subject"] == '\'=HYPERLINK("x")'
    assert (rows[0]["generated"], rows[0]["edited"], rows[0]["added"]) == ("7", "1", "10")
    assert next(csv.DictReader(io.StringIO(rendered(report, "csv", section="agents"))))["agent"] == "Codex · gpt-5.5"
    with pytest.raises(TrailError, match="no section 'nope'"):
        rendered(report, "csv", section="nope")


def test_csv_without_evidence_is_empty() -> None:
    assert rendered(a_report(a_commit(1)), "csv") == "\n"


@pytest.mark.parametrize("limit", [200_000, 20_000, 6_000, 3_000, 600])
def test_a_report_is_shortened_by_section_and_says_so(limit: int) -> None:
    text = fit.fitted(many(400), limit, lambda one: rendered(one, "md"))  # type: ignore[arg-type]
    assert fit.size(text) <= limit
    assert "400 of 400 commits carry evidence" in text
    if 3_000 <= limit <= 20_000:
        assert "more" in text
        assert text.count("<details>") == text.count("</details>")


def test_where_nothing_fits_nothing_is_made() -> None:
    with pytest.raises(TrailError, match="no room"):
        fit.fitted(many(3), 40, lambda one: rendered(one, "md"))  # type: ignore[arg-type]


def test_what_is_shortened_links_to_the_whole() -> None:
    report = saved.from_json(saved.to_json(many(400)).encode())  # type: ignore[arg-type]
    linked = report.__class__(
        **{n: getattr(report, n) for n in report.__slots__} | {"full_url": "https://example.org/full"}
    )
    text = fit.fitted(linked, 8_000, lambda one: rendered(one, "md"))
    assert "more in the [full report](https://example.org/full)" in text


class TestTemplates:
    def write(self, folder: Path, name: str, text: str) -> str:
        (folder / "report" / "sections").mkdir(parents=True, exist_ok=True)
        (folder / "report" / name).write_text(text, encoding="utf-8")
        return str(folder)

    def test_a_users_template_replaces_one_of_ours(self, tmp_path: Path) -> None:
        folder = self.write(tmp_path, "sections/agents.md.j2", "AGENTS: {{ section.table.rows | length }}\n")
        text = rendered(a_report(a_commit(1, a_session())), "md", templates=folder)
        assert "AGENTS: 1" in text
        assert "How this was made" in text

    @pytest.mark.parametrize(
        "attack",
        [
            "{{ ''.__class__.__mro__[1].__subclasses__() }}",
            "{{ report.__class__.__init__.__globals__ }}",
            "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
            "{{ self._TemplateReference__context }}",
            "{% include '/etc/passwd' %}",
            "{% include '../../../../../../etc/passwd' %}",
            "{% import 'os' as os %}",
            "{{ report.nothing_like_this }}",
            "{{ 1 / 0 }}",
            "{% for x in range(10000000) %}a{% endfor %}",
            "{{ 'a' * 1000000000000 }}",
            "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
            "{% if %}",
        ],
    )
    def test_a_hostile_template_is_refused_in_one_line(self, tmp_path: Path, attack: str) -> None:
        folder = self.write(tmp_path, "report.md.j2", attack)
        with pytest.raises(TrailError) as caught:
            rendered(a_report(a_commit(1, a_session())), "md", templates=folder)
        assert "\n" not in caught.value.message
        assert "root:" not in caught.value.message

    def test_a_template_cannot_change_the_report(self, tmp_path: Path) -> None:
        folder = self.write(tmp_path, "report.md.j2", "{{ report.redactions.records.update({'x': 1}) }}")
        report = a_report(a_commit(1, a_session(redactions={"email": 1})))
        with pytest.raises(TrailError):
            rendered(report, "md", templates=folder)
        assert report.redactions.records == {"email": 1}

    def test_a_symlink_out_of_the_folder_is_not_a_template(self, tmp_path: Path) -> None:
        secret = tmp_path / "secret.txt"
        secret.write_text("TOP SECRET")
        folder = self.write(tmp_path / "t", "section.md.j2", "x")
        link = Path(folder) / "report" / "report.md.j2"
        link.symlink_to(secret)
        assert "TOP SECRET" not in rendered(a_report(), "md", templates=folder)
