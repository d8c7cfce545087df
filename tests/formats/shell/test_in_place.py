"""Commands that put their text into files: sed, install, patches, Node and PowerShell; where there is a real one, it says what is true."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from git_ai_trail.formats.linediff import split_lines
from git_ai_trail.formats.reply import Reply
from git_ai_trail.formats.shell.commits import commit_calls, commits_made
from git_ai_trail.formats.shell.edits import edits_of_scripts, is_powershell
from git_ai_trail.formats.shell.steps import Script

START = {"f.py": "import os\nimport re\n\ndef f():\n    return 1\n", "g.py": "one\ntwo\nthree\n"}
Claimed = dict[str, tuple[str, ...] | None]


def claimed(script: str, folder: Path | str = "/w", said: str | None = None) -> Claimed:
    """The lines that each file is said to have got, by its name; None where only the file is known."""
    found: Claimed = {}
    for edit in edits_of_scripts((Script(script, str(folder)),), "c", said):
        name = os.path.relpath(edit.path, folder)
        lines = tuple(line for run in edit.added for line in run)
        found[name] = (*(found.get(name) or ()), *lines) if edit.known else None
    return found


def really(script: str, folder: Path) -> tuple[str, dict[str, list[str]]]:
    """What a real shell prints, and the lines that files have got which no file had before."""
    for name, text in START.items():
        (folder / name).write_text(text)
    env = {"PATH": os.environ["PATH"], "HOME": "/nowhere", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    fresh = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            before = split_lines(START.get(str(path.relative_to(folder)), ""))
            now = split_lines(path.read_text())
            if new := [line for line in now if line not in before]:
                fresh[str(path.relative_to(folder))] = new
    return done.stdout + done.stderr, fresh


EXACT = [
    "sed -i '1a import sys' f.py",
    "sed -i '2a\\    import json' f.py",
    "sed -i '$a last = 1' f.py",
    "sed -i '1i # head' f.py g.py",
    "sed -i '1i\\   indented' g.py",
    "sed -i '2c second' g.py",
    "sed -i '2,3c both' g.py",
    "sed -i '1a\\\n  first new\\\n    second new' g.py",
    "sed -i -e '1i\\' -e '  of two words' -e '$a end' g.py",
    "sed -i.bak '2a it'\\''s \"quoted\"; }' g.py",
    "sed -n -i -E '1a shown; p' g.py; echo more >> g.py",
    "printf 'key = 1\\nother\\n' > h.py; sed -i '/key = 1/a value = 2' h.py",
    "sed -i '/import re/a import sys_is_here' f.py; grep -n sys_is_here f.py",
    "install -m 755 /dev/stdin tool <<'E'\n#!/bin/sh\necho tool\nE",
    "printf 'made\\n' > a.txt; install -m 644 a.txt b.txt",
    "X=$(cat <<'E'\nfrom here\n  indented\nE\n)\necho \"$X\" > x.txt",
    "A='first part'; A+=' and more'; printf '%s\\n' \"$A\" > x.txt; D=sub; mkdir -p $D; echo deep > \"$D/y.txt\"",
    "{ echo one more; printf '%s\\n' 'and another'; } > x.txt",
    "( cd . && echo in parentheses; cat <<'E'\nand heredoc\nE\n) | tee x.txt >/dev/null",
    "{ echo above; { echo apart > y.txt; }; } >> x.txt",
    "cat > p.diff <<'E'\n--- a/g.py\n+++ b/g.py\n@@ -1,3 +1,3 @@\n one\n-two\n+patched two\n three\nE\ngit apply p.diff && rm p.diff",
    "patch -s -p1 <<'E'\n--- a/g.py\n+++ b/g.py\n@@ -1,3 +1,3 @@\n one\n-two\n+patched two\n three\nE",
    "patch -s g.py <<'E'\n--- x\n+++ y\n@@ -1,3 +1,3 @@\n one\n-two\n+patched two\n three\nE",
    "git apply -R <<'E'\n--- a/g.py\n+++ b/g.py\n@@ -1,3 +1,3 @@\n one\n-patched two\n+two\n three\nE",
    "mkdir -p sub; mv g.py sub; cat <<'E' | patch -s -d sub -p0\n--- g.py\n+++ g.py\n@@ -1,3 +1,3 @@\n one\n-two\n+patched two\n three\nE",
    "node -e \"const fs = require('fs'); fs.writeFileSync('n.js', 'let x = 1;\\nlet y;\\n')\"",
    "node <<'E'\nconst fs = require('node:fs');\nconst text = `line 1\nline 2\n`;\n\n// a remark\nfs.writeFileSync('n.js', text);\n"
    "fs.appendFileSync(\"n.js\", ['a1', 'b2'].join('\\n') + '\\n');\nE",
    'node -e \'require("fs").writeFileSync("n.js", "one\\n" + "two\\n")\'',
]


@pytest.mark.parametrize("script", EXACT)
def test_what_the_command_states_is_what_is_written(script: str, tmp_path: Path) -> None:
    if script.startswith("node") and not shutil.which("node"):
        pytest.skip("needs Node")
    said, fresh = really(script, tmp_path)
    found = claimed(script, tmp_path, said)
    moved = {name: lines for name, lines in fresh.items() if name not in ("p.diff", "g.py.bak", "sub/g.py")}
    for name, lines in moved.items():
        assert name in found, found
        assert found[name] is not None, name
        new = [line for line in found[name] or () if line not in split_lines(START.get(name, ""))]
        assert sorted(new) == sorted(lines)
    for name, claims in found.items():
        there = (tmp_path / name).read_text() if (tmp_path / name).is_file() else ""
        assert name == "p.diff" or not claims or all(line in split_lines(there) for line in claims)


DOUBTFUL = [
    ("sed -i '/nowhere/a import sys' f.py", {"f.py": None}),
    ("sed -i '/import/!a x' f.py", {"f.py": None}),
    ("sed -i '1d;1a never_there' g.py", {"g.py": None}),
    ("sed -i '$!N;1a perhaps' g.py", {"g.py": None}),
    ("sed -i '2{a grouped\n}' g.py", {"g.py": None}),
    ("sed -i '1a with\\ttab' g.py", {"g.py": None}),
    ("sed -i s/one/1/ g.py", {"g.py": None}),
    ("sed -i -z '1a x' g.py", {"g.py": None}),
    ("printf 'short\\n' > g.py; sed -i '7a beyond' g.py", {"g.py": None}),
    ("{ date; echo after_date; } > x.txt", {"x.txt": ()}),
    ("{ if true; then echo a; fi; echo b; } > x.txt", {"x.txt": None}),
    ("false || { echo a; true; } > x.txt", {"x.txt": None}),
    ("true || ( echo never_so ) > x.txt", {"x.txt": None}),
    ("X=a; for i in 1 2; do X=b; done; echo $X > x.txt", {"x.txt": ()}),
    ("X=a; f() { X=b; }; f; echo $X > x.txt", {"x.txt": ()}),
    ('X=(a b); echo "$X" > x.txt', {"x.txt": ()}),
    ('X=a; ((X=5)); echo "$X" > x.txt', {"x.txt": ()}),
    ('X=a; read X <<< b; echo "$X" > x.txt', {"x.txt": ()}),
    ('X=a; Y=${Z:=q}; echo "$X" > x.txt', {"x.txt": ()}),
    ('X=a; [ -d /nowhere ] && X=b; echo "$X" > x.txt', {"x.txt": ()}),
    ('X=a; unset X; echo "$X" > x.txt', {"x.txt": ()}),
    ("X='a  b'; echo $X > x.txt", {"x.txt": ()}),
    ("install -m 644 f.py b.txt", {"b.txt": None}),
    ("install -d made", {}),
    ("git apply --check <<'E'\n--- a/g.py\n+++ b/g.py\n@@ -1,3 +1,3 @@\n one\n-two\n+x\n three\nE", {}),
    ('node -e \'if (0) { require("fs").writeFileSync("n.js", "no") }\'', {"n.js": None}),
    ("node <<'E'\nconst fs = require('fs');\nif (0)\n  fs.writeFileSync('n.js', 'no');\nE", {"n.js": None}),
    ('node -e \'process.exit(0); require("fs").writeFileSync("n.js", "no")\'', {"n.js": None}),
    ('node -e \'const fs = require("fs"); fs.writeFileSync("n.js", String(Date.now()))\'', {"n.js": None}),
]


@pytest.mark.parametrize(("script", "expected"), DOUBTFUL)
def test_what_cannot_be_known_is_not_claimed(script: str, expected: Claimed, tmp_path: Path) -> None:
    said, _ = really(script, tmp_path) if shutil.which("node") or "node" not in script else ("", {})
    assert claimed(script, tmp_path, said) == expected


def test_a_patch_that_is_said_to_have_failed_wrote_nothing_that_is_known() -> None:
    script = "git apply <<'E'\n--- a/g.py\n+++ b/g.py\n@@ -1 +1 @@\n-two\n+x\nE\ntrue"
    assert claimed(script, "/w", "error: patch failed: g.py:1\nerror: g.py: patch does not apply") == {"g.py": None}
    assert claimed(script, "/w", "") == {"g.py": ("x",)}
    assert claimed("sed -i '1a x' none.py; true", "/w", "sed: can't read none.py: No such file") == {"none.py": None}


POWERSHELL = [
    (
        "@'\nline one\n  it's $two\n'@ | Set-Content -Path src\\a.ps1 -Encoding utf8",
        {"src/a.ps1": ("line one", "  it's $two")},
    ),
    ("Set-Content -Path a.txt -Value 'x','it''s'", {"a.txt": ("x", "it's")}),
    ('set-content a.txt "v $x`nq `"w`" ""z"""', {"a.txt": ('q "w" "z"',)}),
    (
        '$c = @"\r\nfn main() {\r\n  $y\r\n}\r\n"@\r\n$c | Out-File -FilePath b.rs -Append\r\n'
        "Set-Content -LiteralPath c.rs -Value $c -NoNewline",
        {"b.rs": ("fn main() {", "}"), "c.rs": ("fn main() {", "}")},
    ),
    ("if (Test-Path x) { Set-Content x 'no' }\nAdd-Content -Path y -Value 'yes'", {"x": None, "y": ("yes",)}),
    ("[System.IO.File]::WriteAllText('d.txt', @'\na\nb\n'@, [Text.Encoding]::UTF8)", {"d.txt": ("a", "b")}),
    ("[IO.File]::AppendAllText(\"d.txt\", 'tail')", {"d.txt": ("tail",)}),
    ("Get-Content z | Set-Content q.txt", {"q.txt": None}),
    ("(Get-Content a.txt) -replace 'x','y' | Set-Content a.txt", {"a.txt": None}),
    ("'one' > e.txt\n@'\ntwo\n'@ >> e.txt", {"e.txt": ("one", "two")}),
    ("$x = Get-Date; Set-Content f.txt $x", {"f.txt": None}),
    ("$x = 'a'; foreach ($i in 1..2) { $x += 'b' }; Set-Content f.txt $x", {"f.txt": None}),
    ("Set-Content $where 'x'", {}),
    ("Set-Content -Path 'C:\\w\\g.txt' -Value @'\nraw\n'@ # done", {"g.txt": ("raw",)}),
]


@pytest.mark.parametrize(("script", "expected"), POWERSHELL)
def test_what_powershell_writes(script: str, expected: Claimed) -> None:
    assert is_powershell(script)
    assert claimed(script, "C:/w") == expected


@pytest.mark.parametrize(
    "text", ["@'\n", "Set-Content", "Set-Content -Path", "[IO.File]::WriteAllText(", "{" * 5000, "'" * 999]
)
def test_text_that_is_no_powershell_does_no_harm(text: str) -> None:
    for prefix in ("", "Out-File x ", "$a = "):
        claimed(prefix + text + "\nSet-Content", "C:/w")


@pytest.mark.parametrize(
    "text", ["fs.writeFileSync(", "`" * 999, "{" * 5000, "const a = " * 999, "(" * 5000 + "writeFile('x'"]
)
def test_text_that_is_no_javascript_does_no_harm(text: str) -> None:
    claimed(f"node <<'E'\n{text}\nwriteFile\nE")


def reply(text: str, code: int = 0) -> Reply:
    return Reply(code, "completed" if not code else "failed", text, "")


@pytest.mark.parametrize(
    ("command", "answer", "made"),
    [
        ("git cherry-pick abc1234", reply("[main 1111111] Add x\n Date: today"), [("1111111", "main")]),
        (
            "git cherry-pick a..b",
            reply("[main 1111111] x\n[main 2222222] y"),
            [("1111111", "main"), ("2222222", "main")],
        ),
        ("git revert --no-edit HEAD", reply('[main 3333333] Revert "Add x"'), [("3333333", "main")]),
        ("git -C sub revert --no-edit HEAD && git log -1 --oneline", reply("4444444 Revert x"), [("4444444", "")]),
        ("git cherry-pick --continue", reply("[main 5555555] Add x"), [("5555555", "main")]),
        ("git cherry-pick abc1234", reply("error: could not apply abc1234... Add x", 1), []),
    ],
)
def test_commits_that_take_over_others(command: str, answer: Reply, made: list[tuple[str, str]]) -> None:
    found = commits_made(commit_calls((Script(command, "/w"),)), answer, "c")
    assert [(one.oid, one.branch) for one in found] == made


@pytest.mark.parametrize(
    "command", ["git cherry-pick -n abc", "git revert --abort", "git revert --no-commit a", "git log revert"]
)
def test_commands_that_make_no_commit(command: str) -> None:
    assert commit_calls((Script(command, "/w"),)) == ()


def test_real_git_prints_what_is_read(tmp_path: Path) -> None:
    script = (
        "git init -q -b main . && git config user.name A && git config user.email a@b.c && echo a > a && git add a"
        " && git commit -qm 'Add a' && git checkout -q -b other && echo b > b && git add b && git commit -qm 'Add b'"
        " && git checkout -q main && git cherry-pick other && git revert --no-edit HEAD && git log --format=%H -3"
    )
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    oids = done.stdout.split()[-3:]
    made = commits_made(commit_calls((Script(script, str(tmp_path)),)), reply(done.stdout), "c")
    assert [one.branch for one in made] == ["main", "main"]
    assert oids[1].startswith(made[0].oid)
    assert oids[0].startswith(made[1].oid)
