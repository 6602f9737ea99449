"""Static assets: what a page loads, and what their headers are judged to be worth."""

from typing import Any

import pytest

from perfkit.bench.api.assets import Asset, links_of
from perfkit.bench.api.judgement import findings_of, has_hash, may_have_hash

FOR_EVER = "public, max-age=31536000, immutable"
GOOD = {"content-type": "text/css", "etag": '"1"', "content-encoding": "br", "vary": "Accept-Encoding"}


def rules(
    path: str = "/app.3f9a2c1b.css", *, size: int = 5_000, status: int = 200, **headers: str
) -> set[str]:
    """Return the rules that an asset breaks; headers are added to good ones, '' takes one away."""
    named = (
        GOOD
        | {"cache-control": FOR_EVER}
        | {name.replace("_", "-"): value for name, value in headers.items()}
    )
    asset = Asset(
        path=path,
        status=status,
        headers={name: value for name, value in named.items() if value},
        size_bytes=size,
        revalidated=304,
        page=path.endswith("/"),
    )
    return {finding.rule for finding in findings_of([asset])}


def test_a_good_asset_has_no_finding() -> None:
    assert rules() == set()
    assert rules("/", cache_control="no-cache") == set()
    assert (
        rules(
            "/logo.png", content_type="image/png", content_encoding="", vary="", cache_control="max-age=3600"
        )
        == set()
    )


@pytest.mark.parametrize(
    ("rule", "path", "headers"),
    [
        ("asset-compression", "/app.3f9a2c1b.css", {"content_encoding": ""}),
        ("asset-vary", "/app.3f9a2c1b.css", {"vary": ""}),
        ("asset-lifetime", "/app.3f9a2c1b.css", {"cache_control": "max-age=600"}),
        ("asset-lifetime", "/app.3f9a2c1b.css", {"cache_control": "no-cache"}),
        ("asset-immutable", "/app.3f9a2c1b.css", {"cache_control": "public, max-age=31536000"}),
        ("asset-stale", "/app.css", {"cache_control": FOR_EVER}),
        ("asset-stale", "/", {"cache_control": "max-age=86400"}),
        ("asset-lifetime", "/app.css", {"cache_control": ""}),
    ],
)
def test_each_fault_has_its_finding(rule: str, path: str, headers: dict[str, Any]) -> None:
    assert rules(path, **headers) == {rule}


def test_what_is_too_small_or_no_text_needs_no_compression() -> None:
    assert rules(size=1_399, content_encoding="") == set()
    assert rules(size=1_400, content_encoding="") == {"asset-compression"}
    assert rules("/crest.3f9a2c1b.png", content_type="image/png", content_encoding="") == set()


def test_a_missing_asset_is_that_alone() -> None:
    assert rules(status=404, cache_control="", etag="", content_encoding="") == {"asset-missing"}


@pytest.mark.parametrize(("revalidated", "rule"), [(None, "asset-validator"), (200, "asset-revalidation")])
def test_a_browser_that_has_it_must_not_be_sent_it_again(revalidated: int | None, rule: str) -> None:
    asset = Asset(
        path="/app.3f9a2c1b.css",
        status=200,
        headers=GOOD | {"cache-control": FOR_EVER},
        size_bytes=1,
        revalidated=revalidated,
    )
    (finding,) = findings_of([asset])
    assert finding.rule == rule


@pytest.mark.parametrize(
    ("path", "surely", "perhaps"),
    [
        ("/static/app.3f9a2c1b.js", True, True),  # webpack, esbuild
        ("/static/base.27e20196a850.css", True, True),  # Django
        ("/app-8d39b0a8d1d5e1c5e9aab4a4f9a3ab5a.js", True, True),  # Rails, Phoenix
        ("/assets/runtime.8e0d62a1.chunk.js", True, True),
        ("/assets/index-DiwrgTda.css", False, True),  # Vite
        ("/assets/index-C2-3kz_Q.js", False, True),
        ("/app.js?v=7", False, True),
        ("/app.js", False, False),
        ("/jquery-3.7.1.min.js", False, False),
        ("/bootstrap.min.css", False, False),
        ("/feedface.js", False, False),
        ("/facade.css", False, False),
        ("/annual-report.pdf", False, False),
    ],
)
def test_a_hash_in_a_name_is_seen(path: str, surely: bool, perhaps: bool) -> None:  # noqa: FBT001
    assert (has_hash(path), may_have_hash(path)) == (surely, perhaps)


def test_a_name_that_may_have_a_hash_is_neither_kept_too_long_nor_too_short() -> None:
    assert rules("/assets/index-DiwrgTda.css") == set()
    assert rules("/assets/index-DiwrgTda.css", cache_control="max-age=60") == set()


def test_links_are_asked_for_as_a_browser_does() -> None:
    page = """<link rel=stylesheet href="/a b.css"><link rel="canonical" href="/page"><script src="app.js#x"></script>
        <img src="http://other.example/far.png"><img src="http://shop.example/near.png"><img src="data:image/png;base64,AA">
        <img src="http://[bad"><script src=" ../up.js "></script><img src="/é.png"><script src="app.js"></script><img>"""
    assert links_of(page, "http://shop.example/in/") == (
        "http://shop.example/a%20b.css",
        "http://shop.example/in/app.js",
        "http://shop.example/near.png",
        "http://shop.example/up.js",
        "http://shop.example/%C3%A9.png",
    )


def test_links_stay_on_their_own_port() -> None:
    page = '<script src="/a.js"></script><script src="http://shop.example:81/b.js"></script>'
    assert links_of(page, "http://shop.example:80/app/") == ("http://shop.example:80/a.js",)
