"""Whatever bytes a parser is given: it comes back, with an answer or a refusal."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, seeds

# Pieces that the forms are made of: what is glued together of them gets further into a parser than bytes do.
PIECES = [
    b"\n", b"\0", b"{", b"}", b"[", b"]", b'"', b"\\", b",", b":", b" ", b"\r", b"\t", b"'", b"<<", b">", b"|", b"&&", b";", b"$(",
    b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\\ud800", b"null", b"1e999", b"-1", b"9" * 40, b"@@ -1 +1 @@", b"diff --git ",
    b"*** Begin Patch", b"*** Update File: f", b"*** End Patch", b"EOF", b"AI-Trail: 1:", b"a" * 64, b"---", b"Z", b"+", b"-",
]  # fmt: skip


@st.composite
def altered(draw: st.DrawFn, name: str) -> bytes:
    """One of the seeds with pieces put in, taken out, doubled or swapped."""
    data = draw(st.sampled_from(seeds(name)))
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.integers(0, len(data)))
        to = draw(st.integers(at, min(len(data), at + 80)))
        what = draw(st.sampled_from(["put", "cut", "double", "end", "move"]))
        if what == "put":
            data = data[:at] + draw(st.sampled_from(PIECES)) + data[at:]
        elif what == "cut":
            data = data[:at] + data[to:]
        elif what == "double":
            data = data[:to] + data[at:to] + data[to:]
        elif what == "end":
            data = data[:at]
        else:
            data = data[to:] + data[at:to] + data[:at]
    return data


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_are_read(name: str) -> None:
    for data in seeds(name):
        TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=40)
@given(data=st.data())
def test_what_looks_nearly_right_is_read_or_refused(name: str, data: st.DataObject) -> None:
    TARGETS[name](data.draw(altered(name)))


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=25)
@given(pieces=st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=8)), max_size=30))
def test_what_is_nothing_at_all_is_read_or_refused(name: str, pieces: list[bytes]) -> None:
    TARGETS[name](b"".join(pieces))


@pytest.mark.proof
@pytest.mark.parametrize("name", TARGETS)
def test_a_fuzzer_that_sees_the_code_finds_nothing(name: str, tmp_path: Path) -> None:
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris does not install on this machine")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, data in enumerate(seeds(name)):
        (corpus / str(number)).write_bytes(data)
    limits = ["-max_total_time=5", "-timeout=10", "-rss_limit_mb=1500", "-max_len=20000", "-print_final_stats=1"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.seeing", name, str(corpus), *limits, f"-artifact_prefix={tmp_path}/"],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
