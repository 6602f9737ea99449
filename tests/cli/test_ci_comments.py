"""docs/ci: the report is one comment, written anew by each run.

`gh` and GitLab's API are stand-ins: the first keeps its comments in a file, the second in memory.
"""

import json
import shutil
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import parse_qs

import pytest

from tests.cli.ci_shell import UNREACHABLE, Shell, github_steps, gitlab_scripts, shell_for
from tests.cli.command import Perfkit

GH = """#!{python}
import json, pathlib, sys
path = pathlib.Path("comments.json")
comments = json.loads(path.read_text()) if path.exists() else []
words = sys.argv[1:]
if "--method" not in words:
    mark = words[-1].split('startswith("')[1].split('")')[0]
    print("".join(f"{{n}}\\n" for n, body in enumerate(comments) if body.startswith(mark)), end="")
else:
    body = pathlib.Path(words[-1].removeprefix("body=@")).read_text()
    method, place = words[words.index("--method") + 1 :][:2]
    if method == "POST":
        assert place == "repos/alumni/office/issues/7/comments", place
        comments.append(body)
    else:
        assert method == "PATCH"
        comments[int(place.removeprefix("repos/alumni/office/issues/comments/"))] = body
    path.write_text(json.dumps(comments))
"""
PULL_REQUEST = {"GITHUB_REPOSITORY": "alumni/office", "PULL_REQUEST": "7"}


@pytest.fixture
def shell(project: Perfkit, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """Return a shell in a project without a baseline, so that perfkit can judge nothing."""
    return shell_for(project, tmp_path_factory.mktemp("programs"), UNREACHABLE)


def test_on_github_the_same_comment_is_written_anew(shell: Shell) -> None:
    shell.add("gh", GH.format(python=sys.executable))
    stored = shell.directory / "comments.json"
    stored.write_text(json.dumps(["somebody's comment"]))
    report = shell.directory / "perfkit.md"
    step = github_steps()["Comment on the pull request"]
    for text in ("## first\n", "## second\n"):
        report.write_text(text)
        assert shell(step, STATUS="0", **PULL_REQUEST).returncode == 0
    mark = "<!-- perfkit regress -->\n"
    assert json.loads(stored.read_text()) == ["somebody's comment", f"{mark}## second\n"]
    report.unlink()
    assert shell(step, STATUS="3", **PULL_REQUEST).returncode == 0
    assert "exit code 3" in json.loads(stored.read_text())[1]


class Notes(BaseHTTPRequestHandler):
    """GitLab's notes of one merge request."""

    stored: dict[int, str]
    place = "/projects/5/merge_requests/7/notes"

    def answer(self, value: object) -> None:
        assert self.headers["PRIVATE-TOKEN"] == "the token"
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def given(self) -> str:
        length = int(self.headers["Content-Length"])
        return parse_qs(self.rfile.read(length).decode())["body"][0]

    def do_GET(self) -> None:
        assert self.path.startswith(f"{self.place}?")
        self.answer([{"id": number, "body": body} for number, body in self.stored.items()])

    def do_POST(self) -> None:
        self.stored[len(self.stored) + 1] = self.given()
        self.answer({})

    def do_PUT(self) -> None:
        self.stored[int(self.path.removeprefix(f"{self.place}/"))] = self.given()
        self.answer({})

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def notes() -> Iterator[HTTPServer]:
    Notes.stored = {1: "somebody's note"}
    server = HTTPServer(("127.0.0.1", 0), Notes)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_on_gitlab_the_same_note_is_written_anew(shell: Shell, notes: HTTPServer) -> None:
    merge_request = {
        "NOTE_TOKEN": "the token",
        "CI_API_V4_URL": f"http://127.0.0.1:{notes.server_port}",
        "CI_PROJECT_ID": "5",
        "CI_MERGE_REQUEST_IID": "7",
    }
    script = gitlab_scripts()["regress"]
    assert shell(*script, **merge_request).returncode == 2
    assert "exit code 2" in Notes.stored[2]
    shell.add("perfkit", "#!/bin/sh\necho '## slower: 100 % & more' > perfkit.md; exit 1\n")
    assert shell(*script, **merge_request).returncode == 1
    mark = "<!-- perfkit regress -->\n"
    assert Notes.stored == {1: "somebody's note", 2: f"{mark}## slower: 100 % & more\n"}
