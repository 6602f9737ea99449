"""Each kind of condition and order is offered the index that serves it."""

from dataclasses import replace

import pytest

from perfkit.indexes.candidates.offer import lookup_in, offer, sharing
from perfkit.plan.tables import ForeignKey
from perfkit.syntax.usage.read import read_usage
from tests.unit.indexes.candidate_tables import advised, column, database, table, written

STATUS = {"common_values": ("active", "lost"), "common_frequencies": (0.8, 0.02)}

TABLES = database(
    table(
        "person",
        100_000,
        column("id", "int8"),
        column("name", "text", -0.3),
        column("city", "text", 900),
        column("code", "text", -1, collation_is_c=True),
        column("year", "int4", 90),
        column("status", "text", 5, **STATUS),
        column("is_open", "bool", 2, common_values=("f", "t"), common_frequencies=(0.9, 0.1)),
        column("boss_id", "int8", -0.05, null_share=0.9),
        column("seen_at", "timestamptz", -0.9, correlation=0.99),
        column("tags", "_text"),
        column("profile", "jsonb"),
        column("search", "tsvector"),
        indexes=("UNIQUE INDEX ON public.person USING btree (id)",),
    ),
    table(
        "gift",
        500_000,
        column("id", "int8"),
        column("person_id", "int8", 4_000),
        column("fund_id", "int4", 200),
        column("amount", "numeric", 1_000),
        column("given_on", "timestamp", 3_000),
        indexes=("UNIQUE INDEX ON public.gift USING btree (id)",),
        foreign_keys=(
            ForeignKey(
                columns=("person_id",),
                referenced="public.person",
                referenced_columns=("id",),
                on_delete="c",
            ),
        ),
    ),
    table(
        "receipt",
        200_000,
        column("gift_id", "int8"),
        foreign_keys=(
            ForeignKey(
                columns=("gift_id",), referenced="public.gift", referenced_columns=("id",), on_delete="a"
            ),
        ),
    ),
)


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("SELECT * FROM person WHERE city = $1", "person (city)"),
        ("SELECT * FROM person WHERE city = $1 AND year = $2", "person (city, year)"),
        ("SELECT * FROM person WHERE city IN ('Rome', 'Oslo')", "person (city)"),
        ("SELECT * FROM person WHERE year = $1 AND seen_at > $2", "person (year, seen_at)"),
        ("SELECT * FROM person WHERE lower(name) = lower($1)", "person ((lower(name)))"),
        ("SELECT * FROM person WHERE profile ->> 'town' = $1", "person ((profile ->> 'town'))"),
        ("SELECT * FROM person WHERE name LIKE 'Smi%'", "person (name text_pattern_ops)"),
        ("SELECT * FROM person WHERE lower(name) LIKE lower($1)", "person ((lower(name)) text_pattern_ops)"),
        ("SELECT * FROM person WHERE code LIKE 'A1%'", "person (code)"),
        ("SELECT * FROM person WHERE name ~ '^Smi'", "person (name text_pattern_ops)"),
        ("SELECT * FROM person WHERE name LIKE '%son'", "person USING gin (name gin_trgm_ops)"),
        ("SELECT * FROM person WHERE name ILIKE $1", "person USING gin (name gin_trgm_ops)"),
        ("SELECT * FROM person WHERE lower(name) ~ $1", "person USING gin ((lower(name)) gin_trgm_ops)"),
        ("SELECT * FROM person WHERE name % $1", "person USING gin (name gin_trgm_ops)"),
        ("SELECT id FROM person ORDER BY name <-> $1 LIMIT 5", "person USING gist (name gist_trgm_ops)"),
        ("SELECT * FROM person WHERE profile @> $1", "person USING gin (profile jsonb_path_ops)"),
        ("SELECT * FROM person WHERE profile ? $1", "person USING gin (profile)"),
        ("SELECT * FROM person WHERE profile -> 'a' @> $1", "person USING gin ((profile -> 'a') jsonb_path_ops)"),
        ("SELECT * FROM person WHERE tags @> $1", "person USING gin (tags)"),
        ("SELECT * FROM person WHERE $1 && tags", "person USING gin (tags)"),
        ("SELECT * FROM person WHERE search @@ to_tsquery($1)", "person USING gin (search)"),
        (
            "SELECT * FROM person WHERE to_tsvector('english', name) @@ to_tsquery($1)",
            "person USING gin ((to_tsvector('english', name)))",
        ),
        ("SELECT * FROM person WHERE seen_at >= $1", "person USING brin (seen_at)"),
        ("SELECT * FROM person ORDER BY year DESC, name LIMIT 9", "person (year DESC, name)"),
        ("SELECT * FROM person ORDER BY seen_at DESC NULLS LAST LIMIT 9", "person (seen_at DESC NULLS LAST)"),
        ("SELECT * FROM person ORDER BY seen_at DESC, id DESC LIMIT 9", "person (seen_at, id)"),
        ("SELECT * FROM person WHERE year = $1 ORDER BY year, name LIMIT 9", "person (year, name)"),
        ("SELECT max(amount) FROM gift WHERE person_id = $1", "gift (person_id, amount)"),
        ("SELECT fund_id, count(*) FROM gift GROUP BY fund_id", "gift (fund_id)"),
        ("SELECT fund_id, sum(amount) FROM gift GROUP BY fund_id", "gift (fund_id) INCLUDE (amount)"),
        ("SELECT DISTINCT fund_id FROM gift", "gift (fund_id)"),
        (
            "SELECT fund_id, count(DISTINCT person_id) FROM gift GROUP BY fund_id",
            "gift (fund_id, person_id)",
        ),
        ("SELECT id, year FROM person WHERE city = $1", "person (city) INCLUDE (id, year)"),
        ("SELECT id FROM person WHERE status = 'lost' AND year = $1", "person (year) WHERE status = 'lost'"),
        ("SELECT count(*) FROM person WHERE status = 'lost'", "person (status) WHERE status = 'lost'"),
        ("SELECT * FROM person WHERE is_open AND city = $1", "person (city) WHERE is_open"),
        ("SELECT * FROM person WHERE boss_id = $1", "person (boss_id) WHERE boss_id IS NOT NULL"),
        ("SELECT * FROM person WHERE city = $1 AND boss_id > id", "person (city) WHERE id < boss_id"),
        (
            "SELECT * FROM person WHERE status = 'active' ORDER BY name LIMIT 9",
            "person (name) WHERE status = 'active'",
        ),
        ("SELECT 1 FROM person p JOIN gift g ON g.person_id = p.id WHERE p.year = $1", "gift (person_id)"),
        (
            "SELECT 1 FROM person p JOIN gift g ON g.person_id = p.id WHERE p.year = $1 AND g.fund_id = $2",
            "gift (person_id, fund_id)",
        ),
        (
            "SELECT count(*) FROM gift g JOIN person p ON p.id = g.person_id WHERE p.year > $1",
            "person (id) INCLUDE (year)",
        ),
        (
            "SELECT (SELECT sum(g.amount) FROM gift g WHERE g.person_id = p.id) FROM person p WHERE p.city = $1",
            "gift (person_id) INCLUDE (amount)",
        ),
        (
            "SELECT l.amount FROM person p CROSS JOIN LATERAL (SELECT amount FROM gift WHERE person_id = p.id ORDER BY given_on DESC NULLS LAST LIMIT 1) l WHERE p.city = $1",
            "gift (person_id, given_on DESC NULLS LAST)",
        ),
        ("SELECT * FROM gift WHERE given_on::date = $1", "gift ((given_on::date))"),
        ("SELECT * FROM person WHERE (name, id) > ($1, $2) LIMIT 20", "person (name, id)"),
        ("UPDATE person SET year = 3 WHERE city = $1", "person (city)"),
        ("DELETE FROM gift WHERE fund_id = $1", "gift (fund_id)"),
    ],
)  # fmt: skip
def test_an_index_is_offered(statement: str, index: str) -> None:
    assert index in advised(statement, TABLES)


def test_each_arm_of_an_or_has_its_index() -> None:
    offered = advised("SELECT * FROM person WHERE city = $1 OR (lower(name) = $2 AND is_open)", TABLES)
    assert {
        "person (city)",
        "person ((lower(name)))",
        "person ((lower(name))) WHERE is_open",
    } <= offered.keys()


def test_patterns_on_several_columns_have_an_index_each_and_one_together() -> None:
    offered = advised("SELECT * FROM person WHERE name ILIKE $1 OR city ILIKE $1", TABLES)
    together = "person USING gin (name gin_trgm_ops, city gin_trgm_ops)"
    assert {
        "person USING gin (name gin_trgm_ops)",
        "person USING gin (city gin_trgm_ops)",
        together,
    } <= offered.keys()


def test_a_pattern_that_begins_with_a_wild_card_has_no_b_tree_and_one_that_does_not_no_trigrams() -> None:
    assert list(advised("SELECT * FROM person WHERE name LIKE '%x y%'", TABLES)) == []
    assert list(advised("SELECT * FROM person WHERE name LIKE 'Smi%'", TABLES)) == [
        "person (name text_pattern_ops)"
    ]


def test_a_candidate_says_how_many_of_its_keys_are_for_equality() -> None:
    offered = advised("SELECT id FROM person WHERE year = $1 AND city > $2 ORDER BY year, code", TABLES)
    equal = {name for name, each in offered.items() if each.equal_keys == 1}
    assert equal == {name for name in offered if name.startswith("person (year")}
    assert offered["person (city)"].equal_keys == 0


def test_a_regular_expression_whose_beginning_may_be_missing_has_no_b_tree() -> None:
    for pattern in ("^S*mith", "Smi", "^(Smi|Jon)"):
        offered = advised(f"SELECT * FROM person WHERE name ~ '{pattern}'", TABLES)
        assert list(offered) == ["person USING gin (name gin_trgm_ops)"]


def test_a_statement_that_asks_for_everything_is_offered_a_bounded_number() -> None:
    compared = " AND ".join(f"{name} = $1 AND {name} > $2" for name in ("city", "year", "name", "code", "id"))
    joined = " ".join(f"JOIN gift g{n} ON g{n}.person_id = p.id AND g{n}.fund_id = p.year" for n in range(20))
    statement = f"SELECT p.id FROM person p {joined} WHERE p.{compared.replace('AND ', 'AND p.')} ORDER BY p.name LIMIT 3"
    assert len(advised(statement, TABLES)) < 300


def test_a_missing_extension_is_said_and_one_that_the_server_has_not_offers_nothing() -> None:
    statement = "SELECT * FROM person WHERE name ILIKE $1"
    missing = replace(TABLES, extensions={})
    (candidate,) = advised(statement, missing).values()
    assert candidate.needs == ("CREATE EXTENSION pg_trgm",)
    assert advised(statement, replace(missing, available=frozenset())) == {}
    elsewhere = replace(TABLES, extensions={"pg_trgm": "Extra"})
    assert list(advised(statement, elsewhere)) == ['person USING gin (name "Extra".gin_trgm_ops)']


def test_a_deletion_needs_the_keys_that_refer_to_it_through_every_cascade() -> None:
    offered = advised("DELETE FROM person WHERE id = $1", TABLES)
    assert {"gift (person_id)", "receipt (gift_id)"} == offered.keys()
    assert offered["receipt (gift_id)"].tables == ("public.receipt", "public.gift")
    assert advised("UPDATE person SET year = 3 WHERE id = $1", TABLES) == {}
    assert list(advised("UPDATE person SET id = 3 WHERE id = $1", TABLES)) == ["gift (person_id)"]


def test_a_whole_number_that_meets_a_decimal_parameter_is_indexed_as_the_server_compares_it() -> None:
    offered = advised("SELECT amount FROM gift WHERE fund_id = $1", TABLES, "numeric")
    assert "gift ((fund_id::numeric))" in offered
    assert "gift (fund_id)" not in offered


def test_equalities_come_in_the_order_that_most_statements_can_share() -> None:
    statements = [
        "SELECT 1 FROM person WHERE city = $1 AND year = $2",
        *["SELECT 1 FROM person WHERE year = $1"] * 2,
    ]
    usages = [read_usage(each, lookup_in(TABLES)) for each in statements]
    shared = sharing(usages, TABLES)
    assert "person (year, city)" in [written(each) for each in offer(usages[0], TABLES, shared=shared)]
    assert "person (city, year)" in [written(each) for each in offer(usages[0], TABLES)]


def test_a_partitioned_table_has_its_index_on_the_root() -> None:
    tables = database(
        table("letter", 300_000, column("person_id", "int8", 5_000), is_partitioned=True),
        table("letter_1", 300_000, column("person_id", "int8", 5_000), partition_of="public.letter"),
    )
    assert list(advised("SELECT * FROM letter WHERE person_id = $1", tables)) == ["letter (person_id)"]


def test_a_view_is_seen_through() -> None:
    tables = replace(TABLES, views={"public.open": "SELECT * FROM person WHERE is_open"})
    offered = advised("SELECT name FROM open WHERE city = $1", tables)
    assert "person (city) INCLUDE (name) WHERE is_open" in offered


def test_every_candidate_says_why() -> None:
    offered = advised(
        "SELECT * FROM person WHERE city = $1 AND status = 'lost' AND seen_at > $2 ORDER BY name LIMIT 3",
        TABLES,
    )
    assert offered
    assert all(each.reason and each.tables == ("public.person",) for each in offered.values())
    assert offered["person (city, seen_at)"].reason == "equality on city, then range on seen_at"
