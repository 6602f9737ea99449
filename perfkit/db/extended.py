"""Extended statistics put in place on the twin: rebuilt from what pg_stats_ext shows of them, as no server takes them yet.

The binary forms are those of mvdistinct.c (statext_ndistinct_serialize), dependencies.c (statext_dependencies_serialize)
and mcv.c (statext_mcv_serialize), the same from 14 to 18.
"""

import json
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict

import psycopg
from psycopg.sql import SQL, Composed, Identifier, Literal

from perfkit.twin.snapshot import ExpressionStatistics, ExtendedStatistics, PlannerData

_DISTINCT_MAGIC, _DEPENDENCIES_MAGIC = 0xA352BFA4, 0xB4549A2C
_TYPE = 1
# As the server itself writes these types to disk, and lets nobody cast to them.
_CASTS = """
DO $$ BEGIN
    CREATE CAST (bytea AS pg_ndistinct) WITHOUT FUNCTION;
    CREATE CAST (bytea AS pg_dependencies) WITHOUT FUNCTION;
    CREATE CAST (bytea AS pg_mcv_list) WITHOUT FUNCTION;
EXCEPTION WHEN duplicate_object THEN NULL;
END $$
"""
_SCRATCH = SQL("perfkit_twin.scratch")
_Places = Callable[[int], int]


def put_extended(connection: psycopg.Connection, data: PlannerData) -> Iterator[str]:
    """Put the extended statistics of a snapshot in place; yield what could not be."""
    if data.extended:
        connection.execute(_CASTS)
    for known in data.extended:
        expressions = [
            each
            for each in data.expressions
            if (each.schema, each.name, each.inherited) == (known.schema, known.name, known.inherited)
        ]
        try:
            with connection.transaction():
                _put(connection, known, expressions)
        except psycopg.Error as error:  # its words may quote a value
            yield f"statistics {known.schema}.{known.name}: refused (SQLSTATE {error.sqlstate})"
        except LookupError as error:
            yield f"statistics {known.schema}.{known.name}: {error}"


def _put(
    connection: psycopg.Connection, known: ExtendedStatistics, expressions: list[ExpressionStatistics]
) -> None:
    found = connection.execute(
        """
        SELECT object.oid, object.stxrelid FROM pg_statistic_ext AS object
        JOIN pg_namespace ON pg_namespace.oid = stxnamespace WHERE nspname = %s AND stxname = %s
        """,
        [known.schema, known.name],
    ).fetchone()
    if not found:
        raise LookupError("are not on the twin")
    oid, table_oid = found
    table = Identifier(known.table_schema, known.table_name)
    places = _places(connection, table_oid, known.columns)
    connection.execute("DELETE FROM pg_statistic_ext_data WHERE stxoid = %s", [oid])
    # The column stxdinherit is there from 15 on.
    columns, values = ["stxoid"], [Literal(oid)]
    if connection.info.server_version >= 150_000:
        columns, values = [*columns, "stxdinherit"], [*values, Literal(known.inherited)]
    made: dict[str, SQL | Composed | Literal] = {
        "stxdndistinct": _bytes(_distinct(known.distinct, places), "pg_ndistinct"),
        "stxddependencies": _bytes(_dependencies(known.dependencies, places), "pg_dependencies"),
        "stxdmcv": _bytes(_common_values(connection, known, table), "pg_mcv_list"),
        "stxdexpr": _expressions(connection, expressions, table),
    }
    connection.execute(
        SQL("INSERT INTO pg_statistic_ext_data ({}) VALUES ({})").format(
            SQL(", ").join(map(Identifier, (*columns, *made))), SQL(", ").join([*values, *made.values()])
        )
    )


def _places(connection: psycopg.Connection, table: int, columns: Mapping[str, str]) -> _Places:
    """Return what turns production's number of a column into the twin's; those of expressions are below 0 and stay."""
    here: dict[str, int] = dict(
        connection.execute(
            "SELECT attname::text, attnum FROM pg_attribute WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped",
            [table],
        ).fetchall()
    )
    return lambda number: number if number < 0 else here[columns[str(number)]]


def _bytes(content: bytes | None, kind: str) -> SQL | Composed:
    return SQL("NULL") if content is None else SQL("{}::bytea::{}").format(Literal(content), Identifier(kind))


def _distinct(text: str | None, places: _Places) -> bytes | None:
    if text is None:
        return None
    items = json.loads(text)
    packed = struct.pack("<III", _DISTINCT_MAGIC, _TYPE, len(items))
    for key, count in items.items():
        numbers = [places(int(number)) for number in key.split(",")]
        packed += struct.pack(f"<di{len(numbers)}h", count, len(numbers), *numbers)
    return packed


def _dependencies(text: str | None, places: _Places) -> bytes | None:
    if text is None:
        return None
    items = json.loads(text)
    packed = struct.pack("<III", _DEPENDENCIES_MAGIC, _TYPE, len(items))
    for key, degree in items.items():
        determinants, _, dependent = key.partition(" => ")
        numbers = [places(int(number)) for number in (*determinants.split(","), dependent)]
        packed += struct.pack(f"<dh{len(numbers)}h", degree, len(numbers), *numbers)
    return packed


def _common_values(
    connection: psycopg.Connection, known: ExtendedStatistics, table: Identifier
) -> bytes | None:
    """Return the list of common combinations: ANALYZE makes it of a scratch table, then its frequencies are set right."""
    values, frequencies = known.common_values, known.common_frequencies
    if not values or not frequencies or not known.common_base_frequencies:
        return None
    names = [*(known.column_names or []), *(f"x{place}" for place in range(len(known.expressions or [])))]
    _make_scratch(connection, known, table)
    for place, row in enumerate(values):
        # Ever fewer rows of each keep them in order, and two at least make them common.
        copies = 2 * (len(values) - place) + 3
        connection.execute(
            SQL("INSERT INTO {} SELECT {} FROM generate_series(1, {})").format(
                _SCRATCH, SQL(", ").join(map(Literal, row)), Literal(copies)
            )
        )
    connection.execute(
        SQL("ALTER TABLE {} {}").format(
            _SCRATCH,
            SQL(", ").join(
                SQL("ALTER {} SET STATISTICS {}").format(Identifier(name), Literal(max(len(values), 100)))
                for name in names
            ),
        )
    )
    connection.execute(
        SQL("CREATE STATISTICS perfkit_twin.scratch_values (mcv) ON {} FROM {}").format(
            SQL(", ").join(map(Identifier, names)), _SCRATCH
        )
    )
    connection.execute(SQL("ANALYZE {}").format(_SCRATCH))
    made = connection.execute(
        """
        SELECT stxdmcv::bytea FROM pg_statistic_ext_data
        WHERE stxoid = (SELECT oid FROM pg_statistic_ext
            WHERE stxname = 'scratch_values' AND stxnamespace = 'perfkit_twin'::regnamespace)
        """
    ).fetchone()
    connection.execute(SQL("DROP TABLE {}").format(_SCRATCH))
    if not made or made[0] is None:
        raise LookupError("the server made no list of common values")
    return _with_frequencies(made[0], len(names), frequencies, known.common_base_frequencies)


def _make_scratch(connection: psycopg.Connection, known: ExtendedStatistics, table: Identifier) -> None:
    columns: list[SQL | Composed | Identifier] = [Identifier(name) for name in known.column_names or []]
    columns += [
        SQL("{} AS {}").format(SQL(text), Identifier(f"x{place}"))
        for place, text in enumerate(known.expressions or [])
    ]
    connection.execute(
        SQL("CREATE TABLE {} AS SELECT {} FROM {} WITH NO DATA").format(
            _SCRATCH, SQL(", ").join(columns), table
        )
    )


def _with_frequencies(packed: bytes, columns: int, frequencies: list[float], bases: list[float]) -> bytes:
    """Return the list with these frequencies: its last part has, for each item, null flags, both, and an index each."""
    changed = bytearray(packed)
    item_bytes = columns * 3 + 16
    (count,) = struct.unpack_from("<I", packed, 8)
    if count != len(frequencies):
        raise LookupError(f"the server kept {count} of {len(frequencies)} common values")
    start = len(packed) - count * item_bytes
    for place, pair in enumerate(zip(frequencies, bases, strict=True)):
        struct.pack_into("<dd", changed, start + place * item_bytes + columns, *pair)
    return bytes(changed)


def _expressions(
    connection: psycopg.Connection, expressions: list[ExpressionStatistics], table: Identifier
) -> SQL | Composed:
    if not expressions:
        return SQL("NULL")
    rows = []
    for known in expressions:
        connection.execute(
            SQL("CREATE TABLE {} AS SELECT {} AS x FROM {} WITH NO DATA").format(
                _SCRATCH, SQL(known.expression), table
            )
        )
        column = connection.execute(
            SQL(
                "SELECT perfkit_twin.base(atttypid), attcollation FROM pg_attribute WHERE attrelid = {}::regclass AND attnum = 1"
            ).format(Literal("perfkit_twin.scratch"))
        ).fetchone()
        connection.execute(SQL("DROP TABLE {}").format(_SCRATCH))
        assert column is not None
        rows.append(
            SQL("perfkit_twin.statistic(0, 0::int2, {}, {}, 0, {}::jsonb)").format(
                Literal(column[0]), Literal(column[1]), Literal(json.dumps(asdict(known)))
            )
        )
    return SQL("ARRAY[{}]").format(SQL(", ").join(rows))
