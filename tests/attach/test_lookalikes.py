"""Paths that look like other paths are told, and count as what they look like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_ai_trail.attach.lookalikes import MISLEADING, as_read, tricks, twins
from git_ai_trail.attach.status import assess
from git_ai_trail.attach.verify import Rules, judge
from tests.attach.build import a_core, a_diff, a_line, a_match, a_message
from tests.attach.test_policy import commit

# What a path holds, what of it misleads, and how it reads.
PATHS = [
    ("src/keys.py", (), "src/keys.py"),
    ("src/Größe.py", (), "src/Größe.py"),
    ("документы/письмо.txt", (), None),
    ("日本語/ファイル.txt", (), None),
    ("crypto\u202e/yp.sek", ("direction",), "crypto/yp.sek"),
    ("crypto\u2066/a.py", ("direction",), "crypto/a.py"),
    ("cry\u200bpto/a.py", ("invisible",), "crypto/a.py"),
    ("crypto\ufeff/a.py", ("invisible",), "crypto/a.py"),
    ("crypto\t/a.py", ("control",), "crypto/a.py"),
    ("crypto\x1b[2K/a.py", ("control",), "crypto[2K/a.py"),
    ("\u0441rypto/a.py", ("scripts",), "crypto/a.py"),
    ("crypt\u03bf/a.py", ("scripts",), "crypto/a.py"),
    ("cre\u0301dits/a.py", ("composed",), "cr\u00e9dits/a.py"),
    ("ｃｒｙｐｔｏ/a.py", (), "crypto/a.py"),
]


@pytest.mark.parametrize(("path", "names", "read"), PATHS)
def test_what_misleads_in_a_path_is_told(path: str, names: tuple[str, ...], read: str | None) -> None:
    assert tricks(path) == names
    if read is not None:
        assert as_read(path) == read


@pytest.mark.parametrize(
    "path", [path for path, _, read in PATHS if (read or "").startswith("crypto/") and path != read]
)
def test_a_path_that_only_looks_like_a_forbidden_one_is_forbidden(path: str) -> None:
    diff = a_diff(path)
    core = a_core([diff], a_match([diff]))
    found = judge(
        commit(a_message(core)), assess(a_message(core), a_line(core), [diff]), Rules(forbid_paths=("crypto/",))
    )
    assert [each.rule for each in found.failures] == ["path-forbidden"]
    wanted = [f"a path of it holds {MISLEADING[name]}" for name in tricks(path)]
    assert list(found.reasons[1:]) == wanted


def test_a_name_composed_otherwise_is_the_same_name() -> None:
    diff = a_diff("cre\u0301dits/a.py")
    core = a_core([diff], a_match([diff]))
    rules = Rules(forbid_paths=("cr\u00e9dits/",))
    found = judge(commit(a_message(core)), assess(a_message(core), a_line(core), [diff]), rules)
    assert [each.rule for each in found.failures] == ["path-forbidden"]


def test_two_paths_that_look_the_same_are_told_even_without_a_record() -> None:
    diffs = [a_diff("crypto/a.py"), a_diff("\u0441rypto/a.py")]
    found = judge(commit("By hand"), assess("By hand", b"", diffs), Rules())
    assert found.result == "none"
    assert found.reasons == (
        "a path of it holds letters of two scripts that look alike",
        "two of its paths look the same",
    )
    assert not twins(["a/b.py", "a/c.py", "a/b.py"])


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=60))
def test_any_path_can_be_looked_at(path: str) -> None:
    assert set(tricks(path)) <= set(MISLEADING)
    assert as_read(as_read(path)) == as_read(path) or as_read(path)
    assert twins([path, path]) is False
