-- name: dashboards_totals
-- summary: The eight numbers on top of the start page
-- weight: 6
-- budget: 500ms
-- Everything is counted again for each visit
SELECT (SELECT count(*) FROM alumni.people WHERE status = 'active') AS members,
       (SELECT count(*) FROM alumni.people WHERE status = 'lost') AS lost,
       (SELECT count(*) FROM alumni.people WHERE created_at >= '2026-06-01 00:00+00') AS new_members,
       (SELECT count(DISTINCT person_id) FROM alumni.emails WHERE status = 'verified') AS with_verified_email,
       (SELECT sum(amount) FROM alumni.gifts WHERE fiscal_year = 2026) AS raised,
       (SELECT count(DISTINCT person_id) FROM alumni.gifts WHERE fiscal_year = 2026) AS donors,
       (SELECT count(*) FROM alumni.event_registrations WHERE registered_at >= '2026-06-01 00:00+00') AS registrations,
       (SELECT count(*) FROM alumni.mentorships WHERE status = 'active') AS mentorships;

-- name: dashboards_giving_by_month
-- summary: Giving of each month beside the same month of the year before
-- weight: 2
-- budget: 1s
-- param: since date
-- case: typical  since=2021-07-01
-- case: all_time  since=1990-01-01
SELECT m.month, m.total, m.gifts, lag(m.total, 12) OVER (ORDER BY m.month) AS year_before,
       sum(m.total) OVER (ORDER BY m.month ROWS BETWEEN 11 PRECEDING AND CURRENT ROW) AS last_12_months
FROM (
    SELECT date_trunc('month', g.received_on::timestamp)::date AS month, sum(g.amount) AS total, count(*) AS gifts
    FROM alumni.gifts g
    WHERE g.received_on >= :since
    GROUP BY 1
) m
ORDER BY m.month;

-- name: dashboards_engagement
-- summary: Who is most engaged, by a score over gifts, events, opens and mentoring
-- weight: 0.2
-- budget: 2s
-- param: year smallint
-- case: typical  year=1998
-- case: largest  year=2025
-- Many-to-many joins multiply the rows, and DISTINCT inside the counts hides it
SELECT p.person_id, p.given_name, p.family_name,
       3 * count(DISTINCT g.gift_id) + 2 * count(DISTINCT r.registration_id) + 5 * count(DISTINCT t.mentorship_id) AS score
FROM alumni.people p
LEFT JOIN alumni.gifts g ON g.person_id = p.person_id AND g.received_on >= '2021-07-01'
LEFT JOIN alumni.event_registrations r ON r.person_id = p.person_id AND r.status = 'attended'
LEFT JOIN alumni.mentorships t ON t.mentor_id = p.person_id
WHERE p.grad_year = :year AND p.status = 'active'
GROUP BY p.person_id, p.given_name, p.family_name
ORDER BY score DESC, p.person_id
LIMIT 25;

-- name: dashboards_top_employers
-- summary: Where our alumni work, largest employers first
-- weight: 3
-- budget: 500ms
-- param: industry text
-- case: typical  industry='Software'
-- case: all  industry=NULL
-- One query for both wishes, so that no plan suits either
SELECT w.employer_id, w.name, w.industry, count(*) AS people,
       count(*) FILTER (WHERE j.seniority IN ('director', 'executive', 'owner')) AS leaders
FROM alumni.employment j
JOIN alumni.employers w ON w.employer_id = j.employer_id
WHERE j.is_current AND (:industry IS NULL OR w.industry = :industry)
GROUP BY w.employer_id, w.name, w.industry
ORDER BY people DESC, w.employer_id
LIMIT 25;

-- name: dashboards_mail_trend
-- summary: Open and bounce rate month by month since the beginning
-- weight: 0.5
-- budget: 2s
-- A report over every row of the largest table
SELECT date_trunc('month', c.sent_at AT TIME ZONE 'UTC')::date AS month, count(*) AS sent,
       round(100.0 * count(c.opened_at) / count(*), 1) AS open_percent,
       round(100.0 * count(*) FILTER (WHERE c.status = 'bounced') / count(*), 2) AS bounce_percent
FROM alumni.communications c
WHERE c.channel = 'email'
GROUP BY 1
ORDER BY 1;
