"""What shell text writes and commits, and where."""

from __future__ import annotations

import pytest

from git_ai_trail.facts import CommitMade
from git_ai_trail.formats.codex.edits import script_patches
from git_ai_trail.formats.reply import Reply
from git_ai_trail.formats.shell.commits import commit_calls, commits_made
from git_ai_trail.formats.shell.lexer import DYNAMIC, read_script
from git_ai_trail.formats.shell.steps import Script, quote, script_of, steps_of
from git_ai_trail.formats.shell.writes import file_writes, may_write

HOME = "/w"


def writes(text: str) -> list[tuple[str, str, object]]:
    return [(write.op, write.path, write.lines) for write in file_writes(steps_of(Script(text, HOME)))]


@pytest.mark.parametrize(
    ("folder", "path"),
    [
        ("/home/dev/shop", "/home/dev/other/f"),
        ("/Users/dev/shop/src", "/Users/dev/other/f"),
        ("/root/shop", "/root/other/f"),
        ("C:/Users/dev/shop", "C:/Users/dev/other/f"),
        ("/w", "f"),
        ("/rooted/w", "f"),
    ],
)
def test_whose_home_is_meant_the_folder_tells(folder: str, path: str) -> None:
    found = [write.path for write in file_writes(steps_of(Script("cd ~/other && echo a > f", folder)))]
    assert found == [path]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cat > f <<'X'\na\n  b\nX\n", [("add", "/w/f", (("a", "  b"),))]),
        ("cat <<'X' > f\na\nX", [("add", "/w/f", (("a",),))]),
        ("cat <<X >>f\na\nX\n", [("update", "/w/f", (("a",),))]),
        ("cat >f <<-'X'\n\ta\n\tX\n", [("add", "/w/f", (("a",),))]),
        (
            "cat > f <<X\nplain\ncost $price\n\\$kept and \\`x\\`\nX\n",
            [("add", "/w/f", (("plain",), ("$kept and `x`",)))],
        ),
        ("cat > a <<'X'\n1\nX\ncat > b <<'Y'\n2\nY\n", [("add", "/w/a", (("1",),)), ("add", "/w/b", (("2",),))]),
        ("cat > f <<'X'\nno end", [("add", "/w/f", (("no end",),))]),
        ("cd sub && cat > f <<'X'\na\nX\n", [("add", "/w/sub/f", (("a",),))]),
        ("(cd sub && echo a > f); echo b > g", [("add", "/w/sub/f", (("a",),)), ("add", "/w/g", (("b",),))]),
        ('cd "$DIR" && echo a > f', [("add", "f", (("a",),))]),
        ("mkdir -p x && tee x/f <<'E'\na\nE", [("add", "/w/x/f", (("a",),))]),
        ("cat <<'E' | sudo tee -a /etc/f >/dev/null\na\nE", [("update", "/etc/f", (("a",),))]),
        ("echo 'a b'  c > f", [("add", "/w/f", (("a b c",),))]),
        ("echo -e 'a\\nb' >> f", [("update", "/w/f", (("a", "b"),))]),
        ("echo 'a\\nb' > f", [("add", "/w/f", (("a\\nb",),))]),
        ("printf '%s=%d\\n' a 1 b 2 > f", [("add", "/w/f", (("a=1", "b=2"),))]),
        ("printf 'x\\n100%%\\n' >> f", [("update", "/w/f", (("x", "100%"),))]),
        ('echo "v=$V" > f', [("add", "/w/f", ())]),
        ("bash -lc 'cd in && echo a > f'", [("add", "/w/in/f", (("a",),))]),
        ("bash <<'S'\necho a > f\nS", [("add", "/w/f", (("a",),))]),
        ("FOO=1 env BAR=2 timeout 5 tee f <<< 'a'", [("add", "/w/f", (("a",),))]),
        ("if true; then echo a > f; fi", [("add", "/w/f", (("a",),))]),
        ("> empty", [("add", "/w/empty", ())]),
        ("pytest > log.txt 2>&1", [("add", "/w/log.txt", None)]),
        ("make 2> err.txt >/dev/null", []),
        ('echo a > "$F"', []),
        ("ls *.py > /dev/stderr", []),
        ("echo 'cat > f <<X' # > g", []),
        ("grep '>' f", []),
        ("sed -i 's/a/b/' x.py y.py", [("update", "/w/x.py", None), ("update", "/w/y.py", None)]),
        ("sed -i '' -e 's/a/b/' x.py", [("update", "/w/x.py", None)]),
        ("sed -n '1,9p' x.py", []),
        ("perl -pi -e 's/a/b/' x.py", [("update", "/w/x.py", None)]),
        (
            "black src/x.py . && npx prettier --write 'src/**/*.ts' a.ts",
            [("update", "/w/src/x.py", None), ("update", "/w/a.ts", None)],
        ),
        (
            "uv run ruff format a.py; ruff check b.py; python -m isort c.py",
            [("update", "/w/a.py", None), ("update", "/w/c.py", None)],
        ),
        ("prettier --check a.ts; gofmt -l a.go; gofmt -w b.go", [("update", "/w/b.go", None)]),
        ("mv a b", [("move", "/w/b", ())]),
        ("git mv a dir/", [("move", "/w/dir/a", ())]),
        ("mv a b c", []),
        (
            "python3 - <<'P'\nfrom pathlib import Path\np = Path('x.py')\np.write_text('a')\nP",
            [("add", "/w/x.py", (("a",),))],
        ),
        ("python -c \"open('x.py', 'w').write('')\"", [("add", "/w/x.py", ())]),
        ("python -c \"open('x.py', 'w').write(text)\"", [("update", "/w/x.py", None)]),
        ("python edit.py <<'P'\nopen('x.py', 'w').write('a')\nP", []),
        ("cat <<'P' | python3 -\nopen('x.py', 'w').write('a')\nP", [("add", "/w/x.py", (("a",),))]),
        ("[[ a > b ]] && [[ c < d || e > f ]]", []),
        ("echo [[ a ]] > f", [("add", "/w/f", (("[[ a ]]",),))]),
        (
            "if x; then if y; then a; fi; echo a > f; fi; echo b > g",
            [("add", "/w/f", None), ("add", "/w/g", (("b",),))],
        ),
        ("save()\n{\necho a > f\n}\necho b > g", [("add", "/w/f", None), ("add", "/w/g", (("b",),))]),
        ("true || echo a > f", [("add", "/w/f", None)]),
        ("if grep -q x g; then echo a > f; fi; echo b > g", [("add", "/w/f", None), ("add", "/w/g", (("b",),))]),
        ("for i in 1 2; do echo a > f; done", [("add", "/w/f", (("a",),))]),
        ("for i in *.c; do echo a > f; done", [("add", "/w/f", None)]),
        ("save() { echo a > f; }\necho b > g", [("add", "/w/f", None), ("add", "/w/g", (("b",),))]),
        (
            "echo a > f; cp f g.c; cat f g.c > h",
            [("add", f"/w/{name}", (("a",) * count,)) for name, count in (("f", 1), ("g.c", 1), ("h", 2))],
        ),
        ("echo a > f; sed -i s/a/b/ f; cp f g.c", [("add", "/w/f", (("a",),)), ("update", "/w/f", None)]),
        ("cp f g.c", []),
        ("echo a > f; mkdir -p d; cp f d", [("add", "/w/f", (("a",),)), ("add", "/w/d/f", (("a",),))]),
        ("echo a > f.c; cp f.c d", [("add", "/w/f.c", (("a",),))]),
        ("echo a > f; mv f g.c", [("add", "/w/f", (("a",),)), ("move", "/w/g.c", (("a",),))]),
        ("printf a > f; echo b >> f", [("add", "/w/f", (("a",),)), ("update", "/w/f", (("ab",),))]),
        ("python -c \"print(open('x.py').read())\"", []),
        ("git apply <<'P'\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\nP", [("update", "/w/f", (("b",),))]),
    ],
)
def test_writes(text: str, expected: list[tuple[str, str, object]]) -> None:
    assert writes(text) == expected
    assert may_write(text) or not expected, "the cheap test must not lose a write"


@pytest.mark.parametrize(
    ("text", "folders"),
    [
        ("git commit -m x", ["/w"]),
        ("git add -A && git commit -q -m 'it''s'", ["/w"]),
        ("cd a && git -c user.name=x -C b commit -am x", ["/w/a/b"]),
        ("GIT_AUTHOR_DATE=1 /usr/bin/git commit -m x", ["/w"]),
        ("bash -c 'git commit -m x'", ["/w"]),
        ("out=$(git commit -m x 2>&1)", ["/w"]),
        ("git commit -F - <<'M'\nmsg\nM\ngit push && git commit --amend --no-edit", ["/w", "/w"]),
        ("git commit -m \"$(cat <<'M'\nit's (odd\nM\n)\" && echo done", ["/w"]),
        ('cd "$X" && git commit -m x', [""]),
        ("git commit-tree abc", []),
        ("git log --grep commit", []),
        ('grep -rn "git commit" .', []),
        ("echo git commit", []),
        ("git commit --dry-run", []),
        ("cat > hook <<'X'\ngit commit -m x\nX", []),
        ("# git commit", []),
    ],
)
def test_commits_are_found_with_their_folder(text: str, folders: list[str]) -> None:
    assert [call.workdir for call in commit_calls((Script(text, HOME),))] == folders


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("git commit -m 'Add x' -m more", "Add x"),
        ("git commit -F - <<'M'\nAdd x\n\nmore\nM", "Add x"),
        ("git commit --file=- <<M\nAdd x\n\n$MORE\nM", "Add x"),
        ("git commit -F - <<M\nAdd $X\nM", ""),
        ("git commit -m \"$(cat <<'M'\nAdd x\n\nmore\nM\n)\"", "Add x"),
        ("cat <<'M'\nAdd x\nM\ngit commit -m \"$X\"", ""),
        ('git commit -m "Add $X"', ""),
    ],
)
def test_the_subject_of_a_commit(text: str, subject: str) -> None:
    assert [call.subject for call in commit_calls((Script(text, HOME),))] == [subject]


def reply(text: str, code: int | None = 0, status: str = "completed") -> Reply:
    return Reply(code, status, text, "")


@pytest.mark.parametrize(
    ("command", "answer", "made"),
    [
        ("git commit -m x", reply("[main abc1234] x\n 1 file changed"), [("abc1234", "main")]),
        ("git commit -m x", reply("[main (root-commit) abc1234] x"), [("abc1234", "main")]),
        ("git commit -m x", reply("hook ok\n[detached HEAD abc1234] x\n"), [("abc1234", "")]),
        ("git commit -m x", reply("[losgelöster HEAD abc1234] x\n"), [("abc1234", "")]),
        (
            "git commit -m x; git commit -m y",
            reply("[a abc1234] x\n[a abc1235] y"),
            [("abc1234", "a"), ("abc1235", "a")],
        ),
        ("git commit -m x; false", reply("[a abc1234] x", 1, "failed"), [("abc1234", "a")]),
        ("git commit -qm x && git log --oneline | head -1", reply("9108e83 x"), [("9108e83", "")]),
        ("git commit -qm x && git rev-parse HEAD", reply("a" * 40), [("a" * 40, "")]),
        (
            "git commit -qm 'Add x'; git log --oneline -2",
            reply("9108e83 (HEAD -> main) Add x\nabcdef1 old"),
            [("9108e83", "")],
        ),
        ("git commit -qm 'Add x'; git log --oneline -2", reply("abcdef1 old"), [("", "")]),
        ("git log --oneline -1 && git commit -qm x", reply("abcdef1 old"), [("", "")]),
        ("git commit -q -m x", reply(""), [("", "")]),
        ("git commit -q -m x", reply("", None, "unknown"), []),
        ("git commit -m x", reply("On branch main\nnothing to commit, working tree clean"), []),
        ("git commit -m x", reply("lint failed", 1, "failed"), []),
        ("git commit -m x", reply("", None, "running"), []),
    ],
)
def test_commits_made(command: str, answer: Reply, made: list[tuple[str, str]]) -> None:
    calls = commit_calls((Script(command, HOME),))
    assert commits_made(calls, answer, "c") == [CommitMade(oid, branch, HOME, "c") for oid, branch in made]


BODY = "*** Begin Patch\n*** Add File: a\n+it's\n*** End Patch"


@pytest.mark.parametrize(
    ("text", "folders"),
    [
        (f"apply_patch <<'EOF'\n{BODY}\nEOF\n", ["/w"]),
        (f"cd 'sub dir' && applypatch <<\"PATCH\"\n{BODY}\nPATCH", ["/w/sub dir"]),
        (f"echo start && apply_patch <<'EOF'\n{BODY}\n", ["/w"]),
        (f"cat <<'EOF' | apply_patch\n{BODY}\nEOF\n", ["/w"]),
        ("apply_patch '" + BODY.replace("'", "'\\''") + "'", ["/w"]),
        (f"apply_patch <<'A'\n{BODY}\nA\ncd x\napply_patch <<'B'\n{BODY}\nB\n", ["/w", "/w/x"]),
    ],
)
def test_patches_in_a_script(text: str, folders: list[str]) -> None:
    patches = script_patches(steps_of(Script(text, HOME)))
    assert [patch.workdir for patch in patches] == folders
    assert all("+it's\n" in patch.text for patch in patches)


def test_an_argument_list_becomes_the_script_it_runs() -> None:
    assert script_of(["bash", "-lc", "a && b"]) == "a && b"
    assert script_of(["/bin/zsh", "-c", "x"]) == "x"
    assert script_of(["powershell.exe", "-NoProfile", "-Command", "Get-Item x"]) == "Get-Item x"
    argv = ["git", "commit", "-m", "it's $5"]
    assert [command.words for command in read_script(quote(argv))] == [tuple(argv)]


@pytest.mark.parametrize(
    "text",
    [
        "'",
        '"',
        "$(",
        "`",
        "<<",
        "cat <<",
        "((((",
        "))))",
        "a &&",
        "|",
        "${",
        "$'\\",
        "\\",
        "<(",
        "\0",
        "$(" * 500,
        "(" * 500,
        "[[ " * 20_000,
    ],
)
def test_text_that_is_no_script_does_no_harm(text: str) -> None:
    for prefix in ("", "echo > f "):
        file_writes(steps_of(Script(prefix + text, HOME)))
        commit_calls((Script(prefix + "git commit " + text, HOME),))


def test_what_only_the_shell_knows_is_marked() -> None:
    (command,) = read_script("echo $A \"${B}c\" '$D' \\$E")
    assert command.words == ("echo", DYNAMIC, DYNAMIC + "c", "$D", "$E")


def test_what_printf_repeats_without_end_is_not_known() -> None:
    words = " ".join("x" for _ in range(20_000))
    assert writes(f"printf '{'a' * 1000}%s' {words} > f") == [("add", "/w/f", None)]


def test_a_test_behind_a_redirection_is_read() -> None:
    assert writes("> at [f <<'X'\na b\nX\n")[0][1] == "/w/at"
    assert writes("> f [[ a > b ]]")[0][1] == "/w/f"
