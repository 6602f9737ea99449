"""perfkit bench api: users on an application, good or hostile, from here or from workers, and nothing left after."""

import http.server
import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from perfkit.embedded.ports import is_free
from tests.cli.api import RunningApi, free_port, wait_until
from tests.cli.command import SECRET, Perfkit, checked
from tests.cli.schemas import holds

QUICK = ("--seconds=1", "--rounds=2", "--think=100ms")


class Shop(http.server.BaseHTTPRequestHandler):
    """An application with faults: each path answers well once, when it is looked at, and then as its name says."""

    protocol_version = "HTTP/1.1"
    asked: set[str]
    tokens: set[str | None]
    silent = frozenset({"/", "/silent"})

    def do_GET(self) -> None:
        """Answer as the path says."""
        self.tokens.add(self.headers.get("authorization"))
        first = self.path not in self.asked
        self.asked.add(self.path)
        if self.path in self.silent:
            self.close_connection = True
        elif self.path == "/moved":
            self._answer(302, location="http://elsewhere.example/")
        elif self.path == "/broken" and not first:
            self._answer(500)
        elif self.path == "/cut" and not first:
            self.send_response(200)
            self.send_header("content-length", "1000")
            self.end_headers()
            self.wfile.write(b"x")
            self.close_connection = True
        else:
            self._answer(200)

    def _answer(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def shop() -> Iterator[http.server.ThreadingHTTPServer]:
    """Yield a running shop, whose `RequestHandlerClass` has what it was asked."""
    handler = type("OneShop", (Shop,), {"asked": set(), "tokens": set()})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()


def configure(perfkit: Perfkit, server: http.server.ThreadingHTTPServer, *names: str, more: str = "") -> None:
    """Write settings that name the shop and these paths of it."""
    endpoints = "".join(f'[[api.endpoints]]\nname = "{name}"\npath = "/{name}"\n' for name in names)
    table = f'[api]\nurl = "http://127.0.0.1:{server.server_port}"\n{more}\n{endpoints}'
    (perfkit.directory / "perfkit.toml").write_text(table)


def swarms_of(parent: int) -> set[int]:
    """Return the ids of the swarms that a process started."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
            command = (path.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == parent and b"bench.api.swarm" in command:
            found.add(int(path.parent.name))
    return found


def test_the_demo_s_api_is_measured_for_documents_baselines_and_targets(
    project: Perfkit, alumni_api: RunningApi
) -> None:
    one, two = alumni_api.instances
    command = (
        *("bench", "api", *QUICK, "--users=1,6", f"--url={one.url}", f"--pid={one.pid}"),
        *(f"--metrics={two.url}/metrics", "--plot=api.svg", "--also=json=api.json", "--also=html=api.html"),
    )
    result = project(*command)
    assert result.returncode == 0, result.stderr
    assert "The largest of 2 instances took" in result.stdout
    assert "Pages and static assets: 4, all of them compressed" in result.stdout
    document = json.loads((project.directory / "api.json").read_text())
    holds("bench.api", document)
    lone, six = document["levels"]
    assert not lone["failures"]
    assert not six["failures"]
    # Users who pause hardly stand in each other's way.
    assert six["all"]["requests"] > 3 * lone["all"]["requests"]
    assert six["simple"]["requests"] < six["all"]["requests"]
    assert len(six["requests_per_s"]) == 2
    assert document["findings"] == []
    assert all(20e6 < size < 200e6 for size in document["instance_memory_bytes"].values())
    assert document["instance_memory_bytes"].keys() == {f"process {one.pid}", f"{two.url}/metrics"}
    assert "</svg>" in (project.directory / "api.svg").read_text()
    targets = json.loads(project("targets", "--format", "json").stdout)["targets"]
    states = {each["id"]: each["state"] for each in targets}
    assert (states["api-users"], states["instance-memory"]) == (
        "unknown",
        "met",
    )  # 6 of the 100 that are wanted
    assert states["api-simple"] in {"met", "missed"}
    assert project("baseline", "bench").returncode == 0
    judged = project("regress", "--benches", "--format", "json")
    assert judged.returncode == 0
    figures = {each["figure"]: each["outcome"] for each in json.loads(judged.stdout)["figures"]}
    assert figures.keys() == {
        "users_held",
        "requests_per_s",
        "failed",
        "simple_p95_ms",
        "instance_memory_bytes",
    }


def test_what_fails_redirects_or_is_cut_off_is_told_by_its_reason(
    perfkit: Perfkit, shop: http.server.ThreadingHTTPServer
) -> None:
    more = 'headers = { authorization = "Bearer $SHOP_TOKEN" }'
    configure(perfkit, shop, "fine", "broken", "cut", "moved", more=more)
    command = ("bench", "api", *QUICK, "--users=5", f"--pid={os.getpid()}", "--format=json")
    result = perfkit(*command, env={"SHOP_TOKEN": SECRET})
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    holds("bench.api", document)
    (level,) = document["levels"]
    assert level["failures"].keys() == {"answered 500", "connection closed before the whole answer"}
    assert document["not_called"] == {"moved": "/moved answers 302, to http://elsewhere.example/"}
    assert (document["users_held"], document["environment"]["server_version"]) == (0, 0)
    latencies = {each["name"]: each["latency"]["requests"] for each in document["endpoints"]}
    assert latencies["fine"] > 10
    assert (latencies["broken"], latencies["cut"]) == (0, 0)
    assert shop.RequestHandlerClass.tokens == {f"Bearer {SECRET}"}  # type: ignore[attr-defined]
    # A target is missed by requests that fail, however quick the others are.
    assert perfkit("targets").returncode == 1


def test_what_does_not_answer_is_left_out_unless_nothing_does(
    perfkit: Perfkit, shop: http.server.ThreadingHTTPServer
) -> None:
    configure(perfkit, shop, "silent", "fine")
    result = perfkit("bench", "api", *QUICK, "--users=2", "--format=json")
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert [each["name"] for each in document["endpoints"]] == ["fine"]
    assert "/silent does not answer: " in document["not_called"]["silent"]
    configure(perfkit, shop, "silent")
    result = perfkit("bench", "api")
    assert (result.returncode, "/silent does not answer: " in result.stderr) == (3, True), result.stderr


def test_an_instance_that_dies_in_the_middle_is_a_result(perfkit: Perfkit, tmp_path: Path) -> None:
    port = free_port()
    command = ["python3", "-m", "http.server", "--bind=127.0.0.1", str(port)]
    (tmp_path / "fine").write_text("{}")
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        table = f'[api]\nurl = "http://127.0.0.1:{port}"\n[[api.endpoints]]\nname = "fine"\npath = "/fine"\n'
        (tmp_path / "perfkit.toml").write_text(table)
        wait_until(lambda: not is_free(port))
        with perfkit.start(
            "bench", "api", *QUICK, "--seconds=3", "--users=4", f"--pid={server.pid}", "--rounds=1"
        ) as bench:
            wait_until(lambda: bool(swarms_of(bench.pid)))
            server.kill()
            stdout, stderr = bench.communicate(timeout=100)
    assert bench.returncode == 0, stderr
    assert "connection refused" in stdout
    assert f"An instance is gone since this began: process {server.pid}" in stdout


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (("--url=http://127.0.0.1:1",), 3, "does not answer: [Errno 111] Connection refused"),
        (("--url=shop",), 2, "'shop' is no URL of an application"),
        (("--url=http://[shop",), 2, "is no URL"),
        (("--users=0",), 2, "is no list of numbers"),
        (("--think=soon",), 2, "'soon' is not a duration"),
        (("--pid=4194304",), 2, "there is no process 4194304 on this machine"),
        (("--metrics=http://127.0.0.1:1/metrics",), 3, "does not answer"),
        (("--master=here",), 2, "'here' is no HOST:PORT"),
        (("--worker=here",), 2, "'here' is no HOST:PORT"),
        (("--plot=nowhere/api.svg",), 2, "nowhere/api.svg"),
    ],
)
def test_what_cannot_be_is_told_before_anything_runs(
    perfkit: Perfkit, shop: http.server.ThreadingHTTPServer, options: tuple[str, ...], code: int, told: str
) -> None:
    configure(perfkit, shop, "fine")
    result = perfkit("bench", "api", *options)
    assert result.returncode == code, result.stderr
    assert told in result.stderr


def test_wrong_endpoints_are_told_with_their_place(
    project: Perfkit, dsn: str, shop: http.server.ThreadingHTTPServer
) -> None:
    for draw, code, told in (
        ("SELECT 1 AS other", 2, "perfkit.toml:4: the draw of fine has no column id"),
        ("SELEC 1", 3, "perfkit.toml:4: the draw of fine: "),
        ("DELETE FROM alumni.gifts RETURNING 1 AS id", 3, "perfkit.toml:4: the draw of fine: "),
    ):
        (project.directory / "perfkit.toml").write_text(
            f'dsn = "{dsn}"\n[api]\nurl = "http://127.0.0.1:{shop.server_port}"\n[[api.endpoints]]\nname = "fine"\n'
            f'path = "/fine/{{id}}"\ndraw = "{draw}"\n'
        )
        result = project("bench", "api")
        assert (result.returncode, told in result.stderr) == (code, True), result.stderr
    no_metrics = f"--metrics=http://127.0.0.1:{shop.server_port}/fine"
    configure(project, shop, "fine")
    result = project("bench", "api", no_metrics)
    assert (result.returncode, "does not tell process_resident_memory_bytes" in result.stderr) == (3, True)


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_however_it_is_ended_no_swarm_is_left(
    perfkit: Perfkit, shop: http.server.ThreadingHTTPServer, how: signal.Signals, code: int
) -> None:
    configure(perfkit, shop, "fine")
    asked: set[str] = shop.RequestHandlerClass.asked  # type: ignore[attr-defined]
    with perfkit.start("bench", "api", "--seconds=60", "--users=2", "--no-assets") as bench:
        wait_until(lambda: bool(asked))
        wait_until(lambda: bool(swarms_of(bench.pid)))
        (swarm,) = swarms_of(bench.pid)
        bench.send_signal(how)
        stdout, _ = bench.communicate(timeout=60)
    assert (bench.returncode, stdout) == (code, "")
    wait_until(lambda: not Path(f"/proc/{swarm}").exists())
    assert not (perfkit.directory / ".perfkit").exists()


def test_workers_are_added_up_end_with_their_master_and_are_missed_when_they_are_lost(
    perfkit: Perfkit, shop: http.server.ThreadingHTTPServer
) -> None:
    configure(perfkit, shop, "fine")
    address = f"127.0.0.1:{free_port()}"
    # A master that waits for a worker more than there are would wait for a minute.
    options = (*QUICK, "--rounds=1", "--users=2,8", f"--master={address}", "--workers=2", "--format=json")
    with (
        perfkit.start("bench", "api", *options) as master,
        perfkit.start("bench", "api", f"--worker={address}") as one,
        perfkit.start("bench", "api", f"--worker={address}") as two,
    ):
        stdout, stderr = master.communicate(timeout=100)
        checked(subprocess.CompletedProcess(master.args, master.returncode, stdout, stderr))
        assert master.returncode == 0, stderr
        assert [each.wait(30) for each in (one, two)] == [0, 0]
    document = json.loads(stdout)
    holds("bench.api", document)
    few, many = document["levels"]
    assert document["workers"] == 2
    # Both workers' users are counted: a user asks about ten times a second.
    assert many["all"]["requests"] > 2 * few["all"]["requests"]
    assert not many["failures"]


def test_a_worker_that_is_lost_is_no_result(perfkit: Perfkit, shop: http.server.ThreadingHTTPServer) -> None:
    configure(perfkit, shop, "fine")
    address = f"127.0.0.1:{free_port()}"
    options = ("--users=2", "--seconds=4", "--rounds=1", "--no-assets", f"--master={address}")
    with (
        perfkit.start("bench", "api", *options) as master,
        perfkit.start("bench", "api", f"--worker={address}") as worker,
    ):
        wait_until(lambda: bool(swarms_of(worker.pid)))
        (swarm,) = swarms_of(worker.pid)
        asked: set[str] = shop.RequestHandlerClass.asked  # type: ignore[attr-defined]
        wait_until(lambda: bool(asked))
        asked.clear()
        wait_until(lambda: bool(asked))  # by a user of the worker's
        os.kill(swarm, signal.SIGKILL)
        _, stderr = master.communicate(timeout=100)
        assert (master.returncode, "1 of 1 workers was lost" in stderr) == (3, True), stderr
        _, stderr = worker.communicate(timeout=30)
        assert (worker.returncode, "or it was lost" in stderr) == (3, True)
