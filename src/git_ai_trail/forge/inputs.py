"""The action's inputs and outputs in one table: `action.yml` and `docs/action.md` are held against it by a test."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from git_ai_trail.errors import ConfigError

ENV = "AI_TRAIL_"
MODES = ("report", "verify", "carry")
TARGETS = ("release-notes", "docs-commit", "docs-pr", "artifact", "summary")
REPORT_MODES = ("summary", "prompts", "actions", "tokens", "full")
FORMATS = ("md", "html", "json", "csv", "txt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """kind: text, flag, choice (one of `choices`), list (any of `choices`, comma or line separated)."""

    name: str
    kind: str
    default: str
    text: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    name: str
    text: str


INPUTS = (
    Input(name="mode", kind="choice", default="report", choices=MODES, text="What to do."),
    Input(name="token", kind="text", default="${{ github.token }}", text="Token for the API and for fetching notes."),
    Input(name="tag", kind="text", default="", text="Release to report on. Default: that of the event."),
    Input(name="previous-tag", kind="text", default="", text="Release before it. Default: found among its ancestors."),
    Input(name="tag-prefix", kind="text", default="", text="What the tags of this project begin with, in a repository of several."),
    Input(name="range", kind="text", default="", text="Commits instead of a release (`report`), or of a pull request (`verify`), as `a..b`."),
    Input(name="targets", kind="list", default="release-notes, summary", choices=TARGETS, text="Where the report goes."),
    Input(name="docs-path", kind="text", default="docs/ai-assistance.md", text="File in the tree for `docs-commit` and `docs-pr`; `.md` gets a section, others are replaced."),
    Input(name="docs-branch", kind="text", default="", text="Branch of that file. Default: the default branch."),
    Input(name="report-mode", kind="choice", default="", choices=REPORT_MODES, text="How much the report says. Default: the repository's policy, else `summary`."),
    Input(name="formats", kind="list", default="md, html, json", choices=FORMATS, text="Forms to write as files."),
    Input(name="title", kind="text", default="", text="Heading; `{name}` stands for the release."),
    Input(name="authors", kind="flag", default="false", text="Name the commits' authors."),
    Input(name="policy-ref", kind="text", default="", text="Commit whose `.git-ai-trail.toml` counts. Default: the base branch."),
    Input(name="unknown", kind="choice", default="neutral", choices=("neutral", "fail"), text="What `verify` makes of a record that is named and missing."),
    Input(name="comment", kind="flag", default="false", text="Keep one comment with the result on the pull request (`verify`)."),
    Input(name="full-report-url", kind="text", default="", text="Where the whole report is, for links from a shortened one."),
    Input(name="templates", kind="choice", default="none", choices=("none", "repo"), text="`repo`: use `.git-ai-trail/templates`; never for a pull request."),
    Input(name="dry-run", kind="flag", default="false", text="Say what would be done, change nothing."),
    Input(name="artifact-name", kind="text", default="ai-trail-report", text="Name of the artifact."),
    Input(name="working-directory", kind="text", default=".", text="The checkout."),
    Input(name="python-version", kind="text", default="3.12", text="Python to run with (3.11 or later)."),
)  # fmt: skip

OUTPUTS = (
    Output(name="report-path", text="The report in the first of `formats`."),
    Output(name="json-path", text="The report's facts as JSON."),
    Output(name="report-dir", text="Folder with all files of the report."),
    Output(name="release-url", text="Page of the release whose notes have the section."),
    Output(name="commits", text="Number of commits."),
    Output(name="commits-with-evidence", text="Number of those with evidence."),
    Output(name="generated-lines", text="Lines that sessions wrote, with evidence."),
    Output(name="verified", text="`true` if no commit failed (`verify`)."),
    Output(name="carried", text="Number of records that were carried (`carry`)."),
)


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the workflow asks for, checked."""

    values: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    def flag(self, name: str) -> bool:
        return self.values[name] == "true"

    def listed(self, name: str) -> tuple[str, ...]:
        return tuple(self.values[name].split(",")) if self.values[name] else ()


def read(env: Mapping[str, str]) -> Inputs:
    """The inputs from `AI_TRAIL_*`; `ConfigError` names the first that cannot be used and what it could be."""
    return Inputs({one.name: _checked(one, env.get(variable(one.name), "").strip()) for one in INPUTS})


def variable(name: str) -> str:
    """The environment variable through which action.yml hands an input over."""
    return ENV + name.upper().replace("-", "_")


def _checked(one: Input, stated: str) -> str:
    value = stated or ("" if "${{" in one.default else one.default)
    if len(value) > 4000 or not all(letter.isprintable() or letter == "\n" for letter in value):
        raise ConfigError(f"input {one.name}: not a line of text", "leave control characters out")
    if one.kind == "flag":
        word = value.lower()
        if word not in ("true", "false"):
            raise ConfigError(f"input {one.name}: {value[:40]!r} is neither true nor false")
        return word
    if one.kind == "choice":
        _one_of(one, value) if value else None
    if one.kind == "list":
        words = [word.strip() for word in value.replace("\n", ",").split(",") if word.strip()]
        for word in words:
            _one_of(one, word)
        return ",".join(dict.fromkeys(words))
    if one.kind == "text" and "\n" in value:
        raise ConfigError(f"input {one.name}: more than one line")
    return value


def _one_of(one: Input, word: str) -> None:
    if word in one.choices:
        return
    near = difflib.get_close_matches(word[:60], one.choices, n=1)
    meant = f" (did you mean {near[0]}?)" if near else ""
    raise ConfigError(f"input {one.name}: {word[:40]!r} is not one of {', '.join(one.choices)}{meant}")
