"""Judgement of static assets: whether their headers let browsers and CDNs keep them, and send them small."""

import re
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import urlsplit

from perfkit import units
from perfkit.bench.api import thresholds
from perfkit.bench.api.assets import Asset
from perfkit.findings import Finding, Severity, ranked

_TEXT = re.compile(r"text/|javascript|json|xml|svg|wasm")
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=(\d+)")
# A part of a file's name: hexadecimal with letters and digits, as webpack and Django write it: main.3f9a2c1b.js
_HEXADECIMAL = re.compile(r"(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,64}")
# The last part, as Vite writes it, 8 letters of base64: index-DiwrgTda.css; a word may look so too: page-MainMenu.css
_BASE64 = re.compile(r"[.-](?=[\w-]*[A-Z0-9])[\w-]{8,}\.\w+")
_FOR_EVER = f"Cache-Control: public, max-age={thresholds.LIFETIME_S}, immutable"
_UNCACHED = "Cache-Control: no-cache"
_VERSIONED = re.compile(r"(?:^|&)(?:v|ver|version|hash|h)=")


def findings_of(assets: Iterable[Asset]) -> tuple[Finding, ...]:
    """Return what is wrong with the assets' headers, worst first."""
    return ranked(tuple(finding for asset in assets for check in _CHECKS for finding in check(asset)))


def has_hash(path: str) -> bool:
    """Tell whether the file's name holds a hash of its content without any doubt."""
    name = urlsplit(path).path.rpartition("/")[2]
    return any(_HEXADECIMAL.fullmatch(part) for part in re.split(r"[._-]", name))


def may_have_hash(path: str) -> bool:
    """Tell whether the name, or what follows it as in app.js?v=7, may change with the content."""
    parts = urlsplit(path)
    return has_hash(path) or bool(_BASE64.search(parts.path) or _VERSIONED.search(parts.query))


def _missing(asset: Asset) -> Iterator[Finding]:
    if asset.status != 200:
        yield _finding(
            "asset-missing",
            Severity.ERROR,
            asset,
            f"answers {asset.status}",
            "name a page that is there: [api] pages"
            if asset.page
            else "publish the file, or do not link to it",
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
    if asset.page:
        yield from _staying(asset, control, lifetime_s, limit_s=thresholds.PAGE_LIFETIME_S)
    elif not may_have_hash(asset.path):
        yield from _staying(asset, control, lifetime_s, limit_s=thresholds.UNNAMED_LIFETIME_S)
    elif has_hash(asset.path):
        yield from _hashed(asset, control, lifetime_s)


def _staying(asset: Asset, control: str, lifetime_s: int, limit_s: int) -> Iterator[Finding]:
    """Yield what is wrong with an asset whose name stays when its content changes."""
    fix = _UNCACHED if asset.page else "put a hash of its content in its name"
    if lifetime_s > limit_s or "immutable" in control:
        yield _finding(
            "asset-stale",
            Severity.ERROR,
            asset,
            f"is kept for {lifetime_s:,} s under a name that stays: a release is not seen until then",
            fix,
        )
    elif not control:
        yield _finding(
            "asset-lifetime",
            Severity.WARNING,
            asset,
            "has no Cache-Control: each browser guesses",
            f"{_UNCACHED}; an asset with a hash in its name may be kept for ever",
        )


def _hashed(asset: Asset, control: str, lifetime_s: int) -> Iterator[Finding]:
    """Yield what is wrong with an asset whose name never means other content."""
    if lifetime_s < thresholds.LIFETIME_S or "no-store" in control or "no-cache" in control:
        yield _finding(
            "asset-lifetime",
            Severity.WARNING,
            asset,
            f"has a hash in its name, but is kept for {lifetime_s:,} s only",
            _FOR_EVER,
        )
    elif "immutable" not in control:
        yield _finding(
            "asset-immutable",
            Severity.INFO,
            asset,
            "can never change, but is asked for again on each reload",
            _FOR_EVER,
        )


_CHECKS: tuple[Callable[[Asset], Iterator[Finding]], ...] = (_missing, _compression, _validators, _lifetime)


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
