"""Text as it stands in HTML: hidden characters written out, nothing of it markup."""

import html

from perfkit.report.document import Tone
from perfkit.report.layout import one_line, visible


def text(words: str) -> str:
    """Return the words, line ends and all, for an element or a quoted attribute."""
    return html.escape(visible(words))


def line(words: str) -> str:
    """Return the words in one line, for an element or a quoted attribute."""
    return html.escape(one_line(words))


def toned(tone: Tone, *classes: str) -> str:
    """Return the class attribute of a tone and further classes, '' when there is none."""
    names = [*classes, *([] if tone is Tone.PLAIN else [str(tone)])]
    return f' class="{" ".join(names)}"' if names else ""
