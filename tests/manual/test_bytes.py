"""A text that is redacted by hand, followed through everything that this program has written: no byte of it is left."""

from __future__ import annotations

import base64
import json
import subprocess
import urllib.parse
from pathlib import Path

import pytest

from tests.manual.conftest import Run
from tests.support.codex_log import CodexLog
from tests.support.repo import Repo

TEXT = 'Quokka "Seven" rollout'


def forms() -> dict[str, str]:
    """The text in the clothes in which a log can hold it."""
    return {
        "plain": TEXT,
        "json": json.dumps(TEXT)[1:-1],
        "twice": json.dumps(json.dumps(TEXT))[1:-1],
        "percent": urllib.parse.quote(TEXT),
        "wrapped": TEXT.replace(" ", "\n  "),
        "coloured": TEXT.replace(" ", "\x1b[0m \x1b[1m"),
        "unicode": "".join(f"\\u{ord(c):04x}" if c.isalpha() else c for c in TEXT),
    }


def needles() -> list[bytes]:
    """Every form in which it could survive, also those that no log of ours holds."""
    found = [form.encode() for form in forms().values()]
    return [*found, TEXT.encode("utf-16-le"), base64.b64encode(TEXT.encode())[:-4], TEXT.encode().hex().encode()]


@pytest.fixture
def scene(codex: Path, repo: Repo) -> CodexLog:
    log = CodexLog(codex, repo.root)
    for form in forms().values():
        log.prompt(f"about {form} and more")
        content = [{"type": "output_text", "text": f"on {form}: yes"}]
        log.line("response_item", {"type": "message", "role": "assistant", "content": content})
        log.line("response_item", {"type": "reasoning", "summary": [{"type": "summary_text", "text": form}]})
        log.shell(f"printf %s '{form}' > notes.txt", f"wrote {form}\n")
        log.line("event_msg", {"type": "error", "message": form, "unheard_of": {form: [form]}})
    log.update_file("notes.txt", f"@@ -1 +1 @@\n-old\n+{TEXT}")
    return log


def everything(home: Path, repo: Repo) -> dict[str, bytes]:
    """Every file that is not the agent's, and every object of the repository."""
    found = {
        str(path): path.read_bytes()
        for root in (home, repo.root)
        for path in root.rglob("*")
        if path.is_file() and ".codex" not in path.parts
    }
    command = ["git", "cat-file", "--batch", "--batch-all-objects"]
    found["objects"] = subprocess.run(command, cwd=repo.root, capture_output=True, check=True).stdout
    return found


def test_no_byte_is_left(scene: CodexLog, home: Path, repo: Repo, run: Run) -> None:
    repo.commit_file("README.md", "Title\n", "base")
    run("ingest", cwd=repo.root)
    assert any(TEXT.encode() in content for content in everything(home, repo).values())
    said = [run("redact", "add", stdin=TEXT, cwd=repo.root)]
    said.append(run("ingest", "--rescrub", cwd=repo.root))
    said.append(run("session", scene.session_id, "--limit-lines", "0", cwd=repo.root))
    said.append(run("session", scene.session_id, "--json", cwd=repo.root))
    said.append(run("redact", "history", "--json", cwd=repo.root))
    places = everything(home, repo)
    places["printed"] = "".join(one.stdout + one.stderr for one in said).encode()
    left = [(place, needle) for place, content in places.items() for needle in needles() if needle in content]
    assert left == []
    assert "about [REDACTED:manual#" in said[2].stdout


def test_words_of_it_are_nowhere_but_where_they_stand_alone(scene: CodexLog, home: Path, repo: Repo, run: Run) -> None:
    repo.commit_file("README.md", "Title\n", "base")
    run("ingest", cwd=repo.root)
    run("redact", "add", stdin=TEXT, cwd=repo.root)
    left = [place for place, content in everything(home, repo).items() if b"Quokka" in content or b"quokka" in content]
    assert left == []
