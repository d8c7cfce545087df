#!/usr/bin/env bash
# Runs the mode that the inputs name; they come as AI_TRAIL_*, so that no text of a workflow or an event is part of a command.
set -euo pipefail
exec "${AI_TRAIL_INTERPRETER:?}" -I -m git_ai_trail action
