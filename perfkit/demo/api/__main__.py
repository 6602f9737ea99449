"""One instance of the API: python -m perfkit.demo.api SETTINGS.json PORT."""

import signal
import sys
import threading
from pathlib import Path
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from perfkit.demo.api.app import make_app
from perfkit.demo.api.settings import read_settings

# More than this at once is answered with 503: they would only wait for each other.
_REQUESTS_MOST = 1_000
# Longer than a proxy keeps a connection to us, so that it is never us who close one that it is about to use.
_KEEP_ALIVE_S = 75
_GRACE_S = 10


class DrainingServer(uvicorn.Server):
    """uvicorn, which on SIGTERM first says for a while that it is leaving, so that no request is sent here any more.

    SIGINT, and a second SIGTERM, end it without that: nobody is there to take over. What was asked is answered always.
    """

    def __init__(self, app: Starlette, port: int, *, drain_s: float) -> None:
        """Serve the application on the loopback address."""
        super().__init__(
            uvicorn.Config(
                app,
                host="127.0.0.1",
                port=port,
                access_log=False,
                log_level="warning",
                limit_concurrency=_REQUESTS_MOST,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )
        self._app = app
        self._drain_s = drain_s

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  # as uvicorn calls it
        """Drain, then end."""
        if sig == signal.SIGINT or self._app.state.draining or not self._drain_s:
            self.should_exit = True
            return
        self._app.state.draining = True
        end = threading.Timer(self._drain_s, lambda: setattr(self, "should_exit", True))
        end.daemon = True
        end.start()


def main(path: str, port: str) -> None:
    """Serve until a signal comes."""
    settings = read_settings(Path(path))
    DrainingServer(make_app(settings), int(port), drain_s=settings.drain_s).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
