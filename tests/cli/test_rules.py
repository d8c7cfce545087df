"""`rules` as a person runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repo import Repo

OWN = """\
- id: project-names
  pattern: 'Project (?P<secret>[A-Z]\\w+)'
  kind: codename
  reason: not announced yet
  matches: ['the Project Nightjar plan']
  non_matches: ['the project plan']
- {id: email, enabled: false}
"""


@pytest.fixture
def config(home: Path) -> Path:
    folder = home / ".config" / "git-ai-trail"
    folder.mkdir(parents=True)
    return folder


def run(cwd: Path, *args: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "git_ai_trail", "rules", *args]
    done = subprocess.run(program, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == code, done
    return done


def test_what_is_in_force_is_listed_with_where_it_comes_from(repo: Repo, config: Path) -> None:
    (config / "redactions.yml").write_text(OWN)
    repo.write(".git-ai-trail/redactions.yml", "- {id: host, type: literal, pattern: build.corp.example}\n")
    found = {one["id"]: one for one in json.loads(run(repo.root, "list", "--json").stdout)}
    assert (found["project-names"]["source"], found["project-names"]["origin"]) == ("yours", "redactions.yml:1")
    assert (found["host"]["source"], found["host"]["type"]) == ("repository", "literal")
    assert not found["email"]["enabled"]
    assert found["private-key"]["type"] == "detector"
    text = run(repo.root, "list")
    assert "project-names" in text.stdout
    assert "private-key" not in text.stdout
    assert "private-key" in run(repo.root, "list", "--all").stdout
    assert "3 switched off" in text.stderr, "two hold only where somebody asks for them"
    assert "internal-host" in text.stdout


def test_what_a_file_asks_for_is_listed(repo: Repo, config: Path) -> None:
    repo.write(".git-ai-trail/redactions.yml", "- {id: ip-address, enabled: true}\n")
    found = {one["id"]: one for one in json.loads(run(repo.root, "list", "--json").stdout)}
    assert (found["ip-address"]["source"], found["ip-address"]["enabled"]) == ("asked for", True)
    text = run(repo.root, "list")
    assert "ip-address" in text.stdout
    assert "1 of 1 rule file, 1 switched off" in text.stderr


def test_outside_of_a_repository_your_own_rules_count(config: Path, tmp_path: Path) -> None:
    (config / "redactions.yml").write_text(OWN)
    assert "project-names" in run(tmp_path, "list").stdout


def test_the_examples_of_every_built_in_rule_hold(config: Path, tmp_path: Path) -> None:
    done = run(tmp_path, "test")
    assert done.stderr.endswith("0 failed\n")


def test_an_example_that_does_not_hold_is_named_and_not_shown(config: Path, tmp_path: Path) -> None:
    (config / "redactions.yml").write_text(OWN.replace("'the Project Nightjar plan'", "'the operation Nightjar'"))
    done = run(tmp_path, "test", "project-names", code=1)
    assert done.stdout == (
        "redactions.yml:1: rule project-names: example 1 of matches stays as it is, and should be redacted\n"
    )
    (config / "redactions.yml").write_text(OWN.replace("'the project plan'", "'Project Nightjar'"))
    found = json.loads(run(tmp_path, "test", "project-names", "--json", code=1).stdout)
    assert [(one["list"], one["number"]) for one in found["failed"]] == [("non_matches", 1)]
    assert "Nightjar" not in json.dumps(found)


def test_an_unknown_id_is_said(config: Path, tmp_path: Path) -> None:
    assert "no rule 'nothing'" in run(tmp_path, "test", "nothing", code=2).stderr


@pytest.mark.parametrize(
    ("text", "flags", "said"),
    [
        ("- {id: a, pattern: x, patern: y}\n", (), "unknown key `patern`"),
        ("- {id: a, pattern: '('}\n", (), "bad pattern"),
        ("- {id: a, pattern: '(a+)+'}\n", (), "can take forever"),
        ("- {id: a, pattern: x}\n- {id: a, pattern: y}\n", (), "stands twice"),
        ("- {id: email, enabled: false}\n", ("--repository",), "may only add"),
        ("- [\n", (), "not valid YAML"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(
    tmp_path: Path, config: Path, text: str, flags: tuple[str, ...], said: str
) -> None:
    path = tmp_path / "rules.yml"
    path.write_text(text)
    done = run(tmp_path, "validate", str(path), *flags, code=2)
    assert said in done.stderr
    assert "rules.yml:" in done.stderr


def test_a_file_that_can_be_used_is_fine(tmp_path: Path, config: Path) -> None:
    path = tmp_path / "rules.yml"
    path.write_text(OWN)
    assert "2 rules in 1 file: fine" in run(tmp_path, "validate", str(path)).stderr
    (config / "redactions.yml").write_text(OWN)
    assert "(yours): fine" in run(tmp_path, "validate").stdout
    run(tmp_path, "validate", str(tmp_path / "none.yml"), code=2)


def test_what_comes_near_to_a_secret_in_a_finished_text_is_listed(config: Path, tmp_path: Path) -> None:
    odd = "k9Qz" + "7xR2" + "bW4t"
    (tmp_path / "report.md").write_text(f"a plain line\nand {odd} in it\n")
    done = run(tmp_path, "near-misses", "report.md")
    assert f"2:5  {odd}  ×1" in done.stdout
    assert "1 token to look at" in done.stderr
    (found,) = json.loads(run(tmp_path, "near-misses", "report.md", "--json").stdout)
    assert (found["token"], found["line"], found["times"]) == (odd, 2, 1)


def test_a_rule_that_a_detector_takes_the_place_of_is_named(config: Path, tmp_path: Path) -> None:
    (tmp_path / "old.yml").write_text("- {id: email, type: regex, pattern: '[a-z]+@[a-z]+', scope: interaction}\n")
    done = run(tmp_path, "validate", "old.yml")
    assert "old.yml:1: email is a built-in detector" in done.stderr
