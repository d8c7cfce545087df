#!/usr/bin/env bash
# Installs this very version of git-ai-trail, from the action's own checkout, into an environment that only this job uses.
# AI_TRAIL_PYTHON names an interpreter that has it already (for tests, and for runners that bring their own).
set -euo pipefail
if [ -n "${AI_TRAIL_PYTHON:-}" ]; then
    python=$AI_TRAIL_PYTHON
else
    folder="${RUNNER_TEMP:?}/ai-trail-venv"
    # Isolated: nothing of the checked-out repository can stand in for a module.
    [ -x "$folder/bin/python" ] || "${AI_TRAIL_BASE_PYTHON:-python3}" -I -m venv "$folder"
    python="$folder/bin/python"
    "$python" -I -m pip install --quiet --disable-pip-version-check --no-input "${GITHUB_ACTION_PATH:?}"
fi
"$python" -I -m git_ai_trail --version
printf 'python=%s\n' "$python" >>"${GITHUB_OUTPUT:?}"
