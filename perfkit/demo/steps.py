"""The steps that make the alumni database: which SQL, in which order, and what may run side by side."""

import re
from dataclasses import dataclass
from importlib.resources import files

# Changes whenever the same seed would no longer give the same data.
VERSION = 1

# 2023-07 to 2026-06, as schema.sql makes partitions for and mailings.sql fills.
MONTHS = 36


@dataclass(frozen=True, slots=True)
class Step:
    """Some SQL that runs as a whole on one connection, and the words that tell of it."""

    label: str
    sql: str


# Steps of a stage may run at the same time; a stage begins when the one before it has ended.
Stage = tuple[Step, ...]


def stages(*, alumni: int, seed: int, with_trigrams: bool) -> tuple[Stage, ...]:
    """Return all stages of a build of `alumni` people; the last one marks the build as finished.

    `with_trigrams` says whether the extension pg_trgm is there for the indexes that need it.
    """
    draw = read("draw").replace(":alumni", str(alumni)).replace(":seed", str(seed))
    data = [
        *(
            _file(name, name.replace("_", " "))
            for name in ("people", "giving", "events", "employment", "community")
        ),
        *(Step("communications", f"SELECT alumni_build.send({month})") for month in range(MONTHS)),
        *(_file(name, name) for name in ("names", "addresses", "emails", "degrees", "imports")),
    ]
    indexes = [*_each("indexes", "indexes"), *_each("references", "foreign keys")]
    if with_trigrams:
        indexes += _each("trigram", "indexes")
    return (
        (Step("schema", draw + read("schema")),),
        (_file("pools", "names and places"),),
        (_file("reference", "schools and funds"),),
        (_file("traits", "names and classes"),),
        (_file("mailings", "mailings"),),
        tuple(data),
        tuple(_each("keys", "keys")),
        (_file("giving_by_year", "giving by year"), *indexes),
        tuple(Step("vacuum", f"VACUUM (FREEZE, ANALYZE) alumni.{table}") for table in relations()),
        (_file("late_registrations", "late registrations"),),
        (Step("triggers", read("triggers") + read("finish")),),
        (
            Step(
                "done",
                f"INSERT INTO alumni.build_info VALUES ({alumni}, {seed}, {VERSION}, clock_timestamp())",  # noqa: S608 - three integers
            ),
        ),
    )


def relations() -> tuple[str, ...]:
    """Return the names of the tables and materialised views of the schema, partitions left out."""
    found = re.findall(r"^CREATE (?:TABLE|MATERIALIZED VIEW) alumni\.(\w+)", read("schema"), re.MULTILINE)
    return tuple(sorted(found, key=lambda name: name != "communications"))  # the longest first


def read(name: str) -> str:
    """Return the text of the SQL file `name` of this room, without its ending .sql."""
    return files("perfkit.demo").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


def _file(name: str, label: str) -> Step:
    return Step(label, read(name))


def _each(name: str, label: str) -> list[Step]:
    """Return a step for each statement of a file whose statements stand alone."""
    lines = [line for line in read(name).splitlines() if not line.startswith("--")]
    statements = "\n".join(lines).split(";\n")
    return [Step(label, text) for statement in statements if (text := statement.strip().rstrip(";"))]
