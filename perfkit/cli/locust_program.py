"""The program that has Locust's users, apart from perfkit as they want Python's input and output made cooperative.

Arguments: the conninfo, then "local"; "master", host, port, workers, seconds to wait for them; or "worker", host, port,
seconds to wait for the master. A line of JSON is a step, and is answered by one; libpq's environment has the password.
Nobody calls it but perfkit.
"""

import json
import logging
import signal
import sys
import time
from typing import Any

# First: it replaces Python's own input and output, which psycopg looks at when it is imported.
import locust  # noqa: F401  # imported for that alone
from gevent.fileobject import FileObject
from locust import runners
from locust.exception import RPCError

from perfkit.bench.load.locust_users import Conductor, Session, Stage, wait_until
from perfkit.db.load_session import LoadSession

# Who was not heard for so long is lost: longer than a busy worker is silent, shorter than a step.
_SILENT_S = 10
_TRY_S = 1
_NOT_THERE = 3


def main(conninfo: str, role: str, *where: str) -> int:
    """Be users here, their master or a worker, until the input or the master ends; 3 when there is none."""
    logging.getLogger("locust").setLevel(logging.ERROR)
    runners.HEARTBEAT_LIVENESS = runners.MASTER_HEARTBEAT_TIMEOUT = _SILENT_S
    runners.CONNECT_TIMEOUT = _TRY_S

    def open_session(name: str, prepared: bool) -> Session:  # noqa: FBT001  # OpenSession's face
        return LoadSession(conninfo, name, prepared=prepared)

    stage = Stage(open_session)
    if role == "worker":
        return _work(stage, where[0], int(where[1]), tries=round(float(where[2]) / _TRY_S))
    if role == "local":
        local = stage.environment.create_local_runner()
        stage.listen(local)
        return _conduct(local, ("local",))
    return _lead(stage, where[0], int(where[1]), int(where[2]), float(where[3]))


def _lead(stage: Stage, host: str, port: int, wanted: int, limit_s: float) -> int:
    try:
        master = stage.environment.create_master_runner(host, port)
    except (RPCError, SystemExit):  # Locust's way to say that the port is taken
        _say({"failed": f"{host}:{port} is taken, or no address of this machine"})
        return _NOT_THERE
    wait_until(lambda: len(master.clients.ready) >= wanted, limit_s)
    return _conduct(master, tuple(each.id for each in master.clients.ready[:wanted]))


def _conduct(runner: runners.Runner, processes: tuple[str, ...]) -> int:
    """Say who came, run the steps that the input has, and let everybody go."""
    _say({"workers": len(processes)})
    conductor = Conductor(runner, processes)
    try:
        # Without Python's own buffer, whose lock a reading thread would hold when the program ends.
        for line in FileObject(sys.stdin.fileno(), "r", closefd=False):
            _say(conductor.run(json.loads(line)))
    finally:
        runner.quit()
    return 0


def _work(stage: Stage, host: str, port: int, *, tries: int) -> int:
    runners.CONNECT_RETRY_COUNT = tries
    try:
        worker = stage.environment.create_worker_runner(host, port)
    except (ConnectionError, RPCError):
        return _NOT_THERE
    stage.listen(worker)
    try:
        worker.greenlet.join()
    except SystemExit:
        # The master is told at once, and need not notice the silence.
        stage.environment.events.quitting.fire(environment=stage.environment)  # type: ignore[no-untyped-call]
        worker.quit()
        raise
    heard_at = worker.last_heartbeat_timestamp
    return _NOT_THERE if heard_at and heard_at < time.time() - _SILENT_S else 0


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(f"{json.dumps(answer)}\n")
    sys.stdout.flush()


def _end(number: int, _: object) -> None:
    """End in order; SystemExit is what gevent carries from a signal to the program without a word."""
    sys.exit(128 + number)


if __name__ == "__main__":
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    sys.exit(main(*sys.argv[1:]))
