-- name: admin_people_list
-- summary: The records team's table of people, any column, last changed first
-- weight: 10
-- budget: 20ms
-- param: skip bigint
-- case: typical  skip=0
-- case: page_20  skip=950
-- All columns of wide rows, all sorted to show fifty
SELECT *
FROM alumni.people
ORDER BY updated_at DESC, person_id DESC
LIMIT 50 OFFSET :skip;

-- name: admin_row_history
-- summary: Every change of one record
-- weight: 12
-- budget: 50ms
-- param: table_name text
-- param: row_id bigint
-- case: typical  table_name='people' row_id=112
-- case: none  table_name='people' row_id=999999999
-- cases: draw 2 SELECT DISTINCT table_name, row_id FROM alumni.audit_log WHERE audit_id % 79 = 0
SELECT l.audit_id, l.occurred_at, l.actor, l.action, l.old_values, l.new_values
FROM alumni.audit_log l
WHERE l.table_name = :table_name AND l.row_id = :row_id
ORDER BY l.occurred_at, l.audit_id;

-- name: admin_status_changes
-- summary: Records whose status was set to one value since a day
-- weight: 1
-- budget: 50ms
-- param: status text
-- param: since timestamptz
-- case: typical  status='inactive' since='2026-01-01 00:00+00'
-- case: none  status='deceased' since='2026-01-01 00:00+00'
-- case: all_time  status='inactive' since='2000-01-01 00:00+00'
-- A value inside a document, which the planner can only guess at
SELECT l.row_id AS person_id, l.actor, l.occurred_at, l.old_values ->> 'status' AS was
FROM alumni.audit_log l
WHERE l.table_name = 'people' AND l.new_values ->> 'status' = :status AND l.occurred_at >= :since
ORDER BY l.occurred_at DESC, l.audit_id DESC
LIMIT 100;

-- name: admin_import_matches
-- summary: People whom the rows of an import may be, by e-mail or by name and class
-- weight: 0.5
-- budget: 1s
-- param: import_batch_id integer
-- case: typical  import_batch_id=60
-- cases: draw 1 SELECT DISTINCT import_batch_id FROM alumni.import_staging WHERE state_of_row = 'new'
-- Text columns of the file are made comparable for every row
SELECT r.staging_id, r.line_number, p.person_id, p.given_name, p.family_name
FROM alumni.import_staging r
JOIN alumni.people p ON lower(p.family_name) = lower(r.family_name) AND p.grad_year::text = r.grad_year
WHERE r.import_batch_id = :import_batch_id AND left(lower(p.given_name), 3) = left(lower(r.given_name), 3)
ORDER BY r.staging_id, p.person_id
LIMIT 200;

-- name: admin_portfolio
-- summary: Major donors of one gift officer, with their last gift
-- weight: 10
-- budget: 10ms
-- param: staff_id integer
-- case: typical  staff_id=4
-- case: largest  staff_id=1
-- case: none  staff_id=40
-- No index on staff_id, which few people have
SELECT p.person_id, p.given_name, p.family_name, p.grad_year, g.received_on, g.amount
FROM alumni.people p
LEFT JOIN LATERAL (
    SELECT received_on, amount FROM alumni.gifts
    WHERE person_id = p.person_id
    ORDER BY received_on DESC, gift_id DESC
    LIMIT 1
) g ON true
WHERE p.staff_id = :staff_id
ORDER BY g.received_on NULLS FIRST, p.person_id;
