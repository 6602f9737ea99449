"""Text as it stands in HTML: hidden characters written out, nothing of it markup."""

import html
import re

from perfkit.report.document import Tone
from perfkit.report.layout import one_line, visible

_VERBS = "ALTER|ANALYZE|CLUSTER|COMMENT|CREATE|DROP|GRANT|REINDEX|RESET|REVOKE|SELECT|SET|VACUUM"
# A line that begins as a statement does is one, and within a sentence what goes to a semicolon.
_STATEMENT = re.compile(rf"(^(?:{_VERBS}) .*$|\b(?:{_VERBS}) [^;\n]*;)", re.MULTILINE)


def text(words: str) -> str:
    """Return the words, line ends and all, for an element or a quoted attribute."""
    return html.escape(visible(words))


def prose(words: str) -> str:
    """Return the words, line ends and all, for an element, the SQL statements among them as code."""
    parts = _STATEMENT.split(visible(words))
    return "".join(
        f"<code>{html.escape(part)}</code>" if number % 2 else html.escape(part)
        for number, part in enumerate(parts)
    )


def line(words: str) -> str:
    """Return the words in one line, for an element or a quoted attribute."""
    return html.escape(one_line(words))


def toned(tone: Tone, *classes: str) -> str:
    """Return the class attribute of a tone and further classes, '' when there is none."""
    names = [*classes, *([] if tone is Tone.PLAIN else [str(tone)])]
    return f' class="{" ".join(names)}"' if names else ""
