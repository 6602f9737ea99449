"""perfkit apply killed at random moments, client and server, while an application writes; then finished or taken back.

Every run must leave no invalid index and exactly the indexes that were asked for, or those that were there before;
no write of the application may fail or be lost but by the server's death, and none may wait a second for perfkit.

Run: python -m tests.bench.apply_kills --runs 200 --raw kills.jsonl
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

import psycopg

from perfkit.embedded import PostgresServer, start_postgres, stop_postgres
from tests.bench.busy_writers import lost, writing
from tests.bench.process import PERFKIT

ROWS = 150_000
MOST_WAIT_MS = 1000.0
LIMIT_S = 120.0
# The share of runs that is killed before it has begun a step, and how long that takes at most.
EARLY = 0.1
START_S = 1.0
_SCHEMA = """
    CREATE TABLE account (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, writer int NOT NULL, number int NOT NULL, email text NOT NULL
    );
    INSERT INTO account (writer, number, email)
    SELECT -1, -n, 'person.' || n || '@example.org' FROM generate_series(1, {rows}) AS n;
    CREATE INDEX account_old_idx ON account (email) WHERE writer < 0;
    CREATE TABLE event (writer int NOT NULL, number int NOT NULL, kind int NOT NULL) PARTITION BY LIST (kind);
    CREATE TABLE event_0 PARTITION OF event FOR VALUES IN (0);
    CREATE TABLE event_1 PARTITION OF event FOR VALUES IN (1);
    CREATE TABLE event_more PARTITION OF event DEFAULT PARTITION BY RANGE (number);
    CREATE TABLE event_more_old PARTITION OF event_more FOR VALUES FROM (MINVALUE) TO (0);
    CREATE TABLE event_more_new PARTITION OF event_more FOR VALUES FROM (0) TO (MAXVALUE);
    CREATE INDEX event_1_own_idx ON event_1 (number, writer);
    INSERT INTO event SELECT -1, -n, n % 4 FROM generate_series(1, {rows}) AS n;
    ANALYZE;
"""
_CHANGES = """
    CREATE INDEX account_email_idx ON account (lower(email));
    CREATE INDEX account_number_idx ON account (number) INCLUDE (email);
    CREATE INDEX event_number_idx ON event (number, writer);
    DROP INDEX account_old_idx;
"""
_INDEXES = """
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid), indisvalid AND indisready AND indislive
    FROM pg_index WHERE indrelid::regclass::text ~ '^(account|event)' ORDER BY 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one run; `after_s` is when it was killed, from its first word in the journal, `begun` how many steps had begun."""

    run: int
    victim: str
    after_s: float
    begun: int
    way: str
    killed_again: bool
    exit_codes: tuple[int, ...]
    invalid: int
    as_it_must_be: bool
    failed: tuple[str, ...]
    lost: int
    broken: int
    writes: int
    longest_wait_ms: float
    longest_write_ms: float
    errors: str

    @property
    def is_good(self) -> bool:
        return (
            not self.invalid
            and self.as_it_must_be
            and (self.way == "none" or self.exit_codes[-2:] == (0, 0))
            and not self.failed
            and not self.lost
            and self.longest_wait_ms < MOST_WAIT_MS
        )


@dataclass(slots=True)
class Ground:
    """The server and folder that is fought on; `before` and `after` are the indexes without and with the changes."""

    server: PostgresServer
    folder: Path
    chance: random.Random
    before: list[tuple[object, ...]]
    after: list[tuple[object, ...]]
    takes_s: float

    @property
    def dsn(self) -> str:
        return self.server.dsn

    def revive(self) -> None:
        """Start the server again that was killed."""
        self.server = start_postgres(self.server.directory)

    def indexes(self) -> list[tuple[object, ...]]:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            return connection.execute(_INDEXES.encode()).fetchall()


def ground_in(folder: Path, chance: random.Random, rows: int) -> Ground:
    """Return a new server with the tables, on which the changes were applied and taken back once, to know both sides."""
    server = start_postgres(folder / "postgres", settings={"autovacuum_naptime": "5s"})
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute(_SCHEMA.format(rows=rows).encode())
    (folder / "changes.sql").write_text(_CHANGES)
    ground = Ground(server=server, folder=folder, chance=chance, before=[], after=[], takes_s=0)
    ground.before = ground.indexes()
    with writing(lambda: ground.dsn):
        process = _apply(ground, "changes.sql", "--journal", "first.jsonl")
        _wait_for(folder / "first.jsonl", 0, process)
        began = time.perf_counter()
        _finished(process)
        ground.takes_s = time.perf_counter() - began
    ground.after = ground.indexes()
    _finished(_apply(ground, "--undo", "first.jsonl"))
    return ground


def one_run(ground: Ground, number: int, victim: str, way: str) -> Outcome:
    """Apply, kill the client or the server, and finish or take back; sometimes that is killed too."""
    journal = ground.folder / f"{number}.jsonl"
    with writing(lambda: ground.dsn) as suffered:
        after_s = ground.chance.uniform(-EARLY, 1) * ground.takes_s
        applying = _apply(ground, "changes.sql", "--journal", journal)
        exit_codes = [_killed(ground, applying, victim, after_s, journal)]
        begun = _begun(journal)
        killed_again = ground.chance.random() < 0.3 and journal.exists()
        if killed_again:
            again = _apply(ground, f"--{way}", journal)
            exit_codes.append(
                _killed(ground, again, victim, ground.chance.uniform(0, ground.takes_s), journal)
            )
        errors = ""
        if journal.exists():
            for _ in range(2):  # twice: the second must do no harm
                code, errors_now = _finished(_apply(ground, f"--{way}", journal))
                exit_codes.append(code)
                errors += errors_now
    found = ground.indexes()
    wanted = ground.after if way == "resume" and journal.exists() else ground.before
    with psycopg.connect(ground.dsn, autocommit=True) as connection:
        rows_lost = lost(connection, suffered)
        connection.execute("DELETE FROM account WHERE number > 0")
        connection.execute("DELETE FROM event WHERE number > 0")
    if way == "resume" and journal.exists():
        _finished(_apply(ground, "--undo", journal))
    return Outcome(
        run=number,
        victim=victim,
        after_s=round(after_s, 3),
        begun=begun,
        way=way if journal.exists() else "none",
        killed_again=killed_again,
        exit_codes=tuple(exit_codes),
        invalid=sum(not usable for *_, usable in found),
        as_it_must_be=found == wanted,
        failed=tuple(suffered.failed),
        lost=rows_lost,
        broken=suffered.broken,
        writes=len(suffered.acknowledged),
        longest_wait_ms=round(suffered.longest_wait_ms, 1),
        longest_write_ms=round(suffered.longest_write_ms, 1),
        errors=errors,
    )


def _apply(ground: Ground, *words: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*PERFKIT, "apply", *map(str, words), "--dsn", ground.dsn, "--yes", "--wait"],
        cwd=ground.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _finished(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, errors = process.communicate(timeout=LIMIT_S)
    return process.returncode, errors if process.returncode else ""


def _killed(
    ground: Ground, process: subprocess.Popen[str], victim: str, after_s: float, journal: Path
) -> int:
    """Kill the client, or the server below it, so long after its first word in the journal; return how the client ended.

    A time before that word kills it as it looks at what is there.
    """
    if after_s < 0:
        time.sleep(ground.chance.uniform(0, START_S))
    else:
        _wait_for(journal, _size(journal), process)
        time.sleep(after_s)
    if victim == "client":
        process.kill()  # unless it has ended
    else:
        os.kill(ground.server.pid, signal.SIGKILL)
    code, _ = _finished(process)
    if victim == "server":
        ground.revive()
    return code


def _wait_for(journal: Path, size: int, process: subprocess.Popen[str]) -> None:
    """Wait until the journal has grown beyond that size, or the process has ended."""
    while _size(journal) <= size and process.poll() is None:
        time.sleep(0.002)


def _size(journal: Path) -> int:
    return journal.stat().st_size if journal.exists() else 0


def _begun(journal: Path) -> int:
    return journal.read_text().count('"event": "begun"') if journal.exists() else 0


def outcomes(runs: int, folder: Path, seed: int, rows: int = ROWS) -> Iterator[Outcome]:
    """Yield what becomes of each run, client and server in turns, finished and taken back in turns."""
    try:
        ground = ground_in(folder, random.Random(seed), rows)
        for number in range(runs):
            victim = ("client", "server")[number % 2]
            yield one_run(ground, number, victim, ("resume", "undo")[number // 2 % 2])
    finally:
        stop_postgres(folder / "postgres")


def report(found: list[Outcome]) -> str:
    """Return the figures of all runs, and a line of each that is not as it must be."""
    clients = sum(each.victim == "client" for each in found)
    acknowledged, failed = sum(each.writes for each in found), sum(len(each.failed) for each in found)
    figures = {
        "runs": len(found),
        "clients killed": clients,
        "servers killed": len(found) - clients,
        "killed after the first step had begun": sum(each.begun > 0 for each in found),
        "killed again as they were finished or taken back": sum(each.killed_again for each in found),
        "runs with an invalid index left": sum(each.invalid > 0 for each in found),
        "runs with other indexes than asked for": sum(not each.as_it_must_be for each in found),
        "rows acknowledged": acknowledged,
        "acknowledged rows lost": sum(each.lost for each in found),
        "writes failed": failed,
        "writes broken by the server's death": sum(each.broken for each in found),
        "longest wait for a lock of perfkit's, ms": max(each.longest_wait_ms for each in found),
        "longest write, ms": max(each.longest_write_ms for each in found),
    }
    lines = [f"{value:>9,}  {what}" for what, value in figures.items()]
    return "\n".join([*lines, *(f"NOT GOOD: {each}" for each in found if not each.is_good)]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="perfkit apply, killed at random moments.")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--raw", type=argparse.FileType("w"), help="JSON Lines, a run a line")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="perfkit-kills-"))
    folder.chmod(0o711)  # the server may run as nobody
    found: list[Outcome] = []
    raw: TextIO | None = given.raw
    try:
        for outcome in outcomes(given.runs, folder, given.seed):
            found.append(outcome)
            if raw:
                raw.write(json.dumps(asdict(outcome)) + "\n")
                raw.flush()
            sys.stderr.write(
                f"{outcome.run}: {outcome.victim} {outcome.way} {'good' if outcome.is_good else outcome}\n"
            )
    finally:
        shutil.rmtree(folder)
    sys.stdout.write(report(found))
    sys.exit(0 if all(outcome.is_good for outcome in found) else 1)


if __name__ == "__main__":
    main()
