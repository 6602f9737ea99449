"""The alumni database's data: shapes of life, the flaws put in on purpose, and what keeps itself up to date."""

import io
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from perfkit.demo.build import build_alumni
from perfkit.demo.import_file import COLUMNS, write_import_file
from perfkit.embedded import PostgresServer

Session = psycopg.Connection[tuple[object, ...]]


@pytest.fixture(scope="module")
def alumni(postgres: PostgresServer) -> Iterator[str]:
    """Make one alumni database of 10,000 people for the module; tests leave it as it is."""
    with psycopg.connect(postgres.dsn, autocommit=True) as connection:
        connection.execute("CREATE DATABASE alumni_data")
    dsn = postgres.dsn_for("alumni_data")
    build_alumni(lambda: psycopg.connect(dsn, autocommit=True), alumni=10_000, seed=3)
    yield dsn
    with psycopg.connect(postgres.dsn, autocommit=True) as connection:
        connection.execute("DROP DATABASE alumni_data WITH (FORCE)")


@pytest.fixture
def session(alumni: str) -> Iterator[Session]:
    with psycopg.connect(alumni) as connection:
        connection.execute("SET search_path = alumni, public")
        connection.execute("SET timezone = 'UTC'")
        yield connection
        connection.rollback()


def number(session: Session, query: str) -> float:
    row = session.execute(query).fetchone()
    assert row is not None
    assert row[0] is not None
    return float(str(row[0]))


def names(session: Session, query: str) -> set[str]:
    return {str(row[0]) for row in session.execute(query)}


def share(session: Session, table: str, condition: str) -> float:
    return number(session, f"SELECT avg(({condition})::integer) FROM {table}")


@pytest.mark.parametrize(
    ("kind", "condition", "at_least"),
    [
        ("pg_class", "relnamespace = {} AND relkind IN ('r', 'p') AND NOT relispartition", 25),
        ("pg_class", "relnamespace = {} AND relkind = 'r' AND relispartition", 37),
        ("pg_class", "relnamespace = {} AND relkind = 'v'", 1),
        ("pg_class", "relnamespace = {} AND relkind = 'm'", 1),
        ("pg_type", "typnamespace = {} AND typtype = 'e'", 15),
        ("pg_constraint", "connamespace = {} AND contype = 'f' AND conparentid = 0", 30),
        ("pg_constraint", "connamespace = {} AND contype = 'c'", 25),
        ("pg_trigger", "NOT tgisinternal", 6),
        ("information_schema.columns", "table_schema::regnamespace = {} AND data_type = 'jsonb'", 6),
        ("information_schema.columns", "table_schema::regnamespace = {} AND data_type = 'ARRAY'", 4),
        ("information_schema.columns", "table_schema::regnamespace = {} AND data_type = 'tsvector'", 2),
    ],
)
def test_the_schema_has_every_kind_of_thing_that_real_ones_have(
    session: Session, kind: str, condition: str, at_least: int
) -> None:
    where = condition.format("'alumni'::regnamespace")
    assert number(session, f"SELECT count(*) FROM {kind} WHERE {where}") >= at_least


def test_every_table_is_described_and_nothing_of_the_building_site_is_left(session: Session) -> None:
    undescribed = names(
        session,
        "SELECT relname FROM pg_class WHERE relnamespace = 'alumni'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')"
        " AND NOT relispartition AND obj_description(oid) IS NULL",
    )
    assert undescribed == set()
    assert number(session, "SELECT count(*) FROM pg_namespace WHERE nspname = 'alumni_build'") == 0
    unvalidated = "SELECT count(*) FROM pg_constraint WHERE NOT convalidated"
    assert number(session, unvalidated) == 0


def test_jobs_follow_zipf_over_employers(session: Session) -> None:
    top = number(
        session,
        "SELECT sum(jobs) FILTER (WHERE place <= (SELECT count(*) / 100 FROM employers)) / sum(jobs) FROM"
        " (SELECT count(*) AS jobs, row_number() OVER (ORDER BY count(*) DESC) AS place"
        "  FROM employment GROUP BY employer_id) e",
    )
    assert 0.3 <= top <= 0.6


def test_a_few_donors_give_half_of_the_money_and_many_have_lapsed(session: Session) -> None:
    top = number(
        session,
        "SELECT sum(total) FILTER (WHERE place <= donors * 0.02) / sum(total) FROM"
        " (SELECT sum(amount) AS total, row_number() OVER (ORDER BY sum(amount) DESC) AS place,"
        "  count(*) OVER () AS donors FROM gifts GROUP BY person_id) d",
    )
    assert 0.35 <= top <= 0.9
    donors = number(session, "SELECT count(DISTINCT person_id) FROM gifts")
    assert 0.2 <= donors / 10_000 <= 0.45
    assert share(session, "(SELECT max(fiscal_year) AS y FROM gifts GROUP BY person_id) d", "y <= 2023") > 0.2
    lybunt = number(
        session,
        "SELECT count(*) FROM giving_by_year a WHERE fiscal_year = 2025 AND NOT EXISTS"
        " (SELECT FROM giving_by_year b WHERE b.person_id = a.person_id AND b.fiscal_year = 2026)",
    )
    assert lybunt > 100


def test_the_state_decides_the_city(session: Session) -> None:
    states_of_a_city = number(
        session,
        "SELECT avg(states) FROM (SELECT count(DISTINCT state) AS states FROM addresses WHERE state IS NOT NULL"
        " GROUP BY city) c",
    )
    assert states_of_a_city < 1.1
    assert (
        0.5
        < number(
            session,
            "SELECT count(*) FILTER (WHERE city = 'Boston') / 0.4 / count(*) FROM addresses WHERE state = 'MA'",
        )
        < 1.5
    )


def test_people_have_gaps_scripts_and_doubles(session: Session) -> None:
    assert 0.05 < share(session, "people", "birth_date IS NULL") < 0.3
    assert 0 < share(session, "people", "given_name IS NULL") < 0.02
    assert 0.4 < share(session, "people", "headline IS NULL") < 0.7
    assert (
        0.05
        < share(session, "people p", "NOT EXISTS (SELECT FROM emails e WHERE e.person_id = p.person_id)")
        < 0.2
    )
    assert {"Latn", "Hans", "Cyrl", "Arab", "Deva", "Hang", "Jpan", "Grek"} == names(
        session, "SELECT script FROM person_names"
    )
    assert share(session, "people", "family_name ~ '[^[:ascii:]]'") > 0.05
    doubles = number(
        session,
        "SELECT count(*) FROM people a JOIN people b ON b.person_id = a.merged_into"
        " WHERE b.grad_year = a.grad_year AND lower(left(b.family_name, 1)) = lower(left(a.family_name, 1))",
    )
    merged = number(session, "SELECT count(*) FROM people WHERE status = 'merged'")
    assert merged > 20
    assert doubles > 0.9 * merged


def test_engaged_people_open_more_and_dead_mailboxes_stay_dead(session: Session) -> None:
    openers = "SELECT avg((status IN ('opened', 'clicked'))::integer) FROM communications c WHERE channel = 'email' AND {} EXISTS"
    gave = " (SELECT FROM gifts g WHERE g.person_id = c.person_id)"
    assert number(session, openers.format("") + gave) > 1.2 * number(session, openers.format("NOT") + gave)
    bounces = "SELECT count(*) / count(DISTINCT person_id)::numeric FROM communications WHERE bounce_code LIKE '{}%'"
    assert number(session, bounces.format("5")) > 2


def test_nothing_happens_after_the_last_day_or_before_its_cause(session: Session) -> None:
    for column, table in (
        ("received_on", "gifts"), ("sent_at", "communications"), ("opened_at", "communications"), ("updated_at", "people"),
        ("registered_at", "event_registrations"), ("occurred_at", "audit_log"), ("recorded_at", "consents"),
        ("ended_on", "employment"), ("started_on", "mentorships"),
    ):  # fmt: skip
        assert share(session, table, f"coalesce({column} > '2026-07-01', false)") == 0, column
    assert share(session, "events", "starts_at > '2026-07-01'") > 0
    assert share(session, "people", "updated_at < created_at") == 0
    assert share(session, "communications", "opened_at < sent_at OR clicked_at < opened_at") == 0
    assert (
        share(session, "event_registrations JOIN events USING (event_id)", "registered_at > starts_at") == 0
    )


def test_the_largest_table_is_spread_over_its_months(session: Session) -> None:
    rows = [
        float(str(row[1]))
        for row in session.execute("SELECT tableoid, count(*) FROM communications GROUP BY 1")
    ]
    assert len(rows) == 36
    assert max(rows) < 3 * min(rows)


def test_campaigns_hold_the_sum_of_their_gifts(session: Session) -> None:
    wrong = number(
        session,
        "SELECT count(*) FROM campaigns c WHERE raised <>"
        " (SELECT coalesce(sum(amount), 0) FROM gifts g WHERE g.campaign_id = c.campaign_id)",
    )
    assert wrong == 0


def test_two_indexes_are_redundant_one_is_unused_and_known_ones_are_missing(session: Session) -> None:
    def definition(index: str) -> str:
        row = session.execute("SELECT indkey::text, indrelid::regclass::text FROM pg_index WHERE indexrelid = %s::regclass",
                              (index,)).fetchone()  # fmt: skip
        assert row is not None
        return f"{row[1]} {row[0]}"

    assert definition("gifts_person_idx") == definition("gifts_donor_idx")
    assert definition("degrees_person_year_idx").startswith(definition("degrees_person_idx") + " ")
    assert number(session, "SELECT pg_relation_size('addresses_map_idx') / 8192") > 10
    unindexed = names(
        session,
        "SELECT conrelid::regclass || '.' || attname FROM pg_constraint JOIN pg_attribute"
        " ON attrelid = conrelid AND attnum = conkey[1] WHERE contype = 'f' AND conparentid = 0 AND NOT EXISTS"
        " (SELECT FROM pg_index WHERE indrelid = conrelid AND indkey[0] = conkey[1])",
    )
    assert {
        "communications.person_id",
        "event_registrations.person_id",
        "employment.employer_id",
    } <= unindexed
    assert "gifts.person_id" not in unindexed


def test_statistics_are_fresh_but_for_one_table_that_grew_for_one_event(session: Session) -> None:
    stale = names(
        session,
        "SELECT relname FROM pg_stat_user_tables WHERE schemaname = 'alumni'"
        " AND n_mod_since_analyze > 0.1 * n_live_tup AND n_live_tup > 100",
    )
    assert stale == {"event_registrations"}
    assert (
        names(session, "SELECT relname FROM pg_class WHERE 'autovacuum_enabled=false' = ANY (reloptions)")
        == stale
    )
    reunion = number(
        session, "SELECT event_id FROM events WHERE kind = 'reunion' ORDER BY starts_at DESC LIMIT 1"
    )
    actual = number(session, f"SELECT count(*) FROM event_registrations WHERE event_id = {reunion:.0f}")
    assert actual > 0.1 * number(session, "SELECT count(*) FROM event_registrations")
    plan = session.execute(
        f"EXPLAIN (FORMAT JSON) SELECT * FROM event_registrations WHERE event_id = {reunion:.0f}"
    ).fetchone()
    assert plan is not None
    assert isinstance(plan[0], list)
    assert actual > 20 * plan[0][0]["Plan"]["Plan Rows"]


def test_fresh_tables_answer_index_only(session: Session) -> None:
    for table in ("people", "gifts", "communications_2026_06"):
        assert (
            number(
                session,
                f"SELECT relallvisible / relpages::numeric FROM pg_class WHERE oid = '{table}'::regclass",
            )
            == 1
        )


def test_new_rows_get_free_numbers(session: Session) -> None:
    for table, key, values in (
        ("people", "person_id", "(public_id, family_name, grad_year, school_id) VALUES (gen_random_uuid(), 'New', 2026, 1)"),
        ("gifts", "gift_id", "(person_id, fund_id, amount, received_on, method) VALUES (1, 1, 10, '2026-06-30', 'card')"),
        ("communications", "communication_id",
         "(mailing_id, person_id, channel, sent_at) VALUES (1, 1, 'email', '2026-07-01 00:00+00')"),
    ):  # fmt: skip
        last = number(session, f"SELECT max({key}) FROM {table}")
        assert number(session, f"INSERT INTO {table} {values} RETURNING {key}") == last + 1


def test_triggers_keep_search_totals_and_the_log(session: Session) -> None:
    session.execute("SET LOCAL alumni.actor = 'jthomas'")
    session.execute("UPDATE people SET family_name = 'Ðurić-Łódź', headline = 'Sings' WHERE person_id = 5")
    assert share(session, "people", "search @@ 'duric & sing'") > 0
    assert session.execute(
        "SELECT actor, action::text, new_values ->> 'headline', new_values ? 'grad_year' FROM audit_log"
        " ORDER BY audit_id DESC LIMIT 1"
    ).fetchone() == ("jthomas", "update", "Sings", False)
    before = number(session, "SELECT raised FROM campaigns WHERE code = 'AF2026'")
    session.execute(
        "INSERT INTO gifts (person_id, fund_id, campaign_id, amount, received_on, method)"
        " SELECT 5, 1, campaign_id, 100, '2026-06-30', 'card' FROM campaigns WHERE code = 'AF2026'"
    )
    session.execute("UPDATE gifts SET amount = 40 WHERE gift_id = (SELECT max(gift_id) FROM gifts)")
    assert number(session, "SELECT raised FROM campaigns WHERE code = 'AF2026'") == before + 40
    session.execute("UPDATE events SET title = 'Zeppelins' WHERE event_id = 1")
    assert share(session, "events", "search @@ to_tsquery('english', 'zeppelin')") > 0


def test_the_directory_shows_active_people_once(session: Session) -> None:
    assert number(session, "SELECT count(*) FROM directory") == number(
        session, "SELECT count(*) FROM people WHERE status = 'active'"
    )


def test_a_good_import_file_goes_into_staging_whole(session: Session) -> None:
    text = io.StringIO(newline="")
    write_import_file(text, rows=2000, seed=1)
    staging = names(
        session, "SELECT column_name FROM information_schema.columns WHERE table_name = 'import_staging'"
    )
    assert set(COLUMNS) < staging
    session.execute(
        "ALTER TABLE import_staging ALTER import_batch_id SET DEFAULT 60, ALTER line_number SET DEFAULT 0"
    )
    before = number(session, "SELECT count(*) FROM import_staging")
    columns = sql.SQL(", ").join(sql.Identifier(column) for column in COLUMNS)
    with session.cursor().copy(
        sql.SQL("COPY import_staging ({}) FROM STDIN (FORMAT csv, HEADER)").format(columns)
    ) as copy:
        copy.write(text.getvalue())
    assert number(session, "SELECT count(*) FROM import_staging") == before + 2000
    unknown = number(
        session,
        "SELECT count(*) FROM import_staging WHERE line_number = 0 AND degree_code NOT IN (SELECT code FROM programmes)",
    )
    assert unknown == 0
