"""Many processes and one database: everything is stored once, nobody waits for ever, and a killed one leaves no half."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from git_ai_trail import places
from git_ai_trail.config import UserConfig
from git_ai_trail.model import SessionFilter
from git_ai_trail.pipeline.user_store import open_user_store
from tests.pipeline.ingesting import a_log, more_of, opened, rows, run

PROGRAM = [sys.executable, "-m", "git_ai_trail", "ingest", "--jobs"]

# Looks at the database all the time: every log that it sees must be there whole.
READER = """
import os, sqlite3, sys
conn = sqlite3.connect("file:" + sys.argv[1] + "?mode=ro", uri=True, timeout=60)
print("ready", flush=True)
looks = 0
while os.getppid() == int(sys.argv[2]) and not os.path.exists(sys.argv[3]):
    halves = conn.execute(
        "SELECT s.native_id, s.prompts, (SELECT COUNT(*) FROM prompts p WHERE p.session_id = s.id) FROM sessions s"
    ).fetchall()
    assert all(prompts == rows == 2 for _, prompts, rows in halves), halves
    looks += 1
print(looks, flush=True)
"""


def some_logs(codex: Path, count: int) -> None:
    for number in range(1, count + 1):
        log = a_log(codex, number)
        for line in range(40):
            log.say(f"line {line} of {number} " + "word " * 50)
        more_of(log)


def test_eight_runs_at_once_beside_a_reader_store_everything_once(codex: Path, tmp_path: Path) -> None:
    some_logs(codex, 24)
    run(limit=1)
    stop = tmp_path / "stop"
    database = places.trail_path(os.environ)
    command = [sys.executable, "-c", READER, database, str(os.getpid()), str(stop)]
    reader = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert reader.stdout is not None
    assert reader.stdout.readline() == "ready\n"
    runs = [subprocess.Popen([*PROGRAM, jobs], stdout=subprocess.PIPE, stderr=subprocess.PIPE) for jobs in "12121212"]
    ended = [(process.communicate(), process.returncode) for process in runs]
    stop.touch()
    looks, complaint = reader.communicate()
    assert (reader.returncode, complaint) == (0, "")
    assert int(looks) > 0
    assert [code for _, code in ended] == [0] * 8, ended
    assert [streams[1] for streams, _ in ended] == [b""] * 8
    assert all(b"not read" not in streams[0] for streams, _ in ended)
    together = rows()
    assert len(together["prompts"]) == 48
    run(rescrub=True)
    assert rows() == together


def test_one_that_is_killed_while_it_writes_leaves_no_half_and_does_not_stop_the_others(codex: Path) -> None:
    some_logs(codex, 12)
    # Kills itself with the database locked, in the middle of the rows of its third log.
    script = (
        "import os, signal, sys\n"
        "from git_ai_trail.store import sqlite_writer\n"
        "real, seen = sqlite_writer.Writer._flush, []\n"
        "def flush(self, chunk):\n"
        "    real(self, chunk)\n"
        "    seen.append(1)\n"
        "    if len(seen) == 3:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "sqlite_writer.Writer._flush = flush\n"
        "from git_ai_trail.cli import main\n"
        "sys.exit(main(['ingest', '--jobs', '1']))\n"
    )
    killed = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    others = [subprocess.Popen([*PROGRAM, "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]
    ended = [(process.communicate(), process.returncode) for process in others]
    assert [code for _, code in ended] == [0] * 3, ended
    # Where the others were quicker there was no third log left for it.
    assert killed.wait() in (-signal.SIGKILL, 0)
    run()
    together = rows()
    assert len(together["prompts"]) == 24
    store = open_user_store(dict(os.environ), UserConfig())
    assert store.problems() == []
    store.close()
    run(rescrub=True)
    assert rows() == together


@pytest.mark.parametrize("kills", range(1, 6))
def test_a_run_killed_at_any_step_of_a_write_leaves_each_log_as_it_was_or_whole(codex: Path, kills: int) -> None:
    some_logs(codex, 2)
    run(limit=1)
    before = rows()
    # The steps of the second log's transaction, one after the other.
    step = ("_begin", "_flush", "_write_redactions", "_close", "_drop_if_empty")[kills - 1]
    script = (
        "import os, signal, sys\n"
        "from git_ai_trail.store import sqlite_writer\n"
        f"real = sqlite_writer.Writer.{step}\n"
        "def last(self, *args):\n"
        "    real(self, *args)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        f"sqlite_writer.Writer.{step} = last\n"
        "from git_ai_trail.cli import main\n"
        "sys.exit(main(['ingest', '--jobs', '1']))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert rows() == before
    conn = sqlite3.connect(places.trail_path(os.environ))
    assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    conn.close()
    assert run().sessions == 1
    both = rows()
    run(rescrub=True)
    assert rows() == both


def test_a_log_that_grows_while_it_is_read_and_read_again_loses_no_line(codex: Path) -> None:
    log = a_log(codex)
    runs = []
    for number in range(6):
        runs.append(subprocess.Popen([*PROGRAM, "1"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE))
        for line in range(30):
            log.say(f"said {number}.{line}")
    assert [(process.communicate()[1], process.returncode) for process in runs] == [(b"", 0)] * 6
    run()
    in_parts = rows()
    assert len([row for row in in_parts["events"] if "said " in repr(row)]) == 180
    run(rescrub=True)
    assert rows() == in_parts


def test_four_runs_at_once_store_everything_once(codex: Path) -> None:
    for number in range(1, 9):
        more_of(a_log(codex, number))
    running = [subprocess.Popen([*PROGRAM, "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]
    ended = [(process.communicate(), process.returncode) for process in running]
    assert [code for _, code in ended] == [0] * 4, ended
    assert [streams[1] for streams, _ in ended] == [b""] * 4
    assert all(b"not read" not in streams[0] for streams, _ in ended)
    stored = rows()
    assert len(stored["prompts"]) == 16
    run(rescrub=True)
    assert rows() == stored


@pytest.mark.parametrize("name", ["SIGKILL", "SIGINT"])
def test_a_run_that_is_ended_loses_and_doubles_nothing(codex: Path, name: str) -> None:
    logs = [a_log(codex, number) for number in range(1, 4)]
    for number in range(400):
        logs[1].say(f"line {number} " + "word " * 400)
    # The child ends itself in the middle of the second log: no clock decides when.
    script = (
        "import os, signal, sys\n"
        # Under nohup and in the background of a script the signal is ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from git_ai_trail.pipeline import ingest_log\n"
        "seen = []\n"
        "ingest_log._TICK_BYTES = 1 << 12\n"
        "real = ingest_log.LogFile.lines\n"
        "def lines(self):\n"
        "    for number, line in enumerate(real(self)):\n"
        "        if self.size > 100_000 and number == 200:\n"
        f"            os.kill(os.getpid(), signal.{name})\n"
        "        yield line\n"
        "ingest_log.LogFile.lines = lines\n"
        "from git_ai_trail.cli import main\n"
        "sys.exit(main(['ingest', '--jobs', '1']))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == (130 if name == "SIGINT" else -signal.SIGKILL), done.stderr
    assert "Traceback" not in done.stderr
    store = opened()
    assert store.problems() == []
    assert logs[1].session_id not in {info.id for info in store.sessions(SessionFilter())}
    store.close()
    run()
    resumed = rows()
    assert len([row for row in resumed["events"] if "line 399 " in repr(row)]) >= 1
    run(rescrub=True)
    assert rows() == resumed
