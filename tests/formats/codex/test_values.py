"""Times, paths, URLs, records and token counts."""

from __future__ import annotations

import json

import pytest

from git_ai_trail.formats.clock import unix_time, uuid_millis
from git_ai_trail.formats.codex.javascript import tool_calls
from git_ai_trail.formats.fields import whole, without_credentials
from git_ai_trail.formats.paths import resolve
from git_ai_trail.formats.records import read_records


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:00.000Z", 0.0),
        ("2026-11-22T23:53:58.464Z", 1795391638.464),
        ("2026-11-22T23:53:58Z", 1795391638.0),
        ("2026-11-23T01:53:58+02:00", 1795391638.0),
        ("2026-11-22 18:53:58.25-05:00", 1795391638.25),
        ("2024-02-29T12:00:00.000Z", 1709208000.0),
        ("2026-13-01T00:00:00.000Z", None),
        ("2026-11-22T2x:53:58.464Z", None),
        ("[timestamp]", None),
        ("", None),
        (5, None),
    ],
)
def test_times(text: object, seconds: float | None) -> None:
    expected = pytest.approx(seconds, abs=1e-6) if seconds is not None else None
    assert unix_time(text) == expected
    assert unix_time(text) == expected, "the remembered day gives the same"


def test_a_time_ordered_uuid_tells_its_time() -> None:
    assert uuid_millis("01a205b3-4720-7a73-9a35-e6ffac6108b1") == 0x01A205B34720
    assert uuid_millis("613a9a68-8816-40b2-a2d4-041ade599da6") is None
    assert uuid_millis("rollout-3") is None


@pytest.mark.parametrize(
    ("path", "base", "found"),
    [
        ("a/b.py", "/r", "/r/a/b.py"),
        ("../x/./y", "/r/s", "/r/x/y"),
        ("/abs/../f", "/r", "/f"),
        ("a", "", "a"),
        ("~/f", "/r", "~/f"),
        ("file:///home/dev/my%20repo", "", "/home/dev/my repo"),
        ("file:///C:/dev/%C3%A9", "", "C:/dev/é"),
        ("C:\\dev\\a.py", "", "C:/dev/a.py"),
        ("src\\a.py", "C:/dev", "C:/dev/src/a.py"),
        ("\\\\?\\C:\\dev", "", "C:/dev"),
        ("odd\\name", "/r", "/r/odd\\name"),
        ("a\0b", "/r", ""),
        ("a\nb", "/r", ""),
        ("x" * 5000, "/r", ""),
        (None, "/r", ""),
        (7, "/r", ""),
    ],
)
def test_paths(path: object, base: str, found: str) -> None:
    assert resolve(path, base) == found


def test_a_remote_loses_its_credentials() -> None:
    userinfo = "bot" + ":" + "s3" + "cret"
    assert without_credentials(f"https://{userinfo}@example.com/o/r.git") == "https://example.com/o/r.git"
    assert (
        without_credentials(f"https://{userinfo[4:]}@example.com/o/r.git?token={userinfo}")
        == "https://example.com/o/r.git"
    )
    assert without_credentials("ssh://git@example.com:22/o/r.git") == "ssh://example.com:22/o/r.git"
    assert without_credentials("git@example.com:o/r.git") == "git@example.com:o/r.git"
    assert without_credentials(f"{userinfo}@example.com:o/r.git") == "git@example.com:o/r.git"
    assert without_credentials("/srv/git/r.git") == "/srv/git/r.git"


def test_a_line_gives_every_record_that_can_be_read() -> None:
    one, two = b'{"timestamp":"1","n":"\xc3\xa9"}', b'{"timestamp":"2"}'
    assert [record.data["timestamp"] for record in read_records(one + two)[0]] == ["1", "2"]
    for record in read_records(one + two)[0]:
        assert json.loads((one + two)[record.start : record.start + record.length]) == record.data
    assert read_records(b'{"timestamp":"1","x":"cu' + two)[1] == "cut line"
    assert [record.data["timestamp"] for record in read_records(b'{"timestamp":"1","x":"cu' + two)[0]] == ["2"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"", ""),
        (b"  \r", ""),
        (b"hello", "not JSON"),
        (b"[1]", "not JSON"),
        (b'{"a":', "cut line"),
        (b"\0\0\0", "not JSON"),
        (b"\x28\xb5\x2f\xfdxyz", "compressed log"),
        (b"[" * 100_000, "not JSON"),
        (b'{"a":' * 100_000, "cut line"),
        (b'{"a":' + b"9" * 5000 + b"}", "cut line"),
        (b'{"a":"' + b"x" * (32 * 1024 * 1024) + b'"}', "line over 32 MiB"),
    ],
)
def test_a_line_that_is_no_record_is_named(line: bytes, problem: str) -> None:
    assert read_records(line) == ([], problem)


@pytest.mark.parametrize(
    "line",
    [b'\xef\xbb\xbf{"a":"x"}', b'{"a":"x"}\r', b'{"a":"\xff"}', b'{"a":"\\ud800"}', b'\0\0{"a":"x"}', b'{"a":NaN}'],
)
def test_an_odd_line_is_still_read_and_can_be_stored(line: bytes) -> None:
    ((data, _, _),), problem = read_records(line)
    assert problem == ""
    assert "a" in data
    json.dumps(data, ensure_ascii=False, allow_nan=False).encode()


def test_numbers_are_taken_from_whatever_holds_them() -> None:
    assert [whole(value) for value in (3, 3.7, "12", -1, True, "x", None, 10**20, float("nan"), float("inf"))] == [
        3, 3, 12, 0, 0, 0, 0, 0, 0, 0,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "arguments"),
    [
        (
            "await tools.exec_command({cmd: \"a\\nb\", workdir: 'd', yield_time_ms: 1000})",
            [{"cmd": "a\nb", "workdir": "d", "yield_time_ms": 1000}],
        ),
        ("tools.apply_patch(`one\ntwo \\${x}`)", ["one\ntwo ${x}"]),
        ("tools.apply_patch(`one ${x}`)", [None]),
        ('const x = "b"; tools.apply_patch(`a${x}c${1 + ""}`)', ["abc1"]),
        ('let p = "a"; p += "b"; tools.apply_patch(p); p = "c"; tools.apply_patch(p)', ["ab", "c"]),
        ('let p = "a"; if (late) { p = "b"; } tools.apply_patch(p)', [None]),
        ('const p = "x"; { const p = "y"; tools.apply_patch(p); } tools.apply_patch(p)', ["y", "x"]),
        ('const p = dry ? "a" : "b"; tools.apply_patch(p)', [None]),
        ('const l = []; l.push("a"); l.push("b"); tools.apply_patch(l.join("\\n"))', ["a\nb"]),
        ('tools.apply_patch(["a", "b"].map(l => "+" + l).join("\\n"))', ["+a\n+b"]),
        ('for (const c of ["a", "b"]) { await tools.x({c}); }', [{"c": "a"}, {"c": "b"}]),
        ('const cs = ["a", "b"]; await Promise.all(cs.map(async (c) => tools.x(c)))', ["a", "b"]),
        ("async function run(cmd) { return tools.x({cmd}); }\nawait run('a'); run(`b`)", [{"cmd": "a"}, {"cmd": "b"}]),
        ("const run = (cmd) => tools.x(cmd); run('a'); run(other)", ["a", None]),
        ("function never() { tools.x('a'); }", ["a"]),
        ("function f() { f(); f(); tools.x('a'); } f()", ["a"] * 15),
        ("text(`${await tools.x('a')}`)", ["a"]),
        ('text("tools.x(1)"); // tools.x(2)', []),
        ('const o = {a: ["p", "q"]}; tools.x(o.a[1]); tools.x(o["a"][0]); tools.x(o.b)', ["q", "p", None]),
        ('tools.x(JSON.stringify({a: 1}) + JSON.stringify("é"))', [None]),
        ('tools.x("a,b".split(",").concat(["c"]).join("-").replace("a", "z").trim().repeat(2))', ["z-b-cz-b-c"]),
        ('let x = "ab"; ' + "x += x; " * 60 + "tools.x(x)", [None]),
        ("tools.apply_patch(String.raw`a\\nb`)", ["a\\nb"]),
        ('const p = ["a", "b"].join("\\n"); const q = p + "\\n" + `c`; await tools.apply_patch(q);', ["a\nb\nc"]),
        ('const cmd = "ls"; tools.exec_command({ cmd, /* why */ login: false, })', [{"cmd": "ls", "login": None}]),
        ('tools["exec_command"]({"cmd": "x"})', [{"cmd": "x"}]),
        ("tools.exec_command({cmd: build()})", [None]),
        ("tools.exec_command({...rest})", [None]),
        ('tools.exec_command({cmd: "\\u00e9\\u{1f600}\\ud83d\\ude00\\x41"})', [{"cmd": "é😀😀A"}]),
        ("tools.exec_command(", [None]),
        ("tools.exec_command(" + "[" * 5000, [None]),
        ('tools.exec_command({cmd: "open', [None]),
        ("no tools here", []),
    ],
)
def test_arguments_of_a_script_are_read_where_they_are_literals(source: str, arguments: list[object]) -> None:
    assert [call.argument for call in tool_calls(source)] == arguments
