-- name: events_upcoming
-- summary: Calendar of coming events
-- weight: 800
-- budget: 20ms
-- param: today timestamptz
-- case: typical  today='2026-03-01 00:00+00'
-- case: last_one  today='2026-06-30 00:00+00'
-- case: long_ago  today='2010-01-01 00:00+00'
-- case: none  today='2030-01-01 00:00+00'
SELECT v.event_id, v.kind, v.title, v.starts_at, v.is_online, v.city, v.state, v.price
FROM alumni.events v
WHERE v.starts_at >= :today
ORDER BY v.starts_at, v.event_id
LIMIT 20;

-- name: events_page
-- summary: One event with the places that are left
-- weight: 600
-- budget: 50ms
-- param: event_id integer
-- case: typical  event_id=10
-- case: unknown  event_id=999999999
-- cases: draw 2 SELECT event_id FROM alumni.events WHERE starts_at < '2026-06-01'
SELECT v.event_id, v.kind, v.title, v.description, v.starts_at, v.ends_at, v.city, v.price, v.details,
       v.capacity - coalesce(r.people, 0) AS places_left
FROM alumni.events v
LEFT JOIN LATERAL (
    SELECT sum(1 + guests) AS people
    FROM alumni.event_registrations
    WHERE event_id = v.event_id AND status IN ('registered', 'attended')
) r ON true
WHERE v.event_id = :event_id;

-- name: events_guest_list
-- summary: Guest list of one event for the desk, by name
-- weight: 20
-- budget: 200ms
-- param: event_id integer
-- case: typical  event_id=10
-- cases: draw 1 SELECT event_id FROM alumni.events WHERE starts_at > '2026-06-30' AND kind = 'reunion'
-- Statistics know nothing of the guests of the coming reunion, so that one is drawn
SELECT r.registration_id, p.given_name, p.family_name, p.grad_year, r.status, r.guests, r.answers ->> 'diet' AS diet
FROM alumni.event_registrations r
JOIN alumni.people p ON p.person_id = r.person_id
WHERE r.event_id = :event_id AND r.status <> 'cancelled'
ORDER BY p.family_name, p.given_name, r.registration_id;

-- name: events_search
-- summary: Search past and coming events by words
-- weight: 60
-- budget: 100ms
-- param: words text
-- case: typical  words='networking wine'
-- case: one_word  words='reunion'
-- case: none  words='antidisestablishmentarian'
SELECT v.event_id, v.title, v.starts_at, v.city, ts_rank(v.search, q.query) AS rank,
       ts_headline('english', v.description, q.query) AS excerpt
FROM alumni.events v, websearch_to_tsquery('english', :words) AS q (query)
WHERE v.search @@ q.query
ORDER BY rank DESC, v.starts_at DESC, v.event_id
LIMIT 20;

-- name: events_attendance
-- summary: Registrations, attendance and no-shows by kind of event and year
-- weight: 0.5
-- budget: 1s
-- param: since timestamptz
-- case: typical  since='2024-07-01 00:00+00'
-- case: all_time  since='2005-01-01 00:00+00'
SELECT v.kind, extract(year FROM v.starts_at)::integer AS year, count(DISTINCT v.event_id) AS events,
       count(r.registration_id) AS registrations,
       count(*) FILTER (WHERE r.status = 'attended') AS attended,
       count(*) FILTER (WHERE r.status = 'no_show') AS no_shows,
       sum(r.paid) AS revenue
FROM alumni.events v
LEFT JOIN alumni.event_registrations r ON r.event_id = v.event_id
WHERE v.starts_at >= :since AND v.starts_at < '2026-07-01 00:00+00'
GROUP BY ROLLUP (1, 2)
ORDER BY 1, 2;

-- name: events_never_attended
-- summary: Members in a state who never came to an event, by class
-- weight: 0.3
-- budget: 500ms
-- param: state text
-- case: typical  state='IL'
-- case: largest  state='MA'
-- case: rare  state='HI'
-- NOT IN over everyone who ever attended, which cannot become an anti-join
SELECT p.grad_year, count(*) AS members
FROM alumni.people p
JOIN alumni.addresses a ON a.person_id = p.person_id AND a.is_primary AND a.state = :state
WHERE p.status = 'active'
  AND p.person_id NOT IN (SELECT r.person_id FROM alumni.event_registrations r WHERE r.status = 'attended')
GROUP BY p.grad_year
ORDER BY p.grad_year DESC;
