"""Static assets: what a page loads, and what its server answers to a browser that wants it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import quote, urldefrag, urljoin, urlsplit

from perfkit.bench.api.http import Answer, ask

_ENCODINGS = {"accept-encoding": "br, gzip, zstd"}
_LINKED = frozenset({"stylesheet", "icon", "modulepreload", "preload"})
_SOURCES = frozenset({"script", "img", "source", "video", "audio"})
# Of a URL as pages write it, these stand as they are; a browser encodes all else.
_AS_WRITTEN = "%/:?#[]@!$&'()*+,;=~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """What a path answers to a browser, and what it answers when the browser says that it has it already.

    `revalidated` is the status of the second answer, None where the first gave nothing to ask by.
    """

    path: str
    status: int
    headers: Mapping[str, str]
    size_bytes: int
    revalidated: int | None
    page: bool = False


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, None] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        is_linked = tag == "link" and _LINKED & set((values.get("rel") or "").split())
        url = values.get("href") if is_linked else values.get("src") if tag in _SOURCES else None
        if url:
            self.found[url] = None


def look_at(base: str, pages: Iterable[str], headers: Mapping[str, str]) -> tuple[Asset, ...]:
    """Return the pages and what they load from the same host, each once; ConnectError when one does not answer."""
    found: dict[str, Asset] = {}
    for page in pages:
        url = base + page
        answer = ask(url, headers={**headers, **_ENCODINGS})
        found[url] = _asset(url, answer, headers, page=True)
        if answer.status == 200 and is_html(answer):
            # Once more, in a form that can be read here.
            links = links_of(ask(url, headers=headers).body.decode(errors="replace"), url)
            for link in links:
                if link not in found:
                    found[link] = _asset(
                        link, ask(link, headers={**headers, **_ENCODINGS}), headers, page=False
                    )
    return tuple(found.values())


def is_html(answer: Answer) -> bool:
    """Tell whether an answer is a page."""
    return "html" in answer.headers.get("content-type", "")


def links_of(page: str, url: str) -> tuple[str, ...]:
    """Return the URLs that a page loads from its own host, as a browser would ask for them; a broken one is left out."""
    links = _Links()
    links.feed(page)
    return tuple(dict.fromkeys(_on_host(links.found, url)))


def _on_host(links: Iterable[str], url: str) -> Iterator[str]:
    for link in links:
        try:
            whole = urldefrag(urljoin(url, link.strip())).url
            if urlsplit(whole)[:2] == urlsplit(url)[:2]:
                yield quote(whole, safe=_AS_WRITTEN)
        except ValueError:
            continue


def _asset(url: str, answer: Answer, headers: Mapping[str, str], *, page: bool) -> Asset:
    parts = urlsplit(url)
    return Asset(
        path=f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}",
        status=answer.status,
        headers={name.lower(): value for name, value in answer.headers.items()},
        size_bytes=len(answer.body),
        revalidated=_revalidated(url, answer, headers),
        page=page,
    )


def _revalidated(url: str, answer: Answer, headers: Mapping[str, str]) -> int | None:
    etag, modified = answer.headers.get("etag"), answer.headers.get("last-modified")
    if not (etag or modified):
        return None
    has = {"if-none-match": etag} if etag else {"if-modified-since": modified or ""}
    return ask(url, headers={**headers, **_ENCODINGS, **has}).status
