"""Shell text that agents run: what it writes, moves and commits. Shared by the formats."""
