"""Finds the folder that a chat was held in. A chat names it by its sha256 only, so what looks like it is checked by that."""

from __future__ import annotations

import hashlib
import os

from git_ai_trail.formats.paths import MAX_PATH, resolve
from git_ai_trail.lazy import pattern

_LISTED = pattern(r"^\s*- ([/~A-Za-z][^\n]{0,1024})$")
_MOST = 64
_SEARCHED = 8192


class Project:
    """The project of one chat. `folder` is empty until it is known."""

    def __init__(self, path: str) -> None:
        self.digest = ""
        self.folder = ""
        self.tried: set[str] = set()
        self._log = path

    def named(self, digest: object) -> None:
        """What the chat says its project's digest is."""
        self.digest = digest if isinstance(digest, str) else ""
        if not self.folder:
            self.offer(self._marked())

    def _marked(self) -> str:
        """What `.project_root`, beside the folder of chats, says (since 0.36.0)."""
        parts = self._log.replace("\\", "/").split("/")
        if "chats" not in parts:
            return ""
        at = len(parts) - 1 - parts[::-1].index("chats")
        try:
            with open(os.path.join("/".join(parts[:at]), ".project_root"), "rb") as file:
                return file.read(MAX_PATH).decode("utf-8", "replace").strip()
        except (OSError, ValueError):
            return ""

    def offer(self, path: object) -> None:
        """Takes `path`, or a folder above it, for the project's if its digest says so."""
        if self.folder or len(self.digest) != 64 or not isinstance(path, str) or len(path) > MAX_PATH:
            return
        at = path.rstrip("/\\") or path
        while at and at not in self.tried and len(self.tried) < _MOST:
            self.tried.add(at)
            if hashlib.sha256(at.encode("utf-8", "replace")).hexdigest() == self.digest:
                self.folder = resolve(at)
                return
            cut = max(at.rfind("/"), at.rfind("\\"))
            at = at[:cut]

    def listed(self, text: str) -> None:
        """Looks through the context that Gemini CLI puts before the first prompt."""
        for line in text[:_SEARCHED].split("\n"):
            found = _LISTED.match(line)
            if found:
                self.offer(found[1].strip())
