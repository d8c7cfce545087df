"""A report in the form that somebody asked for. Templates choose words and places; every figure is in the report already.

Templates are taken from a folder of the user's where one is given, one by one, else ours. They run in a sandbox: they reach
nothing but the report.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import html
import io
import os
import re
import textwrap
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from git_ai_trail.errors import TrailError
from git_ai_trail.report import cells, charts, escape, saved
from git_ai_trail.report.document import FORMS, Column, Report, Section, Table
from git_ai_trail.resources import template_dir

# A template that makes more than this is not a report.
MAX_BYTES = 64 * 1024 * 1024
_TEMPLATE = 256 * 1024
_WIDTH = 100
_MUCH = 10_000


def rendered(report: Report, form: str, *, templates: str = "", section: str = "") -> str:
    """The report as text in one of `FORMS`. `section` chooses the table that CSV holds (default: commits).

    Raises `TrailError` for a template that cannot be used; the message names it and its line.
    """
    if form not in FORMS:
        raise TrailError(f"no such form of a report: {form[:40]}", f"one of {', '.join(FORMS)}")
    if form == "json":
        return saved.to_json(report)
    if form == "csv":
        return _csv(report, section or "commits")
    return _from_template(report, form, templates)


def _from_template(report: Report, form: str, templates: str) -> str:
    environment = _environment(form, templates)
    try:
        parts: list[str] = []
        size = 0
        for part in environment.get_template(f"report/report.{form}.j2").generate(report=report):
            size += len(part)
            if size > MAX_BYTES:
                raise TrailError(f"the template makes more than {MAX_BYTES >> 20} MiB", "make it smaller")
            parts.append(part)
    except jinja2.TemplateError as error:
        raise TrailError(_said(error), "mend the template, or remove it to use ours") from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError, MemoryError) as error:
        raise TrailError(
            f"a template failed: {type(error).__name__}", "mend the template, or remove it to use ours"
        ) from error
    return "".join(parts).rstrip() + "\n"


def _said(error: jinja2.TemplateError) -> str:
    if isinstance(error, jinja2.TemplateNotFound):
        return f"no such template: {escape.seen(str(error.name))}"
    name = escape.seen(str(getattr(error, "name", None) or "a template"))
    line = getattr(error, "lineno", None)
    return f"{name}{f':{line}' if line else ''}: {escape.seen(error.message or type(error).__name__)}"


def _environment(form: str, templates: str) -> ImmutableSandboxedEnvironment:
    folders = [*([templates] if templates else []), template_dir()]
    environment = _Sandbox(
        loader=jinja2.ChoiceLoader([_Folder(folder) for folder in folders]),
        autoescape=form == "html",
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    for name in set(environment.globals) - {"range", "namespace"}:
        del environment.globals[name]
    environment.filters |= _FILTERS
    environment.tests["right"] = cells.is_right
    return environment


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, with an eye on operations that make much out of little."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "**":
            raise TypeError("no powers in a template")
        if operator == "%" and isinstance(left, str):
            raise TypeError("no %-formats in a template")
        if operator == "*" and not (_is_small(left) and _is_small(right)):
            raise ValueError("too large a product")
        return super().call_binop(context, operator, left, right)


def _is_small(value: Any) -> bool:
    return (isinstance(value, str) and len(value) <= _MUCH) or (isinstance(value, int | float) and abs(value) <= _MUCH)


class _Folder(jinja2.BaseLoader):
    """Templates below one folder: regular files of a sensible size, and no link leads out of it."""

    def __init__(self, folder: str) -> None:
        self._root = os.path.realpath(folder)

    def get_source(self, environment: jinja2.Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        path = os.path.realpath(os.path.join(self._root, template))
        if not path.startswith(self._root + os.sep) or not os.path.isfile(path):
            raise jinja2.TemplateNotFound(template)
        try:
            with open(path, encoding="utf-8") as file:
                source = file.read(_TEMPLATE + 1)
        except (OSError, UnicodeDecodeError) as error:
            raise jinja2.TemplateNotFound(template) from error
        if len(source) > _TEMPLATE:
            raise jinja2.TemplateNotFound(template)
        return source, template, lambda: True


def check_templates(folder: str) -> None:
    """Raises `TrailError` where `folder` is not a folder."""
    if not os.path.isdir(folder):
        raise TrailError(f"no such folder of templates: {escape.seen(folder)}", "give a folder with report/*.j2 in it")


def _md_cell(column: Column, row: Mapping[str, Any], report: Report) -> str:
    text = cells.shown(column, dict(row))
    if column.kind == "commit":
        return _md_commit(str(row.get(column.id) or ""), report)
    if column.kind in ("code", "path"):
        return escape.md_cell_code(text)
    return escape.md(text)


def _md_commit(oid: str, report: Report) -> str:
    short, url = escape.md_code(oid[:7]), _commit_url(oid, report)
    return f"[{short}]({escape.md_url(url)})" if url else short


def _html_head(column: Column) -> Markup:
    head = _LINES_HEAD if column.kind == "lines" else _COLUMN
    return head % (_kind(column), escape.seen(column.title))


def _html_row(row: Mapping[str, Any], table: Table, report: Report) -> Markup:
    """All cells of a row: one call, because ten thousand rows of macros would take seconds."""
    made = [_cell(column, row, report, n == 0, None) for n, column in enumerate(table.columns)]
    return Markup("".join(made))  # noqa: S704  # each cell has escaped what is foreign


def _html_cell(
    column: Column, row: Mapping[str, Any], report: Report, first: bool = False, drawn: charts.Bar | None = None
) -> Markup:
    """A cell with its tags; the `first` one of a row names it. `drawn` is a bar on a scale that rows share."""
    return Markup(_cell(column, row, report, first, drawn))  # noqa: S704


def _cell(column: Column, row: Mapping[str, Any], report: Report, first: bool, drawn: charts.Bar | None) -> str:
    """HTML in which what is foreign is escaped; plain strings, since `Markup` would take twice the time."""
    if column.kind == "lines":
        inner = cells.lines(row) + _bar(drawn or charts.bar(row))
    elif column.kind == "commit":
        inner = _commit(str(row.get(column.id) or ""), report)
    elif column.kind in ("code", "path"):
        inner = f"<code>{_shown(cells.shown(column, row))}</code>"
    else:
        inner = _parts(cells.shown(column, row))
    tag, scope = ("th", ' scope="row"') if first else ("td", "")
    return f'<{tag}{scope} class="{_kind(column)}">{inner}</{tag}>'


def _shown(text: str) -> str:
    return html.escape(escape.seen(text))


def _kind(column: Column) -> str:
    """The class of a column's cells."""
    return "subject" if column.id == "subject" else html.escape(column.kind)


@lru_cache(maxsize=1024)
def _parts(text: str) -> str:
    """`Codex · gpt-5.5` breaks between its parts, not at the hyphen."""
    *parts, last = _shown(text).split(" · ")
    return "".join([*(f"<span>{one} ·</span> " for one in parts), f"<span>{last}</span>"]) if parts else last


def _html_bar(drawn: charts.Bar) -> Markup:
    return Markup(_bar(drawn))  # noqa: S704  # figures only


def _bar(drawn: charts.Bar) -> str:
    return _BAR % (drawn.generated, drawn.edited_at, drawn.edited, drawn.rest_at, drawn.rest)


def _html_commit(oid: str, report: Report) -> Markup:
    return Markup(_commit(oid, report))  # noqa: S704


def _commit(oid: str, report: Report) -> str:
    url, short = _commit_url(oid, report), f"<code>{html.escape(oid[:7])}</code>"
    return f'<a href="{html.escape(url)}" rel="noopener noreferrer">{short}</a>' if url else short


def _commit_url(oid: str, report: Report) -> str:
    """Where people read the commit; empty where that is not known."""
    url = web(report.repository.url)
    return f"{url}/commit/{oid}" if url and _OID.fullmatch(oid) else ""


def digest(text: str) -> str:
    """The hash by which a page's own policy lets just this style in."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def web(url: str) -> str:
    """The address if it is one of the web, else empty."""
    return escape.seen(url) if url.startswith(("https://", "http://")) else ""


def _wrapped(text: str) -> str:
    return textwrap.fill(escape.seen(text), _WIDTH, break_long_words=False, break_on_hyphens=False)


def _indented(text: str) -> str:
    return textwrap.indent(escape.seen_block(text), "    ")


def _txt_table(table: Table) -> str:
    return "\n".join(escape.seen_block(line) for line in cells.aligned(table, _WIDTH))


_OID = re.compile("[0-9a-f]{4,64}")
_COLUMN = Markup('<th scope="col" class="%s">%s</th>')
_LINES_HEAD = Markup('<th scope="col" class="%s">%s <small>generated + edited of added</small></th>')
# Two places are enough for any screen, and every row has a bar.
_BAR = (
    '<svg class="bar" aria-hidden="true"><rect class="g" width="%.2f%%" height="100%%"/>'
    '<rect class="e" x="%.2f%%" width="%.2f%%" height="100%%"/>'
    '<rect class="r" x="%.2f%%" width="%.2f%%" height="100%%"/></svg>'
)

_FILTERS: dict[str, Any] = {
    "md": escape.md,
    "md_code": escape.md_code,
    "md_block": escape.md_block,
    "md_html": escape.md_html,
    "md_cell": _md_cell,
    "md_commit": _md_commit,
    "md_url": escape.md_url,
    "html_head": _html_head,
    "html_row": _html_row,
    "html_cell": _html_cell,
    "html_bar": _html_bar,
    "digest": digest,
    "html_commit": _html_commit,
    "web": web,
    "totalbar": charts.total,
    "evidenced": lambda lines: lines.generated + lines.edited,
    "seen": escape.seen,
    "seen_block": escape.seen_block,
    "wrapped": _wrapped,
    "indented": _indented,
    "txt_table": _txt_table,
    "cell": lambda column, row: escape.seen(cells.shown(column, dict(row))),
    "heading": cells.title,
    "count": lambda number: f"{number:,}",
    "money": cells.money,
    "bars": charts.bars,
    "timeline": charts.timeline,
}


def _csv(report: Report, section: str) -> str:
    found = _section(report, section)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    table = found.table if found is not None else None
    names: list[str] = []
    for column in table.columns if table else ():
        names += ["generated", "edited", "added"] if column.kind == "lines" else [column.id]
    writer.writerow(names)
    for row in table.rows if table else ():
        writer.writerow([escape.spreadsheet(row.get(name)) for name in names])
    return out.getvalue()


def _section(report: Report, name: str) -> Section | None:
    """The section, or None where this report has nothing to say there; `TrailError` for a name that no section has."""
    known = {section.id: section for section in report.sections}
    if name not in known and name not in ("commits", "agents"):
        tables = [one.id for one in report.sections if one.table is not None]
        raise TrailError(
            f"the report has no section {escape.seen(name[:40])!r}", f"it has {', '.join(tables) or 'no table'}"
        )
    return known.get(name)
