"""Redaction: a log's events in, a `CleanSession` out. What other folders may use of it is named here."""

from git_ai_trail.redact.identity import Identity
from git_ai_trail.redact.near import NearMiss, near_misses
from git_ai_trail.redact.publish import Finding, publish_scan
from git_ai_trail.redact.scrub import EditDigests, Scrubber, is_clean

__all__ = ["EditDigests", "Finding", "Identity", "NearMiss", "Scrubber", "is_clean", "near_misses", "publish_scan"]
