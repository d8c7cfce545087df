"""Plays a case: a shell script makes a history with fixed dates, sessions and keys, so that reports on it never change.

In the script `session NUMBER MODEL 'TIME' 'PROMPT' PATH <<EOF` is a session that writes a file (its log and the file itself;
the same number goes on with the same session), `commit 'TIME' 'MESSAGE'` commits everything as the person in $WHO, and `vouch AGENT` gives the last commit the record and
the trailers that our hooks would have (which look at the clock, and so cannot be used for a history of fixed dates).
"""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.support.codex_log import CodexLog

ROOT = Path(__file__).resolve().parents[2]
_PRELUDE = f"""
set -eu
session() {{ "{sys.executable}" -m tests.report.stage "$@"; }}
commit() {{
    git add -A
    GIT_AUTHOR_DATE="$1" GIT_COMMITTER_DATE="$1" GIT_AUTHOR_NAME="${{WHO:-A. Person}}" git commit -q --allow-empty -m "$2"
}}
vouch() {{
    ai backfill HEAD
    digest=$(git notes --ref=ai-log-trail show HEAD | sed -n 's/.*"digest":"\\([0-9a-f]*\\)","hint".*/\\1/p')
    before=$(git rev-parse HEAD)
    message=$(git log -1 --format=%B; echo "Assisted-by: $1"; echo "AI-Trail: 1:$digest")
    GIT_COMMITTER_DATE=$(git log -1 --format=%cI) git commit -q --amend --cleanup=verbatim -m "$message"
    git notes --ref=ai-log-trail copy -f "$before" HEAD
}}
ai() {{ said=$(git-ai-trail "$@" 2>&1) || {{ echo "git ai-trail $*: $said" >&2; return 1; }}; }}
"""


def play(script: Path, repo: Path, home: Path) -> None:
    """Runs the script in a new repository at `repo`, with a fixed key and nothing of this machine's user."""
    repo.mkdir(parents=True)
    data = home / ".local" / "share" / "git-ai-trail"
    data.mkdir(parents=True)
    (data / "key").write_bytes(b"k" * 32)
    run = ["bash", "-c", f"{_PRELUDE}\n. {script}"]
    subprocess.run(["git", "init", "-q", "-b", "main", str(repo)], check=True, env=environment(home))
    # The detached ingest after a commit would write while the script goes on.
    subprocess.run(["git", "config", "ai-log-trail.ingest", "false"], check=True, cwd=repo, env=environment(home))
    done = subprocess.run(run, cwd=repo, env=environment(home), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def environment(home: Path) -> dict[str, str]:
    return os.environ | {
        "HOME": str(home),
        "CODEX_HOME": str(home / ".codex"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
        "USER": "",
        "LOGNAME": "",
    }


def write_session(number: str, model: str, at: str, prompt: str, path: str, text: str) -> None:
    """One prompt of a session and the file that it writes whole, in the log and on disk."""
    began = datetime.strptime(at, "%Y-%m-%d %H:%M").replace(tzinfo=UTC).timestamp()
    session_id = f"019a55c1-0000-7000-8000-{int(number):012d}"
    home, cwd = Path(os.environ["CODEX_HOME"]), Path.cwd()
    known = sorted(home.glob(f"sessions/**/*{session_id}.jsonl"))
    if known:
        log = CodexLog.__new__(CodexLog)
        log.at, log.session_id, log.cwd, log.path = began, session_id, str(cwd), known[0]
        log.calls = 1000 + known[0].stat().st_size
    else:
        log = CodexLog(home, cwd, at=began, session_id=session_id, model=model)
    log.prompt(prompt)
    log.add_file(path, text)
    total = 4_000 * (1 + len(known)) + len(prompt)
    log.tokens(total, 4_000 + len(prompt))
    log.say("Done.")
    target = cwd / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_session(*sys.argv[1:6], sys.stdin.read())
