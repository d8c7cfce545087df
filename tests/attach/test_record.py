"""What a record holds, what it never holds, and that its line can be read back whatever stands around it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from git_ai_trail.attach import record
from git_ai_trail.facts import EvidenceFact
from git_ai_trail.git import Git
from git_ai_trail.words import word
from tests.attach.build import CODE, OTHER, SESSION, a_core, a_diff, a_line, a_match, a_range, a_session, lines
from tests.support.repo import Repo


def test_digest_of_lines_is_that_of_their_text() -> None:
    text = "\n".join(CODE) + "\n"
    assert record.lines_digest(lines(*CODE)) == hashlib.sha256(text.encode()).hexdigest()[:32]
    assert record.lines_digest(lines("ab", "c")) != record.lines_digest(lines("a", "bc"))


def test_core_has_the_published_keys() -> None:
    core = a_core()
    assert set(core) == {"v", "tool", "patch", "counts", "sessions", "files"}
    assert core["counts"] == {"added": 7, "generated": 7, "edited": 0, "unattributed": 0, "deleted": 0}
    assert set(core["sessions"][0]) == {
        *("agent", "agent_version", "models", "id", "role", "evidence", "actions", "prompts")
    }
    assert core["files"] == [
        {
            "path": "src/fetch.py",
            "added": 7,
            "ranges": [
                {
                    "start": 1,
                    "count": 7,
                    "session": 0,
                    "class": "generated",
                    "turn": 0,
                    "digest": record.lines_digest(lines(*CODE)),
                }
            ],
        }
    ]


def test_digest_is_sha256_of_the_rfc_8785_form() -> None:
    core = a_core()
    assert record.digest(core) == hashlib.sha256(rfc8785.dumps(core)).hexdigest()


def test_line_is_one_line_of_canonical_json_that_reads_back() -> None:
    core = a_core(prior=["a" * 64])
    line = a_line(core)
    assert line == rfc8785.dumps(json.loads(line))
    (read,) = record.parse_note(line + b"\n")
    assert (read.kind, read.core, read.digest, read.hint) == ("core", core, record.digest(core), {"tree": "2" * 40})


def test_hint_is_outside_the_digest() -> None:
    core = a_core()
    one, other = (record.note_line(core, {"tree": oid * 40}) for oid in "12")
    assert [line.digest for line in record.parse_note(one + b"\n" + other)] == [record.digest(core)] * 2


def test_sessions_without_evidence_and_their_ranges_stay_out() -> None:
    diff = a_diff()
    ranges = [[a_range(diff, 1, 2), a_range(diff, 3, 2, session=OTHER)]]
    match = a_match([diff], ranges, [a_session(), a_session(OTHER, evidence=())])
    core = a_core([diff], match)
    assert [one["id"] for one in core["sessions"]] == [SESSION]
    assert [r["start"] for r in core["files"][0]["ranges"]] == [1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "two words",
        "line\nbreak",
        "esc\x1b[31m",
        "naïve",
        "x" * 81,
        "/home/somebody/model",
        "somebody" + "@" + "example.com",
        "ghp_" + "a1B2" * 9,
        "AKIA" + "Q7" * 8,
        "sk-" + "proj-" + "x1" * 20,
    ],
)
def test_what_may_be_text_or_a_secret_is_no_model_name(text: str) -> None:
    core = a_core(match=a_match([a_diff()], sessions=[a_session(models=(text,), agent_version=text)]))
    assert core["sessions"][0]["models"] == []
    assert core["sessions"][0]["agent_version"] == ""
    assert not text or text.encode() not in a_line(core)


@pytest.mark.parametrize(
    "name",
    [
        "gpt-5.6",
        "claude-opus-4@20250514",
        "openai/gpt-5",
        "us.anthropic.claude-sonnet-4-20250514-v1:0",
        "0.169.0-alpha.3+build",
        "deepseek-r1-distill-qwen-32b",
    ],
)
def test_names_of_models_are_kept(name: str) -> None:
    assert word(name) == name


def test_a_session_id_that_may_be_anything_is_named_by_its_digest() -> None:
    odd = "secret " + "words"
    core = a_core(match=a_match([a_diff()], [[a_range(a_diff(), 1, 7, session=odd)]], [a_session(odd)]))
    assert core["sessions"][0]["id"] == "sha256-" + hashlib.sha256(odd.encode()).hexdigest()[:16]
    assert core["files"][0]["ranges"][0]["session"] == 0
    assert record.parse_note(a_line(core))[0].kind == "core"


def test_evidence_that_is_no_plain_phrase_loses_its_text() -> None:
    fact = EvidenceFact("content", 1, 1, 1, "found \x1b[2J in log")
    core = a_core(match=a_match([a_diff()], sessions=[a_session(evidence=(fact,))]))
    assert core["sessions"][0]["evidence"][0]["detail"] == ""


def test_commitment_needs_the_nonce() -> None:
    raw, nonce = b'{"type":"message"}', bytes(range(16))
    assert record.prompt_commitment(nonce, raw) == hashlib.sha256(nonce + raw).hexdigest()
    assert record.prompt_commitment(nonce, raw) != record.prompt_commitment(bytes(16), raw)


def test_a_record_too_long_is_cut_from_its_largest_file_and_says_so() -> None:
    small = a_diff("small.py")
    large = a_diff("large.py", [f"value_{n} = compute({n})" for n in range(3000)])
    ranges = [[a_range(small, 1, 7)], [a_range(large, n, 1) for n in range(1, 3001, 2)]]
    core = a_core([small, large], a_match([small, large], ranges))
    line = a_line(core)
    kept = len(core["files"][1]["ranges"])
    assert len(line) <= 64 * 1024
    assert core["cut"] == {"ranges": 1500 - kept}
    assert kept > 300
    assert len(core["files"][0]["ranges"]) == 1
    assert core["counts"]["generated"] == 1507
    assert record.parse_note(line)[0].kind == "core"


def test_a_record_with_too_many_files_prompts_and_sessions_still_fits() -> None:
    diffs = [a_diff(f"{'deep/' * 20}{n}.py", [f"unique line {n} of this file"]) for n in range(2000)]
    prompts = tuple((n, hashlib.sha256(b"%d" % n).hexdigest()) for n in range(2000))
    ids = [f"session-{n}" for n in range(400)]
    sessions = [a_session(one, prompts=prompts[:100]) for one in ids]
    ranges = [[a_range(diff, 1, 1, session=ids[n % 400])] for n, diff in enumerate(diffs)]
    core = a_core(diffs, a_match(diffs, ranges, sessions))
    line = a_line(core)
    assert len(line) <= 64 * 1024
    assert set(core["cut"]) >= {"ranges", "prompts", "files"}
    assert record.parse_note(line)[0].kind == "core"


def test_derived_line_reads_back_and_keeps_its_limit() -> None:
    core = a_core()
    origin = record.digest(core)
    (read,) = record.parse_note(record.derived_line(origin, "rebase", "b" * 64, core["files"]))
    assert (read.kind, read.digest, read.op, read.patch) == ("derived", origin, "rebase", "b" * 64)
    assert list(read.ranges) == core["files"]
    many = [{**core["files"][0], "ranges": core["files"][0]["ranges"] * 2000}]
    assert len(record.derived_line(origin, "squash", "b" * 64, many)) <= 64 * 1024
    assert len(many[0]["ranges"]) == 2000


def test_tombstone_reads_back() -> None:
    (read,) = record.parse_note(record.tombstone_line("c" * 64))
    assert (read.kind, read.digest, read.core) == ("withheld", "c" * 64, None)


def test_blank_lines_duplicates_and_order_do_not_matter() -> None:
    core = a_core()
    note = b"\n\n" + a_line(core) + b"\n\n" + record.tombstone_line("c" * 64) + b"\r\n" + a_line(core) + b"\n"
    assert [line.kind for line in record.parse_note(note)] == ["core", "withheld"]


def test_a_changed_core_is_broken() -> None:
    line = a_line(a_core()).replace(b'"generated":7', b'"generated":8')
    (read,) = record.parse_note(line)
    assert (read.kind, read.core) == ("broken", None)


def _with(**change: Any) -> bytes:
    core = {**a_core(), **change}
    return rfc8785.dumps({"core": core, "digest": record.digest(core), "hint": {}})


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"v": True},
        {"patch": "no"},
        {"tool": "two words"},
        {"sessions": {}},
        {"sessions": ["x"]},
        {"sessions": [{**a_core()["sessions"][0], "models": ["\x1b[31m"]}]},
        {"sessions": [{**a_core()["sessions"][0], "role": "owner"}]},
        {"sessions": [{**a_core()["sessions"][0], "evidence": [{"kind": "content"}]}]},
        {"sessions": [{**a_core()["sessions"][0], "prompts": [{"turn": 0, "commitment": "text of a prompt"}]}]},
        {"sessions": []},
        {"files": [{"path": "", "added": 1, "ranges": []}]},
        {"files": [{"path": "a", "added": 1, "ranges": [{"start": 0}]}]},
        {"files": [{"path": "a", "added": 2**40, "ranges": []}]},
        {"counts": {}},
        {"counts": {**a_core()["counts"], "added": -1}},
        {"prior": ["x"]},
        {"cut": {"ranges": "many"}},
    ],
)
def test_a_core_of_the_wrong_shape_is_broken_even_if_its_digest_is_right(change: dict[str, Any]) -> None:
    assert [line.kind for line in record.parse_note(_with(**change))] == ["broken"]


def test_keys_that_a_later_version_may_add_are_let_pass() -> None:
    assert [line.kind for line in record.parse_note(_with(more="later"))] == ["core"]


@pytest.mark.parametrize(
    "raw",
    [
        b"plain words",
        b"{",
        b"{}",
        b"[]",
        b"null",
        b'{"v":1e999}',
        b'{"v":' + b"9" * 5000 + b"}",
        b'{"a":' * 20_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        b'{"a":NaN}',
        b"\x00\x01\x02",
        b'{"git-ai":"schema"}',
        b'{"a":"' + b"x" * 70_000 + b'"}',
        b'{"origin":1}',
        b'{"withheld":"short"}',
    ],
)
def test_foreign_and_hostile_lines_are_kept_apart_and_harm_nothing(raw: bytes) -> None:
    core = a_core()
    read = record.parse_note(raw + b"\n" + a_line(core) + b"\n")
    assert [line.kind for line in read if line.core] == ["core"]
    assert {line.kind for line in read if not line.core} <= {"foreign"}


def test_a_line_longer_than_allowed_is_not_read_as_a_record() -> None:
    core = {**a_core(), "more": "x" * 65_000}
    line = rfc8785.dumps({"core": core, "digest": record.digest(core), "hint": {}})
    assert [one.kind for one in record.parse_note(line)] == ["broken"]
    shorter = {**core, "more": "x" * 60_000}
    line = rfc8785.dumps({"core": shorter, "digest": record.digest(shorter), "hint": {}})
    assert [one.kind for one in record.parse_note(line)] == ["core"]


def test_a_cut_off_line_of_ours_is_broken() -> None:
    assert [line.kind for line in record.parse_note(a_line(a_core())[:-10])] == ["broken"]


def test_reading_stops_at_the_limit_without_half_a_line() -> None:
    core = a_core()
    line = a_line(core) + b"\n"
    assert [one.kind for one in record.parse_note(line + b"x" * 100, limit=len(line) + 10)] == ["core"]
    assert record.parse_note(line, limit=len(line) - 1) == []
    assert len(record.parse_note(b"".join(b"%d\n" % n for n in range(50_000)))) <= 10_000


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fail(blob: bytes) -> None:
    record.parse_note(blob)


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("a" * 64),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(["core", "digest", "hint", "origin", "op", "patch", "ranges", "withheld"]), json_values
    )
)
def test_no_types_make_the_reader_fail(value: dict[str, Any]) -> None:
    record.parse_note(json.dumps(value).encode())


@given(st.sampled_from(sorted(a_core())), json_values)
def test_no_types_inside_a_core_make_the_reader_fail(key: str, value: Any) -> None:
    body = {"core": {**a_core(), key: value}, "digest": "a" * 64}
    assert record.parse_note(json.dumps(body).encode())[0].kind in ("broken", "foreign")


def _patch(repo: Repo, base: str, tip: str) -> str:
    return record.patch_digest(Git(str(repo.root)).diff(base, tip))


def test_patch_digest_survives_a_rebase_that_changes_no_line(repo: Repo) -> None:
    base = repo.commit_file("a.py", "one\ntwo\nthree\n")
    old = repo.commit_file("b.py", "\n".join(CODE))
    repo.git("checkout", "-q", "-b", "other", base)
    other = repo.commit_file("a.py", "one\ntwo\nthree\nfour\n")
    repo.git("cherry-pick", old)
    assert _patch(repo, f"{old}^", old) == _patch(repo, other, "HEAD")


@pytest.mark.parametrize(
    "change",
    [
        lambda repo: repo.write("a.py", "one\nTWO\n"),
        lambda repo: repo.write("a.py", "one\n"),
        lambda repo: (repo.root / "a.py").chmod(0o755),
        lambda repo: (repo.root / "a.py").rename(repo.root / "b.py"),
        lambda repo: (repo.root / "blob").write_bytes(b"\0\2"),
        lambda repo: (repo.root / "link").symlink_to("a.py"),
    ],
)
def test_patch_digest_tells_changes_apart(repo: Repo, change: Any) -> None:
    repo.write("a.py", "one\ntwo\n")
    (repo.root / "blob").write_bytes(b"\0\1")
    base = repo.commit("base")
    repo.write("a.py", "one\ntwo\nthree\n")
    plain = _patch(repo, base, repo.commit("plain"))
    repo.git("reset", "-q", "--hard", base)
    change(repo)
    assert _patch(repo, base, repo.commit("changed")) != plain != _patch(repo, base, base)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("path", "other"),
        ("old_path", "other"),
        ("new_mode", "100755"),
        ("added", ("other",)),
        ("removed", lines("other")),
        ("added", ()),
    ],
)
def test_patch_digest_covers(field: str, value: Any) -> None:
    assert record.patch_digest([a_diff(**{field: value})]) != record.patch_digest([a_diff()])


@pytest.mark.parametrize("kind", ["binary", "truncated"])
def test_where_lines_are_not_known_patch_digest_covers_the_blobs(kind: str) -> None:
    def of(**more: Any) -> str:
        return record.patch_digest([a_diff(**{kind: True, **more})])

    assert len({of(), of(new_oid="2" * 40), of(old_oid="2" * 40)}) == 3
    assert of() == of(added=(), removed=())


def test_patch_digest_does_not_care_where_lines_stand() -> None:
    assert record.patch_digest([a_diff(first=99)]) == record.patch_digest([a_diff(new_oid="3" * 40)])


def test_patch_digest_ignores_how_the_user_likes_diffs(repo: Repo, home: Path) -> None:
    repo.write(".gitattributes", "*.py diff=py\n")
    base = repo.commit("base")
    tip = repo.commit_file("a.py", "\n".join(CODE))
    before = _patch(repo, base, tip)
    for key, value in (
        ("diff.external", "false"),
        ("diff.py.textconv", "false"),
        ("diff.algorithm", "patience"),
        ("diff.noprefix", "true"),
        ("diff.context", "9"),
        ("color.ui", "always"),
        ("core.quotePath", "false"),
    ):
        repo.git("config", "--global", key, value)
    assert _patch(repo, base, tip) == before


def test_a_path_that_is_not_utf8_can_be_recorded(repo: Repo) -> None:
    base = repo.commit("base")
    (repo.root / b"caf\xe9.py".decode("utf-8", "surrogateescape")).write_text("\n".join(CODE) + "\n")
    diffs = Git(str(repo.root)).diff(base, repo.commit("odd"))
    core = a_core(diffs, a_match(diffs))
    assert core["files"][0]["path"] == r'"caf\351.py"'
    assert record.parse_note(a_line(core))[0].core == core
