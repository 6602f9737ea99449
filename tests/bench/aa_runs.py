"""The judge held to itself: a baseline and then regress on an unchanged database, again and again; none may fail.

Between the two the database is disturbed as ordinary life does it: every third time ANALYZE of all tables, now and
then VACUUM, now and then a restart of the server. Real processes, real exit codes. With --old-baseline one baseline
is recorded and judged against every time, while the writes of each run leave their dead rows.

Run: python -m tests.bench.aa_runs --runs 100 --alumni 10000 --raw aa.jsonl
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

import psycopg

from perfkit.demo.role import DATABASE
from tests.bench.demo_server import demo_in, running_demo
from tests.bench.process import PERFKIT, run

# Of ten pairs, these two are disturbed otherwise than by ANALYZE.
_VACUUM_EVERY, _VACUUM_AT = 10, 4
_RESTART_EVERY, _RESTART_AT = 10, 7
_ANALYZE_EVERY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One baseline and one regress: what was done between them, how it ended, and every verdict that is not "same"."""

    number: int
    disturbance: str
    exit_code: int
    wall_s: float
    judged: int
    notable: tuple[dict[str, str], ...]
    errors: str

    @property
    def failing(self) -> list[dict[str, str]]:
        return [verdict for verdict in self.notable if verdict["gate"] in {"failed", "error"}]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be run on the demo in `directory`."""

    directory: Path
    runs: int
    samples: int
    only: tuple[str, ...]
    old_baseline: bool


def aa_pairs(plan: Plan, folder: Path) -> Iterator[Pair]:
    """Yield the pairs as they end."""
    for number in range(plan.runs):
        started = time.perf_counter()
        if number == 0 or not plan.old_baseline:
            patterns = [word for pattern in plan.only for word in ("--only", pattern)]
            run([*PERFKIT, "baseline", *patterns, *_options(plan, folder)])
        disturbance = _disturb(plan.directory, number)
        result = folder / "regress.json"
        result.unlink(missing_ok=True)
        finished = run(
            [*PERFKIT, "regress", *plan.only, *_options(plan, folder), "--format", "json", "-o", result],
            accepted=tuple(range(256)),
        )
        verdicts = json.loads(result.read_text())["verdicts"] if result.exists() else []
        yield Pair(
            number=number,
            disturbance=disturbance,
            exit_code=finished.exit_code,
            wall_s=round(time.perf_counter() - started, 2),
            judged=len(verdicts),
            notable=tuple(_short(verdict) for verdict in verdicts if verdict["kind"] != "same"),
            errors=finished.errors,
        )


def _options(plan: Plan, folder: Path) -> list[str]:
    baselines = str(folder / "baselines")
    return ["--dir", str(plan.directory), "--baselines", baselines, "--samples", str(plan.samples)]


def _short(verdict: dict[str, str]) -> dict[str, str]:
    case = f"{verdict['query']}/{verdict['case']}"
    return {"case": case} | {name: verdict[name] for name in ("kind", "gate", "cause", "message", "diff")}


def _disturb(directory: Path, number: int) -> str:
    """Do to the database what leaves it the same in all that counts, and return what was done."""
    if number % _RESTART_EVERY == _RESTART_AT:
        run([*PERFKIT, "demo", "down", "--dir", directory])
        run([*PERFKIT, "demo", "up", "--dir", directory])
        return "restart"
    if number % _VACUUM_EVERY == _VACUUM_AT:
        return _maintain(directory, "VACUUM")
    return _maintain(directory, "ANALYZE") if number % _ANALYZE_EVERY == 0 else "nothing"


def _maintain(directory: Path, command: str) -> str:
    with psycopg.connect(running_demo(directory).postgres.dsn_for(DATABASE), autocommit=True) as superuser:
        superuser.execute(command.encode())
    return command


def report(pairs: Sequence[Pair]) -> str:
    """Return how many pairs ended otherwise than with 0, and each case that failed with its last message."""
    failed = [pair for pair in pairs if pair.exit_code]
    lines = [f"{len(failed)} of {len(pairs)} regress runs exited other than 0"]
    lines += [
        f"pair {pair.number} exited {pair.exit_code}: {pair.errors.strip()}"
        for pair in failed
        if not pair.failing
    ]
    times = Counter((verdict["case"], verdict["cause"]) for pair in failed for verdict in pair.failing)
    last = {(v["case"], v["cause"]): (v["message"], pair) for pair in failed for v in pair.failing}
    for key, count in times.most_common():
        message, pair = last[key]
        lines.append(
            f"{count} x {key[1] or 'error'}: {message} [pair {pair.number}, after {pair.disturbance}]"
        )
    warnings = Counter(
        v["cause"] or v["kind"] for pair in pairs for v in pair.notable if v["gate"] == "warning"
    )
    judged = sum(pair.judged for pair in pairs)
    lines.append(f"warnings, of {judged:,} verdicts: {dict(warnings.most_common())}")
    return "\n".join(lines) + "\n"


def _measure(plan: Plan, raw: TextIO) -> list[Pair]:
    pairs: list[Pair] = []
    with tempfile.TemporaryDirectory() as folder:
        for pair in aa_pairs(plan, Path(folder)):
            pairs.append(pair)
            raw.write(json.dumps(asdict(pair)) + "\n")
            raw.flush()
            causes = [f"{verdict['case']} {verdict['cause']}" for verdict in pair.failing]
            what = f"pair {pair.number} {pair.disturbance}: exit {pair.exit_code} in {pair.wall_s} s {causes}"
            sys.stderr.write(f"{what}\n")
    return pairs


def main() -> None:
    parser = argparse.ArgumentParser(description="Baseline then regress on an unchanged demo, many times.")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--alumni", type=int, default=10_000, help="size of the demo that is made")
    parser.add_argument("--dir", type=Path, help="a running demo to use instead")
    parser.add_argument("--only", nargs="+", default=(), metavar="PATTERN", help="a part of the catalog")
    parser.add_argument("--samples", type=int, default=2)
    parser.add_argument("--old-baseline", action="store_true", help="record once, judge every time")
    parser.add_argument("--raw", type=argparse.FileType("w"), required=True, help="JSON Lines, a pair a line")
    given = parser.parse_args()
    with demo_in(given.dir, alumni=given.alumni) as directory:
        plan = Plan(
            directory=directory,
            runs=given.runs,
            samples=given.samples,
            only=tuple(given.only),
            old_baseline=given.old_baseline,
        )
        pairs = _measure(plan, given.raw)
    sys.stdout.write(report(pairs))


if __name__ == "__main__":
    main()
