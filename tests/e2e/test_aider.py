"""A real Aider, scripted, in a real repository with our hooks: its own commits, and those of a person, with every line's owner."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import installs
from tests.e2e.aider import Aider, fetched, replace, serve
from tests.support.repo import Repo

VERSION = "0.86.2"
CART = "def total(items):\n    return sum(items)\n"
ROUNDED = "    assert len(items) > 0, 'an empty cart'\n    return round(sum(items), 2)\n"
SHELF = "goods = []\nfor number in range(10):\n    goods.append(number)\n"
DISCOUNT = "def discount(total, percent):\n    return round(total * (100 - percent) / 100, 2)\n\n\n"
TYPED = "LIMIT = 12  # typed by a person\n"

pytestmark = pytest.mark.proof


@pytest.fixture
def aider(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aider]:
    monkeypatch.delenv("AIDER_CHAT_HISTORY_FILE", raising=False)
    program = fetched(VERSION)
    with serve() as model:
        yield Aider(program=program, model=model)


@pytest.fixture
def shop(tmp_path: Path, aider: Aider, monkeypatch: pytest.MonkeyPatch) -> Repo:
    repo = Repo.init(tmp_path / "shop")
    for path, text in (("cart.py", CART), (".gitignore", ".aider*\n")):
        repo.write(path, text)
    repo.commit("base")
    # What runs after a commit would read the logs a second time, while the next turn goes on.
    repo.git("config", "ai-log-trail.ingest", "false")
    installs.installer("native", monkeypatch)(repo)
    repo.commit("set up")
    return repo


def shown(repo: Repo, rev: str = "HEAD") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(repo.run("git", "ai-trail", "show", "--json", rev).stdout)
    return found


def owned(view: dict[str, Any]) -> dict[str, list[tuple[int, int]]]:
    """The lines of each file that a session owns, the first and the last of each range."""
    return {
        file["path"]: [(part["start"], part["end"]) for part in file["ranges"] if part["session"]]
        for file in view["files"]
    }


def assisted(repo: Repo, rev: str = "HEAD") -> list[str]:
    return repo.git("log", "-1", "--format=%(trailers:key=Assisted-by,valueonly)", rev).split()


def test_its_own_commit_has_its_lines_and_the_one_before_it_the_persons(aider: Aider, shop: Repo) -> None:
    shop.write("cart.py", TYPED + CART)
    aider.ask(
        "Round the total",
        replace("cart.py", "    return sum(items)\n", ROUNDED) + replace("shelf.py", "", SHELF),
        *("--edit-format", "diff", "cart.py"),
        place=shop.root,
    )
    assert shop.git("log", "--format=%s").split("\n")[:3] == ["Change number 2", "Change number 1", "set up"]
    view = shown(shop)
    (session,) = view["sessions"]
    assert (session["agent"], session["models"]) == ("Aider", ["lab"])
    assert owned(view) == {"cart.py": [(3, 4)], "shelf.py": [(1, 3)]}
    assert (view["summary"]["generated"], view["summary"]["unattributed"]) == (5, 0)
    assert assisted(shop) == ["Aider:lab"]
    assert not assisted(shop, "HEAD^")
    assert shop.git("show", "HEAD^:cart.py").startswith(TYPED.strip())
    # Its log tells of the commit once git has answered.
    explained = json.loads(shop.run("git", "ai-trail", "explain", "--json").stdout)
    assert "committed-by-session" in json.dumps(explained)
    before = json.loads(shop.run("git", "ai-trail", "explain", "--json", "HEAD^").stdout)
    assert "committed-by-session" not in json.dumps(before)


@pytest.mark.parametrize(
    ("form", "answer"),
    [
        ("diff", replace("cart.py", "    return sum(items)\n", ROUNDED)),
        ("whole", f"Whole.\n\ncart.py\n```\n{CART.splitlines()[0]}\n{ROUNDED}```\n"),
        (
            "udiff",
            "A diff.\n\n```diff\n--- cart.py\n+++ cart.py\n@@ ... @@\n def total(items):\n-    return sum(items)\n"
            + "".join(f"+{line}\n" for line in ROUNDED.splitlines())
            + "```\n",
        ),
        (
            "patch",
            "*** Begin Patch\n*** Update File: cart.py\n@@ def total(items):\n-    return sum(items)\n"
            + "".join(f"+{line}\n" for line in ROUNDED.splitlines())
            + "*** End Patch\n",
        ),
    ],
)
def test_a_persons_commit_of_lines_of_both_tells_them_apart(form: str, answer: str, aider: Aider, shop: Repo) -> None:
    aider.ask("Round it", answer, *("--edit-format", form, "--no-auto-commits", "cart.py"), place=shop.root)
    assert shop.git("show", ":cart.py") + "\n" == CART
    shop.write("cart.py", (shop.root / "cart.py").read_text() + "\n\n" + TYPED)
    shop.git("add", "-A")
    shop.run("git", "commit", "-qm", "Round the total")
    view = shown(shop)
    assert owned(view) == {"cart.py": [(2, 3)]}
    assert assisted(shop) == ["Aider:lab"]
    (session,) = view["sessions"]
    assert "committed-by-session" not in {one["kind"] for one in session["evidence"]}


def test_of_an_answer_that_fitted_in_part_each_commit_has_what_was_written(aider: Aider, shop: Repo) -> None:
    first, second = ROUNDED.splitlines(keepends=True)
    aider.ask(
        "Round the total",
        replace("cart.py", "    return all(items)\n", second) + replace("shelf.py", "", SHELF),
        *("--edit-format", "diff", "cart.py"),
        place=shop.root,
        again=replace("cart.py", "    return sum(items)\n", first + second),
    )
    assert shop.git("log", "-3", "--format=%s").split("\n") == ["Change number 2", "Change number 1", "set up"]
    # The first one is made before the log says what failed: it gets its record when the log has gone on.
    shop.run("git", "ai-trail", "backfill", "HEAD~2..HEAD")
    assert owned(shown(shop, "HEAD^")) == {"shelf.py": [(1, 3)]}
    assert owned(shown(shop)) == {"cart.py": [(2, 3)]}


def test_in_a_linked_worktree_the_history_is_the_worktrees_own(aider: Aider, shop: Repo) -> None:
    shop.git("worktree", "add", "-q", "-b", "side", str(shop.root.parent / "side"))
    side = Repo(shop.root.parent / "side")
    answer = replace("cart.py", "    return sum(items)\n", ROUNDED)
    aider.ask("Round it", answer, *("--edit-format", "diff", "cart.py"), place=side.root)
    assert (side.root / ".aider.chat.history.md").exists()
    assert not (shop.root / ".aider.chat.history.md").exists()
    assert owned(shown(side)) == {"cart.py": [(2, 3)]}
    assert assisted(side) == ["Aider:lab"]


def test_every_run_is_a_session_of_its_own_in_the_database(aider: Aider, shop: Repo) -> None:
    words = ("--edit-format", "diff", "cart.py")
    aider.ask("Round it", replace("cart.py", "    return sum(items)\n", ROUNDED), *words, place=shop.root)
    aider.ask(
        "Add a discount",
        replace("cart.py", "def total(items):\n", f"{DISCOUNT}def total(items):\n"),
        *words,
        place=shop.root,
    )
    for _ in range(2):
        shop.run("git", "ai-trail", "ingest")
        listed = json.loads(shop.run("git", "ai-trail", "sessions", "--json").stdout)
        assert [(one["agent"], one["prompts"], one["edits"]) for one in listed] == [("aider", 1, 1)] * 2
    assert all(one["tokens"]["output"] > 0 for one in listed)
    owners = {shown(shop, rev)["sessions"][0]["id"] for rev in ("HEAD", "HEAD^")}
    assert owners == {one["id"] for one in listed}
