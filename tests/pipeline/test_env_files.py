"""Values of a working tree's `.env*` files are gone from the sessions that work in it."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

from git_ai_trail.facts import Context, Event
from git_ai_trail.pipeline.env_files import values_in
from git_ai_trail.redact import Identity, Scrubber, ruleset
from tests.redact.samples import KEY, random_text, scrubbed

PASSWORD = "blue" + "-Heron" + "-42"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "app").mkdir()
    (tmp_path / ".env").write_text(
        f'# comment\nexport DB_PASSWORD="{PASSWORD}"  # mine\nPORT=3000\nDEBUG=true\nHOST=localhost\nREGION=us-east-1\n'
        "POSTGRES_PASSWORD=postgres\nNODE_ENV=production\nURL=http://localhost:3000\nAPI_TOKEN=your-token-here\n"
    )
    (tmp_path / ".env.example").write_text("API_KEY=shown-2-everybody-99\n")
    return tmp_path


def test_only_what_is_odd_enough_counts(tree: Path) -> None:
    assert values_in(str(tree)) == (PASSWORD,)


def test_files_above_a_folder_count_up_to_the_root_of_the_tree(tree: Path) -> None:
    other = random_text(24, 3)
    (tree / "app" / ".env.local").write_text(f"OPAQUE={other}\n")
    assert set(values_in(str(tree / "app"))) == {PASSWORD, other}
    assert values_in(str(tree)) == (PASSWORD,)


def test_a_folder_that_is_no_working_tree_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"DB_PASSWORD={PASSWORD}\n")
    assert values_in(str(tmp_path)) == ()
    assert values_in("relative") == values_in("/nowhere\0") == values_in("") == ()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_what_is_no_regular_file_is_not_read(tree: Path, tmp_path: Path) -> None:
    os.mkfifo(tree / ".env.pipe")
    (tree / ".env.link").symlink_to(tree / ".env.example")
    assert values_in(str(tree)) == (PASSWORD,)


def test_the_values_are_gone_from_a_session_wherever_they_stand(tree: Path) -> None:
    scrubber = Scrubber(ruleset.load(), KEY, identity=Identity(), secrets_in=values_in)
    encoded = base64.b64encode(PASSWORD.encode()).decode()
    texts = [f"so it is {PASSWORD}.", f"x{encoded}", "3000 localhost postgres production us-east-1"]
    told = Event("context", None, 0, 0, -1, Context("", str(tree), "", "", "", ""), {"cwd": "."})
    events = [Event("other", None, 1, 1, -1, None, {"text": text}) for text in texts]
    clean = scrubbed(scrubber, *events[:1], told, *events[1:])
    whole = repr([one.event.raw for one in clean])
    assert PASSWORD not in whole
    assert encoded not in whole
    assert texts[2] in whole
    assert {found.rule_id for one in clean for found in one.redactions} == {"env-file"}
