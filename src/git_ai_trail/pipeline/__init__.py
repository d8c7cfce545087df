"""Where the stages meet: each module is what one or a few commands do, top to bottom."""
