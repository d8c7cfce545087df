"""`verify` as a person and a workflow run it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from git_ai_trail.attach import notes
from git_ai_trail.git import Git, empty_tree
from tests.attach.build import CODE, a_core, a_line, a_match, a_message
from tests.support.repo import Repo

TEXT = "\n".join(CODE) + "\n"
HOSTILE = "::error file=x::owned ##[set-env name=A;]b %0A::warning::c"


def run(repo: Repo, *args: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "git_ai_trail", "verify", *args], cwd=repo.root, capture_output=True, text=True
    )
    assert done.returncode == code, done
    return done


def recorded(repo: Repo, path: str, *, subject: str = "", wrong: bool = False) -> str:
    """A commit with the record of all that it adds; a wrong one has a range that does not stand."""
    repo.write(path, TEXT)
    repo.git("add", "-A")
    tree = repo.git("write-tree")
    head = repo.git("rev-parse", "HEAD") if repo.git("rev-list", "--all", "-n1") else empty_tree(tree)
    git = Git(str(repo.root))
    diffs = git.diff(head, tree)
    core = a_core(diffs, a_match(diffs))
    if wrong:
        core["files"][0]["ranges"][0]["digest"] = "0" * 32
    message = a_message(core)
    oid = repo.commit(subject + message[message.index("\n") :] if subject else message)
    notes.add_lines(git, git.common_dir(), oid, [a_line(core)])
    return oid


def test_a_root_commit_alone_is_what_is_checked_without_an_upstream(repo: Repo) -> None:
    recorded(repo, "a.py")
    done = run(repo)
    assert "ok" in done.stdout
    assert done.stderr.startswith("1 commit: 1 with a record that holds")


def test_what_was_not_pushed_is_checked_where_there_is_an_upstream(repo: Repo) -> None:
    base = repo.commit_file("README", "x\n")
    repo.git("update-ref", "refs/heads/up", base)
    repo.git("branch", "-q", "--set-upstream-to=up")
    for path in ("a.py", "b.py"):
        recorded(repo, path)
    found = json.loads(run(repo, "--json").stdout)
    assert (found["result"], found["counts"]["ok"], len(found["commits"])) == ("ok", 2, 2)


def test_a_failing_commit_is_an_exit_code_a_reason_and_a_place(repo: Repo) -> None:
    repo.commit_file("README", "x\n")
    oid = recorded(repo, "a.py", wrong=True)
    assert "do not stand in the commit (a.py:1)" in run(repo, code=1).stdout
    found = json.loads(run(repo, "--json", code=1).stdout)
    assert (found["commits"][0]["commit"], found["commits"][0]["file"], found["commits"][0]["line"]) == (oid, "a.py", 1)


@pytest.mark.parametrize("path", ["::error::x,y:z.py", "a\u202eb.py", "%0A::warning::.py", "##[error]x.py"])
def test_nothing_from_the_repository_becomes_a_workflow_command(repo: Repo, path: str) -> None:
    repo.commit_file("README", "x\n")
    recorded(repo, path, subject=HOSTILE, wrong=True)
    lines = run(repo, "--format", "github", code=1).stdout.splitlines()
    assert [line.split(" ")[0] for line in lines] == ["::error", "::notice"]
    head = lines[0].removeprefix("::error ").split("::")[0]
    assert [part.split("=")[0] for part in head.split(",")] == ["file", "line", "title"]
    for form in ("text", "json"):
        done = run(repo, "--format", form, code=1)
        assert "##[" not in done.stdout
        assert not [line for line in done.stdout.splitlines() if line.strip().startswith("::")]


def test_more_than_ten_of_a_level_are_summed_up(repo: Repo) -> None:
    repo.commit_file("README", "x\n")
    for number in range(12):
        recorded(repo, f"{number}.py", wrong=True)
    lines = run(repo, "--format", "github", "HEAD~12..HEAD", code=1).stdout.splitlines()
    errors = [line for line in lines if line.startswith("::error")]
    assert (len(errors), "and 3 more commits" in errors[-1]) == (10, True)


def test_the_policy_can_be_that_of_another_commit(repo: Repo) -> None:
    repo.write(".git-ai-trail.toml", '[policy]\nprofile = "forbid"\n')
    base = repo.commit("policy")
    (repo.root / ".git-ai-trail.toml").unlink()
    recorded(repo, "a.py")
    run(repo)
    run(repo, "--policy-from", base, code=1)


@pytest.mark.parametrize(
    "text", ["[policy]\nrequires = []\n", "not toml", '[policy]\nprofile = "none"\nrequire = ["trailer"]\n']
)
def test_a_policy_that_cannot_be_used_fails_closed(repo: Repo, text: str) -> None:
    recorded(repo, "a.py")
    repo.write(".git-ai-trail.toml", text)
    done = run(repo, code=2)
    assert done.stdout == ""
    assert done.stderr.startswith("ai-trail: ")


def test_a_range_cannot_smuggle_in_an_option(repo: Repo) -> None:
    repo.commit_file("README", "x\n")
    assert "hyphen" in run(repo, "--", "--output=owned", code=1).stderr
    assert not (repo.root / "owned").exists()


def test_where_a_shallow_clone_ends_nothing_is_judged(repo: Repo) -> None:
    repo.commit_file("README", "x\n")
    recorded(repo, "a.py")
    repo.git("clone", "-q", "--depth=1", f"file://{repo.root}", "../cut")
    assert "shallow" in run(Repo(repo.root.parent / "cut"), "HEAD", code=1).stderr


def test_a_merge_without_a_record_is_passed_over(repo: Repo) -> None:
    repo.commit_file("README", "x\n")
    repo.git("checkout", "-q", "-b", "topic")
    recorded(repo, "a.py")
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "--no-edit", "topic")
    found = json.loads(run(repo, "--json", "HEAD~1..HEAD").stdout)
    assert [one["status"] for one in found["commits"]] == ["exact"]


def policy(repo: Repo, text: str) -> None:
    repo.write(".git-ai-trail.toml", text)
    repo.commit("policy")


def test_a_policy_about_paths_fails_with_the_place(repo: Repo) -> None:
    policy(repo, '[policy]\nforbid-paths = ["crypto/"]\nexempt = ["Nobody"]\n')
    recorded(repo, "crypto/a.py")
    found = json.loads(run(repo, "--json", code=1).stdout)
    assert found["commits"][0]["failed"] == ["path-forbidden"]
    assert (found["commits"][0]["file"], found["commits"][0]["line"]) == ("crypto/a.py", 1)
    policy(repo, '[policy]\nforbid-paths = ["crypto/"]\nexempt = ["T*"]\n')
    author = repo.git("log", "-1", "--format=%an", "HEAD~1")
    policy(repo, f'[policy]\nforbid-paths = ["crypto/"]\nexempt = ["{author}"]\n')
    assert json.loads(run(repo, "HEAD~3..HEAD", "--json").stdout)["commits"][-1]["exempt"]


def test_a_signature_is_asked_of_git(repo: Repo, tmp_path: Path) -> None:
    if not shutil.which("ssh-keygen"):
        pytest.skip("needs ssh-keygen")
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    allowed = tmp_path / "allowed"
    allowed.write_text(f"* {key.with_suffix('.pub').read_text()}")
    for name, value in (
        ("gpg.format", "ssh"),
        ("user.signingKey", str(key)),
        ("gpg.ssh.allowedSignersFile", str(allowed)),
    ):
        repo.git("config", name, value)
    policy(repo, '[policy]\nsigned = "all"\n')
    repo.write("signed", "x\n")
    repo.git("add", "-A")
    repo.git("commit", "-q", "-S", "-m", "signed")
    run(repo, "HEAD^!")
    repo.commit_file("unsigned", "x\n", "unsigned")
    assert "it has no signature" in run(repo, "HEAD^!", code=1).stdout
    allowed.write_text("")
    assert "not trusted here" in run(repo, "HEAD~1^!", code=1).stdout


def test_sarif_is_what_its_schema_says(repo: Repo) -> None:
    policy(repo, '[policy]\nforbid-paths = ["crypto/"]\nsigned = "all"\n')
    recorded(repo, "crypto/ä b.py", subject=HOSTILE)
    repo.commit(f"unknown\n\nAI-Trail: 1:{'f' * 64}")
    done = run(repo, "HEAD~2..HEAD", "--format", "sarif", code=1)
    assert "##[" not in done.stdout
    value = json.loads(done.stdout)
    assert value["version"] == "2.1.0"
    results = value["runs"][0]["results"]
    rules = value["runs"][0]["tool"]["driver"]["rules"]
    assert [rules[one["ruleIndex"]]["id"] for one in results] == [one["ruleId"] for one in results]
    places = {
        one["ruleId"]: one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in reversed(results)
    }
    assert places == {"path-forbidden": "crypto/%C3%A4%20b.py", "signature-missing": ".git-ai-trail.toml"}
    assert len({one["partialFingerprints"]["commitAndRule/v1"] for one in results}) == len(results)
