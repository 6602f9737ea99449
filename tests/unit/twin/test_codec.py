"""A snapshot is read as it was written; what is damaged or newer names its file."""

import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from perfkit.copies import Locale
from perfkit.errors import DamagedFileError
from perfkit.twin.codec import decode, encode
from perfkit.twin.snapshot import (
    ColumnStatistics,
    ExpressionStatistics,
    ExtendedStatistics,
    PlannerData,
    RelationSize,
    Snapshot,
)

PATH = Path("alumni.twin")
SNAPSHOT = Snapshot(
    exported_at=datetime(2026, 11, 24, tzinfo=UTC),
    version=180_006,
    database="alumni",
    locale=Locale(encoding="UTF8", provider="c", collate="C.UTF-8", character_type="C.UTF-8"),
    settings={"work_mem": "4MB"},
    schema_sql="CREATE TABLE person (name text);\n",
    data=PlannerData(
        relations=(
            RelationSize(
                oid=16_384,
                schema="public",
                name="person",
                kind="r",
                pages=7,
                rows=-1.0,
                visible_pages=0,
                blocks=7,
            ),
        ),
        columns=(
            ColumnStatistics(
                schema="public",
                table="person",
                column="name",
                inherited=False,
                null_fraction=0.5,
                width=9,
                distinct=-1,
                common_values='{"O\'Neil","Zoë"}',
                common_frequencies="{0.25,0.125}",
            ),
        ),
        extended=(
            ExtendedStatistics(
                oid=16_390,
                schema="public",
                name="both",
                table_schema="public",
                table_name="person",
                inherited=False,
                columns={"1": "name"},
                common_values=[["a", None]],
                common_frequencies=[0.5],
                common_base_frequencies=[0.25],
            ),
        ),
        expressions=(
            ExpressionStatistics(
                schema="public",
                name="both",
                inherited=False,
                expression="lower(name)",
                null_fraction=0,
                width=4,
                distinct=3,
            ),
        ),
        unreadable=('"public"."secret"',),
        lacks=("secret: this role may not read them",),
    ),
    is_redacted=False,
)


def _changed(**members: Any) -> bytes:
    document = json.loads(gzip.decompress(encode(SNAPSHOT)))
    return gzip.compress(json.dumps(document | members).encode())


def _flipped(content: bytes) -> bytes:
    """Return the content with a block of the compressed text that is of no known type."""
    return content[:10] + b"\xff" + content[11:]


def test_a_snapshot_is_read_as_it_was_written_and_written_alike() -> None:
    assert decode(encode(SNAPSHOT), PATH) == SNAPSHOT
    assert encode(SNAPSHOT) == encode(replace(SNAPSHOT))


def test_its_first_key_is_its_schema() -> None:
    assert next(iter(json.loads(gzip.decompress(encode(SNAPSHOT))))) == "schema"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is no snapshot"),
        (b"no", "is no snapshot"),
        (encode(SNAPSHOT)[:-20], "is no snapshot"),
        (gzip.compress(b"[]", mtime=0), "is no snapshot"),
        (gzip.compress(b'{"schema": "perfkit.baseline/2"}', mtime=0), "no schema of perfkit.twin"),
        (_changed(schema="perfkit.twin/99"), "written by a newer perfkit"),
        (_changed(version="18"), "'18' is not int"),
        (_changed(relations=[{"oid": 1}]), "is no snapshot"),
        (_changed(relations=[{"oid": "x"}]), "'oid' of a row is 'x'"),
        (_changed(columns=[{"color": "red"}]), "unknown 'color'"),
        (_flipped(encode(SNAPSHOT)), "is no snapshot"),
        (_changed(settings=[]), "[] is not dict"),
        (_changed(relations=[1]), "1 is not dict"),
        (_changed(locale="C"), "'C' is not dict"),
        (_changed(lacks=[1]), "1 is not str"),
        (gzip.compress(b"[" * 100_000, mtime=0), "is no snapshot"),
    ],
)
def test_what_is_no_snapshot_names_its_file(content: bytes, words: str) -> None:
    with pytest.raises(DamagedFileError) as caught:
        decode(content, PATH)
    assert str(PATH) in caught.value.message
    assert words in caught.value.message


def test_a_member_that_is_missing_is_named() -> None:
    document = json.loads(gzip.decompress(encode(SNAPSHOT)))
    del document["settings"]
    with pytest.raises(DamagedFileError, match="settings"):
        decode(gzip.compress(json.dumps(document).encode()), PATH)
