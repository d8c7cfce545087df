"""The hook ids that pre-commit offers: one for each git hook, with what each stage needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pre_commit.clientlib import load_config, load_manifest

from git_ai_trail.install import EVENTS, PUSH, snippet

MANIFEST = Path(__file__).resolve().parents[2] / ".pre-commit-hooks.yaml"
HOOKS: list[dict[str, Any]] = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))


def test_every_git_hook_has_an_id_and_a_system_variant() -> None:
    assert sorted(hook["id"] for hook in HOOKS) == sorted(
        [f"ai-trail-{event}{ending}" for event in (*EVENTS, PUSH) for ending in ("", "-system")]
    )


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_an_id_runs_in_one_stage_and_calls_it_by_name(hook: dict[str, Any]) -> None:
    event = hook["id"].removeprefix("ai-trail-").removesuffix("-system")

    assert hook["stages"] == [event]
    assert hook["entry"] == f"git-ai-trail hook {event}"
    assert hook["language"] == ("system" if hook["id"].endswith("-system") else "python")
    assert (hook["always_run"], hook["require_serial"]) == (True, True)
    assert hook["minimum_pre_commit_version"] == "3.2.0"


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_only_the_message_stages_are_passed_a_file(hook: dict[str, Any]) -> None:
    assert hook.get("pass_filenames", True) is hook["stages"][0].endswith("-msg")


def test_the_printed_snippet_says_the_same(tmp_path: Path) -> None:
    printed = yaml.safe_load(snippet.text("pre-commit", str(tmp_path)))["repos"][0]["hooks"]

    for hook, ours in zip(printed, HOOKS[:4], strict=True):
        assert {key: hook[key] for key in ("id", "entry", "stages")} == {
            key: ours[key] for key in ("id", "entry", "stages")
        }
        assert hook.get("pass_filenames", True) is ours.get("pass_filenames", True)
        assert hook.get("verbose", False) is ours.get("verbose", False)


def test_pre_commit_accepts_both(tmp_path: Path) -> None:
    config = tmp_path / ".pre-commit-config.yaml"
    config.write_text(snippet.text("pre-commit", str(tmp_path)))

    assert len(load_manifest(str(MANIFEST))) == len(HOOKS)
    assert load_config(str(config))["repos"]
