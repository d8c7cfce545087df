"""Every parser of what strangers write, as a function of bytes that must come back: fed by hypothesis, and by atheris."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from git_ai_trail.attach import annex, claims, gitai, record, trailers
from git_ai_trail.attach.quick import names_in, read_line, read_note
from git_ai_trail.attach.status import assess
from git_ai_trail.config import parse_repository, parse_user
from git_ai_trail.errors import TrailError
from git_ai_trail.formats import FORMATS
from git_ai_trail.formats.diffs import read_patch
from git_ai_trail.formats.protocol import Format
from git_ai_trail.formats.shell.commits import commit_calls
from git_ai_trail.formats.shell.steps import Script, steps_of
from git_ai_trail.formats.shell.writes import file_writes
from git_ai_trail.redact import publish_scan
from git_ai_trail.report import attestation, saved

Target = Callable[[bytes], None]

CASES = Path(__file__).resolve().parents[1] / "formats"
# What one event may make of one line; a patch can hold one edit for each of its lines.
_MOST_EVENTS = 2000


def log(fmt: Format, data: bytes) -> None:
    """Every line read by a reader, then again by one that goes on from the middle: both say the same."""
    path = f"/logs/{fmt.NAME}"
    lines = _lines(data)
    whole = fmt.reader(path)
    said = []
    for line, offset in lines:
        events = whole.feed(line, offset)
        assert len(events) <= _MOST_EVENTS + len(line)
        said.append(events)
    ended = whole.finish()
    json.dumps(whole.state())
    cut = len(lines) // 2
    first = fmt.reader(path)
    for line, offset in lines[:cut]:
        first.feed(line, offset)
    state = json.loads(json.dumps(first.state()))
    second = fmt.reader(path, state)
    for offset in fmt.open_offsets(state):
        # A record that stands behind another one on its line has an offset of its own.
        second.feed(data[offset:].partition(b"\n")[0], offset)
    assert [second.feed(line, offset) for line, offset in lines[cut:]] == said[cut:]
    assert second.finish() == ended
    assert dict(second.skipped) == dict(whole.skipped)


def _lines(data: bytes) -> list[tuple[bytes, int]]:
    found, offset = [], 0
    for line in data.split(b"\n"):
        found.append((line, offset))
        offset += len(line) + 1
    return found


def script(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    steps = steps_of(Script(text, "/work"))
    for write in file_writes(steps):
        assert "\n" not in write.path
        for run in write.lines or ():
            assert not any("\n" in line for line in run)
    commit_calls((Script(text, "/work"),))


def patch(data: bytes) -> None:
    for one in read_patch(data.decode("utf-8", "surrogateescape")):
        assert one.lines.removed >= 0


def note(data: bytes) -> None:
    lines = record.parse_note(data)
    assert read_note(data) == lines
    assess("", data, ())
    for line in data.split(b"\n")[:20]:
        assert read_line(line.strip()) == record.parse_line(line.strip())


def annexes(data: bytes) -> None:
    for one in annex.parse_annex(data).values():
        json.dumps([(prompt, text) for session in one.sessions for prompt, text in session.prompts]).encode()


def message(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    trailers.last_block(text)
    trailers.strip_ours(text)
    names_in(text)
    for claim in claims.claims(text, text[:100], text[-100:]):
        assert claim.agent.isprintable()


def others_note(data: bytes) -> None:
    for one in gitai.read(data, ()):
        assert one.inside == {}


def _refusing(read: Callable[[bytes], object], data: bytes) -> None:
    """A person's file: read, or refused in one line."""
    said = ""
    try:
        read(data)
    except TrailError as error:
        said = error.message
    assert "\n" not in said


def _policy(data: bytes) -> object:
    return parse_repository(data.decode("utf-8", "replace"))


def _config(data: bytes) -> object:
    return parse_user(data.decode("utf-8", "replace"))


def scan(data: bytes) -> None:
    for found in publish_scan(data.decode("utf-8", "replace")):
        assert found.line > 0


TARGETS: dict[str, Target] = {
    **{f"log-{fmt.NAME}": partial(log, fmt) for fmt in FORMATS},
    "script": script,
    "patch": patch,
    "note": note,
    "annex": annexes,
    "message": message,
    "git-ai-note": others_note,
    "policy": partial(_refusing, _policy),
    "config": partial(_refusing, _config),
    "report": partial(_refusing, saved.from_json),
    "attestation": partial(_refusing, attestation.read),
    "publish-scan": scan,
}


def seeds(name: str) -> list[bytes]:
    """Inputs to begin with: of each kind some that are right."""
    return [*_seeds(name)] or [b""]


def _seeds(name: str) -> Iterator[bytes]:
    if name.startswith("log-"):
        for path in sorted((CASES / name.removeprefix("log-") / "cases").glob("*/input*")):
            if path.stat().st_size < 64 * 1024:
                yield path.read_bytes()
    elif name == "script":
        yield from (
            b"cat > f <<'X'\na\n  b\nX\n",
            b"cd sub && printf '%s\\n' a b | tee -a f >/dev/null; git commit -m 'x' && git log --oneline -1",
            b"bash -lc \"python - <<'PY'\nfrom pathlib import Path\nPath('a.py').write_text('x = 1')\nPY\"",
            b"sed -i 's/a/b/' x.py; if true; then { echo a; echo b; } > g; fi",
        )
    elif name == "patch":
        yield b"--- a/f\n+++ b/f\n@@ -1,2 +1,3 @@\n a\n-b\n+c\n+d\n"
        yield b"diff --git a/f b/g\nrename from f\nrename to g\n"
    elif name == "note":
        yield b'{"core":{"v":1},"digest":"' + b"a" * 64 + b'","hint":{}}\n{"withheld":"' + b"b" * 64 + b'"}\n'
    elif name == "annex":
        yield (
            b'{"annex":"'
            + b"a" * 64
            + b'","sessions":[{"id":"s","tokens":{"input":1},"prompts":[{"turn":0,"text":"x"}]}]}'
        )
    elif name == "message":
        yield b"Subject\n\nBody\n\nCo-Authored-By: Claude <noreply@anthropic.com>\nAI-Trail: 1:" + b"a" * 64 + b"\n"
    elif name == "git-ai-note":
        yield b'f\n  s_1::t_1 1-3,5\n---\n{"sessions":{"s_1":{"agent_id":{"tool":"x","id":"y","model":"z"}}}}'
    elif name in ("policy", "config"):
        yield b'[policy]\nrequire = ["trailer"]\nforbid-paths = ["a/"]\nshare-limit = 0.5\n[report]\ntitle = "x"\n'
        yield b'[logs]\nroots = ["~/x"]\n[prices."gpt"]\ninput = 1.5\n'
    elif name in ("report", "attestation"):
        yield b'{"_type":"https://in-toto.io/Statement/v1","predicateType":"x","subject":[],"predicate":{}}'
        yield b'{"payloadType":"application/vnd.in-toto+json","payload":"e30=","signatures":[]}'
    elif name == "publish-scan":
        yield b"a line\nuser@example.com https://u:p@host/ -----BEGIN PRIVATE KEY-----\n"
