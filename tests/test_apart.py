"""What lock files, generated and vendored files are, against git's own reading of the attributes."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from git_ai_trail.apart import Kinds, folders_of
from git_ai_trail.git import Git
from git_ai_trail.globs import fits, is_named
from git_ai_trail.pipeline.log import log
from git_ai_trail.pipeline.show import show
from tests.support.repo import Repo

ATTRIBUTES = rb"""# what tools write
*.snap linguist-generated
docs/** linguist-vendored=true
go.sum -linguist-generated
/a/*.txt linguist-generated=true
"with space/*.js" linguist-generated
**/deep/*.c linguist-generated
mid/**/end.c linguist-vendored
[ab]?.h linguist-generated
[!ab]x.h linguist-vendored
*.lock text=auto linguist-generated=false
odd\[1\].c linguist-generated
folder/ linguist-generated
keep.snap !linguist-generated
"""
BELOW = b"dist/*.js linguist-generated\n*.snap -linguist-generated\n/top.c linguist-vendored\n"
PATHS = """x.snap
d/x.snap
web/x.snap
docs/a
docs/a/b.c
go.sum
sub/go.sum
a/b.txt
a/c/b.txt
b/a/b.txt
deep/x.c
e/deep/x.c
e/deep/f/x.c
mid/end.c
mid/a/b/end.c
mid/a/endx.c
aa.h
bx.h
cx.h
d/ab.h
uv.lock
folder/x.c
odd[1].c
keep.snap
web/dist/a.js
web/dist/b/a.js
dist/a.js
web/top.c
web/a/top.c
web/keep.snap
with space/a.js
with space/b/a.js
""".splitlines()


def said_by_git(repo: Repo) -> dict[str, dict[str, str]]:
    names = ("linguist-generated", "linguist-vendored")
    out = repo.git("check-attr", "-z", "--stdin", *names, stdin="".join(f"{path}\0" for path in PATHS))
    words = iter(out.split("\0"))
    found: dict[str, dict[str, str]] = {}
    for path, name, value in zip(words, words, words, strict=False):
        found.setdefault(path, {})[name] = value
    return found


def test_attributes_say_what_git_says(repo: Repo) -> None:
    repo.write(".gitattributes", ATTRIBUTES.decode())
    repo.write("web/.gitattributes", BELOW.decode())
    kinds = Kinds({"": ATTRIBUTES, "web/": BELOW})
    found = said_by_git(repo)
    assert len(found) == len(PATHS)
    for path, values in found.items():
        stated = {name.removeprefix("linguist-") for name, value in values.items() if value in ("set", "true")}
        unset = {name for name, value in values.items() if value in ("unset", "false")}
        if stated:
            assert kinds(path) in stated, path
        elif "linguist-generated" in unset:
            assert kinds(path) == "", path
        else:
            assert kinds(path) == Kinds()(path), path


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("uv.lock", "lock"),
        ("web/package-lock.json", "lock"),
        ("go.sum", "lock"),
        (".aider.chat.history.md", "generated"),
        ("node_modules/a/index.js", "vendored"),
        ("lib/vendor/x.go", "vendored"),
        ("api/v1/service.pb.go", "generated"),
        ("static/app.min.js", "generated"),
        ("src/vendor.go", ""),
        ("src/lock.py", ""),
        ("src/yarn.lock.py", ""),
    ],
)
def test_names_that_everybody_knows(path: str, kind: str) -> None:
    assert Kinds()(path) == kind


def test_the_policys_list_comes_first_and_a_repository_can_take_a_name_back() -> None:
    kinds = Kinds({"": b"uv.lock -linguist-generated\nvendor/** -linguist-vendored\n"}, ["gen/", "*.snap"])
    assert [kinds(path) for path in ("gen/a.py", "a/b.snap", "src/gen/a.py")] == ["policy", "policy", ""]
    assert [kinds(path) for path in ("uv.lock", "vendor/a.go", "a/poetry.lock")] == ["", "", "lock"]


def test_attributes_may_be_anything() -> None:
    hostile = [
        b"\xff\xfe linguist-generated\n",
        b'"open linguist-generated\n',
        b"linguist-generated",
        b"[ linguist-vendored",
    ]
    for text in (*hostile, b"*" * 5000 + b" linguist-generated\n", b"a linguist-generated\n" * 100_000):
        assert Kinds({"": text})("src/a.py") in ("", "generated", "vendored")


def test_many_stars_take_no_time_worth_mentioning() -> None:
    # By trying every way to share the text out, this would take longer than the universe has existed.
    assert not fits("a" * 4000 + "b", "*a" * 40 + "c")
    assert not is_named("/".join("a" * 300), "/".join(["**", "a"] * 20) + "/c")


@given(text=st.text("ab/[", max_size=8), pattern=st.text("ab*?[", max_size=8))
@settings(max_examples=300)
def test_without_classes_a_bracket_is_a_bracket(text: str, pattern: str) -> None:
    assert fits(text, pattern) == fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


def test_folders_that_may_speak_of_files() -> None:
    assert folders_of(["a/b/c.py", "a/d.py", "e.py"]) == ["", "a/", "a/b/"]


LOCK = "".join(f'name = "package-{n}"\nversion = "1.{n}"\n' for n in range(200))


@pytest.fixture
def locked(repo: Repo) -> Repo:
    repo.commit_file("README.md", "Title\n")
    repo.write("uv.lock", LOCK)
    repo.write("a.py", "first = 1\nsecond = 2\n")
    repo.commit("With a lock file", at="2026-01-02T10:00:00Z")
    return repo


def test_a_commit_without_a_record_keeps_them_apart_as_well(locked: Repo) -> None:
    git = Git(str(locked.root))
    view = show(git, "HEAD")
    assert (view.added, view.apart.files, view.apart.added) == (402, 1, 400)
    assert {file.path: file.kind for file in view.files} == {"a.py": "", "uv.lock": "lock"}
    assert next(iter(log(git, ["HEAD"]))).apart == view.apart


def test_attributes_are_those_of_the_commit(locked: Repo) -> None:
    locked.write(".gitattributes", "uv.lock -linguist-generated\n*.py linguist-generated\n")
    locked.commit("Attributes")
    locked.write("sub/.gitattributes", "x.c linguist-vendored\n")
    locked.write("sub/x.c", "int x;\n")
    locked.write("b.py", "b = 1\n")
    locked.commit("More")
    views = log(Git(str(locked.root)), ["HEAD"])
    kinds = [{file.path: file.kind for file in view.files} for view in views]
    assert kinds[0] == {"b.py": "generated", "sub/.gitattributes": "", "sub/x.c": "vendored"}
    assert kinds[2] == {"a.py": "", "uv.lock": "lock"}
