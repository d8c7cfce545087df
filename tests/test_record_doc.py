"""What docs/record.md and docs/show.schema.json promise is what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from git_ai_trail.attach import notes
from git_ai_trail.attach.record import parse_note
from git_ai_trail.attach.status import STATUSES
from git_ai_trail.codec import canonical
from git_ai_trail.git import Git
from git_ai_trail.pipeline.show import as_json, show
from tests.attach.build import CODE, a_core, a_diff, a_line, a_match, a_message
from tests.support.repo import Repo

DOCS = Path(__file__).resolve().parents[1] / "docs"
SCHEMA: dict[str, Any] = json.loads((DOCS / "show.schema.json").read_text())


def test_the_example_is_a_sound_record_of_what_it_says() -> None:
    text = (DOCS / "record.md").read_text()
    example = json.loads(re.findall(r"```json\n(.*?)```", text, re.DOTALL)[0])
    (line,) = parse_note(canonical(example))
    assert (line.kind, line.core) == ("core", a_core([a_diff()]))


def test_the_check_by_hand_prints_the_trailer(repo: Repo) -> None:
    oid = _recorded(repo)
    script = re.findall(r"```sh\n(.*?)```", (DOCS / "record.md").read_text(), re.DOTALL)[-1]
    first, second = repo.run("sh", "-c", script).stdout.strip().splitlines()
    assert first == second == repo.git("log", "-1", "--format=%(trailers:key=AI-Trail)", oid).strip()


def _recorded(repo: Repo, *, message: bool = True) -> str:
    base = repo.commit("base")
    repo.write("src/fetch.py", "\n".join(CODE) + "\n")
    repo.git("add", "-A")
    git = Git(str(repo.root))
    diffs = git.diff(base, repo.git("write-tree"))
    core = a_core(diffs, a_match(diffs))
    oid = repo.commit(a_message(core if message else None))
    notes.add_lines(git, git.common_dir(), oid, [a_line(core)])
    return oid


@pytest.mark.parametrize("status", ["exact", "unanchored", "unknown", "none"])
def test_what_show_prints_fits_the_schema(repo: Repo, status: str) -> None:
    _recorded(repo, message=status in ("exact", "unknown"))
    if status == "none":
        repo.commit_file("other.txt", "x\n")
    if status == "unknown":
        repo.git("update-ref", "-d", notes.REF)
    shown = as_json(show(Git(str(repo.root)), "HEAD"))
    assert shown["status"] == status
    jsonschema.Draft202012Validator(SCHEMA).validate(shown)


def test_the_schema_is_a_schema_and_lets_nothing_unknown_pass(repo: Repo) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    shown = as_json(show(Git(str(repo.root)), _recorded(repo)))
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for place in (shown, shown["summary"], shown["record"], shown["sessions"][0], shown["files"][0]["ranges"][0]):
        place["surprise"] = 1
        assert not validator.is_valid(shown)
        del place["surprise"]
        for key in list(place):
            value = place.pop(key)
            assert not validator.is_valid(shown), key
            place[key] = value
    assert validator.is_valid(shown)


def test_the_schema_knows_every_status() -> None:
    assert set(SCHEMA["properties"]["status"]["enum"]) == set(STATUSES)


def test_every_kind_of_line_and_key_of_a_core_is_described() -> None:
    text = (DOCS / "record.md").read_text()
    core = a_core(prior=["a" * 64])
    keys = {*core, *core["sessions"][0], "origin", "op", "withheld", "hint", "cut", "annex", "made_at", *STATUSES}
    assert [key for key in sorted(keys) if f"`{key}`" not in text and f'"{key}"' not in text] == []
