"""The power of the judge: changes of known size are injected into a copy, and regress must find each, by its cause.

For each injection a copy of the demo's database is changed, the true size of the change is measured apart from perfkit
(the median of EXPLAIN ANALYZE on both sides in turns), and `perfkit regress --base … --head …` judges the whole small
catalog of tests/bench/power. A change is found when its case fails the gate.

Run: python -m tests.bench.power_runs --alumni 100000 --raw power.jsonl
"""

import argparse
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

import psycopg
from psycopg.sql import SQL, Identifier

from perfkit import stats
from perfkit.catalog.load import load_catalog
from perfkit.catalog.model import Case, Query
from perfkit.demo.role import DATABASE
from perfkit.embedded import PostgresServer
from tests.bench.demo_server import demo_in, running_demo
from tests.bench.power.injections import INJECTIONS, Injection
from tests.bench.process import PERFKIT, run

FOLDER = Path(__file__).parent / "power"
CHANGED = "power_changed"
TRUTH_RUNS = 15
# Lower end of each class of true slowdowns, and the share of it that must be found.
CLASSES = ((2.0, 1.0), (1.3, 0.95), (1.15, 0.7))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one injection: its true size, and what regress said of its case and of the others."""

    injection: str
    case: str
    before_ms: float
    now_ms: float
    found: bool
    gate: str
    kind: str
    cause: str
    cause_is_right: bool
    other_failures: tuple[str, ...]
    exit_code: int
    cases: int
    wall_s: float

    @property
    def factor(self) -> float:
        return self.now_ms / self.before_ms


def outcomes(server: PostgresServer, injections: Sequence[Injection], folder: Path) -> Iterator[Outcome]:
    """Yield what becomes of each injection."""
    base = server.dsn_for(DATABASE)
    _run_on(base, _statements(FOLDER / "setup.sql", DATABASE))
    queries = _queries(FOLDER / "queries.sql", folder / "queries")
    changed = _queries(FOLDER / "changed.sql", folder / "changed", without=folder / "queries")
    for injection in injections:
        yield _outcome(
            server, injection, folder, queries, changed if injection_is_of_queries(injection) else queries
        )


def injection_is_of_queries(injection: Injection) -> bool:
    """Tell whether it is the queries that change."""
    return "sql-changed" in injection.causes


def _outcome(
    server: PostgresServer,
    injection: Injection,
    folder: Path,
    queries: dict[str, tuple[Query, Case]],
    changed: dict[str, tuple[Query, Case]],
) -> Outcome:
    base, head = server.dsn_for(DATABASE), server.dsn_for(DATABASE)
    if not injection_is_of_queries(injection):
        head = _changed_copy(server, injection)
    query_before, query_now = queries[injection.case], changed[injection.case]
    before_ms, now_ms = _truth((base, query_before), (head, query_now))
    sides = ["--base", base, "--head", head, "--queries", folder / "queries"]
    if injection_is_of_queries(injection):
        sides = ["--base-queries", folder / "queries", "--queries", folder / "changed", "--dsn", base]
    result = folder / "regress.json"
    result.unlink(missing_ok=True)
    finished = run(
        [*PERFKIT, "regress", *map(str, sides), "--allow-superuser", "--format", "json", "-o", str(result)],
        accepted=(0, 1),
    )
    verdicts = {
        f"{each['query']}/{each['case']}": each for each in json.loads(result.read_text())["verdicts"]
    }
    verdict = verdicts[injection.case]
    failed = [name for name, each in verdicts.items() if each["gate"] in {"failed", "error"}]
    return Outcome(
        injection=injection.name,
        case=injection.case,
        before_ms=round(before_ms, 3),
        now_ms=round(now_ms, 3),
        found=injection.case in failed,
        gate=verdict["gate"],
        kind=verdict["kind"],
        cause=verdict["cause"],
        cause_is_right=verdict["cause"] in injection.causes,
        other_failures=tuple(name for name in failed if name != injection.case),
        exit_code=finished.exit_code,
        cases=len(verdicts),
        wall_s=round(finished.wall_s, 1),
    )


def _changed_copy(server: PostgresServer, injection: Injection) -> str:
    """Return the URI of a new copy of the database with the injection."""
    name = Identifier(CHANGED)
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        connection.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(name, Identifier(DATABASE)))
        connection.execute(SQL("ALTER DATABASE {} SET jit = off").format(name))
    dsn = server.dsn_for(CHANGED)
    _run_on(dsn, [text.format(database=CHANGED) for text in injection.sql])
    _run_on(server.dsn, ["CHECKPOINT"])
    return dsn


def _truth(*sides: tuple[str, tuple[Query, Case]]) -> tuple[float, float]:
    """Return the median execution times, in ms, of a case on both sides, run in turns after two warm-ups."""
    times: list[list[float]] = [[], []]
    connections = [psycopg.connect(dsn, autocommit=True) for dsn, _ in sides]
    for number in range(TRUTH_RUNS + 2):
        for place, (_, (query, case)) in enumerate(sides):
            values = [case.values[param.name] for param in query.params]
            types = ", ".join(param.type for param in query.params)
            with psycopg.RawCursor(connections[place]) as cursor:
                if number == 0:
                    cursor.execute(
                        f"PREPARE truth{f'({types})' if types else ''} AS {query.statement}".encode()
                    )
                    cursor.execute("SET plan_cache_mode = force_custom_plan")
                arguments = ", ".join(f"'{value}'" for value in values)
                execute = f"EXECUTE truth{f'({arguments})' if values else ''}"
                ((document,),) = cursor.execute(
                    f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {execute}".encode()
                ).fetchall()
            if number >= 2:
                times[place].append(document[0]["Execution Time"])
    for connection in connections:
        connection.close()
    return stats.median(times[0]), stats.median(times[1])


def _queries(source: Path, target: Path, without: Path | None = None) -> dict[str, tuple[Query, Case]]:
    """Return the cases of a catalog of one file, put into a directory of its own; where there is another, they replace its."""
    target.mkdir()
    (target / source.name).write_text(source.read_text())
    own = load_catalog(target).queries
    if without:
        names = {query.name for query in own}
        kept = [query for query in load_catalog(without).queries if query.name not in names]
        texts = [text for text in (without / "queries.sql").read_text().split("\n\n") if text.strip()]
        others = [text for text in texts if any(text.startswith(f"-- name: {each.name}\n") for each in kept)]
        (target / "unchanged.sql").write_text("\n\n".join(others))
    return {case.id: (query, case) for query in own for case in query.cases}


def _statements(path: Path, database: str) -> list[str]:
    return [each for each in path.read_text().format(database=database).split(";\n") if each.strip()]


def _run_on(dsn: str, statements: Sequence[str]) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def report(found: Sequence[Outcome]) -> str:
    """Return a line an injection, and the share found in each class of true slowdowns, with the share of right causes."""
    lines = [
        f"{each.factor:6.2f}x  {each.before_ms:9.2f} ms  {'FOUND' if each.found else each.gate:8} "
        f"{each.cause or '-':18} {'' if each.cause_is_right or not each.found else 'WRONG CAUSE '}"
        f"{each.injection} ({each.case}, {each.wall_s} s)"
        + (f" others: {', '.join(each.other_failures)}" if each.other_failures else "")
        for each in sorted(found, key=lambda each: -each.factor)
    ]
    upper = float("inf")
    for lower, target in CLASSES:
        members = [each for each in found if lower <= each.factor < upper]
        hits = sum(each.found for each in members)
        if members:
            share = hits / len(members)
            word = "met" if share >= target else "MISSED"
            lines.append(
                f"{lower} x and more: {hits} of {len(members)} found, {share:.0%} (target {target:.0%}: {word})"
            )
        upper = lower
    judged = [each for each in found if each.found and each.factor >= CLASSES[-1][0]]
    right = sum(each.cause_is_right for each in judged)
    lines.append(f"causes: {right} of {len(judged)} right (target 90%)")
    better = [each for each in found if each.factor < 1.05]
    lines.append(
        f"not slower, and failed all the same: {sum(each.found for each in better)} of {len(better)}"
    )
    return "\n".join(lines) + "\n"


def _measure(directory: Path, chosen: Sequence[Injection], raw: TextIO, keep: Path | None) -> list[Outcome]:
    found: list[Outcome] = []
    with tempfile.TemporaryDirectory() as folder:
        for outcome in outcomes(running_demo(directory).postgres, chosen, Path(folder)):
            found.append(outcome)
            raw.write(json.dumps(asdict(outcome)) + "\n")
            raw.flush()
            if keep:
                name = re.sub(r"\W+", "-", outcome.injection)
                shutil.copy(Path(folder) / "regress.json", keep / f"{name}.json")
            sys.stderr.write(f"{outcome.injection}: {outcome.factor:.2f}x {outcome.gate} {outcome.cause}\n")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Changes of known size, injected and looked for.")
    parser.add_argument("--alumni", type=int, default=100_000, help="size of the demo that is made")
    parser.add_argument("--only", default="", help="injections whose name holds this")
    parser.add_argument(
        "--keep", type=Path, help="keep what regress said of each injection in this directory"
    )
    parser.add_argument(
        "--raw", type=argparse.FileType("w"), required=True, help="JSON Lines, an injection a line"
    )
    given = parser.parse_args()
    jit = Path("/usr/lib/postgresql/15/bin")  # the installed wheels have none
    if (jit / "postgres").exists() and "PERFKIT_PG_BIN" not in os.environ:
        os.environ["PERFKIT_PG_BIN"] = str(jit)
    with demo_in(None, alumni=given.alumni) as directory:
        has_jit = running_demo(directory).postgres.version.startswith("15.")
        chosen = [each for each in INJECTIONS if given.only in each.name and (has_jit or not each.needs_jit)]
        for each in INJECTIONS:
            if each.needs_jit and not has_jit:
                sys.stderr.write(f"skipped, this server has no JIT: {each.name}\n")
        found = _measure(directory, chosen, given.raw, given.keep)
    sys.stdout.write(report(found))


if __name__ == "__main__":
    main()
