"""Anchors: the places of a page that links lead to, each id once on the page."""

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote

from perfkit.health.model import HealthState
from perfkit.report.document import Block, Listing, Plans
from perfkit.report.layout import one_line

# The name that an item's heading begins with, such as a case's; before that of a health check stands its state.
_NAME = re.compile(rf"(?:(?:{'|'.join(HealthState)}): )?(\S+?)(?:: | \(|$)")


@dataclass(frozen=True, slots=True)
class Anchors:
    """The ids that are taken, those of the names that items and plans tell of, and the titles that were met, by id."""

    taken: set[str] = field(default_factory=set)
    items: dict[str, str] = field(default_factory=dict)
    plans: dict[str, str] = field(default_factory=dict)
    sections: list[tuple[str, str]] = field(default_factory=list)

    def new(self, words: str) -> str:
        """Return an id of its own that reads like the words."""
        stem = "-".join(one_line(words).split()) or "section"
        name, number = stem, 2
        while name in self.taken:
            name, number = f"{stem}-{number}", number + 1
        self.taken.add(name)
        return name

    def of_case(self, name: str) -> str:
        """Return where most is told of the name: its item, else its plan, '' when nowhere."""
        return self.items.get(name) or self.plans.get(name, "")


def anchors_of(blocks: Iterable[Block]) -> Anchors:
    """Return the anchors of a document's blocks."""
    anchors = Anchors()
    for block in blocks:
        if isinstance(block, Listing):
            for item in block.items:
                name = "" if item.language else name_of(item.heading)
                if name and name not in anchors.items:
                    anchors.items[name] = anchors.new(name)
        if isinstance(block, Plans):
            for plan in block.plans:
                anchors.plans[plan.name] = anchors.new(f"plan:{plan.name}")
    return anchors


def name_of(heading: str) -> str:
    """Return the name that a heading begins with, '' when it begins with words."""
    match = _NAME.match(one_line(heading))
    return match[1] if match else ""


def identified(anchor: str) -> str:
    """Return the attribute that makes an element the anchor's place, '' for none."""
    return f' id="{html.escape(anchor)}"' if anchor else ""


def link(anchor: str, words: str, attributes: str = "") -> str:
    """Return the words, HTML already, as a link to the anchor; as they are when there is none."""
    return f'<a href="#{quote(anchor)}"{attributes}>{words}</a>' if anchor else words
