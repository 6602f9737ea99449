-- Events: a reunion each October and many smaller ones, more every year; some are still to come.
INSERT INTO alumni.events
SELECT row_number() OVER (ORDER BY starts_at, n), kind::alumni.event_kind, title, description, starts_at,
       starts_at + CASE kind WHEN 'reunion' THEN INTERVAL '2 days' ELSE INTERVAL '2 hours' END,
       is_online, city, state, capacity, price, tags, details,
       setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', description), 'B')
FROM (
    SELECT 0 AS n, 'reunion' AS kind, 'Reunion Weekend ' || y AS title,
           'Come back to campus with your class: parade, dinner under the tent, lectures and the boat race.' AS description,
           make_timestamptz(y, 10, 9, 16, 0, 0, 'UTC') AS starts_at, false AS is_online, 'Boston' AS city, 'MA' AS state,
           NULL::integer AS capacity, 120 AS price, '{reunion,campus}'::text[] AS tags,
           jsonb_build_object('venue', 'Campus', 'dress_code', 'school colours',
                              'class_years', (SELECT jsonb_agg(c) FROM generate_series(y - 75, y - 5, 5) c)) AS details
    FROM generate_series(2005, 2026) y
    UNION ALL
    SELECT d.n, d.kind,
           CASE d.kind WHEN 'webinar' THEN 'Webinar: ' || w.topics[d.topic]
                       WHEN 'lecture' THEN 'Lecture: ' || w.topics[d.topic]
                       ELSE initcap(d.kind) || ' in ' || coalesce(d.city, 'the Cloud') || ': ' || w.topics[d.topic] END,
           (ARRAY['An evening about ', 'Meet fellow alumni who work in ', 'Our faculty speak about ', 'Learn more on '])
               [pick(4, draw(d.n, 'opening'))] || lower(w.topics[d.topic])
               || (ARRAY['. Drinks and light food are served.', '. Families are welcome.', '. Registration is required.',
                         '. A recording will be sent to members.'])[pick(4, draw(d.n, 'closing'))],
           TIMESTAMPTZ '2005-02-01 00:00+00' + floor(draw(d.n, 'event day') ^ 0.6 * 7980) * INTERVAL '1 day'
               + (15 + pick(8, draw(d.n, 'event hour'))) * INTERVAL '1 hour',
           d.kind = 'webinar', d.city, d.state,
           CASE WHEN draw(d.n, 'has capacity') < 0.7 THEN (ARRAY[20, 40, 60, 100, 250, 500])[pick(6, draw(d.n, 'capacity'))] END,
           CASE WHEN draw(d.n, 'is free') < 0.6 THEN 0 ELSE (ARRAY[10, 15, 25, 40, 75, 150])[pick(6, draw(d.n, 'price'))] END,
           ARRAY[d.kind, (ARRAY['career', 'family', 'arts', 'science', 'sport', 'young-alumni'])[pick(6, draw(d.n, 'event tag'))]],
           CASE WHEN d.kind = 'gala' THEN jsonb_build_object('venue', 'Grand Hotel ' || d.city, 'dress_code', 'black tie',
                                                             'menu', jsonb_build_array('meat', 'fish', 'vegan'))
                WHEN d.kind = 'webinar' THEN jsonb_build_object('platform', 'web', 'recorded', draw(d.n, 'recorded') < 0.5)
                ELSE '{}' END
    FROM (
        SELECT n, pick(16, draw(n, 'topic')) AS topic, k.kind,
               CASE WHEN k.kind <> 'webinar' THEN a.cities[zipf(cardinality(a.cities), draw(n, 'event city'))] END AS city,
               CASE WHEN k.kind <> 'webinar' THEN a.state END AS state
        FROM generate_series(1, greatest(size() / 50, 200)) n
        CROSS JOIN LATERAL (
            SELECT (ARRAY['networking', 'lecture', 'webinar', 'sports', 'volunteer', 'gala'])[zipf(6, draw(n, 'kind'))] AS kind
        ) k
        JOIN alumni_build.area_slots s ON s.slot = pick(1000, draw(n, 'event area'))
        JOIN alumni_build.areas a ON a.area = s.area
    ) d
    CROSS JOIN (
        SELECT '{Artificial Intelligence,Climate and Energy,Starting a Company,Personal Finance,Jazz,Public Health,Modern Poetry,Data Privacy,Early Retirement,Architecture,Space Exploration,Investing in Africa,Neuroscience,Human Rights,Rowing,Wine and Cheese}'::text[] AS topics
    ) w
) drawn
ORDER BY starts_at, n;
ANALYZE alumni.events;

INSERT INTO alumni.event_registrations
SELECT row_number() OVER (ORDER BY registered_at, event_id, person_id), event_id, person_id, status, guests, registered_at,
       CASE WHEN status = 'attended' THEN starts_at + (draw(r.draw_id, 'late') - 0.3) * INTERVAL '1 hour' END,
       CASE WHEN status <> 'cancelled' THEN price * (1 + guests) ELSE 0 END,
       CASE WHEN draw(r.draw_id, 'answers') < 0.15
            THEN jsonb_build_object('diet', (ARRAY['none', 'vegetarian', 'vegan', 'halal', 'gluten-free'])
                                                [zipf(5, draw(r.draw_id, 'diet'))],
                                    'shirt', (ARRAY['M', 'L', 'S', 'XL'])[zipf(4, draw(r.draw_id, 'shirt'))]) END
FROM (
    SELECT e.event_id, e.starts_at, e.price, c.person_id, c.draw_id,
           floor(draw(c.draw_id, 'guests') ^ 4 * 4)::smallint AS guests,
           least(e.starts_at, TIMESTAMPTZ '2026-06-29 00:00+00') - draw(c.draw_id, 'registered') ^ 2 * INTERVAL '60 days'
               AS registered_at,
           (CASE WHEN draw(c.draw_id, 'outcome') < 0.08 THEN 'cancelled'
                 WHEN e.starts_at > today() THEN CASE WHEN draw(c.draw_id, 'outcome') < 0.15 THEN 'waitlisted'
                                                      ELSE 'registered' END
                 WHEN draw(c.draw_id, 'outcome') < 0.25 THEN 'no_show' ELSE 'attended' END)::alumni.registration_status AS status
    FROM (
        -- Engaged people come often, to popular events; one draw in a few hits the same event twice
        SELECT DISTINCT ON (x.event_id, x.person_id) x.event_id, x.person_id, x.draw_id
        FROM (
            SELECT t.person_id, t.grad_year, t.area, t.person_id * 16 + n AS draw_id,
                   1 + ((1 + floor(v.events * draw(t.person_id * 16 + n, 'which event') ^ 2)::bigint) * 7919) % v.events AS event_id
            FROM alumni_build.traits t
            CROSS JOIN (SELECT count(*) AS events FROM alumni.events) v
            CROSS JOIN LATERAL generate_series(1, floor(t.engagement * 15 * draw(t.identity, 'goes out'))::integer) n
            WHERE t.status IN ('active', 'inactive')
        ) x
        ORDER BY x.event_id, x.person_id, x.draw_id
    ) c
    JOIN alumni_build.traits t USING (person_id)
    JOIN alumni_build.areas a USING (area)
    JOIN alumni.events e USING (event_id)
    WHERE e.kind <> 'reunion'
      AND e.starts_at >= make_timestamptz(t.grad_year, 1, 1, 0, 0, 0, 'UTC')
      AND e.starts_at < TIMESTAMPTZ '2026-09-30 00:00+00'
      AND (e.is_online OR e.state = a.state OR draw(c.draw_id, 'travels') < 0.5)
    UNION ALL
    SELECT e.event_id, e.starts_at, e.price, t.person_id, c.draw_id,
           floor(draw(c.draw_id, 'guests') ^ 2 * 4)::smallint,
           e.starts_at - draw(c.draw_id, 'registered') * INTERVAL '120 days',
           (CASE WHEN draw(c.draw_id, 'outcome') < 0.1 THEN 'cancelled'
                 WHEN draw(c.draw_id, 'outcome') < 0.2 THEN 'no_show' ELSE 'attended' END)::alumni.registration_status
    FROM alumni.events e
    JOIN alumni_build.traits t
        ON t.grad_year < extract(year FROM e.starts_at) AND (extract(year FROM e.starts_at)::integer - t.grad_year) % 5 = 0
    CROSS JOIN LATERAL (SELECT -(t.person_id * 100 + extract(year FROM e.starts_at)::integer - 2000) AS draw_id) c
    WHERE e.kind = 'reunion' AND e.starts_at < today() AND t.status IN ('active', 'inactive')
      AND draw(c.draw_id, 'reunion') < 0.02 + 0.3 * t.engagement
) r
ORDER BY registered_at, event_id, person_id;
