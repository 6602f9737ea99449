"""Static assets: what a page loads, and whether their headers let browsers and CDNs keep them, and send them small."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from perfkit import units
from perfkit.bench.api import thresholds
from perfkit.bench.api.http import Answer, ask
from perfkit.findings import Finding, Severity, ranked

_HASHED = re.compile(r"[.-][0-9A-Za-z_]*\d[0-9A-Za-z_]*(?=\.\w+$)|[.-][0-9a-f]{8,}(?=\.\w+$)")
_HASH_LENGTH = 7
_TEXT = re.compile(r"text/|javascript|json|xml|svg|wasm")
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=(\d+)")
_ENCODINGS = {"accept-encoding": "br, gzip, zstd"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """What a URL answers to a browser, and what it answers when the browser says that it has it already."""

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
        rel = (values.get("rel") or "").split()
        link = (
            values.get("href")
            if tag == "link" and {"stylesheet", "icon", "modulepreload", "preload"} & set(rel)
            else None
        )
        source = values.get("src") if tag in {"script", "img", "source", "video", "audio"} else None
        if url := link or source:
            self.found[url] = None


def look_at(url: str, pages: Iterable[str]) -> tuple[Asset, ...]:
    """Return the pages and what they load from the same host, each once; ConnectError when one does not answer."""
    found: dict[str, Asset] = {}
    for page in pages:
        answer = ask(url + page)
        if answer.status != 200 or "html" not in answer.headers.get("content-type", ""):
            continue
        found[page] = _asset(url, page, page=True)
        links = _Links()
        links.feed(answer.body.decode(errors="replace"))
        for link in links.found:
            whole = urljoin(url + page, link)
            path = whole.removeprefix(url)
            if urlsplit(whole).netloc == urlsplit(url).netloc and path not in found:
                found[path] = _asset(url, path, page=False)
    return tuple(found.values())


def findings_of(assets: Iterable[Asset]) -> tuple[Finding, ...]:
    """Return what is wrong with the assets' headers, worst first."""
    return ranked(tuple(finding for asset in assets for check in _CHECKS for finding in check(asset)))


def _asset(url: str, path: str, *, page: bool) -> Asset:
    answer = ask(url + path, headers=_ENCODINGS)
    return Asset(
        path=path,
        status=answer.status,
        headers={name.lower(): value for name, value in answer.headers.items()},
        size_bytes=len(answer.body),
        revalidated=_revalidated(url + path, answer),
        page=page,
    )


def _revalidated(url: str, answer: Answer) -> int | None:
    """Return the status for a browser that has it already; None where the answer gave nothing to ask by."""
    etag, modified = answer.headers.get("etag"), answer.headers.get("last-modified")
    if etag:
        return ask(url, headers={**_ENCODINGS, "if-none-match": etag}).status
    return ask(url, headers={**_ENCODINGS, "if-modified-since": modified}).status if modified else None


def _missing(asset: Asset) -> Iterator[Finding]:
    if asset.status != 200:
        yield _finding(
            "asset-missing",
            Severity.ERROR,
            asset,
            f"answers {asset.status}",
            "publish the file, or do not link to it",
        )


def _compression(asset: Asset) -> Iterator[Finding]:
    kind = asset.headers.get("content-type", "")
    packed = asset.headers.get("content-encoding", "identity") != "identity"
    if (
        asset.status == 200
        and not packed
        and _TEXT.search(kind)
        and asset.size_bytes >= thresholds.COMPRESS_BYTES
    ):
        yield _finding(
            "asset-compression",
            Severity.WARNING,
            asset,
            f"is text, {units.format_bytes(asset.size_bytes)}, and not compressed",
            "compress it once when it is built, and serve that (nginx: gzip_static on; gzip_vary on;)",
        )
    if packed and "accept-encoding" not in asset.headers.get("vary", "").lower():
        yield _finding(
            "asset-vary",
            Severity.ERROR,
            asset,
            "is compressed without Vary: a cache may give it to who cannot read it",
            "send Vary: Accept-Encoding (nginx: gzip_vary on;)",
        )


def _validators(asset: Asset) -> Iterator[Finding]:
    if asset.status != 200:
        return
    if asset.revalidated is None:
        yield _finding(
            "asset-validator",
            Severity.WARNING,
            asset,
            "has neither ETag nor Last-Modified",
            "send an ETag of its content",
        )
    elif asset.revalidated != 304:
        yield _finding(
            "asset-revalidation",
            Severity.WARNING,
            asset,
            f"answers {asset.revalidated} to a browser that has it already",
            "answer 304 when If-None-Match names its ETag",
        )


def _lifetime(asset: Asset) -> Iterator[Finding]:
    if asset.status != 200:
        return
    control = asset.headers.get("cache-control", "").lower()
    match = _MAX_AGE.search(control)
    lifetime_s = int(match[1]) if match else 0
    if asset.page or not is_hashed(asset.path):
        if lifetime_s > (0 if asset.page else thresholds.UNNAMED_LIFETIME_S) or "immutable" in control:
            yield _finding(
                "asset-stale",
                Severity.ERROR,
                asset,
                f"is kept for {lifetime_s:,} s under a name that stays: a release is not seen until then",
                "Cache-Control: no-cache" if asset.page else "put a hash of its content in its name",
            )
        elif not control:
            yield _finding(
                "asset-lifetime",
                Severity.WARNING,
                asset,
                "has no Cache-Control: each browser guesses",
                "Cache-Control: no-cache; an asset with a hash in its name may be kept for ever",
            )
    elif lifetime_s < thresholds.LIFETIME_S or "no-store" in control or "no-cache" in control:
        yield _finding(
            "asset-lifetime",
            Severity.WARNING,
            asset,
            f"has a hash in its name, but is kept for {lifetime_s:,} s only",
            f"Cache-Control: public, max-age={thresholds.LIFETIME_S}, immutable",
        )
    elif "immutable" not in control:
        yield _finding(
            "asset-immutable",
            Severity.INFO,
            asset,
            "can never change, but is asked for again on each reload",
            f"Cache-Control: public, max-age={thresholds.LIFETIME_S}, immutable",
        )


_CHECKS: tuple[Callable[[Asset], Iterator[Finding]], ...] = (_missing, _compression, _validators, _lifetime)


def is_hashed(path: str) -> bool:
    """Tell whether the file's name holds a hash of its content, as bundlers write it: name.3f9a2c1b.js, name-BxZ8k2Qa.css."""
    match = _HASHED.search(urlsplit(path).path)
    return match is not None and len(match[0]) > _HASH_LENGTH


def _finding(rule: str, severity: Severity, asset: Asset, title: str, fix: str) -> Finding:
    return Finding(
        rule=rule,
        severity=severity,
        title=f"{asset.path} {title}",
        node=asset.path,
        evidence={
            "status": asset.status,
            "size_bytes": asset.size_bytes,
            **{
                name.replace("-", "_"): asset.headers[name]
                for name in ("content-type", "content-encoding", "cache-control", "etag", "vary")
                if name in asset.headers
            },
        },
        fix=fix,
        impact=0.0,
    )
