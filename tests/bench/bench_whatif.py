"""How true what-if is, against indexes that are really built, and how many plans it makes in a second.

Run: python -m tests.bench.bench_whatif [--dir DIR | --alumni N]. Every index is built on the demo, planned with, and dropped.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from perfkit.db.connect import connected
from perfkit.db.questions import Questions
from perfkit.indexes.workload import WorkloadCase
from perfkit.plan.runs import Statement
from perfkit.syntax.index import read_definition
from tests.bench import whatif_speed
from tests.bench.demo_server import demo_in, running_demo
from tests.bench.figure import Figure, table
from tests.bench.index_sizes import superuser_dsn
from tests.bench.index_uses import USES
from tests.bench.twins import asking

NEAR = 0.05
# ANALYZE draws other rows each time, and the cost of one plan moved by up to a quarter from one to the next.
ANALYZED = 5
MOST_OTHER_CHOICE_PERCENT = 2.0
MOST_FAR_PERCENT = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A candidate and a statement, as the twin sees them and as they are when the index is there.

    `built_costs` are those after each ANALYZE, the lowest first, `built_cost` the median of them.
    """

    kind: str
    index: str
    sql: str
    asked_cost: float
    asked_used: bool
    built_cost: float
    built_used: bool
    built_costs: tuple[float, ...]

    @property
    def error(self) -> float:
        """Return by how much the cost that was asked is too high, as a share of the true one."""
        return self.asked_cost / self.built_cost - 1

    @property
    def computed(self) -> bool:
        """Return whether a key is computed, so that its statistics are not known before it is built and analyzed."""
        return any(key.is_expression for key in read_definition(f"CREATE INDEX ON {self.index}").keys)

    @property
    def affected(self) -> bool:
        return self.asked_used or self.built_used


def pairs(source: str, folder: Path, uses: Mapping[str, Sequence[tuple[str, Sequence[str]]]]) -> list[Pair]:
    """Return each statement with its candidate, asked on a twin and planned with the index built on the source.

    CREATE INDEX counts the table's all-visible pages anew (index_update_stats), by which an index-only scan is costed; so
    the source is vacuumed first, that pg_class says on both sides what is there.
    """
    with connected(source) as connection:
        connection.execute("VACUUM")
    each = [
        (kind, index, sql)
        for kind, found in uses.items()
        for index, statements in found
        for sql in statements
    ]
    definitions = {index: read_definition(f"CREATE INDEX ON {index}") for _, index, _ in each}
    statements = {sql: _statement(sql) for _, _, sql in each}
    with asking(source, folder, list(definitions.values()), (), statements) as (what_if, made):
        problems = [f"{one.definition.create()}: {one.problem}" for one in made if one.problem]
        if problems:
            raise RuntimeError("; ".join(problems))
        asked = [
            what_if.cost(_case(sql), frozenset({definitions[index]}), frozenset()) for _, index, sql in each
        ]
    built = _built(
        source, {index: [sql for _, other, sql in each if other == index] for index in definitions}
    )
    return [
        Pair(
            kind=kind,
            index=index,
            sql=sql,
            asked_cost=answer.cost,
            asked_used=bool(answer.used),
            built_cost=_median(built[index, sql])[0],
            built_used=_median(built[index, sql])[1],
            built_costs=tuple(cost for cost, _ in built[index, sql]),
        )
        for (kind, index, sql), answer in zip(each, asked, strict=True)
    ]


_Planned = tuple[float, bool]
"""What a plan costs, and whether it uses the index."""


def _median(planned: Sequence[_Planned]) -> _Planned:
    return planned[len(planned) // 2]


def _built(source: str, wanted: Mapping[str, Sequence[str]]) -> dict[tuple[str, str], list[_Planned]]:
    """Return the plans with each index built, and taken back again, by rising cost.

    The statistics of a computed key are those of a new sample each time it is analyzed: the plan of the median cost counts.
    """
    found: dict[tuple[str, str], list[_Planned]] = {}
    for index, statements in wanted.items():
        with connected(source) as connection, connection.transaction(force_rollback=True):
            before = Questions(connection, {}).existing.keys()
            connection.execute(f"CREATE INDEX made ON {index}".encode())
            definition = read_definition(f"CREATE INDEX ON {index}")
            questions = Questions(connection, {sql: _statement(sql) for sql in statements})
            new = questions.existing.keys() - before
            seen: dict[str, list[_Planned]] = {sql: [] for sql in statements}
            computed = any(key.is_expression for key in definition.keys)
            for _ in range(ANALYZED if computed else 1):
                if computed:  # as an apply does it
                    connection.execute(f"ANALYZE {definition.qualified_table}".encode())
                for sql in statements:
                    planned = questions.answer(questions.told(questions.explain(sql)), {})
                    seen[sql].append((planned.cost, bool(planned.used_existing & new)))
            found |= {(index, sql): sorted(answers) for sql, answers in seen.items()}
    return found


def _statement(sql: str) -> Statement:
    return Statement(text=sql, types=(), values=(), writes=False, volatile=False)


def _case(sql: str) -> WorkloadCase:
    return WorkloadCase(id=sql, weight=1, measured_ms=1, reads=frozenset())


def agreement(found: Sequence[Pair]) -> Iterator[Figure]:
    """Yield how many of the affected plans make another choice, and how many have a cost that is not near."""
    affected = [pair for pair in found if pair.affected]
    plain = [pair for pair in affected if not pair.computed]
    candidates = len({pair.index for pair in found})
    other = [pair for pair in affected if pair.asked_used != pair.built_used]
    yield Figure(
        what="plans that use the index, or not, unlike what-if",
        measured=100 * len(other) / len(affected),
        most=MOST_OTHER_CHOICE_PERCENT,
        unit="%",
        detail=f"{len(other)} of {len(affected)} affected plans; {candidates} candidates, {len(found)} plans in all",
    )
    for which, group in (("all", affected), ("without computed keys", plain)):
        far = [pair for pair in group if abs(pair.error) > NEAR]
        yield Figure(
            what=f"plans whose cost is more than {NEAR:.0%} off, {which}",
            measured=100 * len(far) / len(group),
            most=MOST_FAR_PERCENT,
            unit="%",
            detail=f"{len(far)} of {len(group)} affected plans",
        )


def listing(found: Sequence[Pair]) -> str:
    """Return a line a plan: kind, choice and cost by what-if and in truth."""
    lines = [f"{'kind':23} {'asked':>14} {'built':>14} {'error':>7}  index and statement\n"]
    for pair in found:
        asked, built = (
            f"{cost:,.2f} {'+' if used else '-'}"
            for cost, used in ((pair.asked_cost, pair.asked_used), (pair.built_cost, pair.built_used))
        )
        mark = "" if pair.asked_used == pair.built_used else "OTHER CHOICE "
        lines.append(
            f"{pair.kind:23} {asked:>14} {built:>14} {pair.error:+7.1%}  {mark}{pair.index}: {pair.sql}\n"
        )
    return "".join(lines)


def worst(found: Sequence[Pair]) -> str:
    """Return the plans whose cost is not near, the worst first, with what the same plan costs after other ANALYZEs.

    Most are of computed keys: all that is known of the column of such a key is a histogram of 100 bins, by which the share
    of one day or month is known to a hundredth of the rows, where ANALYZE counts the day's own rows in its sample.
    """
    far = [pair for pair in found if pair.affected and abs(pair.error) > NEAR]
    lines = [
        f"{pair.error:+7.1%}  {pair.asked_cost:,.2f} against {pair.built_costs[0]:,.2f} to {pair.built_costs[-1]:,.2f}"
        f" ({len(pair.built_costs)} ANALYZE)  {pair.index}: {pair.sql}\n"
        for pair in sorted(far, key=lambda pair: -abs(pair.error))
    ]
    return "".join([f"More than {NEAR:.0%} off\n", *lines])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_whatif", description=__doc__)
    parser.add_argument("--dir", type=Path, help="a running demo to use")
    parser.add_argument("--alumni", type=int, default=20_000, help="size of the demo that is made")
    given = parser.parse_args()
    with (
        demo_in(given.dir, alumni=given.alumni) as directory,
        tempfile.TemporaryDirectory(prefix="perfkit-bench-") as folder,
    ):
        Path(folder).chmod(0o711)
        source = superuser_dsn(running_demo(directory))
        found = pairs(source, Path(folder), USES)
        definitions = {pair.index: read_definition(f"CREATE INDEX ON {pair.index}") for pair in found}
        statements = {pair.sql: _statement(pair.sql) for pair in found}
        speed = [
            whatif_speed.figure_of_kinds(source, Path(folder), [*definitions.values()], statements),
            *whatif_speed.figures(directory, source, Path(folder)),
        ]
    sys.stdout.write(listing(found) + "\n" + worst(found) + "\n" + table([*agreement(found), *speed]))


if __name__ == "__main__":
    main()
