"""perfkit bench import: ways compared, records accounted for, and nothing left behind, however it ends."""

import csv
import gzip
import json
import random
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.cli.command import TIME_LIMIT_S, Perfkit
from tests.cli.schemas import holds

SETS = (
    "--set=public_id=gen_random_uuid()",
    "--set=school_id=(SELECT school_id FROM alumni.programmes WHERE code = degree_code)",
)
QUICK = ("--rounds=1", "--ways=copy,staged", "--workers=1", "--no-parts")
# What an import could leave: rows, what triggers wrote, schemas, sessions.
_TRACES = """
SELECT
    (SELECT count(*) FROM alumni.people),
    (SELECT count(*) FROM alumni.audit_log),
    (SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'perfkit%'),
    (SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name LIKE 'perfkit%')
"""
_PATIENCE_S = 30


def traces(dsn: str) -> tuple[Any, ...]:
    with psycopg.connect(dsn) as connection:
        found = connection.execute(_TRACES).fetchone()
    assert found is not None
    return found


@contextmanager
def nothing_left(dsn: str) -> Iterator[None]:
    """Hold a block to leaving rows and schemas as they were, no new temporary files and no session, within some seconds.

    What ends an earlier run may just be at work, and other tests have files of theirs for a time.
    """
    *before, _ = traces(dsn)
    folders = _folders()
    yield
    deadline = time.monotonic() + _PATIENCE_S
    while traces(dsn) != (*before, 0) or _folders() - folders:
        assert time.monotonic() < deadline, (before, traces(dsn), _folders() - folders)
        time.sleep(0.1)


def _folders() -> set[str]:
    return {path.name for path in Path(tempfile.gettempdir()).glob("perfkit-import-*")}


@pytest.fixture
def members(project: Perfkit) -> Path:
    """Return a file of 400 records, a tenth of them broken."""
    path = project.directory / "members.csv"
    assert project("demo", "csv", "--rows", 400, "--bad-share", 0.1, "-o", path).returncode == 0
    return path


def test_all_ways_are_compared_on_rows_of_the_table(project: Perfkit, dsn: str) -> None:
    plot = project.directory / "import.svg"
    with nothing_left(dsn):
        result = project(
            "bench", "import", "--rows", 60, "--rounds", 1, "--batch", "50", "--workers", "1,2",
            "--plot", plot, "--allow-writes", "--format", "json",
        )  # fmt: skip
    assert (result.returncode, result.stderr) == (0, "")
    document = json.loads(result.stdout)
    holds("bench.import", document)
    ways = {way["id"]: way for way in document["ways"]}
    assert ways.keys() >= {
        "row-insert", "executemany-50", "multi-values-50", "copy", "copy-2-workers",
        "copy-binary", "staged", "on-error", "pandas-50",
    }  # fmt: skip
    assert all(way["wal_bytes"][0] > 0 and way["client_bytes"][0] > 0 for way in ways.values())
    parts = {(part["kind"], part["name"]) for part in document["parts"]}
    assert parts >= {
        ("index", "people_pkey"),
        ("index", "people_search_idx"),
        ("trigger", "people_audit"),
        ("foreign key", "people_merged_into_fkey"),
    }
    assert plot.read_text().startswith("<svg")
    assert "import of 1,000 records" in project("targets").stdout
    assert "1 met, 6 unknown" in project("targets").stdout


def test_every_record_of_a_file_is_accounted_for(project: Perfkit, dsn: str, members: Path) -> None:
    rejects = project.directory / "rejects.csv"
    with nothing_left(dsn):
        result = project(
            "bench", "import", members, *SETS, *QUICK, "--reject-file", rejects, "--format", "json"
        )
    assert (result.returncode, result.stderr) == (0, "")
    document = json.loads(result.stdout)
    holds("bench.import", document)
    accounts = document["accounts"]
    assert accounts["read"] == 400 == accounts["stored"] + accounts["updated"] + accounts["rejected"]
    assert document["recommended"]["id"] == "staged"
    with rejects.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == accounts["rejected"]
    lines = [int(row["line"]) for row in rows]
    assert lines == sorted(set(lines))
    assert {row["kind"] for row in rows} == {"fields", "quotes", "type", "check", "missing"}
    assert "--into table looks at them" in document["notes"][-1]


def test_texts_of_any_length_are_imported(own_project: Perfkit, own_dsn: str) -> None:
    csv.field_size_limit(131_072)  # Python's own
    with psycopg.connect(own_dsn) as connection:
        connection.execute("CREATE TABLE letter (id int PRIMARY KEY, body text)")
    letters = own_project.directory / "letters.csv"
    letters.write_text("id,body\n" + "".join(f"{n},={'1' * 200_000}\n" for n in range(10)))
    options = ("--table=letter", "--rounds=1", "--ways=row-insert,copy", "--workers=1", "--no-parts")
    result = own_project("bench", "import", letters, *options, "--format=json")
    assert json.loads(result.stdout)["accounts"]["stored"] == 10, result.stderr


def test_standard_input_and_gzip_are_read(project: Perfkit, members: Path) -> None:
    packed = project.directory / "members.csv.gz"
    packed.write_bytes(gzip.compress(members.read_bytes()))
    script = ("bench", "import", "--format", "json", *SETS, *QUICK)
    found = [
        json.loads(project(*script, packed).stdout)["accounts"],
        json.loads(project(*script, "-", stdin=members.read_text("utf-8")).stdout)["accounts"],
    ]
    assert found[0] | {"elapsed_ms": 0} == found[1] | {"elapsed_ms": 0}


def test_the_table_itself_is_updated_by_key_and_rolled_back(own_project: Perfkit, own_dsn: str) -> None:
    with psycopg.connect(own_dsn) as connection:
        rows = connection.execute(
            "SELECT person_id, public_id, family_name, grad_year, school_id FROM alumni.people"
            " ORDER BY person_id LIMIT 100"
        ).fetchall()
    file = own_project.directory / "known.csv"
    text = "person_id,public_id,family_name,grad_year,school_id\n"
    text += "".join(",".join(map(str, row)) + "\n" for row in rows)
    file.write_text(text + "9999999,00000000-0000-0000-0000-000000000001,New,1999,1\n", "utf-8")
    options = ("--into", "table", "--key", "person_id", "--ways", "staged", "--rounds", 1, "--format", "json")
    refused = own_project("bench", "import", file, *options)
    assert refused.returncode == 3
    assert "--allow-writes" in refused.stderr
    with nothing_left(own_dsn):
        result = own_project("bench", "import", file, *options, "--allow-writes")
    assert (result.returncode, result.stderr) == (0, "")
    accounts = json.loads(result.stdout)["accounts"]
    assert (accounts["stored"], accounts["updated"], accounts["rejected"]) == (1, 100, 0)
    assert "not looked at" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (["nowhere.csv"], 2, "cannot read nowhere.csv"),
        (["--table", "alumni.nowhere"], 2, "there is no table alumni.nowhere"),
        (["--table", "alumni.directory"], 2, "alumni.directory is no table"),
        (["--ways", "magic"], 2, "there is no way 'magic'"),
        (["--batch", "0"], 2, "not numbers above 0"),
        (["--into", "production"], 2, "--into must be"),
        (["--into", "table", "--allow-writes"], 2, "name a file"),
        (["-", "--reject-file", "nowhere/rejects.csv"], 2, "cannot write nowhere/rejects.csv"),
        (["--plot", "nowhere/plot.svg"], 2, "cannot write nowhere/plot.svg"),
        (["--ways", "on-error", "--rows", "20", "--rounds", "1", "--no-parts"], 3, "can be recommended"),
    ],
)
def test_what_cannot_be_done_is_told(project: Perfkit, arguments: list[str], code: int, problem: str) -> None:
    result = project("bench", "import", *arguments)
    assert (result.returncode, result.stdout) == (code, "")
    assert problem in result.stderr


def test_a_missed_target_fails(project: Perfkit) -> None:
    (project.directory / "perfkit.toml").write_text(
        (project.directory / "perfkit.toml").read_text() + 'import_target = "0.01ms"\n'
    )
    result = project("bench", "import", "--rows", 30, "--rounds", 1, "--ways", "copy", "--no-parts")
    assert result.returncode == 1
    assert "Recommended: copy" in result.stdout


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
def test_whenever_it_is_ended_nothing_is_left(
    own_project: Perfkit, own_dsn: str, sign: signal.Signals
) -> None:
    chance = random.Random(7)
    for _ in range(4):
        with nothing_left(own_dsn):
            process = own_project.start(
                "bench", "import", "--rows", 300, "--rounds", 9, "--ways", "copy,staged,multi-values",
                "--allow-writes",
            )  # fmt: skip
            with process:
                time.sleep(chance.uniform(0.3, 6))
                process.send_signal(sign)
                process.communicate(timeout=TIME_LIMIT_S)
            assert process.returncode in (130, -sign)


def test_what_a_killed_guardian_left_is_dropped_by_the_next_run(own_project: Perfkit, own_dsn: str) -> None:
    with psycopg.connect(own_dsn, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA perfkit_import_0123abcd CREATE TABLE people (id int)")
        connection.execute("CREATE SCHEMA perfkit_import_0000000f")
        # Another run, that is alive.
        connection.execute("SELECT pg_advisory_lock(7331005, 15)")
        result = own_project("bench", "import", "--rows", 20, "--rounds", 1, "--ways", "copy", "--no-parts")
        assert result.returncode == 0
        schemas = connection.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'perfkit%'"
        ).fetchall()
        assert schemas == [("perfkit_import_0000000f",)]
