-- Import batches with the rows that are still in staging, and the audit log.
INSERT INTO alumni.import_batches
SELECT n,
       (ARRAY['registrar', 'vendor', 'event desk', 'web'])[zipf(4, draw(n, 'import source'))],
       'import-' || lpad(n::text, 3, '0') || '.csv',
       (CASE WHEN n > 57 THEN 'staged' WHEN draw(n, 'import status') < 0.08 THEN 'failed' ELSE 'merged' END)::alumni.import_status,
       0, 0,
       pick(32, draw(n, 'imported by')),
       s.started_at,
       CASE WHEN n <= 57 THEN s.started_at + draw(n, 'import time') * INTERVAL '20 minutes' END,
       '{}'
FROM generate_series(1, 60) n
CROSS JOIN LATERAL (
    SELECT TIMESTAMPTZ '2021-07-15 08:00+00' + n * INTERVAL '30 days' + draw(n, 'import day') * INTERVAL '10 days' AS started_at
) s
ORDER BY n;

INSERT INTO alumni.import_staging
SELECT n, b.batch, row_number() OVER (PARTITION BY b.batch ORDER BY n) + 1,
       'X' || lpad(n::text, 8, '0'), NULL, m.given_name, NULL, m.family_name,
       (CASE WHEN w.wrong = 1 THEN '31/02/1990'
             WHEN draw(n, 'staged birth') < 0.6 THEN make_date(t.grad_year - 22, 1, 1)::text END),
       CASE WHEN w.wrong = 2 THEN 'no-at-sign.example'
            ELSE lower(alumni.fold(m.given_name)) || n || '@mailhub.example' END,
       NULL, NULL, NULL, a.cities[1], a.state, NULL, a.country,
       CASE WHEN w.wrong = 3 THEN 'XXX-BS-NONE' ELSE g.code END,
       t.grad_year::text, NULL, NULL, NULL,
       (CASE WHEN w.wrong <= 3 THEN 'rejected' WHEN b.batch > 57 THEN 'new' WHEN draw(n, 'staged') < 0.6 THEN 'matched'
             ELSE 'merged' END)::alumni.staging_state,
       CASE w.wrong WHEN 1 THEN '{birth_date: not a date}'::text[] WHEN 2 THEN '{email: not an address}'
                    WHEN 3 THEN '{degree_code: unknown}' ELSE '{}' END,
       CASE WHEN w.wrong > 3 AND b.batch <= 57 THEN t.person_id END
FROM generate_series(1, size() / 5) n
CROSS JOIN LATERAL (SELECT 61 - zipf(60, draw(n, 'batch')) AS batch) b  -- recent batches hold most
CROSS JOIN LATERAL (SELECT pick(40, draw(n, 'wrong')) AS wrong) w
JOIN alumni_build.traits t ON t.person_id = 1 + floor(draw(n, 'staged person') * size())::bigint
JOIN alumni_build.names m ON m.person_id = t.person_id
JOIN alumni_build.areas a ON a.area = t.area
JOIN alumni.programmes g ON g.programme_id = (t.school_id - 1) * 12 + pick(12, draw(n, 'staged programme'))
ORDER BY n;

UPDATE alumni.import_batches b
SET row_count = s.row_count, rejected_count = s.rejected_count,
    summary = jsonb_build_object('rejected', s.rejected_count, 'seconds', s.row_count / 100)
FROM (
    SELECT import_batch_id, count(*) AS row_count, count(*) FILTER (WHERE state_of_row = 'rejected') AS rejected_count
    FROM alumni.import_staging GROUP BY import_batch_id
) s
WHERE s.import_batch_id = b.import_batch_id;

INSERT INTO alumni.audit_log
SELECT n, c.table_name, 1 + floor(draw(n, 'audited row') * size())::bigint,
       (CASE WHEN draw(n, 'audit action') < 0.75 THEN 'update' WHEN draw(n, 'audit action') < 0.97 THEN 'insert'
             ELSE 'delete' END)::alumni.audit_action,
       CASE WHEN draw(n, 'actor') < 0.45 THEN 'self-service' WHEN draw(n, 'actor') < 0.65 THEN 'import'
            ELSE s.usernames[zipf(40, draw(n, 'audit staff'))] END,
       -- Ever more of them, in order
       TIMESTAMPTZ '2012-01-01 00:00+00' + (n / (size() + 1.0::double precision)) ^ 0.5 * INTERVAL '5294 days',
       CASE WHEN draw(n, 'audit action') < 0.75 OR draw(n, 'audit action') >= 0.97 THEN
           CASE c.table_name WHEN 'people' THEN jsonb_build_object('status', 'active', 'headline', NULL)
                             WHEN 'gifts' THEN jsonb_build_object('amount', pick(500, draw(n, 'old amount')))
                             ELSE jsonb_build_object('status', 'registered') END END,
       CASE WHEN draw(n, 'audit action') < 0.97 THEN
           CASE c.table_name WHEN 'people' THEN jsonb_build_object('status', 'inactive', 'headline', 'Retired')
                             WHEN 'gifts' THEN jsonb_build_object('amount', pick(500, draw(n, 'new amount')))
                             ELSE jsonb_build_object('status', 'cancelled') END END
FROM generate_series(1, size()) n
CROSS JOIN (SELECT array_agg(username ORDER BY staff_id) AS usernames FROM alumni.staff) s
CROSS JOIN LATERAL (
    SELECT (ARRAY['people', 'people', 'people', 'gifts', 'event_registrations'])[pick(5, draw(n, 'audited table'))] AS table_name
) c
ORDER BY n;
