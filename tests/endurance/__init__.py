"""Killed, full, read-only, damaged, slow and large: what the tool owes its user then."""
