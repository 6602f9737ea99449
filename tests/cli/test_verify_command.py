"""suggest --verify and apply --verify: what is measured to help on a copy is kept, and only that is applied."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from jsonschema import Draft202012Validator

from perfkit.embedded import PostgresServer
from tests.cli.command import Perfkit

_SCHEMAS = Path(__file__).parents[2] / "docs" / "json"
_SCHEMA = """
CREATE TABLE parent (id int PRIMARY KEY, name text NOT NULL);
INSERT INTO parent SELECT n, 'name ' || n FROM generate_series(1, 20000) AS n;
CREATE TABLE child (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent_id int NOT NULL REFERENCES parent, note text, amount int
);
INSERT INTO child (parent_id, note, amount)
SELECT n % 19000 + 1, 'note ' || n, n FROM generate_series(1, {rows}) AS n;
CREATE INDEX child_amount_idx ON child (amount);
CREATE INDEX child_note_idx ON child (note);
CREATE TABLE draft (note text);
CREATE INDEX draft_note_idx ON draft (note);
ALTER TABLE parent OWNER TO {owner};
ALTER TABLE child OWNER TO {owner};
ALTER TABLE draft OWNER TO {owner};
ANALYZE parent, child;
"""
_CATALOG = """
-- name: purge
-- weight: 10
-- case: nobody  id=20000
-- param: id int
-- allow: write  people who left, and gave nothing
DELETE FROM public.parent WHERE id = :id;

-- name: by_amount
-- weight: 5
-- param: amount int
-- case: some  amount=500
SELECT * FROM public.child WHERE amount = :amount;
"""
# What helps, what no case uses, drops that no case misses, the first on an empty table, and one that a case does.
_CHANGES = """
CREATE INDEX ON public.child (parent_id);
CREATE INDEX ON public.parent (name, id);
DROP INDEX public.draft_note_idx;
DROP INDEX public.child_amount_idx;
DROP INDEX public.child_note_idx;
"""
_INDEXES = "SELECT indexname FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"


@pytest.fixture
def family(
    request: pytest.FixtureRequest,
    perfkit: Perfkit,
    alumni_server: PostgresServer,
    own_database: str,
    own_dsn: str,
) -> Perfkit:
    """Return a project with 40,000 rows, or more, that refer to others, by a column without an index."""
    rows = getattr(request, "param", 40_000)
    with psycopg.connect(own_dsn) as owner:
        role = owner.info.user
    with psycopg.connect(alumni_server.dsn_for(own_database), autocommit=True) as superuser:
        superuser.execute(_SCHEMA.format(owner=role, rows=rows).encode())
    (perfkit.directory / "queries").mkdir()
    (perfkit.directory / "queries" / "family.sql").write_text(_CATALOG)
    (perfkit.directory / "perfkit.toml").write_text(f'dsn = "{own_dsn}"\nsamples = 2\n')
    return perfkit


@pytest.fixture
def indexes(own_dsn: str) -> Callable[[], set[str]]:
    def read() -> set[str]:
        with psycopg.connect(own_dsn) as connection:
            return {name for (name,) in connection.execute(_INDEXES).fetchall()}

    return read


def _document(text: str, name: str) -> dict[str, Any]:
    """Return the document of a command, which is what its schema says."""
    schema = json.loads((_SCHEMAS / f"{name}.schema.json").read_text("utf-8"))
    document: dict[str, Any] = json.loads(text)
    Draft202012Validator(schema).validate(document)
    return document


def _statements(each: list[dict[str, Any]]) -> list[str]:
    return [one["statement"] for one in each]


@pytest.mark.parametrize("family", [200_000], indirect=True)
def test_a_deletion_that_looks_for_rows_gets_an_index_which_is_measured_to_help(family: Perfkit) -> None:
    told = family("suggest", "purge", "--allow-writes", "--verify", "--format", "json")
    assert told.returncode == 0, told.stderr
    advice = _document(told.stdout, "suggest")
    (index,) = advice["create"]
    assert index["statement"] == "CREATE INDEX CONCURRENTLY ON public.child USING btree (parent_id)"
    assert "refer to it by parent_id" in index["reason"]
    assert [each["case_id"] for each in index["helps"]] == ["purge/nobody"]
    assert advice["without_index"] == []
    assert advice["after_ms_per_minute"] < advice["before_ms_per_minute"] / 5
    (case,) = advice["verified"]["cases"]
    assert case["faster"]
    assert case["after_ms"] < case["before_ms"] / 5
    cost = next(each for each in advice["verified"]["imports"] if each["table"] == "public.child")
    assert 0 < cost["after"]["least_ms"] <= cost["after"]["median_ms"]


def test_only_what_is_measured_to_help_is_applied(family: Perfkit, indexes: Callable[[], set[str]]) -> None:
    before = indexes()
    (family.directory / "changes.sql").write_text(_CHANGES)
    done = family("apply", "changes.sql", "--verify", "--yes", "--format", "json")
    assert done.returncode == 0, done.stderr
    document = _document(done.stdout, "apply")
    verified = document["verified"]
    assert _statements(verified["kept"]) == [
        "CREATE INDEX ON public.child USING btree (parent_id)",
        "DROP INDEX public.draft_note_idx",
        "DROP INDEX public.child_note_idx",
    ]
    reasons = {each["statement"]: each["reason"] for each in verified["rejected"]}
    assert "by_amount/some is slower without it" in reasons["DROP INDEX public.child_amount_idx"]
    assert reasons["CREATE INDEX ON public.parent USING btree (name, id)"] == "no case uses it"
    assert {each["table"] for each in verified["imports"]} == {"public.child"}
    assert verified["unmeasured_imports"] == [{"table": "public.draft", "problem": "it has no rows"}]
    assert {each["outcome"] for each in document["results"]} == {"done"}
    assert before ^ indexes() == {"child_parent_id_idx", "child_note_idx", "draft_note_idx"}


def test_a_dry_run_verifies_too_and_says_what_is_left(
    family: Perfkit, indexes: Callable[[], set[str]]
) -> None:
    before = indexes()
    (family.directory / "changes.sql").write_text("CREATE INDEX ON public.parent (name, id);")
    (family.directory / "few").mkdir()
    (family.directory / "few" / "one.sql").write_text(_CATALOG[_CATALOG.index("-- name: by_amount") :])
    told = family("apply", "changes.sql", "--verify", "--queries", "few")
    assert told.returncode == 0, told.stderr
    assert "Thrown out when it was measured" in told.stdout
    assert "no case uses it" in told.stdout
    assert "There is nothing to do" in told.stdout
    assert indexes() == before


def test_what_would_not_start_is_not_verified_and_not_applied(family: Perfkit) -> None:
    (family.directory / "changes.sql").write_text("DROP INDEX public.parent_pkey;")
    for words, stream in (((), "stdout"), (("--yes",), "stderr")):
        told = family("apply", "changes.sql", "--verify", *words)
        assert told.returncode == 3
        assert "constraint parent_pkey stands on it" in getattr(told, stream)
        assert "Measured on copies" not in told.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--undo", "changes.sql", "--verify"), "journal"),
        (("changes.sql", "--copies", "embedded"), "--copies is for a verification"),
        (("changes.sql", "--samples", "3"), "--samples is for a verification"),
    ],
)
def test_what_is_said_of_no_verification_is_refused(
    perfkit: Perfkit, words: tuple[str, ...], said: str
) -> None:
    (perfkit.directory / "changes.sql").write_text("CREATE INDEX ON t (a);")
    told = perfkit("apply", *words)
    assert told.returncode == 2
    assert said in told.stderr
