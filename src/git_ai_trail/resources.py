"""Finds the files that ship beside the package: the packaged copy where there is one, else the checkout's folder."""

from __future__ import annotations

import os

from git_ai_trail.errors import TrailError

_PACKAGE = os.path.dirname(os.path.abspath(__file__))


def package_parent() -> str:
    """The folder that must be on Python's path for `import git_ai_trail` to find this very package."""
    return os.path.dirname(_PACKAGE)


def hook_file(name: str) -> str:
    """Path of the shim template for the git hook `name`."""
    return _find("hooks", name)


def template_dir() -> str:
    """Path of the folder with our templates."""
    return _find("templates")


def price_table() -> str:
    """Path of the dated table of models' prices."""
    return os.path.join(_PACKAGE, "prices", "table.json")


def _find(*parts: str) -> str:
    # An editable install has no packaged copy where the package is looked for; the checkout is two levels up.
    for base in (os.path.join(_PACKAGE, "_data"), os.path.dirname(os.path.dirname(_PACKAGE))):
        path = os.path.join(base, *parts)
        if os.path.exists(path):
            return path
    raise TrailError(
        f"this installation of git-ai-trail is incomplete: no {'/'.join(parts)}", "install git-ai-trail again"
    )
