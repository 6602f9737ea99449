"""What a profile counted: statements, reads and writes, transactions."""

from collections.abc import Iterator, Mapping, Sequence

from perfkit import units
from perfkit.profile.counters import DatabaseCounts, IoCounts, IoKey, Missing, NamedCounts
from perfkit.profile.profile import Profile
from perfkit.report.document import Cell, Paragraph, Table
from perfkit.report.documents.profile_words import name_cell


def counter_tables(profile: Profile, top: int) -> Iterator[Table]:
    """Yield what the server counted of statements and of its files, as far as it could be read."""
    if not isinstance(profile.statements, Missing) and profile.statements:
        yield _statements(profile.statements[:top])
    io = profile.window.counted.io
    if not isinstance(io, Missing) and any(map(_moved_bytes, io.values())):
        yield _io(io, top, times=profile.window.server.times_io)


def database_lines(profile: Profile) -> Iterator[Paragraph]:
    """Yield a line on the database's transactions and the server's WAL, where they could be read."""
    database = profile.window.counted.database
    if not isinstance(database, Missing):
        yield Paragraph(_database(database, profile.window.recording.seconds))


def _statements(found: Sequence[NamedCounts]) -> Table:
    return Table(
        title="Statements that ended, as pg_stat_statements counts them",
        headings=("query", "calls", "mean", "total", "share", "hit", "read", "temp", "WAL"),
        rows=tuple(
            (
                name_cell(each.name),
                Cell(units.format_count(each.counts.calls)),
                Cell(units.format_ms(each.counts.mean_ms)),
                Cell(units.format_ms(each.counts.total_ms)),
                Cell(units.format_share(each.share)),
                Cell(_count(each.counts.blocks_hit)),
                Cell(_count(each.counts.blocks_read)),
                Cell(_count(each.counts.temp_blocks)),
                Cell(units.format_bytes(each.counts.wal_bytes) if each.counts.wal_bytes else ""),
            )
            for each in found
        ),
        numeric=frozenset(range(1, 9)),
    )


def _io(counts: Mapping[IoKey, IoCounts], top: int, *, times: bool) -> Table:
    ranked = sorted(counts.items(), key=lambda item: (-_moved_bytes(item[1]), item[0]))
    moved = [(key, each) for key, each in ranked if _moved_bytes(each)]
    return Table(
        title="Reads and writes of the server, by pg_stat_io",
        headings=(
            "process",
            "object",
            "read",
            "written",
            "grown",
            *(("read time", "write time") if times else ()),
        ),
        rows=tuple(
            (
                Cell(kind),
                Cell(object_ if context == "normal" else f"{object_}, {context}"),
                Cell(_bytes(each.read_bytes)),
                Cell(_bytes(each.write_bytes)),
                Cell(_bytes(each.extend_bytes)),
                *((Cell(_ms(each.read_ms)), Cell(_ms(each.write_ms))) if times else ()),
            )
            for (kind, object_, context), each in moved[:top]
        ),
        numeric=frozenset(range(2, 7)),
    )


def _database(counts: DatabaseCounts, seconds: float) -> str:
    blocks = counts.blocks_hit + counts.blocks_read
    rates = [f"{units.format_count(round(counts.commits / seconds, 1))} commits/s"]
    if counts.rollbacks:
        rates.append(f"{units.format_count(round(counts.rollbacks / seconds, 1))} rollbacks/s")
    if blocks:
        rates.append(
            f"{counts.blocks_hit / blocks * 100:.1f} % of {units.format_count(blocks)} blocks found in shared buffers"
        )
    if counts.temp_bytes:
        rates.append(f"{units.format_bytes(counts.temp_bytes)} of temporary files")
    if counts.deadlocks:
        rates.append(f"{units.format_count(counts.deadlocks)} deadlocks")
    return f"This database: {', '.join(rates)}. WAL of the server: {units.format_bytes(counts.wal_bytes / seconds)}/s."


def _moved_bytes(counts: IoCounts) -> float:
    return counts.read_bytes + counts.write_bytes + counts.extend_bytes


def _count(value: float) -> str:
    return units.format_count(value) if value else ""


def _bytes(value: float) -> str:
    return units.format_bytes(value) if value else ""


def _ms(value: float) -> str:
    return units.format_ms(value) if value else ""
