"""The settings by which git itself carries our notes over amend and rebase."""

from __future__ import annotations

from fnmatch import fnmatchcase

from git_ai_trail.git import Git
from git_ai_trail.install import repo_config
from git_ai_trail.install.journal import Journal
from git_ai_trail.model import Step

REFS = ("refs/notes/ai-log-trail", "refs/notes/ai-log-trail-prompts")
# A pattern for both: of a name that is no ref yet git warns on every amend, of a pattern that matches nothing it does not.
PATTERN = "refs/notes/ai-log-trail*"
REF_KEY = "notes.rewriteRef"
MODE_KEY = "notes.rewriteMode"
# One line of JSON is one record, so a union of lines is the merge that loses nothing.
MODE = "cat_sort_uniq"


def install(git: Git, journal: Journal) -> list[Step]:
    """Adds our refs to those that git carries, and chooses how, where nobody has chosen before."""
    missing = missing_refs(git)
    if missing:
        repo_config.add(git, journal, REF_KEY, PATTERN)
    steps = [Step(name=REF_KEY, state="done" if missing else "kept", detail=PATTERN if missing else ", ".join(REFS))]
    chosen = repo_config.values(git, MODE_KEY)
    if not chosen:
        repo_config.add(git, journal, MODE_KEY, MODE)
        return [*steps, Step(name=MODE_KEY, state="done", detail=MODE)]
    if chosen[-1] == MODE:
        return [*steps, Step(name=MODE_KEY, state="kept", detail=MODE)]
    detail = f"yours is {chosen[-1]}; with {MODE} no record is lost where two notes meet"
    return [*steps, Step(name=MODE_KEY, state="todo", detail=detail, text=f"git config {MODE_KEY} {MODE}")]


def remove(git: Git, journal: Journal) -> list[Step]:
    """Takes back what `install` added; notes themselves stay."""
    removed = repo_config.take_back(git, journal, "notes.")
    return [Step(name=key, state="removed", detail="git config") for key in dict.fromkeys(removed)]


def missing_refs(git: Git) -> list[str]:
    """Those of our refs that git would not carry."""
    carried = repo_config.values(git, REF_KEY)
    return [ref for ref in REFS if not any(fnmatchcase(ref, pattern) for pattern in carried)]
