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
# A user's name and password on another server, which no plan asks for.
_USER_MAPPING = re.compile(r"\d+; \d+ \d+ USER MAPPING ")

# pg_dump of 17 and later sets it, and no server before knows it.
_NEWER_SETTING = "SET transaction_timeout = 0;\n"

# Of a foreign server's options all may be secrets but these, which postgres_fdw plans by.
_PLANNED_BY = frozenset({"async_capable", "extensions", "fdw_startup_cost", "fdw_tuple_cost", "updatable"})
_TEXT = r"'(?:[^']|'')*'"
_PART = rf"""(?:[^'";]|{_TEXT}|"[^"]*")+?"""
_SERVER = re.compile(rf"^(CREATE SERVER {_PART}) OPTIONS \(({_PART})\);$", re.MULTILINE)
_OPTION = re.compile(rf"(\w+)\"? E?{_TEXT}")


def dump_schema(source: Source, oids: Mapping[tuple[str, str], int], excluded: Sequence[str]) -> str:
    """Return the schema of the source, without owners, grants, the ways to foreign servers and the `excluded` tables.

    Those are patterns of pg_dump's. `oids` has the OID of each index and statistics object by schema and name: the
    planner breaks ties between equal indexes by it, so that they must be made in that order. Raises ServerError with
    pg_dump's words.
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
        wanted = [entry for entry in entries if not _USER_MAPPING.match(entry)]
        order.write_text("\n".join(_ordered(wanted, oids)), "utf-8")
        run_client([*restore, f"--use-list={order}", f"--file={script}", dump], environment=os.environ)
        return _SERVER.sub(_without_secrets, script.read_text("utf-8").replace(_NEWER_SETTING, ""))


def _without_secrets(server: re.Match[str]) -> str:
    """Return the statement that makes a foreign server, with no options but those that the planner goes by."""
    options = [option[0] for option in _OPTION.finditer(server[2]) if option[1] in _PLANNED_BY]
    return f"{server[1]} OPTIONS ({', '.join(options)});" if options else f"{server[1]};"


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
