-- name: mailings_segment_classes
-- summary: How many people a mailing to some classes reaches, while its author moves the sliders
-- weight: 15
-- budget: 200ms
-- param: first_year smallint
-- param: last_year smallint
-- param: purpose alumni.consent_purpose
-- case: typical  first_year=1990 last_year=1999 purpose=newsletter
-- case: all_classes  first_year=1930 last_year=2026 purpose=newsletter
-- case: one_class  first_year=2001 last_year=2001 purpose=fundraising
-- case: none  first_year=1931 last_year=1932 purpose=newsletter
SELECT count(DISTINCT p.person_id) AS people, count(DISTINCT lower(e.email)) AS addresses
FROM alumni.people p
JOIN alumni.emails e ON e.person_id = p.person_id AND e.is_primary AND e.status IN ('verified', 'unverified')
JOIN alumni.consents n ON n.person_id = p.person_id AND n.purpose = :purpose AND n.channel = 'email' AND n.is_granted
WHERE p.status = 'active' AND p.grad_year BETWEEN :first_year AND :last_year AND n.withdrawn_at IS NULL;

-- name: mailings_recipients
-- summary: The next thousand addresses of a mailing, by the last person sent to
-- weight: 30
-- budget: 200ms
-- param: after_id bigint
-- param: first_year smallint
-- case: first_batch  after_id=0 first_year=1990
-- case: typical  after_id=500 first_year=1990
-- case: none  after_id=999999999 first_year=1990
SELECT p.person_id, p.given_name, p.family_name, e.email, p.language
FROM alumni.people p
JOIN alumni.emails e ON e.person_id = p.person_id AND e.is_primary AND e.status = 'verified'
WHERE p.person_id > :after_id AND p.grad_year >= :first_year AND p.status = 'active'
  AND NOT EXISTS (SELECT 1 FROM alumni.consents n
                  WHERE n.person_id = p.person_id AND n.purpose = 'newsletter' AND NOT n.is_granted)
ORDER BY p.person_id
LIMIT 1000;

-- name: mailings_list
-- summary: A hand-picked list of people, a giant IN list made by the application
-- weight: 2
-- budget: 200ms
-- param: ids bigint[]
-- case: typical  ids='{1,5,9,12,40,77,123,222,301,404,505,606,707,808,909}'
-- case: none  ids='{}'
-- cases: draw 1 SELECT array_agg(person_id ORDER BY person_id) AS ids FROM alumni.people WHERE person_id <= 40000 AND person_id % 8 IN (1, 5) GROUP BY person_id % 8
SELECT p.person_id, p.prefix, p.given_name, p.family_name, e.email, a.line1, a.city, a.state, a.postal_code
FROM alumni.people p
LEFT JOIN alumni.emails e ON e.person_id = p.person_id AND e.is_primary
LEFT JOIN alumni.addresses a ON a.person_id = p.person_id AND a.is_primary
WHERE p.person_id = ANY (:ids)
ORDER BY p.family_name, p.given_name, p.person_id;

-- name: mailings_result
-- summary: Delivery, opens, clicks and bounces of one mailing
-- weight: 10
-- budget: 200ms
-- param: mailing_id integer
-- case: typical  mailing_id=40
-- case: first  mailing_id=1
-- No date, so that every partition is searched for one mailing
SELECT c.channel, count(*) AS sent,
       count(*) FILTER (WHERE c.status = 'bounced') AS bounced,
       count(c.opened_at) AS opened, count(c.clicked_at) AS clicked,
       round(100.0 * count(c.opened_at) / count(*), 1) AS open_percent
FROM alumni.communications c
WHERE c.mailing_id = :mailing_id
GROUP BY c.channel
ORDER BY c.channel;

-- name: mailings_month
-- summary: Results of all mailings of one month
-- weight: 2
-- budget: 500ms
-- param: month_start timestamptz
-- param: month_end timestamptz
-- case: typical  month_start='2026-05-01 00:00+00' month_end='2026-06-01 00:00+00'
-- case: first_month  month_start='2023-07-01 00:00+00' month_end='2023-08-01 00:00+00'
SELECT m.code, m.subject, count(*) AS sent, count(c.opened_at) AS opened, count(c.clicked_at) AS clicked
FROM alumni.communications c
JOIN alumni.mailings m ON m.mailing_id = c.mailing_id
WHERE c.sent_at >= :month_start AND c.sent_at < :month_end
GROUP BY m.mailing_id, m.code, m.subject
ORDER BY m.code, m.mailing_id;

-- name: mailings_unengaged
-- summary: Members who opened nothing for a year, by state
-- weight: 0.1
-- budget: 2s
-- param: since timestamptz
-- case: typical  since='2025-07-01 00:00+00'
SELECT a.state, count(*) AS members
FROM alumni.people p
JOIN alumni.addresses a ON a.person_id = p.person_id AND a.is_primary
WHERE p.status = 'active'
  AND NOT EXISTS (SELECT 1 FROM alumni.communications c
                  WHERE c.person_id = p.person_id AND c.sent_at >= :since AND c.opened_at IS NOT NULL)
GROUP BY a.state
ORDER BY members DESC, a.state;

-- name: mailings_may_send
-- summary: May this person be written to, asked before every single message
-- weight: 1200
-- budget: 20ms
-- param: person_id bigint
-- param: purpose alumni.consent_purpose
-- param: channel alumni.channel
-- case: typical  person_id=519 purpose=newsletter channel=email
-- case: never_asked  person_id=519 purpose=fundraising channel=phone
-- case: none  person_id=999999999 purpose=events channel=email
SELECT n.is_granted, n.recorded_at, n.withdrawn_at
FROM alumni.consents n
WHERE n.person_id = :person_id AND n.purpose = :purpose AND n.channel = :channel
ORDER BY n.recorded_at DESC
LIMIT 1;
