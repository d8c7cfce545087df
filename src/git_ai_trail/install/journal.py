"""What `init` did to a repository, so that `uninit` can take back exactly that.

Everything is written down *before* it is done: a killed `init` leaves a journal that names too much, never too little.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any

from git_ai_trail.errors import TrailError

NAME = "installed.json"
_VERSION = 1


@dataclass(slots=True, kw_only=True)
class Journal:
    """mode: native, config, snippet or empty; `settings` are (key, value) pairs added to the repository's config."""

    path: str
    mode: str = ""
    hooks: list[str] = field(default_factory=list)  # hook files we wrote
    folders: list[str] = field(default_factory=list)  # folders we made, outermost first
    settings: list[tuple[str, str]] = field(default_factory=list)
    policy_path: str = ""
    policy_digest: str = ""

    def save(self) -> None:
        content = {
            "version": _VERSION,
            "mode": self.mode,
            "hooks": self.hooks,
            "folders": self.folders,
            "settings": self.settings,
            "policy_path": self.policy_path,
            "policy_digest": self.policy_digest,
        }
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        temporary = f"{self.path}.{os.getpid()}"
        with open(temporary, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1)
            file.write("\n")
        os.replace(temporary, self.path)

    def remove(self) -> None:
        if os.path.exists(self.path):
            os.unlink(self.path)


def read(state_dir: str) -> Journal:
    """The repository's journal, empty where `init` has not run; raises `TrailError` for one of a newer version."""
    path = os.path.join(state_dir, NAME)
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
    except FileNotFoundError:
        return Journal(path=path)
    except (OSError, ValueError) as error:
        raise TrailError(f"{path}: cannot be read", "remove the file and run 'git ai-trail init' again") from error
    if not isinstance(content, dict) or content.get("version") != _VERSION:
        raise TrailError(f"{path}: written by another version", "use that version of git-ai-trail, or a newer one")
    return Journal(
        path=path,
        mode=str(content.get("mode", "")),
        hooks=_texts(content.get("hooks")),
        folders=_texts(content.get("folders")),
        settings=[
            (pair[0], pair[1])
            for pair in content.get("settings", [])
            if isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair)
        ],
        policy_path=str(content.get("policy_path", "")),
        policy_digest=str(content.get("policy_digest", "")),
    )


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
