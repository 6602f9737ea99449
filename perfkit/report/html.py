"""The HTML format: one file that a browser shows without a network, for light and dark screens, narrow ones, and paper."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from perfkit import __version__
from perfkit.report.document import Block, Document, Paragraph, Plans, State, Tone, is_result, result_first
from perfkit.report.options import RenderOptions
from perfkit.report.page.anchors import Anchors, anchors_of, link
from perfkit.report.page.assets import asset, policy, viewer
from perfkit.report.page.blocks import block_html
from perfkit.report.page.escape import line, toned

# The states as they are counted on the page, the worst first.
_TONES = {
    State.ERROR: Tone.BAD,
    State.FAILED: Tone.BAD,
    State.WARNING: Tone.WARN,
    State.PASSED: Tone.GOOD,
    State.SKIPPED: Tone.FAINT,
}
# Fewer are seen at a glance.
_SECTIONS_LISTED = 3


def render(document: Document, options: RenderOptions) -> str:  # noqa: ARG001 - every format has this face
    """Return the document as a page of its own, ending in a newline.

    Nothing in the document is obeyed: hidden characters are written out, markup stays text, and the browser is told to
    run no script but perfkit's and to fetch nothing.
    """
    return _page(document.title, _document(document), plans=_has_plans(document))


def _page(title: str, body: Iterator[str], *, plans: bool) -> str:
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy(plans=plans)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{line(title)}</title>\n<style>\n{asset('style.css')}</style>\n</head>\n<body>\n<main>",
            *body,
            "</main>",
            *([viewer()] if plans else []),
            f"<script>{asset('page.js')}</script>\n</body>\n</html>\n",
        ]
    )


def _document(document: Document) -> Iterator[str]:
    blocks = result_first(document.blocks)
    anchors = anchors_of(blocks)
    counts = Counter(check.state for check in document.checks)
    lead = list(_lead(blocks))
    yield f"<header{toned(_worst(counts, lead))}>"
    # A path breaks behind its slashes.
    yield f"<h1>{line(document.title).replace('/', '/<wbr>')}</h1>"
    yield from _states(counts)
    for block in lead:
        yield from block_html(block, anchors)
    yield "</header>"
    body = [piece for block in blocks[len(lead) :] for piece in block_html(block, anchors)]
    if len(anchors.sections) >= _SECTIONS_LISTED:
        yield _contents(document.title, anchors)
    yield from body
    yield _foot(document)


def _lead(blocks: Sequence[Block]) -> Iterator[Paragraph]:
    """Yield the result, or where none is marked as one, the paragraphs that a document begins with."""
    marked = any(map(is_result, blocks))
    for block in blocks:
        if not isinstance(block, Paragraph) or (marked and not block.is_result):
            return
        yield block


def _worst(counts: Mapping[State, int], lead: Sequence[Paragraph]) -> Tone:
    """Return the worst tone of the checks and of what is told first."""
    tones = {_TONES[state] for state, count in counts.items() if count} | {told.tone for told in lead}
    return next((tone for tone in (Tone.BAD, Tone.WARN, Tone.GOOD) if tone in tones), Tone.PLAIN)


def _contents(title: str, anchors: Anchors) -> str:
    links = "".join(f"<li>{link(anchor, line(name))}</li>" for anchor, name in anchors.sections)
    return f'<nav aria-label="{line(f"Contents of {title}")}"><ul>{links}</ul></nav>'


def _states(counts: Mapping[State, int]) -> Iterator[str]:
    """Yield how many checks passed and did not, where there are any."""
    told = [
        f"<li{toned(tone)}>{counts[state]:,} {state}</li>" for state, tone in _TONES.items() if counts[state]
    ]
    if told:
        yield f'<ul class="states" aria-label="Checks">{"".join(told)}</ul>'


def _foot(document: Document) -> str:
    at = document.data.get("measured_at")
    measured = f" · measured {at:%Y-%m-%d %H:%M %Z}" if isinstance(at, datetime) else ""
    return f"<footer>perfkit {__version__}{measured} · {line(document.schema)}</footer>"


def _has_plans(document: Document) -> bool:
    return any(isinstance(block, Plans) and block.plans for block in document.blocks)
