"""The column that each parameter is compared with or written to, and what the others are for."""

from perfkit.syntax.usage.places import Place, Role, read_places
from perfkit.syntax.usage.scope import Relation

RELATIONS = {
    "person": Relation(columns=("id", "name", "born", "tags", "profile")),
    "gift": Relation(columns=("id", "person_id", "amount")),
    "donor": Relation(view="SELECT p.id, p.name AS full_name FROM person p"),
}


def _places(statement: str) -> dict[int, Place]:
    return read_places(statement, lambda _schema, name: RELATIONS.get(name))[1]


def _told(statement: str) -> list[tuple[str, str, str]]:
    places = _places(statement)
    return [(p.role.value, p.expression, p.operator) for _, p in sorted(places.items())]


def test_comparisons_name_their_column() -> None:
    statement = (
        "SELECT * FROM person x WHERE x.id = $1 AND $2 > born AND upper(name) LIKE upper($3) AND born BETWEEN $4 AND $5"
        " AND id IN ($6, $7) AND id = ANY ($8) AND $9 = ANY (tags) AND (born, id) > ($10, $11)"
    )
    assert _told(statement) == [
        ("compared", "id", "="), ("compared", "born", "<"), ("compared", "upper(name)", "~~"),
        ("compared", "born", ">="), ("compared", "born", "<="), ("compared", "id", "IN"), ("compared", "id", "IN"),
        ("compared", "id", "= ANY"), ("compared", "tags", "ANY ="), ("compared", "born", ">"), ("compared", "id", ">"),
    ]  # fmt: skip
    assert _places(statement)[3].through == "upper"
    assert [_places(statement)[number].item for number in (6, 7)] == [0, 1]


def test_columns_are_found_through_views_subqueries_and_case() -> None:
    assert _told("SELECT 1 FROM donor WHERE full_name = $1") == [("compared", "name", "=")]
    assert _told("SELECT 1 FROM (SELECT id AS n FROM gift) s WHERE n = $1") == [("compared", "id", "=")]
    assert _told("SELECT sum(CASE WHEN amount > $1 THEN $2 END) FROM gift") == [
        ("compared", "amount", ">"),
        ("free", "", ""),
    ]


def test_an_aggregate_is_no_column_of_a_row() -> None:
    told = _told("SELECT person_id FROM gift GROUP BY 1 HAVING sum(amount) > $1 AND count(*) < $2")
    assert [role for role, _, _ in told] == ["argument", "argument"]


def test_limits_writes_keys_and_arguments_are_told_apart() -> None:
    assert _told("SELECT 1 FROM gift LIMIT $1 OFFSET $2") == [("limit", "", ""), ("offset", "", "")]
    assert _told("INSERT INTO gift VALUES ($1, $2), ($3, $4)")[2:] == [
        ("written", "id", ""),
        ("written", "person_id", ""),
    ]
    assert _told("UPDATE gift SET amount = amount + $1, person_id = $2 WHERE id = $3") == [
        ("argument", "", "+"),
        ("written", "person_id", ""),
        ("compared", "id", "="),
    ]
    assert _told("SELECT profile ->> $1 FROM person WHERE profile ->> $2 = $3") == [
        ("compared", "profile", "->>"),
        ("compared", "profile", "->>"),
        ("compared", "profile ->> $2", "="),
    ]
    assert _told("SELECT date_trunc($1, born) FROM person WHERE born > now() - $2::interval") == [
        ("argument", "", "date_trunc"),
        ("argument", "", "-"),
    ]


def test_results_that_are_cast_know_the_type() -> None:
    places = _places('SELECT (CASE WHEN id = 1 THEN $1 ELSE $2 END)::office."Mood" FROM gift')
    assert [place.cast for place in places.values()] == ['office."Mood"'] * 2
    assert {place.role for place in places.values()} == {Role.FREE}
