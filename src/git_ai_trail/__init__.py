"""git ai-trail: which coding-agent session produced these lines, and how we know."""
