"""Static files: kept in memory, compressed once, under names that hold a hash of what is in them.

A name never means other content, so that a browser or CDN may keep it for ever; only the page itself is asked for anew.
"""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

FOLDER = Path(__file__).parent / "static"
PAGE = "index.html"
PREFIX = "/static/"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html"}
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"
_HASH_LENGTH = 10


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file's content by content encoding ("" for none), its type, and how long it may be kept."""

    contents: Mapping[str, bytes]
    media_type: str
    cache_control: str


def load_files(folder: Path = FOLDER) -> dict[str, StaticFile]:
    """Return the files by the paths of their URLs; the page, at "/", has the paths of the others in place of `{name}`."""
    files = {}
    page = (folder / PAGE).read_text("utf-8")
    for path in sorted(folder.iterdir()):
        if path.name == PAGE:
            continue
        content = path.read_bytes()
        url = f"{PREFIX}{path.stem}.{hashlib.sha256(content).hexdigest()[:_HASH_LENGTH]}{path.suffix}"
        page = page.replace(f"{{{path.name}}}", url)
        files[url] = _made(content, path.suffix, _FOR_EVER)
    return files | {"/": _made(page.encode(), ".html", _ASK_AGAIN)}


def answer(request: Request, file: StaticFile) -> Response:
    """Return the file in the best encoding that is accepted, or 304 when the client has it already."""
    encoding = _accepted(request.headers.get("accept-encoding", ""), file)
    content = file.contents[encoding]
    # A validator of its own for each encoding, as they differ byte for byte (RFC 9110, 8.8.3).
    etag = f'"{hashlib.sha256(content).hexdigest()[: _HASH_LENGTH * 2]}"'
    headers = {"etag": etag, "cache-control": file.cache_control, "vary": "Accept-Encoding"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if encoding:
        headers["content-encoding"] = encoding
    return Response(content, media_type=file.media_type, headers=headers)


def _made(content: bytes, suffix: str, cache_control: str) -> StaticFile:
    contents = {"": content, "gzip": gzip.compress(content, 9, mtime=0)}
    if find_spec("brotli"):
        import brotli

        contents["br"] = brotli.compress(content)
    return StaticFile(contents, _TYPES[suffix], cache_control)


def _accepted(header: str, file: StaticFile) -> str:
    """Return "br" before "gzip" before none; an encoding with q=0 is refused (RFC 9110, 12.5.3)."""
    offers = [offer.replace(" ", "").lower() for offer in header.split(",")]
    taken = {
        offer.partition(";")[0]
        for offer in offers
        if offer.partition(";")[2] not in {"q=0", "q=0.0", "q=0.00"}
    }
    return next((encoding for encoding in ("br", "gzip") if encoding in taken & file.contents.keys()), "")
