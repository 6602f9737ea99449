"""perfkit bench load beside pgbench by hand: the same statements, users, seconds, threads and server, in turns.

The first second of a run is a quarter slower than those after it, as each new session reads the catalogs and maps the
buffers, so that a run that is longer is also faster: both last as long. Both are started here, in one session, as Linux
shares out processors by session (autogroup); each session of the server is one of its own, so that where other programs
run, more connections get more: calls/s want a machine that does nothing else. Processor time a call hardly minds.
"""

import math
import os
import re
import resource
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from perfkit import stats
from perfkit.bench.load.pgbench import find_pgbench
from perfkit.bench.load.watch import Watch, postmaster_of
from perfkit.db.connect import connect
from perfkit.db.load import LoadServer
from tests.bench.demo_server import running_demo
from tests.bench.figure import Figure
from tests.bench.load_run import load
from tests.bench.pairs import geometric_ratio, interleaved

USERS = 8
THREADS = 2
APART_MOST = 5.0
_TPS = re.compile(r"tps = ([\d.]+) \(without initial connection time\)")
_CALLS = re.compile(r"number of transactions actually processed: (\d+)")
# The same statements twice: as a catalog for perfkit, and as scripts that a person would write for pgbench.
CATALOG = """
-- name: by_key
-- weight: 60
-- param: id bigint
-- case: one  id=519
SELECT person_id, given_name, family_name, grad_year FROM alumni.people WHERE person_id = :id;

-- name: jobs
-- weight: 30
-- param: id bigint
-- case: one  id=519
SELECT w.name, j.title, j.started_on FROM alumni.employment j JOIN alumni.employers w USING (employer_id)
WHERE j.person_id = :id ORDER BY j.started_on DESC;

-- name: class_size
-- weight: 10
-- param: year int
-- case: one  year=1998
SELECT count(*) FROM alumni.people WHERE grad_year = :year;
"""
BY_HAND = {
    60: "SELECT person_id, given_name, family_name, grad_year FROM alumni.people WHERE person_id = :id;\n",
    30: "SELECT w.name, j.title, j.started_on FROM alumni.employment j JOIN alumni.employers w USING (employer_id)"
    " WHERE j.person_id = :id ORDER BY j.started_on DESC;\n",
    10: "SELECT count(*) FROM alumni.people WHERE grad_year = :year;\n",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Calls/s, and the processor time of server and client together for a call."""

    calls_per_s: float
    cpu_us: float


def against_hand(directory: Path, folder: Path, pairs: int, seconds: int) -> Iterator[Figure]:
    """Yield how far perfkit's calls/s, and what a call costs processors, are from those of pgbench by hand."""
    for weight, text in BY_HAND.items():
        (folder / f"{weight}.sql").write_text(text)
    rates: dict[str, list[Rate]] = {"perfkit": [], "hand": []}

    def perfkit() -> float:
        rates["perfkit"].append(_perfkit(directory, folder, seconds))
        return rates["perfkit"][-1].calls_per_s

    def by_hand() -> float:
        rates["hand"].append(_by_hand(directory, folder, seconds))
        return rates["hand"][-1].calls_per_s

    ours, theirs = interleaved(pairs, [perfkit, by_hand])
    found = geometric_ratio(ours, theirs)
    yield Figure(
        what="calls/s away from pgbench by hand",
        measured=found.apart * 100,
        most=APART_MOST,
        unit="%",
        detail=f"{found}, {_middle(ours)} against {_middle(theirs)} calls/s",
    )
    spent = [[rate.cpu_us for rate in rates[who]] for who in rates]
    cost = geometric_ratio(*spent)
    told = f"{cost}, {_middle(spent[0])} against {_middle(spent[1])} us of server and client"
    yield Figure(
        what="processor time a call beyond pgbench by hand",
        measured=(cost.mean - 1) * 100,
        unit="%",
        detail=told,
    )


def _middle(values: Sequence[float]) -> str:
    return f"{stats.median(values):,.0f}"


def _perfkit(directory: Path, folder: Path, seconds: int) -> Rate:
    """Return what perfkit tells, its own looks at the server included."""
    options = (f"--users={USERS}", "--think=0", f"--threads={THREADS}", f"--seconds={seconds}")
    document = load(directory, *options, "--rounds=1", "--no-pool", f"--queries={folder / 'catalog'}")
    run = document["levels"][0]["runs"][0]
    cpu_s = (run["processor_share"] or math.nan) * run["seconds"] * len(os.sched_getaffinity(0))
    return Rate(calls_per_s=run["calls"] / run["seconds"], cpu_us=cpu_s / run["calls"] * 1e6)


def _by_hand(directory: Path, folder: Path, seconds: int) -> Rate:
    """Return what pgbench tells by itself, asked for the same: statements with parameters, a log of every call."""
    files = [f"--file={folder / f'{weight}.sql'}@{weight}" for weight in BY_HAND]
    options = [f"--client={USERS}", f"--jobs={THREADS}", f"--time={seconds}", "--protocol=extended", "--log"]
    values = ["--define=id=519", "--define=year=1998"]
    dsn = running_demo(directory).dsn
    with closing(connect(dsn)) as connection:
        server = LoadServer(connection)
        seen = Watch(
            server=server, application_name="by hand", postmaster=postmaster_of(server.limits().process)
        )
        client_before_s = _children_cpu_s()
        told = subprocess.run(
            [str(find_pgbench()), "--no-vacuum", *options, *values, *files, dsn],
            capture_output=True,
            text=True,
            check=True,
            cwd=folder,
        ).stdout
        cpu_s = _children_cpu_s() - client_before_s + (seen.seen().server_cpu_s or math.nan)
    rate, calls = _TPS.search(told), _CALLS.search(told)
    assert rate, told
    assert calls, told
    return Rate(calls_per_s=float(rate[1]), cpu_us=cpu_s / int(calls[1]) * 1e6)


def _children_cpu_s() -> float:
    """Return the processor's seconds of programs that this one started and that ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
