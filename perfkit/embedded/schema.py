"""A database's schema as SQL, with indexes and statistics objects in the order in which they were made."""

import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from perfkit.copies import Source
from perfkit.embedded.binaries import find_postgres_binaries
from perfkit.embedded.client import run_client
from perfkit.embedded.restore import LEFT_OUT, LOCK_WAIT, environment_of

# "3394; 1259 16412 INDEX alumni people_name_idx postgres"; a constraint's line names its table too.
_ENTRY = re.compile(r"\d+; \d+ \d+ (INDEX|CONSTRAINT|STATISTICS) (\S+) (?!ATTACH )(?:.* )?(\S+) \S+$")

# pg_dump of 17 and later sets it, and no server before knows it.
_NEWER_SETTING = "SET transaction_timeout = 0;\n"


def dump_schema(source: Source, oids: Mapping[tuple[str, str], int], excluded: Sequence[str]) -> str:
    """Return the schema of the source without owners and grants; `excluded` tables are left out (pg_dump's patterns).

    `oids` has the OID of each index and statistics object by schema and name: the planner breaks ties between equal
    indexes by it, so that they must be made in that order. Raises ServerError with pg_dump's words.
    """
    binaries = find_postgres_binaries()
    with tempfile.TemporaryDirectory(prefix="perfkit-schema-") as folder:
        dump, order, script = (Path(folder) / name for name in ("dump", "order", "schema.sql"))
        how = ["--schema-only", "--format=custom", "--no-comments", f"--lock-wait-timeout={LOCK_WAIT}"]
        how += [f"--exclude-table={pattern}" for pattern in excluded]
        run_client(
            [
                binaries / "pg_dump",
                *LEFT_OUT,
                *how,
                f"--file={dump}",
                "--no-password",
                f"--dbname={source.conninfo}",
            ],
            environment=environment_of(source),
            secret=source.password,
        )
        restore: list[str | Path] = [binaries / "pg_restore", *LEFT_OUT]
        entries = run_client([*restore, "--list", dump], environment=os.environ)
        order.write_text("\n".join(_ordered(entries, oids)), "utf-8")
        run_client([*restore, f"--use-list={order}", f"--file={script}", dump], environment=os.environ)
        return script.read_text("utf-8").replace(_NEWER_SETTING, "")


def _ordered(entries: Sequence[str], oids: Mapping[tuple[str, str], int]) -> list[str]:
    """Return the entries, the indexes among them in the order of their OIDs, and so the statistics objects."""
    ordered = list(entries)
    for kinds in ({"INDEX", "CONSTRAINT"}, {"STATISTICS"}):
        places = {
            place: oids[match[2], match[3]]
            for place, entry in enumerate(entries)
            if (match := _ENTRY.match(entry)) and match[1] in kinds and (match[2], match[3]) in oids
        }
        by_oid = sorted(places, key=lambda place: places[place])
        for place, taken in zip(places, by_oid, strict=True):
            ordered[place] = entries[taken]
    return ordered
