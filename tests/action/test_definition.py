"""action.yml, the table of inputs and outputs in the code, the docs and the workflows say the same."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from git_ai_trail.errors import ConfigError
from git_ai_trail.forge import inputs
from git_ai_trail.forge.inputs import INPUTS, OUTPUTS, Input
from tests.action.runner import ROOT, action

DOCS = ROOT / "docs" / "action.md"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
_OURS = re.compile(r"(?:\./\S*|OWNER/git-ai-trail(?:@.*)?)")


def described(one: Input) -> str:
    """An input's description in action.yml."""
    if one.kind not in ("choice", "list"):
        return one.text
    return f"{one.text} {'One' if one.kind == 'choice' else 'Any'} of: {', '.join(one.choices)}."


def table() -> dict[str, str]:
    """The two tables of the docs."""
    kinds = {"text": "text", "flag": "`true` or `false`"}
    rows = ["| input | value | default | meaning |", "| --- | --- | --- | --- |"]
    for one in INPUTS:
        several = "any of " if one.kind == "list" else ""
        value = kinds.get(one.kind) or several + ", ".join(f"`{word}`" for word in one.choices)
        rows.append(f"| `{one.name}` | {value} | {f'`{one.default}`' if one.default else ''} | {one.text} |")
    out = ["| output | meaning |", "| --- | --- |", *(f"| `{one.name}` | {one.text} |" for one in OUTPUTS)]
    return {"inputs": "\n".join(rows), "outputs": "\n".join(out)}


def test_the_docs_have_the_tables_of_the_code() -> None:
    """UPDATE=1 writes them."""
    text = DOCS.read_text(encoding="utf-8")
    expected = text
    for name, rows in table().items():
        pattern = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
        expected = re.sub(pattern, lambda found, rows=rows: f"{found[1]}\n{rows}\n\n{found[2]}", expected, flags=re.S)
    if os.environ.get("UPDATE"):
        DOCS.write_text(expected, encoding="utf-8")
    assert DOCS.read_text(encoding="utf-8") == expected


def test_the_action_has_the_inputs_of_the_code_and_hands_each_over() -> None:
    stated = action()["inputs"]
    assert {name: (one["description"], one["default"], one["required"]) for name, one in stated.items()} == {
        one.name: (described(one), one.default, False) for one in INPUTS
    }
    (step,) = [step for step in action()["runs"]["steps"] if step.get("id") == "run"]
    handed = {name: value for name, value in step["env"].items() if name != "AI_TRAIL_INTERPRETER"}
    assert handed == {
        inputs.variable(one.name): f"${{{{ inputs.{one.name} }}}}" for one in INPUTS if one.name != "python-version"
    }


def test_the_action_has_the_outputs_of_the_code() -> None:
    assert {name: (one["description"], one["value"]) for name, one in action()["outputs"].items()} == {
        one.name: (one.text, f"${{{{ steps.run.outputs.{one.name} }}}}") for one in OUTPUTS
    }


def test_no_expression_stands_in_a_script_and_every_action_is_pinned() -> None:
    for step in action()["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
        assert "uses" not in step or re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"])


def test_every_input_has_a_default_that_it_takes() -> None:
    read = inputs.read({})
    assert read["mode"] == "report"
    assert read.listed("targets") == ("release-notes", "summary")
    assert read["token"] == ""
    assert not read.flag("comment")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("MODE", "verfy", "did you mean verify"),
        ("TARGETS", "release-notes;summary", "is not one of"),
        ("COMMENT", "yes", "neither true nor false"),
        ("TITLE", "two\nlines", "more than one line"),
        ("TAG", "x\x00y", "not a line of text"),
        ("TAG", "x" * 5000, "not a line of text"),
        ("FORMATS", "\u202e", "not a line of text"),
    ],
)
def test_a_value_that_cannot_be_used_says_so(name: str, value: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        inputs.read({f"AI_TRAIL_{name}": value})


def test_lists_take_commas_and_lines_and_each_word_once() -> None:
    read = inputs.read({"AI_TRAIL_TARGETS": "summary,\n release-notes\nsummary\n", "AI_TRAIL_AUTHORS": "TRUE"})
    assert read.listed("targets") == ("summary", "release-notes")
    assert read.flag("authors")


def steps_in(value: Any) -> list[dict[str, Any]]:
    """Every step that uses our action, wherever it stands."""
    if isinstance(value, dict):
        own = [value] if _OURS.fullmatch(str(value.get("uses", ""))) else []
        return own + [step for inner in value.values() for step in steps_in(inner)]
    return [step for inner in value for step in steps_in(inner)] if isinstance(value, list) else []


def examples() -> list[tuple[str, str]]:
    pages = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"]
    found = []
    for page in pages:
        for number, block in enumerate(re.findall(r"```ya?ml\n(.*?)```", page.read_text(encoding="utf-8"), re.S)):
            found.append((f"{page.name}-{number}", block))
    return found + [(path.name, path.read_text(encoding="utf-8")) for path in WORKFLOWS]


@pytest.mark.parametrize(("name", "text"), examples(), ids=[name for name, _ in examples()])
def test_every_example_gives_inputs_that_there_are(name: str, text: str) -> None:
    known = {one.name: one for one in INPUTS}
    for step in steps_in(yaml.safe_load(text)):
        for key, value in step.get("with", {}).items():
            assert key in known, f"{name}: no input {key}"
            if "${{" not in str(value):
                inputs.read({inputs.variable(key): str(value)})


def test_there_are_examples_of_every_mode() -> None:
    modes = {step.get("with", {}).get("mode") for _, text in examples() for step in steps_in(yaml.safe_load(text))}
    assert {"report", "verify", "carry"} <= modes


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_our_workflows_grant_nothing_by_default_and_keep_no_credentials(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        assert job["permissions"]
        for step in job["steps"]:
            if "checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False
            assert "${{" not in step.get("run", "")
