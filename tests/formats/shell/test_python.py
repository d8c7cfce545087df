"""What inline Python scripts surely write."""

from __future__ import annotations

import pytest

from git_ai_trail.formats.linediff import Runs
from git_ai_trail.formats.shell.python_script import python_writes
from git_ai_trail.formats.shell.steps import Script, steps_of
from git_ai_trail.formats.shell.writes import file_writes

OLD, NEW = "def f():\n    return 1\n", "def f():\n    x = 2\n    return x\n"
READ = "p = 'f.py'\ns = open(p).read()\n"
WRITE = "open(p, 'w').write(s)\n"
CHANGE = f"s = s.replace({OLD!r}, {NEW!r})\n"
CHANGED = (("    x = 2", "    return x"),)


def writes(code: str) -> list[tuple[str, Runs | None]]:
    return [(write.path, write.lines) for write in python_writes(code, "/w", {})]


@pytest.mark.parametrize(
    "proof",
    [
        f"assert {OLD!r} in s\n",
        f"old = {OLD!r}\nassert s.count(old) == 1, 'found ' + str(s.count(old))\n",
        f"assert 'x' in s and {OLD!r} in s\n",
        f"if {OLD!r} not in s:\n    raise SystemExit('not found')\n",
        f"import sys\nif s.count({OLD!r}) != 1:\n    print('?')\n    sys.exit(1)\n",
        f"if s.find({OLD!r}) < 0:\n    raise RuntimeError\n",
        f"if not ({OLD!r} in s):\n    raise ValueError('x')\n",
    ],
)
def test_new_text_counts_where_the_script_made_sure_of_the_old_one(proof: str) -> None:
    assert writes(READ + proof + CHANGE + WRITE) == [("/w/f.py", CHANGED)]


@pytest.mark.parametrize(
    "proof",
    [
        "",
        f"print({OLD!r} in s)\n",
        f"if {OLD!r} not in s:\n    print('no')\n",
        f"import sys\nif {OLD!r} not in s:\n    sys.exit(0)\n",
        f"assert {OLD!r} in s or True\n",
        f"assert {OLD!r} not in s\n",
        f"assert s.count({OLD!r}) < 2\n",
        f"try:\n    assert {OLD!r} in s\nexcept AssertionError:\n    pass\n",
        f"assert {OLD!r} in s\ns = s.strip()\n",
        f"assert {OLD!r} in s\ns = s.replace('return', 'yield')\n",
    ],
)
def test_a_replacement_that_may_find_nothing_tells_no_lines(proof: str) -> None:
    assert writes(READ + proof + CHANGE + WRITE) == [("/w/f.py", None)]


def test_a_text_that_is_not_what_it_was_was_changed() -> None:
    change = CHANGE.replace("s = s", "t = s")
    assert writes(READ + change + "assert t != s\n" + WRITE.replace("(s)", "(t)")) == [("/w/f.py", CHANGED)]


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("a", "a\nb\nc", (("b",),)),
        ("a\n", "a\nb\nc\n", (("b", "c"),)),
        ("a\n", "c\na\n", None),
        ("\na\n", "\nc\na\n", (("c",),)),
        ("a", "b", None),
    ],
)
def test_only_whole_lines_count(old: str, new: str, lines: Runs | None) -> None:
    assert writes(f"{READ}assert {old!r} in s\ns = s.replace({old!r}, {new!r}, 1)\n{WRITE}") == [("/w/f.py", lines)]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("from pathlib import Path\n(Path('d') / 'f').write_text('a\\nb')", [("/w/d/f", (("a", "b"),))]),
        (
            "import os\nos.chdir('d')\nwith open('f', 'w') as f:\n    f.write('a\\n')\n    print('b', 1, file=f)",
            [("/w/d/f", (("a", "b 1"),))],
        ),
        (
            "for n, t in {'f': 'a', 'g': 'b'}.items():\n    open(n, 'w').write(t)",
            [("/w/f", (("a",),)), ("/w/g", (("b",),))],
        ),
        (
            f"def edit(p, old, new):\n    s = open(p).read()\n    assert old in s\n    open(p, 'w').write(s.replace(old, new))\nedit('f', {OLD!r}, {NEW!r})",
            [("/w/f", CHANGED)],
        ),
        ("x = f'{1 + 1}\\nb\\n'\nopen('f', 'w').write(x)", [("/w/f", (("b",),))]),
        ("s = open('f').read()\nopen('f', 'w').write(s + '\\nend\\n')", [("/w/f", (("end",),))]),
        ("open('f', 'w').write(open('f').read() + '\\na\\n')", [("/w/f", (("", "a"),))]),
        (
            "import textwrap\nopen('f', 'a').write(textwrap.dedent('''\\\n  a\n    b\n  '''))",
            [("/w/f", (("a", "  b"),))],
        ),
        ("open('f', 'w', encoding='utf-16').write('a')", [("/w/f", None)]),
        ("if x:\n    open('f', 'w').write('a')", [("/w/f", None)]),
        ("t = 'a'\nif x:\n    t = 'b'\nopen('f', 'w').write(t)", [("/w/f", None)]),
        ("def f():\n    yield\n    open('f', 'w').write('a')\nf()", []),
        ("def f():\n    global t\n    t = 'b'\nt = 'a'\nf()\nopen('f', 'w').write(t)", []),
        ("import sys\nif x:\n    sys.exit()\nopen('f', 'w').write('a')", [("/w/f", None)]),
        ("l = ['a']\nl.reverse()\nopen('f', 'w').write(''.join(l))", [("/w/f", None)]),
        ("open = print\nopen('f', 'w').write('a')", []),
        ("exec('x')\nopen('f', 'w').write('a')", []),
        ("this is no Python", []),
    ],
)
def test_what_a_script_writes(code: str, expected: object) -> None:
    assert writes(code) == expected


SCRIPT = "python3 - <<'P'\nassert 'a' in 'a'\nopen('f', 'w').write('a')\nP\n"


@pytest.mark.parametrize(
    ("script", "said", "known"),
    [
        (SCRIPT, None, True),
        (SCRIPT.replace("'P'\n", "'P' && echo done\n"), None, True),
        (SCRIPT + "make\n", None, False),
        (SCRIPT + "make\n", "all is well", True),
        (SCRIPT + "make\n", "Traceback (most recent call last):\n…", False),
        (SCRIPT.replace("'P'\n", "'P' 2>/dev/null || true\n"), "", False),
        (SCRIPT.replace("assert", "import sys; sys.exit(1) #") + "make\n", "", False),
    ],
)
def test_a_script_that_may_have_failed_tells_no_lines(script: str, said: str | None, *, known: bool) -> None:
    (write,) = file_writes(steps_of(Script(script, "/w")), said)
    assert (write.lines == (("a",),)) is known


@pytest.mark.parametrize(
    "code",
    [
        "(" * 60000,
        "-" * 60000 + "1",
        "x" + "[0]" * 20000,
        "x" + ".y" * 30000,
        "f(" * 90 + ")" * 90,
        "a" + "+a" * 30000,
        "if x:\n" + "".join(" " * n + "if x:\n" for n in range(1, 90)) + " " * 90 + "pass",
        "x = '" + "\\d" * 30000 + "'",
        "x = 'a' * 10\n" * 5000,
        "x = 'aaaaaaaaaa'\n" + "x = x + x\n" * 5000,
        "for a in [1] * 9:\n pass\n" * 2000,
        "for a in "
        + str(list(range(60)))
        + ":\n for b in "
        + str(list(range(60)))
        + ":\n  for c in "
        + str(list(range(60)))
        + ":\n   x = 'a'\n",
        "def f():\n f()\nf()",
        "s = open('f').read()\n"
        + f"s = s.replace('a', {'b' * 90!r})\nassert 'a' in s\ns += {'x' * 90!r}\n" * 300
        + "open('f', 'w').write(s)",
        "x = 9" + "9" * 60000,
        "\0",
        "x = '\\ud800'\nopen('f', 'w').write(x)",
    ],
)
def test_hostile_scripts_are_given_up_soon(code: str) -> None:
    python_writes("open('g', 'w').write('a')\n" + code, "/w", {})
