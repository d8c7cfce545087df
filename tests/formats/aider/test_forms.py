"""An answer is read in the edit format in which it was given, whatever the person chooses before it is applied."""

from __future__ import annotations

import json

from git_ai_trail.facts import Edit, Event
from git_ai_trail.formats import aider

PATH = "/src/shop/.aider.chat.history.md#aider-0123abcd-20260301-120000"
ANSWER = "```diff\n--- cart.py\n+++ cart.py\n@@ ... @@\n def total(items):\n+    return sum(items)\n```\n"
LINES = [
    {"type": "session", "started": "2026-03-01 12:00:00", "version": "0.86.2"},
    {"type": "notice", "text": "Main model: gpt-5 with udiff edit format"},
    {"type": "prompt", "text": "Total"},
    {"type": "answer", "text": ANSWER},
    {"type": "notice", "text": "Main model: gpt-5 with whole edit format"},
    {"type": "notice", "text": "Applied edit to cart.py"},
]


def read(stop: int) -> list[Event]:
    """The events of the lines, of which those from `stop` on are read by a reader that goes on."""
    texts = [json.dumps(line, separators=(",", ":")).encode() for line in LINES]
    offsets = [sum(len(one) + 1 for one in texts[:number]) for number in range(len(texts))]
    reader = aider.reader(PATH)
    events = [event for number in range(stop) for event in reader.feed(texts[number], offsets[number])]
    state = json.loads(json.dumps(reader.state()))
    reader = aider.reader(PATH, state)
    for offset in aider.open_offsets(state):
        reader.feed(texts[offsets.index(offset)], offset)
    return events + [
        event for number in range(stop, len(texts)) for event in reader.feed(texts[number], offsets[number])
    ]


def test_the_form_of_the_answer_holds_until_it_is_applied() -> None:
    edits = [event.data for event in read(len(LINES)) if isinstance(event.data, Edit)]
    assert [edit.added for edit in edits] == [(("    return sum(items)",),)]


def test_a_reader_that_goes_on_knows_it_too() -> None:
    assert all(read(stop) == read(len(LINES)) for stop in range(1, len(LINES)))
