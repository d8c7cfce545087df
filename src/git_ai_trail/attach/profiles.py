"""How projects want AI assistance disclosed in a commit message: a profile gives the lines. Hot path.

No profile ever writes Signed-off-by, which is a person's statement, or Co-authored-by, which makes a tool an author.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple


class Tool(NamedTuple):
    """An agent as a disclosure names it."""

    brand: str
    model: str


class Profile(NamedTuple):
    """`key` is the trailer's, `mostly` the one for a commit that is mostly generated; no `value`: no line at all."""

    key: str
    mostly: str
    value: Callable[[Tool], str] | None


def _with_colon(tool: Tool) -> str:
    return f"{tool.brand}:{tool.model}" if tool.model else tool.brand


def _with_model(tool: Tool) -> str:
    return f"{tool.brand} {tool.model}" if tool.model else tool.brand


def _brand(tool: Tool) -> str:
    return tool.brand


def _kind(tool: Tool) -> str:
    return "LLM"


def _no_brand(tool: Tool) -> str:
    return "AI coding assistant"


_SILENT = Profile("", "", None)

PROFILES = {
    "default": Profile("Assisted-by", "Assisted-by", _with_colon),
    "linux": Profile("Assisted-by", "Assisted-by", _kind),
    "linux-2025": Profile("Assisted-by", "Assisted-by", _with_colon),
    "fedora": Profile("Assisted-by", "Assisted-by", _with_model),
    "llvm": Profile("Assisted-by", "Assisted-by", _brand),
    "apache": Profile("Generated-by", "Generated-by", _brand),
    "openinfra": Profile("Assisted-By", "Generated-By", _with_model),
    "nodejs": Profile("Assisted-by", "Assisted-by", _no_brand),
    "none": _SILENT,
    "kubernetes": _SILENT,
    "forbid": _SILENT,
}

# Agents whose name is not simply their id with a capital.
BRANDS = {
    "claude": "Claude",
    "claude-code": "Claude",
    "codex": "Codex",
    "copilot": "Copilot",
    "gemini": "Gemini",
    "gemini-cli": "Gemini",
    "github-copilot": "Copilot",
    "github-copilot-chat": "Copilot",
    "opencode": "OpenCode",
}


def adds_lines(profile: str) -> bool:
    """Whether the profile allows any line in the message, ours included. An unknown profile allows none."""
    return PROFILES.get(profile, _SILENT).value is not None


def disclosure(profile: str, pairs: Iterable[tuple[str, str]], *, generated_mostly: bool) -> list[tuple[str, str]]:
    """The disclosing trailers for (agent, model) pairs, each once, in order; a model may be empty."""
    form = PROFILES.get(profile, _SILENT)
    if form.value is None:
        return []
    key = form.mostly if generated_mostly else form.key
    values = dict.fromkeys(form.value(Tool(brand(agent), model)) for agent, model in pairs if agent)
    return [(key, value) for value in values]


def brand(agent: str) -> str:
    """The agent's name as people write it in a disclosure: the same for its name and for the word that a record has for it."""
    return BRANDS.get(agent.lower().replace(" ", "-"), (agent[:1].upper() + agent[1:]).replace(" ", "-"))
