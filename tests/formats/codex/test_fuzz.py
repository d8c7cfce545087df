"""Almost real logs: the reader takes whatever they hold, and goes on anywhere as if it had never stopped."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from git_ai_trail.formats import codex
from tests.formats import fuzz
from tests.formats.codex.summary import DOCUMENT, PATH

CASES = sorted((Path(__file__).parent / "cases").glob("*/input.json*"))
LOGS = [fuzz.records_of(path.read_bytes()) for path in CASES if path.suffix == ".jsonl"]
DOCUMENTS = [path.read_bytes() for path in CASES if path.suffix == ".json"]


@settings(max_examples=150)
@given(data=fuzz.logs(LOGS), cuts=st.lists(st.integers(0, 60), max_size=3))
def test_a_log_that_is_almost_real(data: bytes, cuts: list[int]) -> None:
    fuzz.check(codex, data, PATH, cuts)


@settings(max_examples=60)
@given(draw=st.data())
def test_a_document_that_is_almost_real(draw: st.DataObject) -> None:
    records = fuzz.records_of(draw.draw(st.sampled_from(DOCUMENTS)))
    data = draw.draw(fuzz.logs([records] if records else [[{}]]))
    fuzz.check(codex, data, DOCUMENT, draw.draw(st.lists(st.integers(0, 2), max_size=2)))
