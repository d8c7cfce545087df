"""What a commit itself says of agents: trailers and footers that vendors' programs write, and authors that are programs.

All of it is a claim: anybody can write any line into a message and any name into an author, and programs that leave none exist.
It is shown as that and never counted. The forms are those that vendors document or write themselves.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from git_ai_trail.attach.trailers import last_block
from git_ai_trail.words import word

_MAX_MESSAGE = 64 * 1024
# Names in `Co-authored-by`, each with the mail addresses that go with it; a person may be called Claude.
_CO_AUTHORS = (
    ("Claude", re.compile(r"Claude\b.*", re.I), re.compile(r"noreply@anthropic\.com")),
    ("Codex", re.compile(r"(?:OpenAI )?Codex\b.*", re.I), re.compile(r"noreply@openai\.com|codex@openai\.com")),
    (
        "Copilot",
        re.compile(r"(?:GitHub )?Copilot\b.*|copilot-swe-agent\[bot\]", re.I),
        re.compile(r"(?:\d+\+)?copilot(?:-swe-agent\[bot\])?@users\.noreply\.github\.com|copilot@github\.com", re.I),
    ),
    ("Cursor", re.compile(r"Cursor\b.*", re.I), re.compile(r"cursoragent@cursor\.com")),
    (
        "Gemini",
        re.compile(r"Gemini\b.*|gemini-code-assist\[bot\]", re.I),
        re.compile(r".*gemini.*@.*google.*|.*gemini-code-assist.*", re.I),
    ),
    ("aider", re.compile(r"aider\b.*", re.I), re.compile(r"(?:noreply|aider)@aider\.chat")),
)
_AUTHORS = {
    "copilot-swe-agent[bot]": "Copilot",
    "copilot": "Copilot",
    "claude[bot]": "Claude",
    "claude": "Claude",
    "cursor agent": "Cursor",
    "cursor[bot]": "Cursor",
    "codex": "Codex",
    "chatgpt-codex-connector[bot]": "Codex",
    "devin-ai-integration[bot]": "Devin",
    "google-labs-jules[bot]": "Jules",
    "gemini-code-assist[bot]": "Gemini",
    "openhands": "OpenHands",
}
_PROGRAMS = re.compile(
    r"noreply@anthropic\.com|noreply@openai\.com|cursoragent@cursor\.com|.*\[bot\]@users\.noreply\.github\.com|\d+\+copilot@users\.noreply\.github\.com",
    re.I,
)
_KEYS = {
    "claude-session": "Claude",
    "agent-logs-url": "Copilot",
}
_NAMING = ("assisted-by", "generated-by", "made-with", "co-authored-by-ai", "ai-assisted-by")
_FOOTER = re.compile(r"Generated with \[(Claude Code|Codex|Cursor|Gemini CLI)\]\(https://[^)\s]{1,200}\)")
_PERSON = re.compile(r"(?P<name>[^<>\n]{1,200}?)\s*<(?P<mail>[^<>\s]{1,200})>")


class Claim(NamedTuple):
    """Which agent a commit says took part, and where: `trailer <Key>`, `footer` or `author`."""

    agent: str
    source: str


def claims(message: str, author: str, email: str) -> list[Claim]:
    """What the message and the author claim, each agent and place once, in order."""
    found: list[Claim] = []
    agent = _AUTHORS.get(author.strip().lower())
    if agent and _PROGRAMS.fullmatch(email.strip()):
        found.append(Claim(agent, "author"))
    text = message[:_MAX_MESSAGE]
    for key, value in last_block(text):
        name = key.lower()
        if name == "co-authored-by":
            agent = _co_author(value)
        elif name in _NAMING:
            agent = word(re.split(r"[\s:(]", value.strip(), maxsplit=1)[0])
            agent = "" if agent.lower() in ("none", "no") else agent
        else:
            agent = _KEYS.get(name, "")
        if agent:
            found.append(Claim(agent, f"trailer {word(key)}"))
    found += [Claim(footer[1], "footer") for footer in _FOOTER.finditer(text)]
    return list(dict.fromkeys(found))


def _co_author(value: str) -> str:
    person = _PERSON.fullmatch(value.strip())
    if person is None:
        return ""
    return next(
        (
            agent
            for agent, names, mails in _CO_AUTHORS
            if names.fullmatch(person["name"]) and mails.fullmatch(person["mail"])
        ),
        "",
    )
