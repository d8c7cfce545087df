"""Every test here redacts."""

from __future__ import annotations

from tests.support.patterns import compiled_patterns, patterns

__all__ = ["compiled_patterns", "patterns"]
