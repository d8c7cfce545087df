"""Mode `verify`: the gate on pull requests, and what a stranger's pull request can change about it (nothing)."""

from __future__ import annotations

import pytest

from git_ai_trail.attach.record import note_line
from tests.action.fake_github import REPOSITORY
from tests.action.stage import CODE, OTHER, Stage

MARK = "<!-- ai-trail:comment -->"


def branch(stage: Stage, policy: str = "") -> str:
    """The base commit of a pull request, on main; the author stands on the topic branch then."""
    stage.author.write("README.md", "Tides\n")
    if policy:
        stage.author.write(".git-ai-trail.toml", policy)
    base = stage.author.commit("Start")
    stage.author.git("checkout", "-q", "-b", "topic")
    return base


def forged(stage: Stage) -> str:
    """A commit whose message names a record that is not the one attached."""
    oid = stage.vouched("forged.py", CODE, "Compute tides")
    message = stage.author.git("log", "-1", "--format=%B")
    digest = message.rpartition("1:")[2]
    stage.author.git("commit", "-q", "--amend", "-m", message.replace(digest, "f" * 64))
    head = stage.author.git("rev-parse", "HEAD")
    stage.author.git("notes", "--ref=ai-log-trail", "copy", oid, head)
    return head


def test_commits_whose_records_hold_pass(stage: Stage) -> None:
    base = branch(stage)
    stage.vouched("tides.py", CODE, "Compute tides")
    head = stage.author.commit_file("notes.txt", "by hand\n", "Note it")
    stage.push()
    ran = stage.on_pull_request(base, head)
    assert ran.code == 0, ran.log
    assert ran.outputs["verified"] == "true"
    assert (ran.outputs["commits"], ran.outputs["commits-with-evidence"]) == ("2", "1")
    assert ran.outputs["generated-lines"] == "3"
    assert "all commits pass" in ran.summary
    assert "::notice title=AI assistance::2 commits: 1 with a record that holds" in ran.log
    assert "::error" not in ran.log
    assert not stage.fake.changes()


def test_a_forged_record_fails_with_an_annotation(stage: Stage) -> None:
    base = branch(stage)
    head = forged(stage)
    stage.push()
    ran = stage.on_pull_request(base, head)
    assert ran.code == 1
    assert ran.outputs["verified"] == "false"
    assert f"::error title={head[:10]} Compute tides::" in ran.log
    assert "**failed**" in ran.summary


def test_a_missing_record_is_neutral_unless_asked_for(stage: Stage) -> None:
    base = branch(stage)
    head = stage.author.commit_file("a.txt", "text\n", f"Write\n\nAI-Trail: 1:{'d' * 64}")
    stage.push()
    assert stage.on_pull_request(base, head).code == 0
    ran = stage.on_pull_request(base, head, unknown="fail")
    assert ran.code == 1
    assert "is not here" in ran.log


def test_the_policy_of_the_base_counts_and_not_that_of_the_pull_request(stage: Stage) -> None:
    base = branch(stage, '[policy]\nrequire = ["record"]\n')
    stage.author.write(".git-ai-trail.toml", "[policy]\nrequire = []\n")
    head = stage.author.commit_file("a.txt", "text\n", f"Write\n\nAI-Trail: 1:{'d' * 64}")
    stage.push()
    assert stage.on_pull_request(base, head).code == 1
    stage.author.write(".git-ai-trail.toml", "not toml at all [")
    head = stage.author.commit("Break it")
    stage.push()
    assert "is not here" in stage.on_pull_request(base, head).log


def test_a_shallow_checkout_is_completed(stage: Stage) -> None:
    base = branch(stage)
    stage.vouched("tides.py", CODE, "Compute tides")
    head = stage.vouched("currents.py", OTHER, "Compute currents")
    stage.push()
    ran = stage.run(
        "pull_request",
        {
            "pull_request": {
                "number": 7,
                "base": {"sha": base, "ref": "main"},
                "head": {"sha": head, "ref": "topic", "repo": {"full_name": REPOSITORY}},
            }
        },
        at=head,
        depth=1,
        mode="verify",
    )
    assert ran.code == 0, ran.log
    assert ran.outputs["commits-with-evidence"] == "2"


def test_a_push_and_a_merge_queue_and_a_range_are_judged_too(stage: Stage) -> None:
    base = branch(stage)
    head = stage.vouched("tides.py", CODE, "Compute tides")
    stage.push()
    queue = {"merge_group": {"base_sha": base, "head_sha": head, "base_ref": "refs/heads/main"}}
    for event, payload, more in (
        ("push", {"before": base, "after": head}, {}),
        ("push", {"before": "0" * 40, "after": head}, {}),
        ("merge_group", queue, {}),
        ("workflow_dispatch", {}, {"range": f"{base}..{head}"}),
    ):
        ran = stage.run(event, payload, at=head, mode="verify", **more)
        assert (ran.code, ran.outputs["commits"]) == (0, "1"), ran.log
    ran = stage.run("schedule", {}, at=head, mode="verify")
    assert ran.code == 2
    assert "set the input `range`" in ran.log


@pytest.mark.parametrize("login", ["", "maintainer"])
def test_the_comment_is_written_once_and_changed_after_that(stage: Stage, login: str) -> None:
    stage.fake.login = login
    base = branch(stage)
    head = stage.vouched("tides.py", CODE, "Compute tides")
    stage.push()
    mallory = {"type": "User", "login": "mallory"}
    imitation = {"id": 1, "body": f"{MARK}\nmine", "user": mallory, "html_url": "https://c.test"}
    stage.fake.comments[7] = [imitation]
    stage.on_pull_request(base, head, comment="true")
    stage.on_pull_request(base, head, comment="true")
    assert len(stage.fake.changes()) == 1
    head = forged(stage)
    stage.push()
    stage.on_pull_request(base, head, comment="true")
    user, ours = stage.fake.comments[7]
    assert user["body"] == f"{MARK}\nmine"
    assert "a commit does not pass" in ours["body"]
    assert [method for method, _ in stage.fake.changes()] == ["POST", "PATCH"]


def test_no_comment_on_a_forks_pull_request_is_said_and_fails_nothing(stage: Stage) -> None:
    base = branch(stage)
    head = stage.author.commit_file("a.txt", "text\n", "Write")
    stage.push()
    stage.fake.read_only = True
    ran = stage.on_pull_request(base, head, fork="mallory/tides", comment="true")
    assert ran.code == 0
    assert "::warning title=AI trail::no comment was written" in ran.log
    assert "the token can only read" in ran.log


def test_a_forks_records_are_read_as_data(stage: Stage) -> None:
    base = branch(stage)
    head = stage.vouched("tides.py", CODE, "Compute tides")
    note = stage.author.git("notes", "--ref=ai-log-trail", "show", head).encode() + b"\n"
    stage.author.git("update-ref", "-d", "refs/notes/ai-log-trail")
    stage.push()
    ran = stage.on_pull_request(base, head, fork="mallory/tides")
    assert (ran.code, ran.outputs["commits-with-evidence"]) == (0, "0")
    stage.fake.fork_notes["mallory/tides"] = {"refs/notes/ai-log-trail": {head: note, "1" * 40: b"not asked for"}}
    ran = stage.on_pull_request(base, head, fork="mallory/tides")
    assert (ran.code, ran.outputs["commits-with-evidence"]) == (0, "1")
    blobs = [path for _, path in stage.fake.requests if "/git/blobs/" in path]
    assert len(blobs) == 1
    assert not stage.origin.git("for-each-ref", "refs/notes")


@pytest.mark.parametrize("note", [b"x" * (5 << 20), b"\xff\xfe\n", b"{}\n" * 20_000, note_line({"v": 1}, {}) + b"\n"])
def test_a_forks_odd_notes_do_no_harm(stage: Stage, note: bytes) -> None:
    base = branch(stage)
    head = stage.author.commit_file("a.txt", "text\n", "Write")
    stage.push()
    stage.fake.fork_notes["mallory/tides"] = {"refs/notes/ai-log-trail": {head: note}}
    ran = stage.on_pull_request(base, head, fork="mallory/tides")
    assert ran.code in (0, 1)
    assert ran.outputs["commits"] == "1"


def test_nothing_in_the_checkout_is_executed(stage: Stage) -> None:
    """A module of our package's name, hooks and attributes that a pull request brings along."""
    base = branch(stage)
    evil = "open('/dev/stderr', 'w').write('EXECUTED')\nraise SystemExit(0)\n"
    for name in ("git_ai_trail/__init__.py", "git_ai_trail/__main__.py", "click.py", "sitecustomize.py", "json.py"):
        stage.author.write(name, evil)
    stage.author.write(".git-ai-trail/templates/report/report.md.j2", "EXECUTED")
    stage.author.write(".gitattributes", "* diff=evil filter=evil\n")
    head = stage.author.commit("Take over")
    stage.push()
    ran = stage.on_pull_request(base, head, fork="mallory/tides")
    assert ran.code == 0, ran.log
    assert "EXECUTED" not in ran.log + ran.summary
