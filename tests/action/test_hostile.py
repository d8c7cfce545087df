"""What strangers can write (tags, branches, subjects, release names, bodies) stays text, and the token stays where it belongs."""

from __future__ import annotations

import base64
import os
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from git_ai_trail.git import Git
from git_ai_trail.pipeline.action.job import Log, opened
from tests.action.fake_github import REPOSITORY
from tests.action.stage import CODE, Stage
from tests.redact.samples import token

SUBJECTS = (
    "::set-output name=verified::true",
    "x ::error::y",
    "##[error]from a subject",
    "$(touch pwned) `touch pwned`",
    "<!-- ai-trail:end v1.0.0 --> @octocat #1 [x](javascript:alert(1)) <img src=x onerror=alert(1)>",
    "\u202e ::add-mask::abc",
)
TAGS = ("v1.0.0$(touch${IFS}pwned)", "v1.0.0`touch${IFS}pwned`", "v1.0.0;touch${IFS}pwned", "v1.0.0%0A--x", "v1'\"&&x")
_OURS = re.compile(r"::(?:error|warning|notice)(?: file=[^:]*)?(?:,?\s?line=\d+)?[, ]title=[^\n]*::[^\n]*")


def commands(log: str) -> list[str]:
    """The lines that the runner would obey, but for our own annotations."""
    lines = [line for line in re.split(r"[\r\n]", log) if line.lstrip().startswith("::") or "##[" in line]
    return [line for line in lines if not _OURS.fullmatch(line)]


def touched(stage: Stage) -> list[Path]:
    return list(stage.folder.rglob("pwned"))


def test_subjects_stay_text_in_every_mode(stage: Stage) -> None:
    base = stage.author.commit_file("README.md", "Tides\n", "Start")
    for number, subject in enumerate(SUBJECTS):
        stage.vouched(f"a{number}.py", CODE, subject, trailer=number % 2 == 0)
    # One that fails, so that its subject stands in an annotation.
    head = stage.author.commit_file("b.txt", "b\n", f"{SUBJECTS[0]}\n\nAI-Trail: 1:{'d' * 64}")
    stage.author.git("tag", "v1.0.0")
    stage.push()
    release = stage.fake.release("v1.0.0", name=SUBJECTS[0])
    for ran in (stage.on_release(release), stage.on_pull_request(base, head, comment="true", unknown="fail")):
        assert ran.summary
        assert not commands(ran.log), ran.log
        assert "octocat" not in re.findall(r"@(\w+)", ran.summary)
        assert "<img" not in ran.summary
    assert not touched(stage)
    stage.section(release["body"])


@pytest.mark.parametrize("tag", TAGS)
def test_tags_stay_text(stage: Stage, tag: str) -> None:
    release = stage.released(tag)
    ran = stage.on_release(release, targets="release-notes, docs-pr, summary")
    assert ran.code == 0, ran.log
    assert not commands(ran.log)
    assert not touched(stage)
    assert release["body"].count("<!-- ai-trail:begin") == 1
    assert stage.on_release(release, targets="release-notes").code == 0
    assert release["body"].count("<!-- ai-trail:begin") == 1


@pytest.mark.parametrize("target", ["docs-pr", "docs-commit", "release-notes"])
def test_a_tag_that_looks_like_a_secret_is_put_into_no_title_text_marker_or_branch(stage: Stage, target: str) -> None:
    release = stage.released(token())
    ran = stage.on_release(release, targets=target)
    assert ran.code == 1
    assert "rule github-token catches" in ran.log
    assert not stage.fake.pulls
    assert not [path for _, path in stage.fake.files if path == "docs/ai-assistance.md"]
    assert list(stage.fake.branches) == ["main"]
    assert release["body"] == "Notes by hand.\n"


def test_an_address_with_a_password_is_put_nowhere(stage: Stage) -> None:
    release = stage.released()
    url = "https://reader:" + "pa55" + "-w0rd" + "@example.org/full"
    ran = stage.on_release(release, targets="docs-pr, release-notes", full_report_url=url)
    assert ran.code == 1
    assert not stage.fake.pulls
    assert release["body"] == "Notes by hand.\n"


def test_a_comment_with_a_secret_in_a_subject_is_not_written_and_fails_nothing(stage: Stage) -> None:
    stage.released()
    base = stage.author.git("rev-parse", "HEAD")
    stage.vouched("more.py", "more_lines = of_code()\nand_more_lines = of_code()\n", f"Use {token()}")
    stage.push()
    ran = stage.on_pull_request(base, stage.author.git("rev-parse", "HEAD"), comment="true")
    assert ran.code == 0, ran.log
    assert "no comment was written (not published: the finished report holds what rule github-token" in ran.log
    assert not stage.fake.comments.get(7)


@pytest.mark.parametrize("tag", ["--upload-pack=touch pwned", "a b", "x\n::error::y", "x" * 300, "..", "v1^{tree}"])
def test_what_is_no_tag_is_refused(stage: Stage, tag: str) -> None:
    stage.released()
    ran = stage.run("workflow_dispatch", {}, at="main", tag=tag)
    assert ran.code in (1, 2)
    assert not commands(ran.log)
    assert not touched(stage)


def test_an_events_odd_fields_do_no_harm(stage: Stage) -> None:
    stage.released()
    for payload in (
        {"release": {"tag_name": {"a": 1}, "id": "1; rm"}},
        {"release": ["v1.0.0"]},
        {"pull_request": {"number": -1, "base": None, "head": []}},
        {"before": 7, "after": "HEAD", "merge_group": "x"},
    ):
        ran = stage.run("push", payload, at="main", mode="verify")
        assert "Traceback" not in ran.log
        assert not commands(ran.log)


def test_the_answers_of_the_api_stay_text(stage: Stage) -> None:
    release = stage.released()
    release["html_url"] = "https://x.test/\n::error::from the API\nverified=true"
    stage.fake.fail = [("PATCH", 403, {})]
    ran = stage.on_release(release)
    assert ran.code == 1
    assert not commands(ran.log)
    assert ran.outputs["verified"] == ""


def spied_git(folder: Path) -> tuple[str, Path]:
    """(PATH, file) with a git that writes its arguments into the file first."""
    seen = folder / "git-arguments"
    real = next(p for one in os.environ["PATH"].split(os.pathsep) if (p := Path(one, "git")).is_file())
    place = folder / "spy"
    place.mkdir()
    (place / "git").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >>"{seen}"\nexec "{real}" "$@"\n')
    (place / "git").chmod(0o755)
    return f"{place}{os.pathsep}{os.environ['PATH']}", seen


def test_the_token_appears_nowhere(stage: Stage) -> None:
    """In no line of the log, no file, no summary, no output, no argument of a program."""
    stage.env["PATH"], arguments = spied_git(stage.folder)
    release = stage.released()
    base = stage.author.git("rev-parse", "HEAD~1")
    head = stage.author.git("rev-parse", "HEAD")
    stage.fake.fail = [("PUT", 500, {}), ("POST", 403, {})]
    runs = [
        stage.on_release(release, targets="release-notes, docs-commit, docs-pr, artifact, summary"),
        stage.on_pull_request(base, head, fork="mallory/tides", comment="true"),
        stage.on_push(base, head),
    ]
    secrets = [stage.fake.token, base64.b64encode(f"x-access-token:{stage.fake.token}".encode()).decode()]
    texts = [ran.log + ran.summary + str(ran.outputs) + str(ran.used) for ran in runs]
    texts.append(arguments.read_text())
    for place in [*stage.folder.glob("runner-*"), *stage.folder.glob("checkout-*/.git")]:
        texts += [path.read_bytes().decode("latin-1") for path in place.rglob("*") if path.is_file()]
    assert arguments.read_text().count("fetch\n") > 3
    assert not [text for text in texts if any(secret in text for secret in secrets)]


def test_git_gets_the_token_for_this_host_alone_and_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside a header that `actions/checkout` left in the checkout's own configuration: GitHub refuses two."""
    seen: list[list[str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers.get_all("authorization") or [])
            self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host, other = f"http://127.0.0.1:{server.server_port}", f"http://localhost:{server.server_port}"
    stage.released()
    place = stage.checkout("main")
    for address in (host, other):
        stage.author.run("git", "-C", str(place), "config", f"http.{address}/.extraheader", "AUTHORIZATION: basic left")
    env = {
        **os.environ,
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_SERVER_URL": host,
        "GITHUB_API_URL": host,
        "GITHUB_WORKSPACE": str(place),
        "AI_TRAIL_TOKEN": stage.fake.token,
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.pager",
        "GIT_CONFIG_VALUE_0": "cat",
    }
    git = opened(env, Log()).git
    assert "AI_TRAIL_TOKEN" not in git.env
    assert git.text("config", "core.pager") == "cat"
    for address in (host, other):
        git.call("ls-remote", f"{address}/x.git")
    server.shutdown()
    server.server_close()
    ours = "basic " + base64.b64encode(f"x-access-token:{stage.fake.token}".encode()).decode()
    assert seen == [[ours], ["basic left"]]
    assert Git(str(place)).call("config", "--get-all", "http.https://github.test/.extraheader")[0] == 1
