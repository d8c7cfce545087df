"""What a step writes for the runner: nothing that others wrote can become a command, an output or a second annotation."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_ai_trail.errors import TrailError
from git_ai_trail.forge import answer
from tests.action.runner import outputs_in

text = st.text(max_size=60) | st.sampled_from(
    ["::error::x", "a\n::add-mask::b", "##[error]", "%0A::x", "a\r::b", "  ::c"]
)


@given(text)
def test_no_line_is_a_command(value: str) -> None:
    for line in answer.printable(value).splitlines():
        assert not line.lstrip().startswith("::")
        assert "##[" not in line


@given(text, text)
def test_an_annotation_is_one_line(title: str, message: str) -> None:
    line = answer.annotation("error", title, message)
    assert len(line.splitlines()) == 1 or not any(c in line for c in "\r\n")
    head, _, _ = line.removeprefix("::").partition("::")
    assert head.count("title=") >= 1
    assert "," not in head
    assert ":" not in head


@given(st.dictionaries(st.sampled_from(["a", "b-c", "d"]), text.map(lambda t: t.replace("\r", "")), max_size=3))
def test_outputs_come_back_as_they_went(values: dict[str, str]) -> None:
    with tempfile.NamedTemporaryFile() as file:
        answer.set_outputs(file.name, values)
        raw = Path(file.name).read_bytes().decode("utf-8", "replace")
    expected = {name: value.encode("utf-8", "replace").decode() for name, value in values.items()}
    assert outputs_in(raw) == expected


def test_a_summary_that_the_host_would_refuse_is_refused_here(tmp_path: Path) -> None:
    path = tmp_path / "summary"
    assert answer.add_summary(str(path), "fine")
    with pytest.raises(TrailError, match="1 MiB"):
        answer.add_summary(str(path), "ü" * (answer.MAX_SUMMARY // 2))
    assert path.read_text() == "fine\n\n"
    assert not answer.add_summary("", "nobody")
