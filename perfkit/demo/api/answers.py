"""Answers: JSON for what was found and for what went wrong, and the values of a request within their limits."""

import uuid
from datetime import datetime

import psycopg
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from perfkit.demo.api.cache import encoded

TEXT_LENGTH_MOST = 100
WHOLE_MOST = 2**31 - 1
# What a person asked for is nobody else's, and may be old in a moment.
_HEADERS = {"cache-control": "private, no-cache"}


def answer(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a value as JSON."""
    return Response(encoded(value), status, media_type="application/json", headers=_HEADERS | (headers or {}))


def problem(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    """Return what went wrong as JSON."""
    return answer({"error": {"status": status, "message": message}}, status, headers)


def text_of(request: Request, name: str, default: str | None = None) -> str:
    """Return a text of the query string; HTTPException 400 when it is missing or too long."""
    value = request.query_params.get(name, default)
    if value is None or not value.isprintable() or len(value) > TEXT_LENGTH_MOST:
        raise HTTPException(400, f"{name} must be text of at most {TEXT_LENGTH_MOST} characters")
    return value


def whole_of(request: Request, name: str, default: int | None = None) -> str:
    """Return a whole number of the path or the query string; HTTPException 400 when it is none."""
    value = str(request.path_params.get(name, request.query_params.get(name, default)))
    if not (value.isascii() and value.isdecimal() and len(value) <= 10 and int(value) <= WHOLE_MOST):
        raise HTTPException(400, f"{name} must be a whole number of at most {WHOLE_MOST}")
    return value


def id_of(request: Request, name: str) -> str:
    """Return an id of the path; HTTPException 404 when it is none, as there is nothing under it."""
    try:
        return str(uuid.UUID(request.path_params[name]))
    except ValueError:
        raise HTTPException(404, "there is nobody with this id") from None


def time_of(request: Request, name: str, default: str) -> str:
    """Return a date or a point in time of the query string; HTTPException 400 when it is none."""
    value = request.query_params.get(name, default)
    try:
        return str(datetime.fromisoformat(value))
    except ValueError:
        raise HTTPException(400, f"{name} must be a date such as 2026-03-01") from None


async def refused(request: Request, error: Exception) -> Response:  # noqa: ARG001  # as Starlette calls it
    """Answer an HTTPException."""
    assert isinstance(error, HTTPException)
    return problem(error.status_code, error.detail, dict(error.headers or {}))


async def unreadable(request: Request, error: Exception) -> Response:  # noqa: ARG001  # as Starlette calls it
    """Answer when PostgreSQL cannot read a value that looked right, such as a date with an odd time zone."""
    return problem(400, "a value of this request cannot be read")


async def unavailable(request: Request, error: Exception) -> Response:  # noqa: ARG001  # as Starlette calls it
    """Answer when no connection came free, or the database is gone: whoever can wait may come again."""
    reason = "too many requests at once" if isinstance(error, PoolTimeout) else "the database does not answer"
    return problem(503, reason, {"retry-after": "1"})


async def too_slow(request: Request, error: Exception) -> Response:  # noqa: ARG001  # as Starlette calls it
    """Answer when a statement took too long."""
    return problem(504, "the answer takes too long")


async def broken(request: Request, error: Exception) -> Response:  # noqa: ARG001  # as Starlette calls it
    """Answer when the application has a fault; the log has it, the user is not told."""
    return problem(500, "this is a fault of the application")


HANDLERS = {
    HTTPException: refused,
    psycopg.DataError: unreadable,
    psycopg.OperationalError: unavailable,
    TimeoutError: too_slow,
    Exception: broken,
}
