"""Which sessions produced a commit, and which of its lines. Pure: no git, no database, no text."""
