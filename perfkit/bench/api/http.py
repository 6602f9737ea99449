"""One request at a time, as a browser makes it, whatever the status: to look before the load, and at assets."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message

from perfkit.errors import ConnectError, UsageError

_ANSWER_S = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names are found in any case."""

    status: int
    headers: Message
    body: bytes


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def ask(
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    limit_s: float = _ANSWER_S,
) -> Answer:
    """Return the answer of any status; ConnectError when there is none, UsageError for what is no URL."""
    try:
        request = urllib.request.Request(  # noqa: S310  # http and https only, by the settings
            url, headers=dict(headers or {}), method=method
        )
        with _OPENER.open(request, timeout=limit_s) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read())
    except (http.client.InvalidURL, ValueError) as error:
        raise UsageError(f"{url} is no URL: {error}") from None
    except (urllib.error.URLError, OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise ConnectError(
            f"{url} does not answer: {reason}",
            hint="is the application running? the demo's: perfkit demo api up",
        ) from None
