"""A twin of a running database that has candidates and can be asked what if."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from perfkit.cli.twin import database, snapshot_from
from perfkit.db.connect import connected
from perfkit.db.guard import Guard
from perfkit.db.server import GuardedServer
from perfkit.db.whatif import TwinWhatIf
from perfkit.plan.runs import Statement
from perfkit.syntax.index import IndexDefinition
from perfkit.twin.build import add_candidates, built_twin
from perfkit.twin.restored import MadeCandidate
from perfkit.twin.snapshot import Redaction


@contextmanager
def asking(
    superuser: str,
    folder: Path,
    definitions: Sequence[IndexDefinition],
    needs: Sequence[str],
    statements: Mapping[str, Statement],
) -> Iterator[tuple[TwinWhatIf, Sequence[MadeCandidate]]]:
    """Yield what answers what-if on a twin of the database under `folder`, and its candidates; both end with the block."""
    guard = Guard(allow_superuser=True, analyze_on_primary=True)
    snapshot = snapshot_from(GuardedServer(dsn=superuser, guard=guard), Redaction(values=False))
    with built_twin(snapshot, folder, database()) as bare:
        twin, made = add_candidates(bare, definitions, needs, database())
        with connected(twin.socket_dsn) as connection:
            yield TwinWhatIf(connection, made, statements), made
