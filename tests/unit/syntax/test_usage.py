"""A statement's usage says what it asks of each table that it reads."""

from pathlib import Path

import pytest

from perfkit.catalog.load import load_catalog
from perfkit.syntax.usage.model import Predicate, Purpose, Reference
from perfkit.syntax.usage.read import read_usage
from perfkit.syntax.usage.scope import Relation

QUERIES = Path(__file__).parents[3] / "queries"

TABLES = {
    "person": Relation(("id", "name", "year", "email", "tags", "status", "boss_id", "is_open")),
    "gift": Relation(("id", "person_id", "amount", "received_on", "fund_id")),
    "donor": Relation(view="SELECT p.id, p.name, sum(g.amount) AS total FROM person p JOIN gift g ON g.person_id = p.id GROUP BY p.id, p.name"),
    "open_person": Relation(view="SELECT * FROM person WHERE is_open"),
}  # fmt: skip


def references(statement: str) -> tuple[Reference, ...]:
    return read_usage(statement, lambda _schema, name: TABLES.get(name)).references


def asked(predicates: tuple[Predicate, ...]) -> list[str]:
    return [f"{each.comparison} {each.expression.text}" for each in predicates]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("p.year = $1", ["equal year"]),
        ("1998 = p.year", ["equal year"]),
        ("lower(p.email) = lower($1)", ["equal lower(email)"]),
        ("p.year IN (1998, 1999)", ["in year"]),
        ("p.id = ANY ($1)", ["in id"]),
        ("p.year BETWEEN $1 AND $2", ["range year"]),
        ("p.boss_id IS NULL AND p.name IS NOT NULL", ["null boss_id", "not_null name"]),
        ("p.is_open", ["true is_open"]),
        ("NOT p.is_open", ["false is_open"]),
        ("p.name LIKE 'Smi%'", ["like name"]),
        ("p.name ILIKE $1 AND p.email ~ 'x'", ["search name", "search email"]),
        ("p.status <> 'lost'", ["not_equal status"]),
        ("p.tags @> $1 AND $1 && p.tags", ["operator tags", "operator tags"]),
        ("$1 IS NULL OR p.year = $1", ["equal year"]),
        ("(p.name, p.id) > ($1, $2)", ["range name"]),
        ("p.year + $1 = 3", []),
        ("p.id = p.boss_id", []),
        ("p.boss_id > p.id + 1", ["test (id + 1) < boss_id"]),
        ("p.id < p.boss_id + $1", []),
        ("p.id > ANY (ARRAY[p.boss_id, p.year])", []),
        ("p.id > ALL (ARRAY[p.boss_id])", []),
    ],
)
def test_a_condition_is_read_as_what_it_asks_of_the_column(condition: str, expected: list[str]) -> None:
    (person,) = references(f"SELECT p.id FROM person p WHERE {condition}")
    assert asked(person.predicates) == expected


def test_a_comparison_keeps_its_constants_and_its_text_but_not_with_parameters() -> None:
    (person,) = references("SELECT id FROM person p WHERE 'lost' = p.status AND p.year = $2")
    status, year = person.predicates
    assert (status.constants, status.text) == (("lost",), "status = 'lost'")
    assert (year.parameter, year.text) == (2, "")


def test_a_clock_is_no_constant() -> None:
    (person,) = references("SELECT id FROM person WHERE year > now() - interval '1 day'")
    assert person.predicates[0].text == ""


def test_a_join_asks_both_sides_for_the_row_that_the_other_knows() -> None:
    person, gift = references("SELECT 1 FROM person p JOIN gift g ON g.person_id = p.id")
    assert [(each.expression.text, set(each.joined)) for each in person.predicates] == [("id", {1})]
    assert [(each.expression.text, set(each.joined)) for each in gift.predicates] == [("person_id", {0})]


def test_an_outer_join_looks_up_only_the_side_that_it_may_leave_out() -> None:
    person, gift = references("SELECT 1 FROM person p LEFT JOIN gift g ON g.person_id = p.id")
    assert (asked(person.predicates), asked(gift.predicates)) == ([], ["equal person_id"])


def test_using_joins_by_the_columns_of_both_sides() -> None:
    one, other = references("SELECT 1 FROM gift a JOIN gift b USING (person_id)")
    assert asked(one.predicates) == asked(other.predicates) == ["equal person_id"]


def test_every_arm_of_an_or_is_kept() -> None:
    (person,) = references("SELECT 1 FROM person WHERE name = $1 OR (email = $2 AND is_open)")
    assert [[asked(arm) for arm in arms] for arms in person.alternatives] == [
        [["equal name"], ["equal email", "true is_open"]]
    ]


def test_an_or_that_one_arm_of_which_asks_nothing_of_a_table_says_nothing_of_it() -> None:
    person, gift = references("SELECT 1 FROM person p, gift g WHERE p.name = $1 OR g.id = $2")
    assert person.alternatives == gift.alternatives == ()


def test_in_a_list_of_columns_is_an_or() -> None:
    (_, person) = references("SELECT 1 FROM gift g, person p WHERE g.id IN (p.id, p.boss_id)")
    assert [[asked(arm) for arm in arms] for arms in person.alternatives] == [
        [["equal id"], ["equal boss_id"]]
    ]


def test_the_outer_column_of_a_correlated_subquery_is_known_when_it_runs() -> None:
    person, gift = references(
        "SELECT (SELECT max(g.amount) FROM gift g WHERE g.person_id = p.id) FROM person p"
    )
    assert (asked(person.predicates), asked(gift.predicates)) == ([], ["equal person_id"])
    assert [order.purpose for order in gift.orders] == [Purpose.EXTREME]


def test_exists_may_be_searched_from_either_side_and_not_exists_from_one() -> None:
    found = "SELECT 1 FROM person p WHERE {} (SELECT 1 FROM gift g WHERE g.person_id = p.id)"
    assert asked(references(found.format("EXISTS"))[0].predicates) == ["equal id"]
    assert asked(references(found.format("NOT EXISTS"))[0].predicates) == []


def test_in_a_subquery_joins_with_its_output() -> None:
    person, gift = references("SELECT 1 FROM person p WHERE p.id IN (SELECT person_id FROM gift)")
    assert (asked(person.predicates), asked(gift.predicates)) == (["equal id"], ["equal person_id"])


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT d.a FROM (SELECT name AS a, year AS b FROM person) d WHERE d.b = $1",
        "WITH d AS (SELECT name, year AS b FROM person) SELECT name FROM d WHERE b = $1",
        "WITH d (a, b) AS (SELECT name, year FROM person) SELECT a FROM d WHERE b = $1",
        "SELECT name FROM (SELECT * FROM person) AS d WHERE year = $1",
    ],
)
def test_a_column_is_followed_through_subqueries(statement: str) -> None:
    (person,) = references(statement)
    assert asked(person.predicates) == ["equal year"]


def test_a_view_is_read_as_its_query() -> None:
    (person,) = references("SELECT name FROM open_person WHERE year = $1")
    assert asked(person.predicates) == ["true is_open", "equal year"]
    assert person.needed == frozenset({"name", "year", "is_open"})
    assert [each.name for each in references("SELECT name FROM donor")] == ["person", "gift"]


def test_columns_without_an_alias_belong_to_the_table_that_has_them() -> None:
    person, gift = references("SELECT name, amount FROM person, gift WHERE year = $1 AND fund_id = $2")
    assert (asked(person.predicates), asked(gift.predicates)) == (["equal year"], ["equal fund_id"])
    assert (person.needed, gift.needed) == (frozenset({"name", "year"}), frozenset({"amount", "fund_id"}))


def test_a_star_needs_all_columns_but_not_in_exists() -> None:
    person, gift = references("SELECT * FROM person WHERE EXISTS (SELECT * FROM gift WHERE amount > 3)")
    assert (person.needed, gift.needed) == (None, frozenset({"amount"}))


def orders(reference: Reference) -> list[tuple[Purpose, list[str], bool]]:
    written = {
        (False, False): "",
        (True, True): " DESC",
        (True, False): " DESC NULLS LAST",
        (False, True): " NULLS FIRST",
    }
    return [
        (
            order.purpose,
            [f"{key.expression.text}{written[key.descending, key.nulls_first]}" for key in order.keys],
            order.limited,
        )
        for order in reference.orders
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("ORDER BY p.year DESC NULLS LAST, p.name", (Purpose.ORDER, ["year DESC NULLS LAST", "name"], False)),
        ("ORDER BY 1 DESC LIMIT 3", (Purpose.ORDER, ["lower(name) DESC"], True)),
        ("ORDER BY n NULLS FIRST FETCH FIRST ROW ONLY", (Purpose.ORDER, ["lower(name) NULLS FIRST"], True)),
        ("GROUP BY p.year, 1", (Purpose.GROUP, ["year", "lower(name)"], False)),
    ],
)
def test_orders_keep_their_directions(rest: str, expected: tuple[Purpose, list[str], bool]) -> None:
    (person,) = references(f"SELECT lower(p.name) AS n FROM person p {rest}")
    assert orders(person) == [expected]


def test_an_order_is_the_first_table_s_as_far_as_its_keys_go() -> None:
    person, gift = references(
        "SELECT 1 FROM person p JOIN gift g ON g.person_id = p.id ORDER BY p.name, p.id, g.id, p.year"
    )
    assert (orders(person), orders(gift)) == ([(Purpose.ORDER, ["name", "id"], False)], [])
    assert not person.orders[0].complete


def test_distinct_on_nearest_windows_and_extremes_are_orders() -> None:
    assert orders(references("SELECT DISTINCT ON (p.year) p.id FROM person p ORDER BY p.year, p.id")[0]) == [
        (Purpose.ORDER, ["year", "id"], False),
        (Purpose.DISTINCT, ["year"], False),
    ]
    assert orders(references("SELECT rank() OVER (PARTITION BY year ORDER BY name DESC) FROM person")[0]) == [
        (Purpose.WINDOW, ["year", "name DESC"], False)
    ]
    assert orders(references("SELECT min(year) FROM person")[0]) == [(Purpose.EXTREME, ["year"], True)]
    assert orders(references("SELECT id FROM person ORDER BY name <-> $1 LIMIT 3")[0]) == [
        (Purpose.DISTANCE, ["name"], True)
    ]


@pytest.mark.parametrize(
    ("aggregate", "last"),
    [
        ("count(DISTINCT fund_id)", ["fund_id"]),
        ("array_agg(id ORDER BY amount DESC, id)", ["amount DESC", "id"]),
    ],
)
def test_aggregates_that_sort_each_group_ask_for_an_order_after_its_keys(
    aggregate: str, last: list[str]
) -> None:
    (gift,) = references(f"SELECT person_id, sum(amount), {aggregate} FROM gift GROUP BY person_id")
    assert orders(gift) == [
        (Purpose.GROUP, ["person_id"], False),
        (Purpose.GROUP, ["person_id", *last], False),
    ]


def test_writes_say_what_they_set_and_how_they_find_their_rows() -> None:
    (update,) = references("UPDATE person SET name = $1, year = year + 1 WHERE id = $2 RETURNING email")
    assert (update.target, update.written) == ("update", frozenset({"name", "year"}))
    assert (asked(update.predicates), update.needed) == (["equal id"], frozenset({"id", "year", "email"}))
    (delete, other) = references("DELETE FROM gift g USING person p WHERE p.id = g.person_id AND p.year < 3")
    assert (delete.target, asked(delete.predicates)) == ("delete", ["equal person_id"])
    assert asked(other.predicates) == ["equal id", "range year"]
    insert, source = references("INSERT INTO gift (id, amount) SELECT id, year FROM person WHERE name = $1")
    assert (insert.target, insert.written, asked(source.predicates)) == (
        "insert",
        frozenset({"id", "amount"}),
        ["equal name"],
    )
    merge, _ = references(
        "MERGE INTO gift g USING person p ON g.person_id = p.id WHEN MATCHED THEN UPDATE SET amount = 1"
    )
    assert (merge.target, merge.written, asked(merge.predicates)) == (
        "update",
        frozenset({"amount"}),
        ["equal person_id"],
    )


def test_a_recursive_query_looks_up_what_its_last_rows_named() -> None:
    first, second = references(
        "WITH RECURSIVE c AS (SELECT id, boss_id FROM person WHERE id = $1 UNION ALL "
        "SELECT p.id, p.boss_id FROM c JOIN person p ON p.id = c.boss_id) SELECT id FROM c"
    )
    assert asked(first.predicates) == asked(second.predicates) == ["equal id"]
    assert second.predicates[0].is_join


@pytest.mark.parametrize("statement", [query.statement for query in load_catalog(QUERIES).queries])
def test_every_query_of_the_catalog_is_read_without_knowing_its_tables(statement: str) -> None:
    assert read_usage(statement).references
