"""What each log file holds: offsets, times, ids and keyed line digests, never text. Derived and disposable."""
