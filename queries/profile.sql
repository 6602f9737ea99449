-- name: profile_page
-- summary: Head of a profile page, by the id that its URL shows
-- weight: 3200
-- budget: 20ms
-- param: public_id uuid
-- case: none  public_id=00000000-0000-0000-0000-000000000000
-- cases: draw 4 SELECT public_id FROM alumni.people WHERE status = 'active' AND person_id % 37 = 0
SELECT p.person_id, p.public_id, p.prefix, p.given_name, p.family_name, p.grad_year, p.language,
       s.name AS school, p.headline, p.tags, p.profile, a.city, a.state, a.country
FROM alumni.people p
JOIN alumni.schools s ON s.school_id = p.school_id
LEFT JOIN alumni.addresses a ON a.person_id = p.person_id AND a.is_primary
WHERE p.public_id = :public_id;

-- name: profile_employment
-- summary: Jobs on a profile page, latest first
-- weight: 2800
-- budget: 20ms
-- param: person_id bigint
-- case: typical  person_id=519
-- case: old_graduate  person_id=20
-- cases: draw 2 SELECT person_id FROM alumni.employment WHERE employment_id % 41 = 0
SELECT j.employment_id, w.name AS employer, w.industry, j.title, j.seniority, j.started_on, j.ended_on
FROM alumni.employment j
JOIN alumni.employers w ON w.employer_id = j.employer_id
WHERE j.person_id = :person_id
ORDER BY j.is_current DESC, j.started_on DESC, j.employment_id;

-- name: profile_login
-- summary: Who signs in, by e-mail address
-- weight: 700
-- budget: 10ms
-- param: email text
-- case: unknown  email='nobody@nowhere.example'
-- cases: draw 3 SELECT upper(e.email) AS email FROM alumni.emails e JOIN alumni.people p ON p.person_id = e.person_id AND p.status = 'active' WHERE e.status = 'verified' AND e.email_id % 43 = 0
-- lower() on the column, and no index on lower(email)
SELECT p.person_id, p.public_id, p.given_name, p.family_name, e.status AS email_status
FROM alumni.emails e
JOIN alumni.people p ON p.person_id = e.person_id
WHERE lower(e.email) = lower(:email) AND p.status IN ('active', 'inactive')
ORDER BY e.is_primary DESC, p.person_id;

-- name: profile_communications
-- summary: What was last sent to a person
-- weight: 250
-- budget: 20ms
-- param: person_id bigint
-- case: typical  person_id=519
-- cases: draw 2 SELECT DISTINCT person_id FROM alumni.communications WHERE sent_at >= '2026-06-01' AND person_id % 31 = 0
-- No date, so that all partitions are searched for the last ten
SELECT c.sent_at, m.code, m.subject, c.channel, c.status, c.opened_at, c.open_count
FROM alumni.communications c
JOIN alumni.mailings m ON m.mailing_id = c.mailing_id
WHERE c.person_id = :person_id
ORDER BY c.sent_at DESC, c.communication_id DESC
LIMIT 10;

-- name: profile_events
-- summary: Events that a person signed up for
-- weight: 500
-- budget: 5ms
-- param: person_id bigint
-- case: typical  person_id=519
-- cases: draw 3 SELECT DISTINCT person_id FROM alumni.event_registrations WHERE registration_id % 59 = 0
-- The key is (event_id, person_id): nothing finds a person
SELECT v.event_id, v.title, v.starts_at, r.status, r.guests, r.paid
FROM alumni.event_registrations r
JOIN alumni.events v ON v.event_id = r.event_id
WHERE r.person_id = :person_id
ORDER BY v.starts_at DESC, v.event_id;

-- name: profile_everything
-- summary: Old one-call profile, all columns and a count of everything
-- weight: 40
-- budget: 100ms
-- param: family_name text
-- param: year smallint
-- case: typical  family_name='Smith' year=2015
-- case: none  family_name='Nobodyson' year=2010
-- SELECT * of a wide row, and five subqueries for each row
SELECT p.*,
       (SELECT count(*) FROM alumni.gifts g WHERE g.person_id = p.person_id) AS gifts,
       (SELECT sum(g.amount) FROM alumni.gifts g WHERE g.person_id = p.person_id) AS given,
       (SELECT count(*) FROM alumni.event_registrations r WHERE r.person_id = p.person_id) AS events,
       (SELECT max(c.sent_at) FROM alumni.communications c WHERE c.person_id = p.person_id) AS last_sent,
       (SELECT count(*) FROM alumni.mentorships t WHERE p.person_id IN (t.mentor_id, t.mentee_id)) AS mentorships
FROM alumni.people p
WHERE p.family_name = :family_name AND p.grad_year = :year
ORDER BY p.person_id
LIMIT 10;
