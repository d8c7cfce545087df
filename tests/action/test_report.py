"""Mode `report`: the section in a release's notes and the other places, run as action.yml has it."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.action.fake_github import BODY_LIMIT, REPOSITORY
from tests.action.stage import CODE, OTHER, Stage


def test_a_release_gets_one_section_below_its_own_notes(stage: Stage) -> None:
    release = stage.released()
    ran = stage.on_release(release)
    assert ran.code == 0, ran.log
    assert release["body"].startswith("Notes by hand.\n\n<!-- ai-trail:begin v1.0.0 -->\n")
    assert "AI assistance in v1.0.0" in stage.section(release["body"])
    assert stage.fake.changes() == [("PATCH", f"/repos/{REPOSITORY}/releases/1")]


def test_the_outputs_tell_what_was_found_and_where_it_is(stage: Stage) -> None:
    release = stage.released()
    ran = stage.on_release(release)
    assert {name: ran.outputs[name] for name in ("commits", "commits-with-evidence", "generated-lines")} == {
        "commits": "2",
        "commits-with-evidence": "1",
        "generated-lines": "3",
    }
    assert ran.outputs["release-url"] == release["html_url"]
    assert "AI assistance in v1.0.0" in Path(ran.outputs["report-path"]).read_text()
    facts = json.loads(Path(ran.outputs["json-path"]).read_text())
    assert facts["subject"]["tag"] == "v1.0.0"
    assert facts["repository"] == {"name": REPOSITORY, "url": f"https://github.test/{REPOSITORY}"}
    assert sorted(one.name for one in Path(ran.outputs["report-dir"]).iterdir()) == [
        "report.html",
        "report.json",
        "report.md",
    ]
    assert "AI assistance in v1.0.0" in ran.summary


def test_a_second_run_changes_nothing(stage: Stage) -> None:
    release = stage.released()
    stage.on_release(release)
    before = release["body"]
    ran = stage.on_release(release)
    assert ran.code == 0
    assert "up to date" in ran.log
    assert release["body"] == before
    assert len(stage.fake.changes()) == 1


@pytest.mark.parametrize("body", [None, "", "One line", "Two\r\n\r\nlines\r\n", "```\na block\n```"])
def test_any_body_keeps_its_text_and_gets_one_section(stage: Stage, body: str | None) -> None:
    release = stage.released(body=body)
    assert stage.on_release(release).code == 0
    assert release["body"].startswith(body or "")
    section = stage.section(release["body"])
    assert ("\r\n" in section) == ("\r\n" in (body or ""))
    assert section.count("\n") == section.count("\r\n") or "\r" not in section


def test_a_body_that_ends_within_a_code_block_is_left_alone_and_said(stage: Stage) -> None:
    release = stage.released(body="```\nopen fence\n")
    ran = stage.on_release(release)
    assert ran.code == 1
    assert "ends within a code block" in ran.log
    assert not stage.fake.changes()


def test_a_draft_is_found_and_written(stage: Stage) -> None:
    release = stage.released(draft=True)
    ran = stage.run("workflow_dispatch", {}, at="v1.0.0", tag="v1.0.0")
    assert ran.code == 0, ran.log
    assert "the draft v1.0.0" in ran.log
    stage.section(release["body"])


def test_a_draft_whose_tag_is_not_there_yet_reports_on_what_is_checked_out(stage: Stage) -> None:
    stage.released()
    stage.vouched("currents.py", OTHER, "Compute currents")
    stage.push()
    draft = stage.fake.release("v1.1.0", "", draft=True)
    ran = stage.run("workflow_dispatch", {}, at="main", tag="v1.1.0")
    assert ran.code == 0, ran.log
    assert "AI assistance in v1.1.0" in stage.section(draft["body"], "v1.1.0")
    assert ran.outputs["commits"] == "1"


def test_a_prerelease_is_a_release(stage: Stage) -> None:
    release = stage.released("v1.0.0-rc.1", prerelease=True)
    assert stage.on_release(release).code == 0
    stage.section(release["body"], "v1.0.0-rc.1")


def test_an_immutable_release_takes_notes_all_the_same(stage: Stage) -> None:
    release = stage.released(immutable=True)
    assert stage.on_release(release).code == 0
    stage.section(release["body"])


def test_a_section_that_another_tool_writes_over_is_put_back(stage: Stage) -> None:
    release = stage.released()
    stage.fake.afterwards = lambda: release.update(body="Written over by another tool.\n")
    assert stage.on_release(release).code == 0
    assert release["body"].startswith("Written over by another tool.\n")
    stage.section(release["body"])


def test_two_runs_at_once_leave_one_section(stage: Stage) -> None:
    """Each has read the notes before the other writes."""
    release = stage.released()
    places = [stage.checkout("v1.0.0"), stage.checkout("v1.0.0")]
    together = threading.Barrier(2)
    plain = stage.fake.answer

    def answer(method: str, path: str, query: dict[str, str], body: object) -> tuple[int, object]:
        found = plain(method, path, query, body)
        if method == "GET" and path.endswith("/releases/1") and "ai-trail:begin" not in str(release["body"]):
            reads.append(path)
        return found

    reads: list[str] = []
    stage.fake.answer = answer  # type: ignore[method-assign]
    stage.fake.before_patch = lambda: together.wait(timeout=60)
    payload = {"release": dict(release, id=None)}
    with ThreadPoolExecutor(2) as pool:
        runs = list(
            pool.map(
                lambda place: stage.run("release", payload, at="", ref="refs/tags/v1.0.0", workspace=place), places
            )
        )
    assert [ran.code for ran in runs] == [0, 0]
    assert len(reads) == 2, "both read the notes before either wrote"
    assert release["body"].startswith("Notes by hand.\n")
    stage.section(release["body"])


def test_a_body_that_is_nearly_full_is_never_cut(stage: Stage) -> None:
    text = "n" * (BODY_LIMIT - 900) + "\n"
    release = stage.released(body=text)
    ran = stage.on_release(release, full_report_url="https://example.org/whole report")
    assert ran.code == 0, ran.log
    assert release["body"].startswith(text)
    assert len(release["body"]) <= BODY_LIMIT
    section = stage.section(release["body"])
    assert "1 of 2 commits have evidence" in section
    assert "[The full report](https://example.org/whole%20report)" in section
    assert stage.on_release(release, full_report_url="https://example.org/whole report").code == 0
    assert len(stage.fake.changes()) == 1


def test_a_body_without_any_room_is_left_alone_and_said(stage: Stage) -> None:
    text = "n" * (BODY_LIMIT - 50)
    release = stage.released(body=text)
    ran = stage.on_release(release)
    assert ran.code == 1
    assert "no room left" in ran.log
    assert release["body"] == text
    assert "AI assistance in v1.0.0" in ran.summary


def test_one_marker_without_the_other_is_refused_with_a_remedy(stage: Stage) -> None:
    text = "<!-- ai-trail:begin v1.0.0 -->\nhalf\n"
    release = stage.released(body=text)
    ran = stage.on_release(release)
    assert ran.code == 1
    assert "are not a pair" in ran.log
    assert release["body"] == text


def test_no_release_for_the_tag_is_said_with_the_remedy(stage: Stage) -> None:
    stage.released("v1.0.0")
    stage.fake.releases.clear()
    ran = stage.run("push", {}, at="v1.0.0", ref="refs/tags/v1.0.0")
    assert ran.code == 1
    assert "::error title=AI trail%3A release-notes::there is no release for the tag" in ran.log
    assert "make the release first" in ran.log


def test_without_permission_the_remedy_is_named_and_the_other_targets_are_served(stage: Stage) -> None:
    release = stage.released()
    stage.fake.read_only = True
    ran = stage.on_release(release)
    assert ran.code == 1
    assert "permissions: contents: write" in ran.log
    assert "AI assistance in v1.0.0" in ran.summary
    assert Path(ran.outputs["report-path"]).is_file()


def test_a_release_whose_target_changes_workflows_is_explained(stage: Stage) -> None:
    release = stage.released()
    stage.fake.workflows_differ = True
    ran = stage.on_release(release)
    assert ran.code == 1
    assert ".github/workflows" in ran.log
    assert "workflows permission" in ran.log


def test_a_server_error_is_tried_again(stage: Stage) -> None:
    release = stage.released()
    stage.fake.fail = [("PATCH", 502, {})]
    assert stage.on_release(release).code == 0
    stage.section(release["body"])


def test_a_missing_tag_is_a_usage_error(stage: Stage) -> None:
    stage.released()
    ran = stage.run("workflow_dispatch", {}, at="main")
    assert ran.code == 2
    assert "set the input `tag`" in ran.log


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("mode", "reprot", "did you mean report?"),
        ("targets", "release-notes, pages", "'pages' is not one of"),
        ("authors", "perhaps", "neither true nor false"),
        ("docs_path", "../outside.md", "not a path within the repository"),
        ("range", "--output=x", "not a range"),
    ],
)
def test_an_input_that_cannot_be_used_is_one_clear_error(stage: Stage, name: str, value: str, said: str) -> None:
    release = stage.released()
    given = {"targets": "docs-commit", name: value}
    ran = stage.on_release(release, **given)
    assert ran.code != 0
    assert said in ran.log
    assert ran.log.count("::error") == 1
    assert not stage.fake.changes()


def test_a_shallow_checkout_is_completed(stage: Stage) -> None:
    stage.author.commit_file("README.md", "Tides\n", "Start")
    stage.author.git("tag", "v0.9.0")
    stage.vouched("tides.py", CODE, "Compute tides")
    stage.author.git("tag", "v1.0.0")
    stage.push()
    release = stage.fake.release("v1.0.0")
    ran = stage.on_release(release, depth=1)
    assert ran.code == 0, ran.log
    assert (ran.outputs["commits"], ran.outputs["commits-with-evidence"]) == ("1", "1")
    assert "fetch-depth: 0" in ran.log


def test_a_range_goes_to_the_summary_alone(stage: Stage) -> None:
    stage.released()
    ran = stage.run("workflow_dispatch", {}, at="main", range="HEAD~1..HEAD", targets="summary")
    assert ran.code == 0, ran.log
    assert ran.outputs["commits"] == "1"
    assert "::error" not in ran.log
    ran = stage.run("workflow_dispatch", {}, at="main", range="HEAD~1..HEAD")
    assert ran.code == 2
    assert "a range has no release notes" in ran.log


def test_an_artifact_is_uploaded_even_if_another_target_failed(stage: Stage) -> None:
    release = stage.released()
    stage.fake.read_only = True
    ran = stage.on_release(release, targets="release-notes\nartifact", artifact_name="ours")
    assert ran.code == 1
    name, given = ran.used[-1]
    assert name.startswith("actions/upload-artifact@")
    assert given == {"name": "ours", "path": ran.outputs["report-dir"], "if-no-files-found": "error"}
    assert not any(one.startswith("actions/upload-artifact") for one, _ in stage.on_release(release).used)


def test_a_page_in_the_tree_gets_a_section_and_keeps_the_rest(stage: Stage) -> None:
    release = stage.released()
    stage.fake.files["main", "docs/ai-assistance.md"] = b"# Ours\n\n<!-- ai-trail:insert -->\n\n## Older\n"
    ran = stage.on_release(release, targets="docs-commit")
    assert ran.code == 0, ran.log
    page = stage.fake.files["main", "docs/ai-assistance.md"].decode()
    assert page.startswith("# Ours\n")
    assert page.endswith("## Older\n")
    stage.section(page)
    changes = len(stage.fake.changes())
    assert "up to date" in stage.on_release(release, targets="docs-commit").log
    assert len(stage.fake.changes()) == changes


def test_a_page_that_changes_meanwhile_is_written_anew(stage: Stage) -> None:
    release = stage.released()
    stage.fake.fail = [("PUT", 409, {})]
    assert stage.on_release(release, targets="docs-commit").code == 0
    assert ("main", "docs/ai-assistance.md") in stage.fake.files


def test_a_protected_branch_leads_to_the_pull_request(stage: Stage) -> None:
    release = stage.released()
    stage.fake.protected.add("main")
    ran = stage.on_release(release, targets="docs-commit")
    assert ran.code == 1
    assert "use the target docs-pr" in ran.log


def test_a_page_of_another_form_is_the_report_alone(stage: Stage) -> None:
    release = stage.released()
    assert stage.on_release(release, targets="docs-commit", docs_path="site/trail.html").code == 0
    assert stage.fake.files["main", "site/trail.html"].startswith(b"<!doctype html>")


def test_a_pull_request_is_opened_once_and_kept_up_to_date(stage: Stage) -> None:
    release = stage.released()
    ran = stage.on_release(release, targets="docs-pr")
    assert ran.code == 0, ran.log
    (pull,) = stage.fake.pulls
    assert (pull["head"], pull["base"], pull["title"]) == (
        "ai-trail/report-v1.0.0",
        "main",
        "docs: AI assistance in v1.0.0",
    )
    assert ("main", "docs/ai-assistance.md") not in stage.fake.files
    stage.section(stage.fake.files["ai-trail/report-v1.0.0", "docs/ai-assistance.md"].decode())
    assert stage.on_release(release, targets="docs-pr", title="Another heading").code == 0
    assert len(stage.fake.pulls) == 1
    assert b"Another heading" in stage.fake.files["ai-trail/report-v1.0.0", "docs/ai-assistance.md"]


def test_a_branch_that_is_left_over_starts_from_the_base_again(stage: Stage) -> None:
    release = stage.released()
    stage.on_release(release, targets="docs-pr")
    stage.fake.pulls[0]["state"] = "closed"
    stage.fake.files["ai-trail/report-v1.0.0", "docs/ai-assistance.md"] = b"stale\n"
    stage.fake.branches["main"] = "b" * 40
    assert stage.on_release(release, targets="docs-pr").code == 0
    assert stage.fake.branches["ai-trail/report-v1.0.0"] == "b" * 40
    assert b"stale" not in stage.fake.files["ai-trail/report-v1.0.0", "docs/ai-assistance.md"]
    assert len(stage.fake.pulls) == 2


def test_the_setting_that_forbids_pull_requests_is_named(stage: Stage) -> None:
    release = stage.released()
    stage.fake.may_open_pulls = False
    ran = stage.on_release(release, targets="docs-pr")
    assert ran.code == 1
    assert "Allow GitHub Actions to create and approve pull requests" in ran.log


def test_all_targets_at_once(stage: Stage) -> None:
    release = stage.released()
    ran = stage.on_release(release, targets="release-notes, docs-commit, docs-pr, artifact, summary")
    assert ran.code == 0, ran.log
    stage.section(release["body"])
    stage.section(stage.fake.files["main", "docs/ai-assistance.md"].decode())
    assert ran.summary
    assert not stage.fake.pulls, "what the branch has already needs no pull request"


def test_a_dry_run_changes_nothing_anywhere(stage: Stage) -> None:
    release = stage.released()
    ran = stage.on_release(release, targets="release-notes, docs-commit, docs-pr, artifact", dry_run="true")
    assert ran.code == 0, ran.log
    assert not stage.fake.changes()
    assert len(ran.used) == 1
    assert ran.log.count("would be") == 4


def test_the_policy_is_that_of_the_default_branch(stage: Stage) -> None:
    release = stage.released()
    stage.author.commit_file(".git-ai-trail.toml", '[report]\ntitle = "By the branch: {name}"\n')
    stage.push()
    stage.on_release(release)
    assert "By the branch: v1.0.0" in release["body"]


def test_a_policy_that_cannot_be_read_publishes_nothing(stage: Stage) -> None:
    release = stage.released()
    stage.author.commit_file(".git-ai-trail.toml", "[policy]\npublish = 7\n")
    stage.push()
    ran = stage.on_release(release)
    assert ran.code == 2
    assert not stage.fake.changes()
    assert not ran.summary


def test_templates_of_the_repository_count_only_where_asked_for(stage: Stage) -> None:
    stage.author.write(".git-ai-trail/templates/report/report.md.j2", "OURS {{ report.title }}\n")
    release = stage.released()
    stage.on_release(release)
    assert "OURS" not in release["body"]
    ran = stage.on_release(release, templates="repo")
    assert ran.code == 0, ran.log
    assert "OURS" in release["body"]


@pytest.mark.parametrize("repo", [{"full_name": "mallory/tides"}, None])
def test_a_fork_gets_no_report_even_once_it_is_deleted(stage: Stage, repo: object) -> None:
    stage.released()
    pull = {"number": 3, "base": {"sha": "a" * 40}, "head": {"sha": "b" * 40, "repo": repo}}
    ran = stage.run("pull_request_target", {"pull_request": pull}, at="main", tag="v1.0.0")
    assert ran.code == 1
    assert "from a fork" in ran.log
    assert not stage.fake.requests
