"""Build: a throw-away server whose tables are empty, and look to its planner as production's do."""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from perfkit.embedded.binaries import find_postgres_binaries
from perfkit.embedded.client import run_script
from perfkit.embedded.databases import Connection, create_database, give_settings
from perfkit.embedded.postgres import PostgresServer, start_postgres, stop_postgres
from perfkit.embedded.run_folder import SERVER, run_folder
from perfkit.syntax.index import IndexDefinition
from perfkit.twin.ends import leaves_of
from perfkit.twin.forks import read_block, set_length, write_blocks, write_fork
from perfkit.twin.pages import brin_metapage, btree_pages, gin_metapage, visibility_page
from perfkit.twin.restored import MadeCandidate, MadeIndex, Restored
from perfkit.twin.snapshot import PlannerData, RelationSize, Snapshot

DATABASE = "twin"
_SERVER_SETTINGS = {
    "autovacuum": "off",  # nothing may analyze tables that are empty
    "fsync": "off",  # the twin ends with the run
    "shared_preload_libraries": "",  # each would take its share of every statement of the build
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "jit": "off",  # it is no part of a node's cost, and no embedded server has it
    "shared_buffers": "64MB",
    "max_locks_per_transaction": "1024",  # from 18 on, so many indexes are locked without a look at a shared table
    "max_wal_size": "2GB",
    "checkpoint_timeout": "1d",
}
# Entries of a b-tree page above the leaves: 8 kB, filled to 70 %, by 20 bytes.
_FANOUT = 285
# Entries of a page of a BRIN range map (REVMAP_PAGE_MAXITEMS in brin_page.h).
_RANGES_A_PAGE = 1_360
# What gincostestimate guesses where a metapage tells nothing.
_GIN_ENTRY_SHARE, _GIN_ENTRIES_A_PAGE = 0.9, 100
_PROBLEMS_TOLD = 3
# From this version on, pages made by hand would need a checksum.
_CHECKSUMS_BY_DEFAULT = 18

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """What the database room does for the twin: connect in autocommit mode, put planner data in place, tidy up."""

    connect: Callable[[str], Connection]
    restore: Callable[[str, PlannerData], Restored]
    forget_ends: Callable[[str], None]
    make_candidates: Callable[[str, Sequence[IndexDefinition], Sequence[str]], tuple[MadeCandidate, ...]]
    size_new_indexes: Callable[[str, Collection[tuple[str, str]]], tuple[MadeIndex, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """A running twin: what it is made of, its superuser's URI, where its data are, and what it lacks, a sentence each.

    `socket_dsn` is for who has thousands of questions.
    """

    snapshot: Snapshot = field(repr=False)
    dsn: str = field(repr=False)
    socket_dsn: str = field(repr=False)
    data_directory: Path
    notes: tuple[str, ...]


Change = Callable[[str], None]
"""What a migration does to the database at a URI."""


@contextmanager
def built_twin(
    snapshot: Snapshot, directory: Path, database: Database, change: Change | None = None
) -> Iterator[Twin]:
    """Yield a twin of the snapshot under `directory`/twins, which ends with the block; killed ones are removed first.

    The `change` is made while its tables are truly empty, so that it takes no time; then all that is known of what is
    left of them is put in place, and what is new gets the size it would have. Raises ServerError when the matching
    PostgreSQL is not here or does not start, and what the change raises.
    """
    with run_folder(directory.resolve() / "twins") as folder:
        twin = build(snapshot, folder / SERVER, database, die_with_parent=True, change=change)
        yield _with_new_indexes(twin, database) if change else twin


def _with_new_indexes(twin: Twin, database: Database) -> Twin:
    known = {(each.schema, each.name) for each in twin.snapshot.data.relations}
    return _filled(twin, database.size_new_indexes(twin.dsn, known))


def _filled(twin: Twin, made: Sequence[MadeIndex]) -> Twin:
    """Give indexes on a running twin their size; it is started anew, as its server remembers pages and lengths."""
    directory = twin.data_directory.parent
    stop_postgres(directory)
    for index in made:
        _fill_index(index.size, twin.data_directory / index.path, None, index.table_blocks)
    server = _start(twin.snapshot, directory, die_with_parent=True)
    return replace(twin, dsn=server.dsn_for(DATABASE), socket_dsn=server.socket_dsn_for(DATABASE))


def build(
    snapshot: Snapshot,
    directory: Path,
    database: Database,
    *,
    die_with_parent: bool = False,
    change: Change | None = None,
) -> Twin:
    """Return a twin of the snapshot in the directory, which has none yet; errors as of `built_twin`."""
    server = _start(snapshot, directory, die_with_parent=die_with_parent)
    with closing(database.connect(server.dsn)) as session:
        notes = [create_database(session, DATABASE, snapshot.locale)]
        notes += give_settings(session, [DATABASE], snapshot.settings)
    dsn = server.dsn_for(DATABASE)
    notes += _make_schema(snapshot, server)
    if change:
        change(dsn)
    restored = database.restore(dsn, snapshot.data)
    # After a change, statistics of what is gone have no place.
    notes += () if change else _told(restored.problems)
    data = server.directory / "data"
    leaves = leaves_of(data, restored.files)
    database.forget_ends(dsn)
    stop_postgres(directory)
    _fill(snapshot.data, {(file.schema, file.name): data / file.path for file in restored.files}, leaves)
    server = _start(snapshot, directory, die_with_parent=die_with_parent)
    return Twin(
        snapshot=snapshot,
        dsn=server.dsn_for(DATABASE),
        socket_dsn=server.socket_dsn_for(DATABASE),
        data_directory=data,
        notes=tuple(dict.fromkeys(filter(None, notes))),
    )


def add_candidates(
    twin: Twin, definitions: Sequence[IndexDefinition], needs: Sequence[str], database: Database
) -> tuple[Twin, tuple[MadeCandidate, ...]]:
    """Make candidates on a running twin, which is started anew."""
    made = database.make_candidates(twin.dsn, definitions, needs)
    return _filled(twin, [index for candidate in made for index in candidate.indexes]), made


def _start(snapshot: Snapshot, directory: Path, *, die_with_parent: bool) -> PostgresServer:
    return start_postgres(
        directory,
        settings=_SERVER_SETTINGS,
        binaries=find_postgres_binaries(snapshot.major),
        die_with_parent=die_with_parent,
        initdb_options=("--no-data-checksums",) if snapshot.major >= _CHECKSUMS_BY_DEFAULT else (),
    )


def _make_schema(snapshot: Snapshot, server: PostgresServer) -> list[str]:
    script = server.directory / "schema.sql"
    script.write_text(snapshot.schema_sql, "utf-8")
    try:
        return _told(run_script(script, server, DATABASE))
    finally:
        script.unlink()


def _told(problems: list[str] | tuple[str, ...]) -> list[str]:
    """Return the first problems, and how many more there are."""
    more = len(problems) - _PROBLEMS_TOLD
    return [*problems[:_PROBLEMS_TOLD], *([f"and {more:,} more such problems"] if more > 0 else [])]


def _fill(data: PlannerData, paths: Mapping[_Key, Path], leaves: Mapping[_Key, bytes]) -> None:
    """Give each file the length that production's has, and each index the pages that the planner reads."""
    blocks = {(each.schema, each.name): each.blocks for each in data.relations if not each.is_index}
    for relation in data.relations:
        key = (relation.schema, relation.name)
        if not relation.has_file or key not in paths:
            continue
        if relation.is_index:
            table = blocks.get((relation.table_schema or "", relation.table_name or ""), 0)
            _fill_index(relation, paths[key], leaves.get(key), table)
        elif relation.blocks:
            set_length(paths[key], relation.blocks)
            write_fork(paths[key], "vm", visibility_page())


def _fill_index(index: RelationSize, path: Path, leaf: bytes | None, table_blocks: int) -> None:
    if index.blocks > 1:
        write_blocks(path, _first_pages(index, path, leaf, table_blocks))
    set_length(path, index.blocks)


def _first_pages(index: RelationSize, path: Path, leaf: bytes | None, table_blocks: int) -> list[bytes]:
    metapage = read_block(path, 0)
    if index.method == "btree":
        height = _guessed_height(index.blocks) if index.height is None else index.height
        return btree_pages(metapage, height, leaf)
    if index.method == "gin":
        return [_gin_metapage(index, metapage)]
    if index.method == "brin":
        ranges = -(-table_blocks // (index.pages_per_range or 1))
        return [brin_metapage(metapage, last_revmap_page=max(1, -(-ranges // _RANGES_A_PAGE)))]
    return []


def _gin_metapage(index: RelationSize, metapage: bytes) -> bytes:
    pending = index.gin_pending_pages or 0
    rest = index.blocks - 1 - pending
    entry_pages = index.gin_entry_pages or int(rest * _GIN_ENTRY_SHARE)
    return gin_metapage(
        metapage,
        entry_pages=entry_pages,
        data_pages=max(0, rest - entry_pages),
        entries=index.gin_entries or entry_pages * _GIN_ENTRIES_A_PAGE,
        pending_pages=pending,
    )


def _guessed_height(blocks: int) -> int:
    return math.ceil(math.log(max(1, blocks - 1), _FANOUT))
