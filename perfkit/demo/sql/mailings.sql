-- Five mailings a month for 36 months, and what becomes of each message. The build calls
-- alumni_build.send for each month, so that two connections can share the work.

INSERT INTO alumni.mailings
SELECT month * 5 + k.n,
       k.prefix || '-' || to_char(s.sent_at, 'YYYY-MM'),
       CASE WHEN k.prefix = 'APPEAL' THEN extract(year FROM s.sent_at + INTERVAL '6 months')::integer - 1989 END,
       k.purpose::alumni.consent_purpose,
       k.channel::alumni.channel,
       k.subject || ' ' || to_char(s.sent_at, 'FMMonth YYYY'),
       jsonb_build_object('kind', k.kind) || CASE k.kind
           WHEN 'class' THEN jsonb_build_object('from', g.first_class, 'to', least(g.first_class + 25, 2026))
           WHEN 'state' THEN jsonb_build_object('states', jsonb_build_array(
               a.states[1 + (month * 5) % 20], a.states[1 + (month * 5 + 7) % 20], a.states[1 + (month * 5 + 12) % 20]))
           WHEN 'school' THEN jsonb_build_object('school_id', 1 + month % 8)
           ELSE '{}' END,
       s.sent_at
FROM generate_series(0, 35) month
CROSS JOIN (VALUES
    (1, 'NEWS', 'newsletter', 'email', 'all', 'Northfield News', 3),
    (2, 'APPEAL', 'fundraising', 'email', 'class', 'Your class and the Annual Fund', 9),
    (3, 'EVENT', 'events', 'email', 'state', 'Alumni near you', 14),
    (4, 'SCHOOL', 'newsletter', 'email', 'school', 'From the Dean', 19),
    (5, 'CALL', 'fundraising', 'post', 'class', 'A letter from the President', 24)
) k (n, prefix, purpose, channel, kind, subject, day)
CROSS JOIN LATERAL (
    SELECT make_timestamptz(2023 + (month + 6) / 12, 1 + (month + 6) % 12, k.day, 14, 0, 0, 'UTC') AS sent_at
) s
CROSS JOIN LATERAL (SELECT 1950 + pick(60, draw(month * 5 + k.n, 'first class')) AS first_class) g
CROSS JOIN (SELECT array_agg(state ORDER BY area) AS states FROM alumni_build.areas WHERE state IS NOT NULL) a
ORDER BY month, k.n;
ANALYZE alumni.mailings;

CREATE FUNCTION alumni_build.send(month integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    mailing alumni.mailings;
BEGIN
    FOR mailing IN SELECT * FROM alumni.mailings WHERE (mailing_id - 1) / 5 = month ORDER BY mailing_id LOOP
        INSERT INTO alumni.communications
        SELECT (mailing.mailing_id - 1)::bigint * size() + r.person_id,
               mailing.mailing_id,
               r.person_id,
               mailing.channel,
               r.status::alumni.communication_status,
               r.sent_at,
               CASE WHEN r.status IN ('opened', 'clicked', 'unsubscribed') THEN r.opened_at END,
               CASE WHEN r.status IN ('opened', 'clicked', 'unsubscribed')
                    THEN 1 + floor(9 * draw(r.message, 'opens') ^ 6)::integer ELSE 0 END,
               CASE WHEN r.status = 'clicked' THEN r.opened_at + draw(r.message, 'click') * INTERVAL '5 minutes' END,
               CASE WHEN r.status = 'bounced'
                    THEN (ARRAY['5.1.1', '4.2.2', '5.7.1', '5.2.1'])[zipf(4, draw(r.person_id, 'bounce code'))] END
        FROM (
            SELECT t.person_id, d.message, s.sent_at,
                   least(s.sent_at + draw(d.message, 'opened') ^ 5 * INTERVAL '14 days',
                         TIMESTAMPTZ '2026-06-30 12:00+00') AS opened_at,
                   CASE
                       -- A dead mailbox stays dead
                       WHEN draw(t.person_id, 'dead mailbox') < 0.04 AND draw(d.message, 'bounces') < 0.8
                            OR draw(d.message, 'bounces') < 0.005 THEN 'bounced'
                       WHEN mailing.channel <> 'email' THEN 'sent'
                       WHEN u.fate < 0.0005 THEN 'complained'
                       WHEN u.fate < 0.003 THEN 'unsubscribed'
                       WHEN u.fate < 0.01 + 0.12 * t.engagement THEN 'clicked'
                       WHEN u.fate < 0.10 + 0.70 * t.engagement THEN 'opened'
                       ELSE 'delivered' END AS status
            FROM alumni_build.traits t
            LEFT JOIN alumni_build.areas a ON a.area = t.area
            CROSS JOIN LATERAL (SELECT mailing.mailing_id * 10000000::bigint + t.person_id AS message) d
            CROSS JOIN LATERAL (SELECT draw(d.message, 'fate') AS fate) u
            CROSS JOIN LATERAL (
                SELECT mailing.sent_at + t.person_id::double precision / size() * INTERVAL '3 hours' AS sent_at
            ) s
            WHERE t.status IN ('active', 'inactive')
              AND draw(d.message, 'is sent') < CASE mailing.segment ->> 'kind' WHEN 'all' THEN 0.28 WHEN 'class' THEN 0.15
                                                                               ELSE 0.3 END
              AND CASE mailing.segment ->> 'kind'
                      WHEN 'class' THEN t.grad_year BETWEEN (mailing.segment ->> 'from')::integer
                                                        AND (mailing.segment ->> 'to')::integer
                      WHEN 'state' THEN mailing.segment -> 'states' ? a.state
                      WHEN 'school' THEN t.school_id = (mailing.segment ->> 'school_id')::integer
                      ELSE true END
        ) r
        ORDER BY r.person_id;
    END LOOP;
END
$$;
