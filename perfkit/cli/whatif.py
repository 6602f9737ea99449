"""Who is asked what if: a twin that has all candidates, or the server itself by HypoPG."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from perfkit.cli.twin import database

if TYPE_CHECKING:
    from perfkit.catalog.workload import Workload
    from perfkit.db.server import GuardedServer
    from perfkit.indexes.advise import Planner
    from perfkit.indexes.gather import Gathered
    from perfkit.plan.runs import Statement
    from perfkit.plan.tables import Tables
    from perfkit.twin.build import Twin


@contextmanager
def twin_what_if(
    bare: "Twin", workload: "Workload", tables: "Tables", gathered: "Gathered"
) -> Iterator["Planner"]:
    """Yield what answers what-if on a twin, which gets all candidates."""
    from perfkit.db.connect import connected
    from perfkit.db.whatif import TwinWhatIf
    from perfkit.indexes.advise import Planner, to_plan
    from perfkit.twin.build import add_candidates

    twin, made = add_candidates(bare, to_plan(gathered, tables), gathered.needs, database())
    with connected(twin.socket_dsn) as connection:
        refused = {each.definition: each.problem for each in made if each.problem}
        what_if = TwinWhatIf(connection, made, _statements(workload, gathered))
        yield Planner(what_if=what_if, refused=refused)


def refuse_without_hypopg(server: "GuardedServer") -> None:
    """Raise MeasureError before minutes of measuring, not after."""
    from perfkit.db import hypopg
    from perfkit.db.connect import connected

    with connected(server.dsn) as connection:
        hypopg.hypopg_what_if(connection, server.guard, (), {})


@contextmanager
def hypopg_what_if(
    server: "GuardedServer", workload: "Workload", tables: "Tables", gathered: "Gathered"
) -> Iterator["Planner"]:
    """Yield what answers what-if on the server itself, by HypoPG."""
    from perfkit.db import hypopg
    from perfkit.db.connect import connected
    from perfkit.indexes.advise import to_plan

    with connected(server.dsn) as connection:
        statements = _statements(workload, gathered)
        yield hypopg.hypopg_what_if(connection, server.guard, to_plan(gathered, tables), statements)


def _statements(workload: "Workload", gathered: "Gathered") -> dict[str, "Statement"]:
    from perfkit.measure.run import statement_of

    own = {each.case.id: statement_of(each.query, each.case) for each in workload.cases}
    return own | dict(gathered.lookups)
