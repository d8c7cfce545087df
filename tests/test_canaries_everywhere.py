"""Secrets that only a working tree's `.env` files tell, and others, followed through all that a repository publishes.

What git itself committed is not ours: the worktree's own files and the commits are left out, and nothing of them is secret.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import urllib.parse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from git_ai_trail import places
from git_ai_trail.attach import notes
from git_ai_trail.pipeline.env_files import values_in
from git_ai_trail.pipeline.report import FORMS, MODES
from tests.redact.samples import clean
from tests.support import canaries
from tests.support.codex_log import CodexLog
from tests.support.repo import Repo
from tests.test_canaries import canaries as provider_secrets
from tests.test_canaries import planted

PROGRAM = (sys.executable, "-m", "git_ai_trail")
# Words with a number, a date, a host and port of somebody's own, letters and digits: no rule takes any of them for a secret.
ENV = {
    "DB_PASSWORD": "blue" + "-Heron" + "-42",
    "ADMIN_PASSWORD": "winter.in" + ".Lisboa.2019",
    "SESSION_SECRET": "the-Quick" + "_brown+fox",
    "PAYMENT_KEY": "kestrel" + "/marsh/" + "0042",
}
LOCAL = {"SIGNING_KEY": "otter" + "%river%" + "77"}
HAND = "Project " + "Kingfisher Lane"
RULED = "codename-" + "umbra"
CODE = (
    "first_harmless_line = compute_one()\nsecond_harmless_line = compute_two()\nthird_harmless_line = compute_three()\n"
)


class Scene(NamedTuple):
    """`tmp` is where temporary files go, `hub` the remote; `said` collects what every command printed."""

    repo: Repo
    log: CodexLog
    home: Path
    hub: Path
    tmp: Path
    said: list[str]

    def run(self, *words: str, code: int = 0, stdin: str | None = None) -> str:
        done = self.repo.run(*PROGRAM, *words, exit=code, stdin=stdin)
        self.said.append(done.stdout + done.stderr)
        return done.stdout

    def places(self) -> dict[str, bytes]:
        """Every byte that we wrote or printed."""
        root = self.repo.root
        theirs = [self.home / ".codex", self.home / ".gitconfig", root / ".env", root / "app" / ".env.local"]
        found = canaries.files(self.home, root, self.tmp, apart=theirs)
        found["printed"] = "".join(self.said).encode("utf-8", "surrogateescape")
        found["objects"] = canaries.objects(root)
        found["remote"] = canaries.objects(self.hub)
        return found


def env_values() -> list[str]:
    return [*ENV.values(), *LOCAL.values()]


def texts() -> list[str]:
    """What must be found nowhere, of a key its body, of a home the name."""
    found = provider_secrets()
    letters = found["token"][4:]
    return [*env_values(), *(found[one] for one in ("token", "openai", "aws", "password", "email")), letters]


def speaking() -> str:
    """Prose, code and commands with every value in one of the dresses in which programs print one."""
    told = [f"the value is {value} and stays {value}." for value in env_values()]
    told += [json.dumps({"deep": json.dumps({"value": value})}) for value in env_values()]
    told += [f"x={urllib.parse.quote(value, safe='')}&y=1" for value in env_values()]
    told += [base64.b64encode(value.encode()).decode() for value in env_values()]
    return "\n".join(told)


@pytest.fixture
def scene(repo: Repo, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("CODEX_HOME", str(home / ".codex"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    repo.write(".gitignore", ".env*\n")
    repo.write(".git-ai-trail.toml", '[policy]\npublish = "redacted"\n')
    repo.commit("base")
    repo.write(".env", "".join(f'{name}="{value}"\n' for name, value in ENV.items()) + "PORT=3000\nDEBUG=true\n")
    repo.write("app/.env.local", "".join(f"export {name}={value}\n" for name, value in LOCAL.items()))
    repo.git("config", "ai-log-trail.ingest", "false")
    repo.git("config", "ai-log-trail.publish", "redacted")
    repo.git("clone", "-q", "--bare", ".", str(tmp_path / "hub.git"))
    repo.git("remote", "add", "origin", str(tmp_path / "hub.git"))
    repo.run("git-ai-trail", "init", "--native")
    said = ENV["DB_PASSWORD"]
    log = CodexLog(
        home / ".codex", repo.root / "app", url=f"https://example.org/{said}/b.git", unheard_of={said: [said]}
    )
    for words in (f"{planted()}\n{speaking()}", f"Write settings for {HAND} with {RULED}.\n{speaking()}\n{planted()}"):
        log.prompt(words)
        log.say(words)
    log.line("event_msg", {"type": "agent_reasoning", "text": speaking()})
    log.shell(f"printf %s '{ENV['DB_PASSWORD']}' | psql", speaking(), workdir=str(repo.root))
    log.line(
        "event_msg", {"type": "error", "message": speaking(), "unheard_of": {value: value for value in env_values()}}
    )
    log.line(said, {"text": speaking(), "type": said})
    log.line("event_msg", {"type": said, "message": speaking()})
    log.shell("git status", f"On branch topic/{said}\n")
    log.shell(f"git commit -m '{said}'", f"[topic/{said} abcdef1] {said}\n 1 file changed\n")
    log.add_file(f"notes/{said}.txt", f"{speaking()}\n")
    log.add_file("settings.py", CODE)
    repo.write("settings.py", CODE)
    log.prompt(f"And {speaking()}")
    log.tokens(100, 100)
    return Scene(repo, log, home, tmp_path / "hub.git", tmp_path / "tmp", [])


def test_the_values_of_the_files_look_like_nothing_to_the_rules(scene: Scene) -> None:
    """Else the proof below would be one of the rules alone."""
    for value in env_values():
        assert clean(f"the value is {value} and stays") == f"the value is {value} and stays"
    assert set(values_in(str(scene.repo.root / "app"))) == set(env_values())


@pytest.mark.proof
def test_no_canary_is_in_anything_that_a_repository_keeps_or_publishes(scene: Scene) -> None:
    repo = scene.repo
    repo.git("add", "-A")
    done = repo.run("git", "commit", "-m", "Settings")
    scene.said.append(done.stdout + done.stderr)
    assert "of 3 added lines have evidence" in done.stderr
    scene.run("ingest", "-v")
    scene.run("ingest", "--after-commit", str(repo.root), "HEAD")
    annex = repo.git("notes", f"--ref={notes.ANNEX_REF}", "show", "HEAD")
    assert "the value is [REDACTED:" in annex, "prompts are published here"
    _look_at_all(scene)
    _publish(scene)
    assert "the value is" in (repo.root / "report-full.md").read_text(), "reports show prompts here"
    assert not canaries.leaks(scene.places(), texts())

    _change_what_goes(scene)
    _publish(scene, ["full"])
    after = scene.places()
    assert not canaries.leaks(after, texts())
    # What a person or a rule took out later stood in what was written before; of what is kept it is gone.
    data = Path(places.data_dir(os.environ))
    kept = {place: content for place, content in after.items() if place.startswith(str(data))}
    assert data / "trail.db" in map(Path, kept)
    assert not canaries.leaks(kept, [HAND, RULED])
    ours = {ref: repo.git("log", "-p", "--format=", ref).encode() for ref in (notes.REF, notes.ANNEX_REF)}
    assert not canaries.leaks(ours, [HAND, RULED])


def _look_at_all(scene: Scene) -> None:
    session = scene.log.session_id
    for words in (
        ["show"],
        ["log"],
        ["explain"],
        ["sessions"],
        ["session", session],
        ["stats"],
        ["blame", "settings.py"],
    ):
        scene.run(*words)
        scene.run(*words, "--json")
    scene.run("doctor", "--json")
    scene.run("backfill", "--all", "--json")
    scene.run("rules", "near-misses", "--outgoing")


def _publish(scene: Scene, modes: Sequence[str] = MODES) -> None:
    """Reports in every form and mode, exports, a statement, notes; printed and written to files."""
    for mode in modes:
        for form in FORMS:
            words = ("report", "HEAD", "--mode", mode, "--format", form)
            scene.run(*words, "-o", f"report-{mode}.{form}")
        scene.run("report", "HEAD", "--mode", mode)
    scene.run("report", "HEAD", "--mode", "full", "--into", "PAGE.md")
    for form in ("git-ai", "agent-trace"):
        assert scene.run("export", "--format", form).count("\n") == 1
    scene.run("export", "--format", "git-ai", "--notes")
    scene.run("attest", "HEAD", "--mode", "full", "--report", "attested.json", "-o", "statement.json")
    scene.run("notes", "push")


def _change_what_goes(scene: Scene) -> None:
    """Rules change and logs are read again, a person redacts by hand, and prompts are withheld and purged."""
    config = Path(places.config_dir(os.environ))
    config.mkdir(parents=True, exist_ok=True)
    (config / "redactions.yml").write_text("- {id: codename, pattern: 'codename-[a-z]{5}'}\n")
    scene.run("ingest", "--rescrub", "-v")
    scene.run("redact", "add", "--reason", "not announced", stdin=HAND)
    scene.run("redact", "list", "--json")
    scene.run("redact", "history", "--json")
    scene.run("redact", "withhold", "HEAD", "--all", "--purge", "--push")
