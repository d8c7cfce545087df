"""Detectors that are code because a pattern alone cannot tell a secret from what looks like one."""
