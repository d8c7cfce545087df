"""What the GitHub Action does: one module a mode, and what they share. Everything from outside the base branch is data."""
