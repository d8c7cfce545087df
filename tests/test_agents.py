"""The names of the agents stand apart from their readers; both say the same."""

from __future__ import annotations

from git_ai_trail.agents import AGENTS, spoken
from git_ai_trail.formats import FORMATS
from git_ai_trail.words import agent_word


def test_every_reader_is_named() -> None:
    assert {fmt.NAME: fmt.AGENT for fmt in FORMATS} == AGENTS


def test_a_name_from_a_record_is_spoken_as_people_write_it() -> None:
    for name in AGENTS.values():
        assert spoken(agent_word(name)) == name
        assert spoken(name) == name
