"""Markdown as GitHub renders it: its own renderer with its extensions, and the result as a tree that tests can look into."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options

_EXTENSIONS = ["table", "autolink", "strikethrough", "tagfilter", "tasklist"]
# GitHub lets raw HTML through here and cleans it afterwards; so must we, to see what would be HTML.
_OPTIONS = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES
_VOID = {"br", "hr", "img", "input", "link", "meta", "wbr"}


@dataclass(slots=True)
class Element:
    """An element of a page; `children` are elements and texts, a comment between two texts keeps them apart."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element | str] = field(default_factory=list)

    def all(self, *tags: str) -> list[Element]:
        """Every element below this one, in order; with `tags` only those."""
        found: list[Element] = []
        for child in self.children:
            if isinstance(child, Element):
                found += [child] if not tags or child.tag in tags else []
                found += child.all(*tags)
        return found

    def text(self) -> str:
        """All text below this element."""
        return "".join(child if isinstance(child, str) else child.text() for child in self.children)

    def prose(self) -> Iterator[str]:
        """The pieces of text in which GitHub looks for people, issues and emoji: those outside of code and links."""
        for child in self.children:
            if isinstance(child, str):
                yield child
            elif child.tag not in ("code", "pre", "a", "style", "script"):
                yield from child.prose()


class _Tree(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("")
        self.open = [self.root]
        self.wrong: list[str] = []
        self.apart = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        self.apart = True
        if tag not in _VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))
        self.apart = True

    def handle_endtag(self, tag: str) -> None:
        self.apart = True
        if self.open[-1].tag == tag:
            self.open.pop()
        else:
            self.wrong.append(f"</{tag}> within <{self.open[-1].tag}>")

    def handle_data(self, data: str) -> None:
        here = self.open[-1].children
        if here and isinstance(here[-1], str) and not self.apart:
            here[-1] += data
        else:
            here.append(data)
        self.apart = False

    def handle_comment(self, data: str) -> None:
        self.apart = True


def page(html: str) -> Element:
    """The tree of a page; a tag that closes what is not open, or is not closed, is an error."""
    tree = _Tree()
    tree.feed(html)
    tree.close()
    assert not tree.wrong, tree.wrong
    assert tree.open == [tree.root], f"<{tree.open[-1].tag}> is not closed"
    return tree.root


def html(markdown: str) -> str:
    """What GitHub's renderer makes of it."""
    return str(cmarkgfm.markdown_to_html_with_extensions(markdown, _OPTIONS, _EXTENSIONS))


def rendered(markdown: str) -> Element:
    """The tree of what GitHub's renderer makes of it."""
    return page(html(markdown))
