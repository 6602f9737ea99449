"""perfkit twin on a user's project: a snapshot, plans without rows, and a migration that is judged on them alone."""

import json

import psycopg
import pytest

from tests.cli.command import Perfkit
from tests.cli.grown import INDEX, QUERY, Grown
from tests.cli.schemas import holds

_WRITTEN = ("exported", "checked", "shown")


def test_a_twin_plans_as_its_source_and_one_statement_shows_its_plan(project: Perfkit) -> None:
    exported = project("twin", "export", "alumni.twin", "--exact", "--also", "json=exported.json")
    assert exported.returncode == 0, exported.stderr
    assert "The schema is in the file as it is written, with all constants in it" in exported.stdout
    checked = project("twin", "check", "alumni.twin", "--fail-under", "100", "--also", "json=checked.json")
    assert checked.returncode == 0, checked.stdout
    assert "are equal in every node's rows and cost" in checked.stdout
    statement = "SELECT * FROM alumni.people WHERE person_id = 7"
    shown = project("twin", "explain", "alumni.twin", "--sql", statement, "--also", "json=shown.json")
    assert shown.returncode == 0, shown.stderr
    assert "Index Scan using people_pkey on alumni.people" in shown.stdout
    written = {name: json.loads((project.directory / f"{name}.json").read_text()) for name in _WRITTEN}
    holds("twin.export", written["exported"])
    holds("twin.check", written["checked"])
    holds("twin.explain", written["shown"])


def test_a_snapshot_is_replaced_in_one_step(project: Perfkit) -> None:
    snapshot, before = project.directory / "alumni.twin", project.directory / "before.twin"
    before.write_bytes(b"before")
    snapshot.hardlink_to(before)
    assert project("twin", "export", "alumni.twin").returncode == 0
    assert snapshot.read_bytes() != before.read_bytes() == b"before"


def test_a_twin_that_is_built_can_be_looked_at_and_taken_down(perfkit: Perfkit, grown: Grown) -> None:
    built = perfkit("twin", "build", grown.without_index)
    assert built.returncode == 0, built.stderr
    (dsn,) = (word for word in built.stdout.split() if word.startswith("postgresql://"))
    with psycopg.connect(dsn) as connection:
        known = connection.execute("SELECT count(*) FROM pg_stats WHERE schemaname = 'alumni'").fetchone()
        assert known
        assert known[0] > 100
    assert "is gone" in perfkit("twin", "down").stdout
    assert "No twin" in perfkit("twin", "down").stdout


@pytest.mark.parametrize("words", [("build", "with.twin"), ("down",)], ids=" ".join)
def test_a_folder_that_is_no_twin_is_left_alone(
    perfkit: Perfkit, grown: Grown, words: tuple[str, ...]
) -> None:
    folder = perfkit.directory / "twin"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    (perfkit.directory / "with.twin").write_bytes(grown.with_index.read_bytes())
    told = perfkit("twin", *words, "--dir", ".")
    assert told.returncode == 2
    assert "is no twin that perfkit has built" in told.stderr
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"x", "alumni.twin: is no snapshot"),
        (b"\x1f\x8b\x08\x00", "alumni.twin: is no snapshot"),
        (None, "No such file"),
    ],
)
def test_a_file_that_is_no_snapshot_names_itself(project: Perfkit, content: bytes | None, words: str) -> None:
    if content is not None:
        (project.directory / "alumni.twin").write_bytes(content)
    told = project("twin", "explain", "alumni.twin")
    assert told.returncode == 2
    assert words in told.stderr


_DRAWN = """
-- name: drawn
-- summary: People of a year
-- param: year int
-- cases: draw 2 SELECT 1998 AS year
SELECT * FROM alumni.people WHERE grad_year = :year
"""


def test_cases_that_are_drawn_are_not_planned_on_a_twin_and_that_is_told(
    project: Perfkit, grown: Grown
) -> None:
    queries = project.directory / "drawn"
    queries.mkdir()
    (queries / "drawn.sql").write_text(_DRAWN)
    alone = project("twin", "explain", grown.with_index, "--queries", "drawn")
    assert alone.returncode == 3
    assert "none of the chosen queries has a written case" in alone.stderr
    (queries / "drawn.sql").write_text(_DRAWN.replace("-- cases:", "-- case: one year=1997\n-- cases:"))
    told = project("twin", "explain", grown.with_index, "--queries", "drawn", "--also", "json=shown.json")
    assert told.returncode == 0, told.stderr
    shown = json.loads((project.directory / "shown.json").read_text())
    assert [each["case"] for each in shown["plans"]] == ["drawn/one"]
    assert "no rows to draw cases from: of drawn only the written ones are planned" in shown["notes"][0]


MIGRATIONS = {
    "lost.sql": (f"DROP INDEX alumni.{INDEX};", 1, "plan changed"),
    "made.sql": ("CREATE INDEX CONCURRENTLY again ON alumni.person_names (given_name);", 0, "same"),
    "gone.sql": ("ALTER TABLE alumni.person_names RENAME COLUMN person_id TO whose;", 1, "error"),
}


@pytest.mark.parametrize("name", MIGRATIONS)
def test_what_a_migration_does_to_plans_is_judged_on_twins_alone(
    project: Perfkit, grown: Grown, name: str
) -> None:
    script, exit_code, kind = MIGRATIONS[name]
    (project.directory / name).write_text(script)
    told = project("regress", QUERY, "--twin", grown.with_index, "--migration", name, "--format", "json")
    assert told.returncode == exit_code, told.stderr
    verdicts = {each["case"]: each["kind"] for each in json.loads(told.stdout)["verdicts"]}
    assert verdicts["few"] == kind


def test_where_no_case_can_be_planned_nothing_was_compared_and_under_strict_each_must_be(
    project: Perfkit, grown: Grown
) -> None:
    (project.directory / "queries" / "elsewhere.sql").write_text(
        "-- name: elsewhere\nSELECT * FROM another.database;\n"
    )
    (project.directory / "made.sql").write_text(MIGRATIONS["made.sql"][0])
    change = ("--twin", grown.with_index, "--migration", "made.sql")
    nothing = project("regress", "elsewhere", *change)
    assert nothing.returncode == 4, nothing.stdout + nothing.stderr
    assert "Nothing was compared (1 skipped)" in nothing.stdout
    assert project("regress", "elsewhere", QUERY, *change).returncode == 0
    assert project("regress", "elsewhere", QUERY, *change, "--strict").returncode == 4


def test_a_twin_without_a_migration_is_no_change(project: Perfkit) -> None:
    told = project("regress", "--twin", "alumni.twin")
    assert told.returncode == 2
    assert "--migration" in told.stderr
