"""The application: routes, health, and what is open while it runs."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from perfkit.demo.api import static_files
from perfkit.demo.api.answers import HANDLERS, answer, problem
from perfkit.demo.api.cache import Cache
from perfkit.demo.api.database import Database
from perfkit.demo.api.endpoints import ENDPOINTS, Handler
from perfkit.demo.api.metrics import Measured, metrics
from perfkit.demo.api.settings import ApiSettings


class Leaving:
    """ASGI middleware: while the instance drains, each answer asks its client to connect anew, and so elsewhere."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def leave(message: Message) -> None:
            if message["type"] == "http.response.start" and scope["app"].state.draining:
                message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        await self._app(scope, receive, leave if scope["type"] == "http" else send)


def make_app(settings: ApiSettings) -> Starlette:
    """Return the application; it connects when it starts, and fails when the database does not answer."""
    handlers: Mapping[str, Handler] = {**_static(), **_OWN, **ENDPOINTS}

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.database = Database(settings)
        app.state.cache = Cache(settings.cache)
        await app.state.database.open()
        try:
            yield
        finally:
            await app.state.cache.close()
            await app.state.database.close()

    paths = {handler: path for path, handler in handlers.items()}
    app = Starlette(
        routes=[Route(path, handler, methods=["GET"]) for path, handler in handlers.items()],
        middleware=[Middleware(Measured, paths=paths), Middleware(Leaving)],
        exception_handlers=HANDLERS,
        lifespan=lifespan,
    )
    app.state.draining = False
    return app


def _static() -> Mapping[str, Handler]:
    files = static_files.load_files()

    async def page(request: Request) -> Response:
        return static_files.answer(request, files["/"])

    async def static(request: Request) -> Response:
        file = files.get(request.url.path)
        return static_files.answer(request, file) if file else problem(404, "there is no such file")

    return {"/": page, f"{static_files.PREFIX}{{name}}": static}


async def _healthy(request: Request) -> Response:  # noqa: ARG001  # as Starlette calls it
    """Answer that the process lives, whatever the database does: to restart it would help nobody."""
    return answer({"status": "ok"})


async def _ready(request: Request) -> Response:
    """Answer whether requests should be sent here."""
    if request.app.state.draining:
        return problem(503, "this instance is leaving", {"retry-after": "1"})
    if not await request.app.state.database.answers():
        return problem(503, "the database does not answer", {"retry-after": "1"})
    return answer({"status": "ready"})


_OWN: Mapping[str, Handler] = {"/healthz": _healthy, "/readyz": _ready, "/metrics": metrics}
