"""The judge held to itself: an unchanged database is judged again and again, and no run may raise an alarm.

Stored: a baseline is recorded every so many runs, and each run judges against it; in between the database is
disturbed as ordinary life does it: ANALYZE, VACUUM, restarts, a dump that is restored under the same name.
Paired: the demo's database is judged against itself, a copy by template, and a copy by dump and restore, in both
directions, one of them analyzed anew.
Each third of the runs has idle cores, one core busy, all cores busy. Real processes, real exit codes.

Run: python -m tests.bench.aa_runs --mode paired --runs 200 --alumni 10000 --raw aa.jsonl
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

import psycopg
from psycopg.sql import SQL, Identifier

from perfkit.demo.role import DATABASE, ROLE
from perfkit.embedded import PostgresServer
from tests.bench.demo_server import demo_in, running_demo
from tests.bench.process import PERFKIT, run

# Quick families, 63 cases: index look-ups, joins, aggregates, searches, drawn cases.
PATTERNS = ("profile_*", "events_*", "classes_*", "mentoring_*")
LOADS = ("quiet", "half busy", "busy")
BASELINE_EVERY = 10
COPY, RESTORED = "aa_copy", "aa_restored"
# Which databases are base and head in a paired run, in turns.
SIDES = ((DATABASE, DATABASE), (DATABASE, COPY), (COPY, DATABASE), (COPY, RESTORED), (RESTORED, COPY))
_SPIN = "while True: pass"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be run on the demo in `directory`."""

    mode: str
    directory: Path
    runs: int
    only: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AaRun:
    """One judgement of what did not change: how busy the machine was, what was done before, and all that is not "same"."""

    number: int
    mode: str
    load: str
    disturbance: str
    exit_code: int
    wall_s: float
    judged: int
    looked_again: int
    notes: tuple[str, ...]
    notable: tuple[dict[str, str], ...]
    errors: str

    @property
    def failing(self) -> list[dict[str, str]]:
        return [verdict for verdict in self.notable if verdict["gate"] in {"failed", "error"}]


def aa_runs(plan: Plan, folder: Path) -> Iterator[AaRun]:
    """Yield the runs as they end."""
    server = running_demo(plan.directory).postgres
    if plan.mode == "paired":
        _make_copies(server)
    for number in range(plan.runs):
        if plan.mode == "stored" and number % BASELINE_EVERY == 0:
            only = [word for pattern in plan.only for word in ("--only", pattern)]
            run([*PERFKIT, "baseline", *only, *_options(plan, folder)])
        disturbance, sides = _prepare(plan, number)
        load = LOADS[number % len(LOADS)]
        result = folder / "regress.json"
        result.unlink(missing_ok=True)
        with _busy(LOADS.index(load)):
            started = time.perf_counter()
            finished = run(
                [
                    *PERFKIT,
                    "regress",
                    *plan.only,
                    *sides,
                    *_options(plan, folder),
                    "-f",
                    "json",
                    "-o",
                    str(result),
                ],
                accepted=tuple(range(256)),
            )
        document = json.loads(result.read_text()) if result.exists() else {}
        verdicts = document.get("verdicts", [])
        yield AaRun(
            number=number,
            mode=plan.mode,
            load=load,
            disturbance=disturbance,
            exit_code=finished.exit_code,
            wall_s=round(time.perf_counter() - started, 1),
            judged=len(verdicts),
            looked_again=document.get("looked_again", 0),
            notes=tuple(document.get("notes", ())),
            notable=tuple(_short(verdict) for verdict in verdicts if verdict["kind"] != "same"),
            errors=finished.errors,
        )


def _options(plan: Plan, folder: Path) -> list[str]:
    return ["--dir", str(plan.directory), "--baselines", str(folder / "baselines")]


def _short(verdict: dict[str, str]) -> dict[str, str]:
    case = f"{verdict['query']}/{verdict['case']}"
    return {"case": case} | {name: verdict[name] for name in ("kind", "gate", "cause", "message")}


def _prepare(plan: Plan, number: int) -> tuple[str, list[str]]:
    """Disturb the database as the number wants it; return what was done, and the options that name the sides."""
    server = running_demo(plan.directory).postgres
    if plan.mode == "stored":
        return _disturb(plan.directory, number), []
    base, head = SIDES[number % len(SIDES)]
    analyzed = number % 2 == 0
    if number % 20 == 13:
        _restart(plan.directory)
        server = running_demo(plan.directory).postgres
    if analyzed:
        _maintain(server, head, "ANALYZE")
    password = server.password
    what = f"{base} against {head}{', analyzed anew' if analyzed else ''}"
    dsns = [server.dsn_for(name, ROLE, password) for name in (base, head)]
    return what, ["--base", dsns[0], "--head", dsns[1], "--seed", str(number + 1)]


def _disturb(directory: Path, number: int) -> str:
    """Do to the database what leaves it the same in all that counts, and return what was done."""
    server = running_demo(directory).postgres
    match number % 10:
        case 4:
            _maintain(server, DATABASE, "VACUUM")
            return "VACUUM"
        case 7:
            _restart(directory)
            return "restart"
        case 9 if number % 50 == 49:
            _restore(server, DATABASE, RESTORED)
            with psycopg.connect(server.dsn, autocommit=True) as superuser:
                superuser.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(DATABASE)))
                superuser.execute(
                    SQL("ALTER DATABASE {} RENAME TO {}").format(Identifier(RESTORED), Identifier(DATABASE))
                )
            return "dump and restore"
        case remainder if remainder % 3 == 0:
            _maintain(server, DATABASE, "ANALYZE")
            return "ANALYZE"
    return "nothing"


def _restart(directory: Path) -> None:
    run([*PERFKIT, "demo", "down", "--dir", str(directory)])
    run([*PERFKIT, "demo", "up", "--dir", str(directory)])


def _make_copies(server: PostgresServer) -> None:
    with psycopg.connect(server.dsn, autocommit=True) as superuser:
        superuser.execute(
            SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(*map(Identifier, (COPY, DATABASE, ROLE)))
        )
    _restore(server, DATABASE, RESTORED)


def _restore(server: PostgresServer, source: str, target: str) -> None:
    """Make the target of a dump of the source, with statistics of its own."""
    with psycopg.connect(server.dsn, autocommit=True) as superuser:
        superuser.execute(SQL("CREATE DATABASE {} OWNER {}").format(Identifier(target), Identifier(ROLE)))
    pipe = (
        f"'{server.binaries}/pg_dump' -Fc '{server.dsn_for(source)}'"
        f" | '{server.binaries}/pg_restore' -d '{server.dsn_for(target)}' --exit-on-error"
    )
    subprocess.run(["bash", "-o", "pipefail", "-c", pipe], check=True)
    _maintain(server, target, "VACUUM (ANALYZE)")


def _maintain(server: PostgresServer, database: str, command: str) -> None:
    with psycopg.connect(server.dsn_for(database), autocommit=True) as superuser:
        superuser.execute(command.encode())


@contextmanager
def _busy(level: int) -> Iterator[None]:
    """Keep no core, half of the cores, or all of them busy."""
    cores = os.cpu_count() or 1
    spinning = [
        subprocess.Popen([sys.executable, "-c", _SPIN]) for _ in range((0, max(1, cores // 2), cores)[level])
    ]
    try:
        yield
    finally:
        for process in spinning:
            process.send_signal(signal.SIGKILL)
            process.wait()


def report(runs: Sequence[AaRun]) -> str:
    """Return how many runs raised an alarm, by load, and each case that failed with its last message."""
    lines = []
    for load in LOADS:
        members = [each for each in runs if each.load == load]
        if members:
            alarms = sum(each.exit_code != 0 for each in members)
            mean_s = sum(each.wall_s for each in members) / len(members)
            again = sum(each.looked_again for each in members) / len(members)
            lines.append(
                f"{load}: {alarms} of {len(members)} runs raised an alarm, {mean_s:.1f} s a run, {again:.1f} cases looked at again"
            )
    failed = [each for each in runs if each.exit_code]
    lines.append(f"all: {len(failed)} of {len(runs)} runs raised an alarm ({len(failed) / len(runs):.1%})")
    lines += [
        f"run {each.number} exited {each.exit_code}: {each.errors.strip()}"
        for each in failed
        if not each.failing
    ]
    for each in failed:
        lines += [
            f"run {each.number}, {each.load}, {each.disturbance}: {v['message']} [{v['cause']}]"
            for v in each.failing
        ]
    others = Counter(
        f"{v['kind']} {v['gate']} {v['cause']}"
        for each in runs
        for v in each.notable
        if v["gate"] != "failed"
    )
    judged = sum(each.judged for each in runs)
    lines.append(f"other verdicts than same, of {judged:,}: {dict(others.most_common())}")
    return "\n".join(lines) + "\n"


def _measure(plan: Plan, raw: TextIO) -> list[AaRun]:
    done: list[AaRun] = []
    with tempfile.TemporaryDirectory() as folder:
        for each in aa_runs(plan, Path(folder)):
            done.append(each)
            raw.write(json.dumps(asdict(each)) + "\n")
            raw.flush()
            failing = [f"{verdict['case']} {verdict['cause']}" for verdict in each.failing]
            sys.stderr.write(
                f"run {each.number} {each.load}, {each.disturbance}: exit {each.exit_code} in {each.wall_s} s {failing}\n"
            )
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description="An unchanged demo, judged many times.")
    parser.add_argument("--mode", choices=("paired", "stored"), default="paired")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--alumni", type=int, default=10_000, help="size of the demo that is made")
    parser.add_argument(
        "--only", nargs="+", default=PATTERNS, metavar="PATTERN", help="a part of the catalog"
    )
    parser.add_argument("--raw", type=argparse.FileType("w"), required=True, help="JSON Lines, a run a line")
    given = parser.parse_args()
    with demo_in(None, alumni=given.alumni) as directory:
        plan = Plan(mode=given.mode, directory=directory, runs=given.runs, only=tuple(given.only))
        done = _measure(plan, given.raw)
    sys.stdout.write(report(done))


if __name__ == "__main__":
    main()
