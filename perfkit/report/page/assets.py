"""The files that stand in a page: style and scripts, each told to the browser by its digest, and what draws plans."""

import base64
import hashlib
from functools import cache
from importlib.resources import files

from perfkit import report

_FOLDER = files(report) / "page"
# Of each element that page.js builds a drawing of: its id and the files whose text it holds.
_VIEWER_SCRIPTS = {
    "viewer-vue": "vendor/vue.js",
    "viewer-pev2": "vendor/pev2.js",
    "viewer-start": "viewer.js",
}
_VIEWER_STYLES = ("vendor/bootstrap.css", "vendor/pev2.css", "viewer.css")


@cache
def asset(name: str) -> str:
    """Return the text of a file of the page."""
    return (_FOLDER / name).read_text("utf-8")


def policy(*, plans: bool) -> str:
    """Return the page's Content-Security-Policy: nothing is fetched, no script runs but perfkit's own and what draws plans.

    Its frames inherit it. Style may stand in the page: pictures and bars have their own; images only in the text.
    """
    scripts = [asset("page.js"), *(asset(name) for name in _VIEWER_SCRIPTS.values() if plans)]
    digests = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {digests}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def viewer() -> str:
    """Return what draws plans, as text that no browser runs where it stands."""
    style = "".join(map(asset, _VIEWER_STYLES))
    parts = {"viewer-style": style} | {name: asset(file) for name, file in _VIEWER_SCRIPTS.items()}
    return "\n".join(f'<script type="text/plain" id="{name}">{part}</script>' for name, part in parts.items())


@cache
def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
