"""The program that has Locust's users, apart from perfkit as they want Python's input and output made cooperative.

Arguments: the conninfo, then "local"; "master", host, port, workers, seconds to wait for them; or "worker", host, port.
A line of JSON is a step, and is answered by one; libpq's environment has the password. Nobody calls it but perfkit.
"""

import json
import logging
import sys
from typing import Any

# First: it replaces Python's own input and output, which psycopg looks at when it is imported.
import locust  # noqa: F401  # imported for that alone
from gevent import get_hub
from locust import runners
from locust.exception import RPCError

from perfkit.bench.load.locust_users import Conductor, Session, Stage, wait_for_workers
from perfkit.db.load_session import LoadSession

# A master that is not there is waited for as long as a worker is: 12 times 5 s.
_TRIES = 12


def main(conninfo: str, role: str, *where: str) -> int:
    """Be users here, their master or a worker, until the input or the master ends; 3 when there is none."""
    logging.getLogger("locust").setLevel(logging.ERROR)

    def open_session(name: str, prepared: bool) -> Session:  # noqa: FBT001  # OpenSession's face
        return LoadSession(conninfo, name, prepared=prepared)

    stage = Stage(open_session)
    if role == "worker":
        return _work(stage, where[0], int(where[1]))
    if role == "local":
        runner: runners.Runner = stage.environment.create_local_runner()
        stage.listen(runner)
    else:
        master = stage.environment.create_master_runner(where[0], int(where[1]))
        if not wait_for_workers(master, int(where[2]), float(where[3])):
            _say({"workers": len(master.clients.ready)})
            master.quit()
            return 3
        runner = master
    _say({"workers": 1 if role == "local" else int(where[2])})
    conductor = Conductor(runner)
    try:
        while line := get_hub().threadpool.apply(sys.stdin.readline):
            _say(conductor.run(json.loads(line)))
    finally:
        runner.quit()
    return 0


def _work(stage: Stage, host: str, port: int) -> int:
    runners.CONNECT_RETRY_COUNT = _TRIES
    try:
        runner = stage.environment.create_worker_runner(host, port)
    except (ConnectionError, RPCError):
        return 3
    stage.listen(runner)
    runner.greenlet.join()
    return 0


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(f"{json.dumps(answer)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
