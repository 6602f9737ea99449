"""The import that accounts for every record: what is stored, updated and rejected, and why, on real servers."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.sql import Identifier

from perfkit.bench.imports.accounts import Accounts
from perfkit.bench.imports.reject import Reject
from perfkit.bench.imports.source import Source
from perfkit.db.importing.table import read_table
from perfkit.db.importing.validated import Manner, import_validated
from perfkit.errors import MeasureError, StatementError, UsageError
from tests.limits import file_size_limit

SCHEMA = """
CREATE TABLE school (code text PRIMARY KEY);
INSERT INTO school VALUES ('ENG'), ('LAW');
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE DOMAIN year AS smallint CHECK (VALUE > 1900);
CREATE TABLE member (
    id int PRIMARY KEY,
    email text UNIQUE,
    name text NOT NULL CHECK (length(name) <= 20),
    born date CHECK (born > '1900-01-01'),
    initials varchar(3),
    gpa numeric(3, 2),
    mood mood,
    class year,
    language text NOT NULL DEFAULT 'en',
    school text REFERENCES school,
    note text,
    CHECK (name <> email)
);
"""
HEADER = "id,email,name,born,initials,gpa,mood,class,language,school,note"


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database, autocommit=True) as connected:
        connected.execute(SCHEMA)
        yield connected


def imported(
    connection: psycopg.Connection, path: Path, manner: Manner | None = None
) -> tuple[Accounts, list[Reject]]:
    """Import the file and return what became of its records, with all rejects; what it stored is committed."""
    rejects: list[Reject] = []
    with connection.transaction():
        accounts = import_validated(
            connection,
            read_table(connection, "member"),
            Source(path=path, name=path.name),
            manner or Manner(target=Identifier("member")),
            rejects.extend,
        )
    assert accounts.read == accounts.stored + accounts.updated + len(rejects)
    return accounts, rejects


def imported_text(
    connection: psycopg.Connection, tmp_path: Path, text: str | bytes, manner: Manner | None = None
) -> tuple[Accounts, list[Reject]]:
    path = tmp_path / "members.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return imported(connection, path, manner)


def names(connection: psycopg.Connection) -> list[str]:
    return [name for (name,) in connection.execute("SELECT name FROM member ORDER BY id").fetchall()]


RECORDS = [
    ("1,a@x,Ann,1990-02-28,A,3.5,sad,1998,de,ENG,", None),
    ("2,,Bob,31/12/1985,,,,,,,", ("born", "type", '"31/12/1985" is no date')),
    ("3,,Eve,1990-02-31,,,,,,,", ("born", "type", '"1990-02-31" is no date')),
    ("4,,Eve,04/05/1985,,,,,,,", ("born", "type", '"04/05/1985" is no date')),
    ("5,,,,,,,,,,", ("name", "missing", "it must have a value")),
    ("x,,Eve,,,,,,,,", ("id", "type", '"x" is no integer')),
    (",,Eve,,,,,,,,", ("id", "missing", "it must have a value")),
    ("6,,Eve,,ABCD,,,,,,", ("initials", "type", '"ABCD" is no character varying(3)')),
    ("7,,Eve,,,33.5,,,,,", ("gpa", "type", '"33.5" is no numeric(3,2)')),
    ("8,,Eve,,,,merry,,,,", ("mood", "type", '"merry" is no mood')),
    ("9,,Eve,,,,,1066,,,", ("class", "type", '"1066" is no year')),
    ("10,,A name that is much too long,,,,,,,,", ("name", "check", None)),
    ("11,,Eve,1812-01-01,,,,,,,", ("born", "check", None)),
    ("12,Eve,Eve,,,,,,,,", ("", "check", None)),
    ("13,,Eve,,,,,,,MED,", ("school", "reference", "no public.school has this code")),
    ("1,,Eve,,,,,,,,", ("id", "duplicate", "the same as in line 2")),
    ("14,a@x,Eve,,,,,,,,", ("email", "duplicate", "the same as in line 2")),
    ("15,,Zoé, 1990-01-01 ,, ,,,,LAW,=1+1", None),
    ("16,,Eve,,,,,,,", ("", "fields", "10 fields, the header has 11")),
    ('17,,"Eve,,,,,,,,"x"', ("", "quotes", "a quote stands within a field")),
]


@pytest.mark.both_servers
def test_every_record_is_stored_or_rejected_with_its_column_and_reason(
    connection: psycopg.Connection, tmp_path: Path
) -> None:
    text = "\n".join([HEADER, *(record for record, _ in RECORDS)])
    accounts, rejects = imported_text(connection, tmp_path, text)
    found = {reject.line: (reject.column, str(reject.kind), reject.reason) for reject in rejects}
    for line, (record, expected) in enumerate(RECORDS, start=2):
        if expected is None:
            assert line not in found, record
        else:
            column, kind, reason = expected
            assert found[line][:2] == (column, kind), record
            assert reason in (None, found[line][2]), record
    assert (accounts.stored, accounts.formulas, names(connection)) == (2, 1, ["Ann", "Zoé"])
    assert [reject.line for reject in rejects] == sorted(found)
    rows = connection.execute("SELECT language, note FROM member ORDER BY id").fetchall()
    assert rows == [("de", None), ("en", "=1+1")]


@pytest.mark.both_servers
def test_known_keys_are_updated_and_a_second_record_of_a_key_is_rejected(
    connection: psycopg.Connection, tmp_path: Path
) -> None:
    connection.execute(
        "INSERT INTO member (id, name, email, note) VALUES (1, 'Ann', 'a@x', 'kept'), (2, 'Bob', 'b@x', '')"
    )
    manner = Manner(target=Identifier("member"), key=("id",))
    accounts, rejects = imported_text(
        connection, tmp_path, "id,name,email\n1,Anna,a@x\n3,Cy,\n1,Ana,\n,Dee,\n4,Eve,b@x\n", manner
    )
    assert (accounts.stored, accounts.updated) == (1, 1)
    assert [(reject.line, reject.reason) for reject in rejects] == [
        (4, "the same as in line 2"),
        (5, "it must have a value"),
        (6, "a stored row has it"),
    ]
    assert names(connection) == ["Anna", "Bob", "Cy"]
    assert connection.execute("SELECT note FROM member WHERE id = 1").fetchone() == ("kept",)


def test_a_value_of_a_stored_row_is_taken(connection: psycopg.Connection, tmp_path: Path) -> None:
    connection.execute("INSERT INTO member (id, name, email) VALUES (1, 'Ann', 'a@x')")
    _, rejects = imported_text(connection, tmp_path, "id,name,email\n1,Bob,b@x\n2,Cy,a@x\n3,Dee,d@x\n")
    assert [(r.line, r.column, r.reason) for r in rejects] == [
        (2, "id", "a stored row has it"),
        (3, "email", "a stored row has it"),
    ]
    assert names(connection) == ["Ann", "Dee"]


@pytest.mark.both_servers
def test_what_repeats_a_rejected_record_is_stored(connection: psycopg.Connection, tmp_path: Path) -> None:
    text = "id,name,email,school\n"
    text += "1,Ann,a@x,MED\n2,Bob,a@x,LAW\n3,Cy,a@x,\n"  # line 2 refers to no school
    text += "4,Dee,d@x,\n5,Eve,d@x,\n5,Flo,f@x,\n"  # line 6 repeats line 5
    _, rejects = imported_text(connection, tmp_path, text)
    assert [(r.line, r.column, r.reason) for r in rejects] == [
        (2, "school", "no public.school has this code"),
        (4, "email", "the same as in line 3"),
        (6, "email", "the same as in line 5"),
    ]
    assert names(connection) == ["Bob", "Dee", "Flo"]


@pytest.mark.both_servers
def test_records_may_refer_to_each_other_in_any_order(connection: psycopg.Connection, tmp_path: Path) -> None:
    connection.execute(
        "ALTER TABLE member ADD mentor int REFERENCES member;"
        "INSERT INTO member (id, name) VALUES (100, 'Zoé')"
    )
    text = "id,name,email,mentor\n2,Bob,,1\n1,Ann,,\n3,Cy,,100\n4,Dee,,4\n"
    text += "5,Eve,,6\n6,Flo,,7\n7,Gus,,8\n"  # there is no 8
    text += "9,Hal,h@x,\n10,Ida,h@x,\n11,Jo,j@x,10\n12,Kim,j@x,\n"  # 10 repeats 9's address
    _, rejects = imported_text(connection, tmp_path, text)
    assert [(r.line, r.column, r.reason) for r in rejects] == [
        *((line, "mentor", "no public.member has this id") for line in (6, 7, 8)),
        (10, "email", "the same as in line 9"),
        (11, "mentor", "no public.member has this id"),
    ]
    assert names(connection) == ["Ann", "Bob", "Cy", "Dee", "Hal", "Kim", "Zoé"]


@pytest.mark.both_servers
@pytest.mark.parametrize(
    ("text", "rejected", "stored"),
    [
        pytest.param(
            "1,A,a@x,2\n2,B,b@x,9\n3,C,a@x,\n4,D,,3\n",
            {2: "mentor", 3: "mentor"},
            ["C", "D"],
            id="of what does not repeat after all",
        ),
        pytest.param(
            "1,A,a@x,2\n2,B,b@x,\n3,C,b@x,\n4,D,a@x,\n5,E,,4\n2,F,,\n6,G,,3\n",
            {4: "email", 5: "email", 6: "mentor", 7: "id", 8: "mentor"},
            ["A", "B"],
            id="of repeats",
        ),
        pytest.param(
            "1,A,a@x,\n2,B,a@x,\n3,C,c@x,2\n4,D,c@x,\n5,E,,4\n6,F,,5\n",
            {3: "email", 4: "mentor"},
            ["A", "D", "E", "F"],
            id="of what repeats a record whose own reference is a repeat",
        ),
        pytest.param(
            "1,A,a@x,2\n2,B,a@x,\n3,C,,2\n4,D,,3\n5,E,,1\n",
            {2: "mentor", 6: "mentor"},
            ["B", "C", "D"],
            id="of what repeats the record that refers to it",
        ),
        pytest.param("1,A,a@x,2\n2,B,a@x,1\n", {2: "mentor", 3: "mentor"}, [], id="of each other"),
    ],
)
def test_no_record_is_rejected_for_a_reference_to_one_that_is_stored(
    connection: psycopg.Connection, tmp_path: Path, text: str, rejected: dict[int, str], stored: list[str]
) -> None:
    connection.execute("ALTER TABLE member ADD mentor int REFERENCES member")
    _, rejects = imported_text(connection, tmp_path, f"id,name,email,mentor\n{text}")
    assert {reject.line: reject.column for reject in rejects} == rejected
    assert names(connection) == stored


def test_a_record_may_refer_to_one_that_is_far_behind(connection: psycopg.Connection, tmp_path: Path) -> None:
    connection.execute("ALTER TABLE member ADD mentor int REFERENCES member")
    note = "x" * 1_900
    text = "id,name,mentor,note\n" + "".join(f"{n},N,3000,{note}\n" for n in range(1, 3_001))
    accounts, _ = imported_text(connection, tmp_path, text)
    assert accounts.stored == 3_000


_REFUSING = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.note = 'refuse' THEN RAISE EXCEPTION 'the office does not want %', NEW.name; END IF;
    IF NEW.note = 'forget' THEN RETURN NULL; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse BEFORE INSERT ON member FOR EACH ROW EXECUTE FUNCTION refuse();
"""


def test_what_was_refused_before_what_it_refers_to_is_tried_again(
    connection: psycopg.Connection, tmp_path: Path
) -> None:
    connection.execute(f"ALTER TABLE member ADD mentor int REFERENCES member; {_REFUSING}")
    note = "x" * 1_900
    text = "id,name,mentor,note\n" + "".join(f"{n},N,{n + 1},{note}\n" for n in range(1, 30))
    _, rejects = imported_text(connection, tmp_path, f"{text}30,N,,{note}\n31,N,,refuse\n32,N,31,\n")
    assert [(r.line, r.reason[:30]) for r in rejects] == [
        (32, "the office does not want N"),
        (33, 'insert or update on table "mem'),
    ]


@pytest.mark.both_servers
def test_what_a_trigger_refuses_or_leaves_out_is_found_among_many(
    connection: psycopg.Connection, tmp_path: Path
) -> None:
    connection.execute(_REFUSING)
    notes = {700: "refuse", 4_000: "forget"}
    text = "id,name,note\n" + "".join(f"{n},N{n},{notes.get(n, '')}\n" for n in range(1, 5_001))
    accounts, rejects = imported_text(connection, tmp_path, text)
    assert accounts.stored == 4_998
    assert [(r.line, str(r.kind), r.reason) for r in rejects] == [
        (701, "refused", "the office does not want N700"),
        (4_001, "refused", "the table left it out, as a trigger can"),
    ]


def test_a_field_of_ten_megabytes_is_stored_or_refused_by_its_index(
    connection: psycopg.Connection, tmp_path: Path
) -> None:
    large = "x" * 10_000_000
    path = tmp_path / "members.csv"
    noise = "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(5_000))
    path.write_text(f'id,name,email,note\n1,Ann,,"{large}\n"\n2,Bob,{noise},\n', "utf-8")
    accounts, rejects = imported(connection, path)
    assert accounts.stored == 1
    assert connection.execute("SELECT length(note) FROM member").fetchone() == (10_000_001,)
    (reject,) = rejects
    assert "index row" in reject.reason
    assert len(reject.record) < 5_000


def test_values_come_from_expressions_over_the_fields(connection: psycopg.Connection, tmp_path: Path) -> None:
    manner = Manner(
        target=Identifier("member"),
        mapping={"surname": "name"},
        values={"id": "nr::int + 100", "school": "(SELECT code FROM school WHERE code = upper(file.unit))"},
    )
    accounts, rejects = imported_text(
        connection, tmp_path, "nr,surname,unit\n1,Ann,eng\nx,Bob,law\n3,Cy,none\n", manner
    )
    assert (accounts.stored, [r.line for r in rejects]) == (2, [3])
    rows = connection.execute("SELECT id, school FROM member ORDER BY id").fetchall()
    assert rows == [(101, "ENG"), (103, None)]


def test_an_expression_is_one_and_nothing_more(connection: psycopg.Connection, tmp_path: Path) -> None:
    manner = Manner(target=Identifier("member"), values={"id": "1)); DROP TABLE member; SELECT ((1"})
    with pytest.raises(StatementError):
        imported_text(connection, tmp_path, "name\nAnn\n", manner)
    assert names(connection) == []


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfid,name\r\n1,Zo\xc3\xa9\r\n",
        gzip.compress("id,name\n1,Zoé\n".encode()),
        "id,name\n1,Zoé\n".encode("utf-16"),
    ],
    ids=["bom and windows", "gzip", "utf-16"],
)
def test_files_of_all_kinds_are_read(connection: psycopg.Connection, tmp_path: Path, data: bytes) -> None:
    accounts, rejects = imported_text(connection, tmp_path, data)
    assert (accounts.stored, rejects, names(connection)) == (1, [], ["Zoé"])


def test_nul_bytes_and_wrong_encodings_are_rejected_alone(
    connection: psycopg.Connection, tmp_path: Path
) -> None:
    accounts, rejects = imported_text(connection, tmp_path, b"id,name\n1,A\0\n2,Zo\xe9\n3,Cy\n")
    assert (accounts.stored, names(connection)) == (1, ["Cy"])
    assert [(r.line, str(r.kind)) for r in rejects] == [(2, "control"), (3, "encoding")]


def test_dates_are_read_in_the_order_that_is_told(connection: psycopg.Connection, tmp_path: Path) -> None:
    manner = Manner(target=Identifier("member"), dates="DMY")
    _, rejects = imported_text(connection, tmp_path, "id,name,born\n1,A,04/05/1985\n2,B,05/13/1985\n", manner)
    assert [reject.line for reject in rejects] == [3]
    assert connection.execute("SELECT born::text FROM member").fetchone() == ("1985-05-04",)


def test_a_header_alone_is_no_error(connection: psycopg.Connection, tmp_path: Path) -> None:
    accounts, rejects = imported_text(connection, tmp_path, "id,name\n")
    assert (accounts.read, rejects) == (0, [])


def test_a_failing_server_is_no_reject(connection: psycopg.Connection, tmp_path: Path) -> None:
    connection.execute("CREATE ROLE reader")
    connection.execute("GRANT SELECT ON member TO reader")
    connection.execute("SET ROLE reader")
    try:
        with pytest.raises(StatementError, match="permission denied"):
            imported_text(connection, tmp_path, "id,name\n1,Ann\n")
    finally:
        connection.execute("RESET ROLE; DROP OWNED BY reader; DROP ROLE reader")


def test_no_room_for_rejects_is_no_fault_of_the_file(connection: psycopg.Connection, tmp_path: Path) -> None:
    path = tmp_path / "members.csv"
    path.write_text("id,name\n" + "1\n" * 20_000)
    with (
        file_size_limit(500_000),
        pytest.raises(MeasureError, match=r"cannot keep the rejects in .*too large"),
    ):
        imported(connection, path)


_LETTERS = bytes(b'",\n\r\0=1a\xc3\xa9\\.'[place % 12] for place in range(256))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=120))
def test_no_bytes_make_an_import_fail(connection: psycopg.Connection, tmp_path: Path, noise: bytes) -> None:
    connection.execute("TRUNCATE member")
    path = tmp_path / "noise.csv"
    path.write_bytes(b"id,name\n1,Ann\n" + noise.translate(_LETTERS))
    imported(connection, path)
    assert connection.execute("SELECT count(*) > 0 FROM member WHERE id = 1").fetchone() == (True,)


def test_what_is_no_import_file_is_told(connection: psycopg.Connection, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="must have id"):
        imported_text(connection, tmp_path, "name\nAnn\n")
