"""Chromium as a reader's browser, without a network: what a page asks for, complains of, shows, and looks like.

It is spoken to through its DevTools protocol, by a pair of pipes. A page's frames, which may live in processes of
their own, are watched like the page itself.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

TIME_LIMIT_S = 30
# The protocol's pipes are file descriptors 3 and 4; the program that is given them must not have others there.
_TAKE_PLACES = """\
import fcntl, os, sys
reads, writes = (fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3])
os.dup2(reads, 3)
os.dup2(writes, 4)
os.execvp(sys.argv[3], sys.argv[3:])
"""
_FLAGS = (
    "--headless",
    "--remote-debugging-pipe",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    # No name is found: a request that a page makes shows in its events, and ends here.
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
# What a page complains of, and the event's field that holds it.
_COMPLAINTS = {
    "Runtime.exceptionThrown": "exceptionDetails",
    "Log.entryAdded": "entry",
    "Runtime.consoleAPICalled": "args",
    "Audits.issueAdded": "issue",
    "Page.javascriptDialogOpening": "message",
}


@dataclass(slots=True)
class Browser:
    """A running browser with one page; `requested` and `complaints` grow as events arrive."""

    reads: int
    writes: int
    session: str = ""
    requested: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    frames: list[str] = field(default_factory=list)
    _count: int = 0
    _answers: dict[int, dict[str, Any]] = field(default_factory=dict)
    _buffer: bytes = b""

    def send(self, method: str, *, session: str = "", **parameters: Any) -> dict[str, Any]:
        """Return the answer to a command; events that come before it are noted."""
        self._count += 1
        number = self._count
        command = {"id": number, "method": method, "params": parameters}
        if session:
            command["sessionId"] = session
        os.write(self.writes, json.dumps(command).encode() + b"\0")
        while number not in self._answers:
            message = self._receive()
            if "id" in message:
                self._answers[message["id"]] = message
            else:
                self._note(message)
        answer = self._answers.pop(number)
        assert "error" not in answer, (method, answer["error"])
        result: dict[str, Any] = answer["result"]
        return result

    def open(self, url: str) -> None:
        """Show the page, with what was noted of an earlier one forgotten, and wait until it is loaded."""
        self.requested, self.complaints, self.frames = [], [], []
        shown = self.send("Page.navigate", session=self.session, url=url)
        assert "errorText" not in shown, shown
        while not self.run("document.readyState === 'complete' && location.href !== 'about:blank'"):
            pass

    def run(self, expression: str, *, session: str = "") -> Any:
        """Return what the expression of JavaScript is in the page, or in the frame of a session."""
        answer = self.send(
            "Runtime.evaluate",
            session=session or self.session,
            expression=expression,
            returnByValue=True,
            awaitPromise=True,
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def screen(self, width_pixels: int, *, dark: bool = False, height_pixels: int = 900) -> None:
        """Give the page a screen of this size and scheme."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            session=self.session,
            width=width_pixels,
            height=height_pixels,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", session=self.session, features=[scheme])

    def picture(self, path: Path) -> None:
        """Write the whole page, as it is seen, to a PNG."""
        shot = self.send(
            "Page.captureScreenshot", session=self.session, format="png", captureBeyondViewport=True
        )
        path.write_bytes(base64.b64decode(shot["data"]))

    def watch(self, session: str) -> None:
        """Note what the page or frame of the session asks for and complains of, and its own frames."""
        self.send(
            "Target.setAutoAttach",
            session=session,
            autoAttach=True,
            waitForDebuggerOnStart=True,
            flatten=True,
        )
        for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
            self.send(f"{domain}.enable", session=session)
        self.send("Runtime.runIfWaitingForDebugger", session=session)

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            data = os.read(self.reads, 1 << 20)
            assert data, "the browser has ended"
            self._buffer += data
        message, _, self._buffer = self._buffer.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer

    def _note(self, event: Mapping[str, Any]) -> None:
        method, parameters = event.get("method", ""), event.get("params", {})
        if method == "Target.attachedToTarget":
            session = parameters["sessionId"]
            self.frames.append(session)
            self.watch(session)
        elif method == "Network.requestWillBeSent":
            self.requested.append(parameters["request"]["url"])
        elif method in _COMPLAINTS:
            self.complaints.append(f"{method}: {json.dumps(parameters[_COMPLAINTS[method]])[:500]}")


def chromium() -> str:
    """Return the browser's path; without one the test is skipped, but fails in CI."""
    path = (
        os.environ.get("PERFKIT_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    )
    if path is None:
        reason = "no Chromium; set PERFKIT_TEST_CHROMIUM"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@contextmanager
def browsing() -> Iterator[Browser]:
    """Yield a browser with an empty page; it ends with the context."""
    program = chromium()
    home = tempfile.mkdtemp(prefix="perfkit-browser-")
    to_read, to_write = os.pipe(), os.pipe()
    given = (to_read[0], to_write[1])
    flags = [*_FLAGS, f"--user-data-dir={home}", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    process = subprocess.Popen(
        [sys.executable, "-c", _TAKE_PLACES, *map(str, given), program, *flags],
        pass_fds=given,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "HOME": home},
    )
    for end in given:
        os.close(end)
    browser = Browser(to_write[0], to_read[1])
    try:
        target = browser.send("Target.createTarget", url="about:blank")["targetId"]
        browser.session = browser.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        yield browser
        browser.send("Browser.close")
    finally:
        os.close(browser.writes)
        os.close(browser.reads)
        try:
            process.wait(TIME_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(home, ignore_errors=True)
