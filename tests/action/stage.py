"""What a workflow's step finds: a remote, a checkout of it made as `actions/checkout` makes one, an event, the API.

Commits with a record are made from their own content, as our hooks would: every added line by one session.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from git_ai_trail.attach import notes
from git_ai_trail.attach.record import digest
from git_ai_trail.git import Git, empty_tree
from tests.action import runner
from tests.action.fake_github import REPOSITORY, FakeGitHub
from tests.attach.build import a_core, a_line, a_match, a_range, a_session
from tests.support.repo import Repo

CODE = (
    "def tide_height(moon_phase, latitude):\n"
    "    amplitude = harmonic_amplitude(latitude)\n"
    "    return amplitude * phase_factor(moon_phase)\n"
)
OTHER = (
    "def current_speed(depth_metres, slope):\n"
    "    friction = bottom_friction(depth_metres)\n"
    "    return slope / friction * gravity_constant\n"
)
PROMPT = "ghp_" + "x9Kq2LmN7pRt4VwYzB1cD3fG5hJ8kS0uA6eT"


@dataclass
class Stage:
    """`author` is the clone of somebody who works, `checkout` the runner's; `fake` answers for the API."""

    folder: Path
    origin: Repo
    author: Repo
    fake: FakeGitHub
    runs: int = 0
    env: dict[str, str] = field(default_factory=dict)

    def vouched(self, path: str, text: str, subject: str = "", *, trailer: bool = True, session: str = "") -> str:
        """A commit on the author's branch whose record says that one session wrote every line of it."""
        oid = self.author.commit_file(path, text, subject or f"write {path}")
        git = Git(str(self.author.root))
        diffs = git.diff(git.resolve(f"{oid}^1") or empty_tree(oid), oid)
        one = a_session(session) if session else a_session()
        ranges = None
        if session:
            ranges = [[a_range(diff, 1, len(diff.added), session=session)] for diff in diffs]
        core = a_core(diffs, a_match(diffs, ranges, sessions=[one]))
        if trailer:
            message = f"{subject or f'write {path}'}\n\nAI-Trail: 1:{digest(core)}\n"
            self.author.git("commit", "-q", "--amend", "-F", "-", stdin=message)
            oid = self.author.git("rev-parse", "HEAD")
        notes.add_lines(git, git.common_dir(), oid, [a_line(core)])
        return oid

    def push(self, *refs: str) -> None:
        """Pushes branches, tags and notes."""
        everything = ["refs/heads/*:refs/heads/*", "refs/tags/*:refs/tags/*"]
        self.author.git("push", "-q", "--force", "origin", *(refs or everything))
        if self.author.git("for-each-ref", "refs/notes"):
            self.author.git("push", "-q", "origin", "refs/notes/ai-log-trail*:refs/notes/ai-log-trail*")

    def released(self, tag: str = "v1.0.0", body: str | None = "Notes by hand.\n", **more: Any) -> dict[str, Any]:
        """A history with one release of two commits, one of which has a record."""
        self.author.commit_file("README.md", "Tides\n", "Start")
        self.vouched("tides.py", CODE, "Compute tides")
        self.author.git("tag", tag)
        self.push()
        return self.fake.release(tag, body, **more)

    def checkout(self, rev: str, *, depth: int = 0) -> Path:
        """A runner's checkout of a commit: detached; with a depth only so many commits and no tags."""
        self.runs += 1
        place = self.folder / f"checkout-{self.runs}"
        options = [f"--depth={depth}", "--no-tags"] if depth else []
        self.origin.run("git", "clone", "-q", "--no-checkout", *options, self.origin.root.as_uri(), str(place))
        repo = Repo(place)
        if depth:
            repo.git("fetch", "-q", f"--depth={depth}", "--no-tags", "origin", rev)
        repo.git("checkout", "-q", "--detach", "FETCH_HEAD" if depth else rev, "--")
        return place

    def run(
        self,
        event: str,
        payload: Mapping[str, Any],
        *,
        at: str,
        ref: str = "refs/heads/main",
        depth: int = 0,
        workspace: Path | None = None,
        **inputs: str,
    ) -> runner.Ran:
        """One pass of the action on an event, in a checkout of `at`."""
        place = workspace or self.checkout(at, depth=depth)
        temporary = Path(tempfile.mkdtemp(prefix="runner-", dir=self.folder))
        event_file = temporary / "event.json"
        whole = {"repository": {"full_name": REPOSITORY, "default_branch": "main"}, **payload}
        event_file.write_text(json.dumps(whole))
        env = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_SERVER_URL": "https://github.test",
            "GITHUB_API_URL": self.fake.url,
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(event_file),
            "GITHUB_REF": ref,
            "GITHUB_SHA": Repo(place).git("rev-parse", "HEAD"),
            "GITHUB_WORKSPACE": str(place),
            "AI_TRAIL_PYTHON": sys.executable,
            "TEST_TOKEN": self.fake.token,
            **self.env,
        }
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        return runner.run(given, env, place, temporary)

    def on_release(self, release: Mapping[str, Any], **inputs: str) -> runner.Ran:
        """The action on the event of a published release, in a checkout of its tag."""
        tag = str(release["tag_name"])
        payload = {"action": "published", "release": dict(release)}
        return self.run("release", payload, at=tag, ref=f"refs/tags/{tag}", **inputs)

    def on_pull_request(self, base: str, head: str, *, fork: str = "", **inputs: str) -> runner.Ran:
        """The verification of a pull request, in a checkout of its head."""
        pull = {
            "number": 7,
            "base": {"sha": base, "ref": "main", "repo": {"full_name": REPOSITORY}},
            "head": {"sha": head, "ref": "topic", "repo": {"full_name": fork or REPOSITORY}},
        }
        inputs = {"mode": "verify", **inputs}
        return self.run("pull_request", {"pull_request": pull}, at=head, ref="refs/pull/7/merge", **inputs)

    def on_push(self, before: str, after: str, **inputs: str) -> runner.Ran:
        """What runs after a push to the default branch."""
        inputs = {"mode": "carry", **inputs}
        return self.run("push", {"before": before, "after": after}, at=after, **inputs)

    def section(self, body: str, name: str = "v1.0.0") -> str:
        """What stands between our markers, of which there must be one pair."""
        begin, end = f"<!-- ai-trail:begin {name} -->", f"<!-- ai-trail:end {name} -->"
        assert body.count("<!-- ai-trail:begin") == body.count("<!-- ai-trail:end") == 1, body
        return body.partition(begin)[2].partition(end)[0]
