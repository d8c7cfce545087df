"""The frame of the command line: the table of commands, help, errors as words, exit codes."""

from __future__ import annotations

import importlib
import os
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import pytest

from git_ai_trail import cli, places
from git_ai_trail.cli import failure
from git_ai_trail.errors import ConfigError, TrailError
from git_ai_trail.version import VERSION
from tests.support.repo import Repo

PROGRAM = [sys.executable, "-m", "git_ai_trail"]


def run(*args: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([*PROGRAM, *args], capture_output=True, text=True, check=False)
    assert done.returncode == code, done
    return done


@pytest.mark.parametrize("name", [one.name for one in cli.COMMANDS])
def test_every_listed_command_loads_and_says_in_its_help_what_the_table_says(name: str) -> None:
    command = importlib.import_module(f"git_ai_trail.cli.{name}").command
    assert isinstance(command, click.Command)
    context = click.Context(command, info_name=name)
    summary = next(one.summary for one in cli.COMMANDS if one.name == name)
    assert " ".join(command.get_help(context).split()).find(summary.rstrip(".")) >= 0


def test_help_lists_every_command_and_imports_none(capsys: pytest.CaptureFixture[str]) -> None:
    script = (
        "import sys; from git_ai_trail.cli import main; code = main(['-h']);"
        "print([name for name in sys.modules if name in ('rich', 'sqlite_utils', 'hyperscan', 'git', 'yaml')"
        " or name.startswith('git_ai_trail.pipeline')]); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    *shown, imported = done.stdout.splitlines()
    assert imported == "[]"
    for one in cli.COMMANDS:
        assert any(line.split()[:1] == [one.name] for line in shown)


@pytest.mark.parametrize("args", [["-h"], ["--help"], ["help"]])
def test_help_is_there_under_every_name(args: Sequence[str]) -> None:
    assert run(*args).stdout.startswith("Usage: git ai-trail ")
    assert run("help", "ingest").stdout.startswith("Usage: git ai-trail ingest")


def test_version() -> None:
    assert run("--version").stdout == f"git-ai-trail {VERSION}\n"


def test_an_unknown_command_names_the_nearest_one() -> None:
    done = run("sesions", code=2)
    assert "sessions" in done.stderr
    assert done.stdout == ""


def test_an_unknown_option_is_a_usage_error_on_stderr() -> None:
    done = run("sessions", "--nope", code=2)
    assert done.stderr.startswith("ai-trail: ")
    assert "Usage: git ai-trail sessions" in done.stderr


def test_an_error_a_person_can_act_on_is_one_line_and_a_hint() -> None:
    done = run("sessions", code=1)
    assert done.stderr.splitlines() == ["ai-trail: there is no trail database yet", "hint: run `git ai-trail ingest`"]


@pytest.mark.parametrize(("error", "code"), [(TrailError("x"), 1), (ConfigError("x"), 2), (KeyboardInterrupt(), 130)])
def test_exit_codes_say_whose_turn_it_is(error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(cli.group, "invoke", fail)
    assert cli.main(["sessions"]) == code


def test_a_failure_of_ours_leaves_a_report_without_any_text_of_the_session(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "the words of a session"

    def fail(*_: object, **__: object) -> None:
        words = text
        try:
            raise KeyError(words)
        except KeyError as error:
            raise ValueError(f"no place for {words}") from error

    monkeypatch.setattr(cli.group, "invoke", fail)
    assert cli.main(["sessions"]) == 3
    said = capsys.readouterr().err
    (report,) = (Path(places.state_dir(os.environ)) / "reports").iterdir()
    written = report.read_text()
    assert report.name in said
    assert said.count("\n") == 1
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    for needed in (VERSION, "python ", "git ", "ValueError", "KeyError", "git_ai_trail/cli/__init__.py:"):
        assert needed in written
    assert text not in written + said
    assert str(Path(cli.__file__).parents[2]) not in written


def test_a_report_that_cannot_be_written_is_said_and_nothing_else_happens(tmp_path: Path) -> None:
    blocked = tmp_path / "state"
    blocked.write_text("a file where the folder should be")
    said = failure.write_report(ValueError("x"), {"GIT_AI_TRAIL_STATE": str(blocked), "HOME": str(tmp_path)})
    assert "ValueError" in said
    assert "no report could be written" in said


def test_a_reader_that_has_gone_is_no_failure_of_ours(repo: Repo) -> None:
    command = f"'{sys.executable}' -m git_ai_trail -h | head -c 1; echo ${{PIPESTATUS[0]}}"
    done = repo.run("bash", "-c", command)
    assert "Traceback" not in done.stderr
    assert not (Path(places.state_dir(os.environ)) / "reports").exists()


def test_a_hook_never_sees_the_command_line() -> None:
    script = (
        "import sys; sys.argv = ['git-ai-trail', 'hook', 'commit-msg']; from git_ai_trail.__main__ import main; main();"
        "print([name for name in sys.modules if name in ('click', 'rich', 'dataclasses', 'tomllib')])"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "GIT_AI_TRAIL": "0"},
    )
    assert done.stdout.strip() == "[]"


def test_git_finds_the_program_under_its_own_name(repo: Repo) -> None:
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    assert repo.git("ai-trail", "--version", env={"PATH": path}) == f"git-ai-trail {VERSION}"
