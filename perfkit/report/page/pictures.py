"""A picture in a page: its SVG inline, its ids and style kept from those of the others and the page's own."""

import re

from perfkit.report.document import Picture

_ID = re.compile(r'(\s(?:id|aria-labelledby)=")([^"]*)(")')
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def picture_html(picture: Picture, name: str) -> str:
    """Return the figure under an id, which no other place of the page has."""
    named = _ID.sub(lambda match: match[1] + _prefixed(match[2], name) + match[3], picture.svg.strip())
    # A style in an inline SVG would hold for the whole page.
    scoped = _STYLE.sub(lambda match: f"<style>#{name} {{{match[1]}}}</style>", named)
    return f'<figure id="{name}">{scoped}</figure>'


def _prefixed(ids: str, name: str) -> str:
    return " ".join(f"{name}-{each}" for each in ids.split())
