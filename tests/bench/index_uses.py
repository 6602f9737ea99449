"""Candidates of every kind on the demo's tables, each with statements that may use it: some must, some must not."""

USES: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "btree plain": (
        ("alumni.gifts (fund_id)", (
            "SELECT * FROM alumni.gifts WHERE fund_id = 3",
            "SELECT sum(amount) FROM alumni.gifts WHERE fund_id IN (5, 9)",
            "SELECT * FROM alumni.gifts AS g JOIN alumni.funds AS f USING (fund_id) WHERE f.code = 'ANNUAL'",
            "SELECT fund_id, count(*) FROM alumni.gifts GROUP BY fund_id",
        )),
        ("alumni.employment (employer_id)", (
            "SELECT * FROM alumni.employment WHERE employer_id = 17",
            "SELECT * FROM alumni.employers AS e JOIN alumni.employment AS j USING (employer_id) WHERE e.name = 'Apex Bank'",
            "SELECT count(DISTINCT employer_id) FROM alumni.employment",
        )),
        ("alumni.gifts (amount)", (
            "SELECT * FROM alumni.gifts WHERE amount >= 50000",
            "SELECT * FROM alumni.gifts WHERE amount >= 50",
            "SELECT max(amount) FROM alumni.gifts",
            "SELECT * FROM alumni.gifts ORDER BY amount LIMIT 20",
        )),
        ("alumni.people (status)", (
            "SELECT * FROM alumni.people WHERE status = 'merged'",
            "SELECT * FROM alumni.people WHERE status = 'active'",
            "SELECT status, count(*) FROM alumni.people GROUP BY status",
        )),
        ("alumni.people (merged_into)", (
            "SELECT * FROM alumni.people WHERE merged_into IS NOT NULL",
            "SELECT * FROM alumni.people WHERE merged_into = 7",
        )),
    ),
    "btree several": (
        ("alumni.gifts (fund_id, received_on)", (
            "SELECT * FROM alumni.gifts WHERE fund_id = 3 AND received_on >= date '2026-01-01'",
            "SELECT * FROM alumni.gifts WHERE fund_id = 3 ORDER BY received_on LIMIT 10",
            "SELECT max(received_on) FROM alumni.gifts WHERE fund_id = 7",
        )),
        ("alumni.people (status, updated_at)", (
            "SELECT * FROM alumni.people WHERE status = 'lost' AND updated_at > timestamptz '2025-01-01'",
            "SELECT person_id FROM alumni.people WHERE status = 'lost' ORDER BY updated_at LIMIT 50",
        )),
        ("alumni.addresses (state, city)", (
            "SELECT * FROM alumni.addresses WHERE state = 'MA' AND city = 'Boston'",
            "SELECT * FROM alumni.addresses WHERE state = 'NY'",
            "SELECT * FROM alumni.addresses WHERE city = 'Boston'",
            "SELECT state, city, count(*) FROM alumni.addresses GROUP BY state, city",
        )),
    ),
    "btree DESC": (
        ("alumni.gifts (fund_id, received_on DESC)", (
            "SELECT * FROM alumni.gifts WHERE fund_id = 3 ORDER BY received_on DESC LIMIT 10",
            "SELECT * FROM alumni.gifts ORDER BY fund_id, received_on DESC LIMIT 100",
        )),
        ("alumni.people (grad_year DESC, family_name)", (
            "SELECT * FROM alumni.people ORDER BY grad_year DESC, family_name LIMIT 25",
            "SELECT * FROM alumni.people WHERE grad_year = 1998 ORDER BY family_name LIMIT 25",
        )),
    ),
    "btree NULLS": (
        ("alumni.people (birth_date NULLS FIRST)", (
            "SELECT * FROM alumni.people ORDER BY birth_date NULLS FIRST LIMIT 20",
            "SELECT * FROM alumni.people WHERE birth_date = date '1980-05-05'",
        )),
        ("alumni.employment (ended_on DESC NULLS LAST)", (
            "SELECT * FROM alumni.employment ORDER BY ended_on DESC NULLS LAST LIMIT 20",
            "SELECT * FROM alumni.employment WHERE ended_on > date '2026-01-01'",
        )),
    ),
    "btree INCLUDE": (
        ("alumni.gifts (fund_id) INCLUDE (amount)", (
            "SELECT sum(amount) FROM alumni.gifts WHERE fund_id = 3",
            "SELECT fund_id, sum(amount) FROM alumni.gifts GROUP BY fund_id",
        )),
        ("alumni.employment (employer_id) INCLUDE (title, started_on)", (
            "SELECT title, started_on FROM alumni.employment WHERE employer_id = 17",
            "SELECT * FROM alumni.employment WHERE employer_id = 17",
        )),
        ("alumni.emails (status) INCLUDE (person_id)", (
            "SELECT person_id FROM alumni.emails WHERE status <> 'unverified'",
            "SELECT person_id FROM alumni.emails WHERE status = 'bounced'",
        )),
    ),
    "btree partial": (
        ("alumni.employment (employer_id) WHERE is_current", (
            "SELECT * FROM alumni.employment WHERE employer_id = 17 AND is_current",
            "SELECT * FROM alumni.employment WHERE employer_id = 17",
        )),
        ("alumni.people (family_name) WHERE status = 'lost'", (
            "SELECT * FROM alumni.people WHERE status = 'lost' AND family_name = 'Smith'",
            "SELECT * FROM alumni.people WHERE status = 'lost' ORDER BY family_name LIMIT 30",
            "SELECT count(*) FROM alumni.people WHERE status = 'lost'",
        )),
        ("alumni.gifts (received_on) WHERE is_anonymous", (
            "SELECT * FROM alumni.gifts WHERE is_anonymous AND received_on >= date '2026-01-01'",
            "SELECT * FROM alumni.gifts WHERE is_anonymous ORDER BY received_on DESC LIMIT 10",
        )),
        ("alumni.people (merged_into) WHERE merged_into IS NOT NULL", (
            "SELECT * FROM alumni.people WHERE merged_into = 7",
            "SELECT * FROM alumni.people WHERE merged_into IS NOT NULL",
        )),
    ),
    "btree lower": (
        ("alumni.emails (lower(email))", (
            "SELECT * FROM alumni.emails WHERE lower(email) = 'priya.sharma@postbox.example'",
            "SELECT * FROM alumni.emails ORDER BY lower(email) LIMIT 10",
        )),
        ("alumni.people (lower(family_name), lower(given_name))", (
            "SELECT * FROM alumni.people WHERE lower(family_name) = 'smith'",
            "SELECT * FROM alumni.people WHERE lower(family_name) = 'smith' AND lower(given_name) = 'john'",
            "SELECT * FROM alumni.people ORDER BY lower(family_name), lower(given_name) LIMIT 50",
        )),
    ),
    "btree date": (
        ("alumni.people (((created_at AT TIME ZONE 'UTC')::date))", (
            "SELECT * FROM alumni.people WHERE (created_at AT TIME ZONE 'UTC')::date = date '2004-08-28'",
            "SELECT * FROM alumni.people WHERE (created_at AT TIME ZONE 'UTC')::date >= date '2026-06-01'",
        )),
        ("alumni.gifts (date_trunc('month', received_on::timestamp))", (
            "SELECT * FROM alumni.gifts WHERE date_trunc('month', received_on::timestamp) = timestamp '2025-12-01'",
        )),
    ),
    "btree ->>": (
        ("alumni.people ((profile ->> 'linkedin'))", (
            "SELECT * FROM alumni.people WHERE profile ->> 'linkedin' = 'x'",
        )),
        ("alumni.events ((details ->> 'venue'))", (
            "SELECT * FROM alumni.events WHERE details ->> 'venue' = 'Grand Hotel New York'",
        )),
    ),
    "btree text_pattern_ops": (
        ("alumni.emails (email text_pattern_ops)", (
            "SELECT * FROM alumni.emails WHERE email LIKE 'priya.sh%'",
            "SELECT * FROM alumni.emails WHERE email LIKE '%example'",
        )),
        ("alumni.employment (title text_pattern_ops)", (
            "SELECT * FROM alumni.employment WHERE title LIKE 'Writ%'",
            "SELECT * FROM alumni.employment WHERE title = 'Translator'",
        )),
        ("alumni.people (lower(family_name) text_pattern_ops)", (
            "SELECT * FROM alumni.people WHERE lower(family_name) LIKE 'smi%'",
        )),
    ),
    "btree unique": (
        ("alumni.gifts (receipt_number)", (
            "SELECT * FROM alumni.gifts WHERE receipt_number = 'R-2020-00017'",
            "SELECT * FROM alumni.gifts ORDER BY receipt_number LIMIT 5",
        )),
        ("alumni.people (created_at, person_id)", (
            ("SELECT * FROM alumni.people WHERE (created_at, person_id) > (timestamptz '2020-01-01', 7)"
            " ORDER BY created_at, person_id LIMIT 50"),
        )),
    ),
    "GIN trigram": (
        ("alumni.employment USING gin (title gin_trgm_ops)", (
            "SELECT * FROM alumni.employment WHERE title ILIKE '%officer%'",
            "SELECT * FROM alumni.employment WHERE title ILIKE '%xyzq%'",
        )),
        ("alumni.emails USING gin (email gin_trgm_ops)", (
            "SELECT * FROM alumni.emails WHERE email ILIKE '%sharma%'",
            "SELECT * FROM alumni.emails WHERE email LIKE '%@mailhub%'",
        )),
        ("alumni.employers USING gin (name gin_trgm_ops)", (
            "SELECT * FROM alumni.employers WHERE name ILIKE '%bank%'",
        )),
    ),
    "GIN jsonb_path_ops": (
        ("alumni.people USING gin (profile jsonb_path_ops)", (
            "SELECT * FROM alumni.people WHERE profile @> '{\"privacy\": \"public\"}'",
            "SELECT * FROM alumni.people WHERE profile @? '$.linkedin'",
        )),
        ("alumni.event_registrations USING gin (answers jsonb_path_ops)", (
            "SELECT * FROM alumni.event_registrations WHERE answers @> '{\"diet\": \"vegan\"}'",
        )),
    ),
    "GIN array": (
        ("alumni.events USING gin (tags)", (
            "SELECT * FROM alumni.events WHERE tags @> '{reunion}'",
            "SELECT * FROM alumni.events WHERE tags && '{career,networking}'",
        )),
    ),
    "GIN tsvector": (
        ("alumni.people USING gin (to_tsvector('english', headline))", (
            "SELECT * FROM alumni.people WHERE to_tsvector('english', headline) @@ to_tsquery('english', 'engineer')",
        )),
        ("alumni.events USING gin (to_tsvector('english', title))", (
            "SELECT * FROM alumni.events WHERE to_tsvector('english', title) @@ to_tsquery('english', 'reunion')",
        )),
    ),
    "BRIN": (
        ("alumni.gifts USING brin (received_on)", (
            "SELECT * FROM alumni.gifts WHERE received_on < date '1992-01-01'",
        )),
        ("alumni.event_registrations USING brin (registered_at) WITH (pages_per_range = 8)", (
            "SELECT * FROM alumni.event_registrations WHERE registered_at > timestamptz '2026-06-01'",
            "SELECT count(*) FROM alumni.event_registrations WHERE registered_at < timestamptz '2024-01-01'",
        )),
        ("alumni.audit_log USING brin (occurred_at)", (
            "SELECT * FROM alumni.audit_log WHERE occurred_at > timestamptz '2026-06-01'",
        )),
    ),
    "GiST": (
        ("alumni.people USING gist (family_name gist_trgm_ops)", (
            "SELECT * FROM alumni.people ORDER BY family_name <-> 'Smyth' LIMIT 10",
            "SELECT * FROM alumni.people WHERE family_name % 'Smyth'",
        )),
        ("alumni.addresses USING gist (point(longitude, latitude))", (
            "SELECT * FROM alumni.addresses WHERE point(longitude, latitude) <@ box '((-71.2,42.2),(-71,42.4))'",
            "SELECT * FROM alumni.addresses ORDER BY point(longitude, latitude) <-> point '(-71,42)' LIMIT 10",
        )),
        ("alumni.gifts USING gist (daterange(received_on, received_on + 30))", (
            "SELECT * FROM alumni.gifts WHERE daterange(received_on, received_on + 30) @> date '2020-01-01'",
        )),
    ),
    "hash": (
        ("alumni.employment USING hash (title)", (
            "SELECT * FROM alumni.employment WHERE title = 'Translator'",
        )),
        ("alumni.gifts USING hash (receipt_number)", (
            "SELECT * FROM alumni.gifts WHERE receipt_number = 'R-2020-00017'",
        )),
        ("alumni.event_registrations USING hash (person_id)", (
            "SELECT * FROM alumni.event_registrations WHERE person_id = 77",
            "SELECT * FROM alumni.people AS p JOIN alumni.event_registrations AS r USING (person_id) WHERE p.person_id < 50",
        )),
    ),
    "SP-GiST": (
        ("alumni.emails USING spgist (email)", (
            "SELECT * FROM alumni.emails WHERE email ^@ 'priya'",
            "SELECT * FROM alumni.emails WHERE email = 'priya.sharma@postbox.example'",
        )),
        ("alumni.addresses USING spgist (point(longitude, latitude))", (
            "SELECT * FROM alumni.addresses WHERE point(longitude, latitude) <@ box '((-71.2,42.2),(-71,42.4))'",
            "SELECT * FROM alumni.addresses ORDER BY point(longitude, latitude) <-> point '(-71,42)' LIMIT 10",
        )),
    ),
    "partitioned root": (
        ("alumni.communications (person_id)", (
            "SELECT * FROM alumni.communications WHERE person_id = 77",
            "SELECT count(*) FROM alumni.communications WHERE person_id = 77 AND sent_at >= timestamptz '2026-01-01'",
            "SELECT * FROM alumni.people AS p JOIN alumni.communications AS c USING (person_id) WHERE p.family_name = 'Smith'",
        )),
        ("alumni.communications (status, sent_at)", (
            "SELECT * FROM alumni.communications WHERE status = 'complained'",
            "SELECT * FROM alumni.communications WHERE status = 'bounced' AND sent_at >= timestamptz '2026-05-01'",
        )),
        ("alumni.communications (sent_at DESC)", (
            "SELECT * FROM alumni.communications ORDER BY sent_at DESC LIMIT 20",
        )),
    ),
    "arm of an OR": (
        ("alumni.gifts (campaign_id)", (
            "SELECT * FROM alumni.gifts WHERE campaign_id = 2 OR person_id = 77",
            "SELECT * FROM alumni.gifts WHERE campaign_id = 2 OR fund_id = 3",
        )),
        ("alumni.emails (verified_at)", (
            "SELECT * FROM alumni.emails WHERE verified_at > timestamptz '2026-06-15' OR email = 'priya.sharma@postbox.example'",
        )),
    ),
    "ORDER BY LIMIT": (
        ("alumni.people (updated_at)", (
            "SELECT * FROM alumni.people ORDER BY updated_at DESC LIMIT 10",
            "SELECT * FROM alumni.people WHERE grad_year = 1998 ORDER BY updated_at DESC LIMIT 10",
        )),
        ("alumni.event_registrations (registered_at)", (
            ("SELECT * FROM alumni.event_registrations AS r JOIN alumni.events AS e USING (event_id)"
            " ORDER BY r.registered_at DESC LIMIT 20"),
            "SELECT min(registered_at), max(registered_at) FROM alumni.event_registrations",
        )),
    ),
}  # fmt: skip
