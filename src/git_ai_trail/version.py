"""The version as a constant: reading package metadata costs a commit 38 ms. A test compares it with pyproject.toml."""

from __future__ import annotations

VERSION = "0.1.0"
