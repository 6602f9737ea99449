"""TPC-H, a database that perfkit was not made for: eight tables in any size, and its 22 queries as a catalog."""

import subprocess
import sysconfig
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

_HERE = Path(__file__).parent
QUERIES = _HERE / "queries"
DATABASE = "tpch"
SMALL_SCALE = 0.1
_TABLES = ("region", "nation", "part", "supplier", "partsupp", "customer", "orders", "lineitem")
_CHUNK_BYTES = 1 << 20


def make_tpch(server: str, *, scale: float = SMALL_SCALE) -> str:
    """Make the database `tpch` on a server and return its URI: filled, with its keys, vacuumed and analyzed.

    `server` is a superuser's URI of another database there. Scale 0.1 has 600,000 rows of lineitem and takes 178 MB.
    """
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(DATABASE)))
    dsn = make_conninfo(server, dbname=DATABASE)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute((_HERE / "schema.sql").read_bytes())
        for table in _TABLES:
            _fill(connection, table, scale)
        connection.execute((_HERE / "keys.sql").read_bytes())
        connection.execute("VACUUM (ANALYZE)")
    return dsn


def _fill(connection: psycopg.Connection, table: str, scale: float) -> None:
    """Copy a table's rows from the generator, which makes the same ones each time."""
    program = f"{sysconfig.get_path('scripts')}/tpchgen-cli"
    command = [program, "csv", f"--scale-factor={scale}", f"--tables={table}", "--stdout", "--quiet"]
    copy = SQL("COPY {} FROM STDIN (FORMAT csv, HEADER)").format(Identifier(table))
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE) as generator,
        connection.cursor() as cursor,
        cursor.copy(copy) as rows,
    ):
        assert generator.stdout is not None
        while chunk := generator.stdout.read(_CHUNK_BYTES):
            rows.write(chunk)
    if generator.returncode:
        raise RuntimeError(f"{program} exited {generator.returncode}")
