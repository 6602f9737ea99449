"""Metrics: requests, errors and durations under the names that the usual Prometheus middleware gives them."""

import time
from collections.abc import Mapping
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LABELS = ("method", "handler", "status")
# Around the target of 200 ms, from what a cache takes to what nobody waits for.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0)

REQUESTS = Counter("http_requests", "Requests by method, handler and status", _LABELS)
DURATION = Histogram(
    "http_request_duration_seconds", "Time until the whole answer was sent", _LABELS[:2], buckets=_SECONDS
)
IN_PROGRESS = Gauge("http_requests_in_progress", "Requests that are being answered")
CACHE = Counter("alumni_cache_requests", "Lookups in the cache by result: hit, miss, error", ("result",))
POOL = Gauge("alumni_pool", "Connections of the pool, those that are free, requests that wait", ("state",))


class Measured:
    """ASGI middleware: counts and times each request under the path that its route was declared with.

    Not under its URL: a label must not have as many values as there are people.
    """

    def __init__(self, app: ASGIApp, *, paths: Mapping[Any, str]) -> None:
        """Wrap the application, whose handlers have these paths."""
        self._app = app
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        began = time.perf_counter()

        async def observe(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with IN_PROGRESS.track_inprogress():
            try:
                await self._app(scope, receive, observe)
            finally:
                handler = self._paths.get(scope.get("endpoint"), "none")
                method = scope["method"] if scope["method"] in {"GET", "HEAD", "POST"} else "other"
                REQUESTS.labels(method, handler, str(status)).inc()
                DURATION.labels(method, handler).observe(time.perf_counter() - began)


async def metrics(request: Request) -> Response:
    """Answer a scrape."""
    for state, count in request.app.state.database.numbers().items():
        POOL.labels(state).set(count)
    return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})
