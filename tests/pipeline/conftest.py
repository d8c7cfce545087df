"""Every test here redacts; many read the logs of Codex."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.patterns import compiled_patterns, patterns

__all__ = ["compiled_patterns", "patterns"]


@pytest.fixture
def codex(home: Path) -> Path:
    """Where Codex keeps its logs."""
    return home / ".codex"
