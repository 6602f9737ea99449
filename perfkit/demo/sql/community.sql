-- Chapter memberships, mentoring and consent.
INSERT INTO alumni.memberships
SELECT row_number() OVER (ORDER BY starts_on, person_id), person_id, chapter_id, level::alumni.membership_level, starts_on,
       CASE WHEN level <> 'life' THEN starts_on + 365 END,
       draw(person_id, 'renews') < 0.3,
       CASE level WHEN 'basic' THEN 35 WHEN 'supporter' THEN 75 WHEN 'patron' THEN 250 ELSE 1500 END
FROM (
    SELECT t.person_id, (t.area - 1) * 2 + pick(2, draw(t.identity, 'chapter')) AS chapter_id,
           CASE WHEN t.engagement > 0.8 AND n = 0 AND draw(t.identity, 'life member') < 0.2 THEN 'life'
                WHEN draw(t.identity, 'level') < 0.7 THEN 'basic'
                WHEN draw(t.identity, 'level') < 0.93 THEN 'supporter' ELSE 'patron' END AS level,
           today() - 365 * n - floor(draw(t.identity, 'member since') * 700)::integer AS starts_on,
           t.grad_year
    FROM alumni_build.traits t
    CROSS JOIN LATERAL generate_series(0, floor(draw(t.identity, 'terms') ^ 2 * 8)::integer) n
    WHERE draw(t.identity, 'joins') < 0.1 + 0.5 * t.engagement
) drawn
WHERE starts_on >= make_date(grad_year, 7, 1)
ORDER BY starts_on, person_id;

INSERT INTO alumni.mentoring_profiles
SELECT t.person_id,
       (CASE WHEN t.grad_year < 2012 THEN 'mentor' WHEN t.grad_year < 2020 AND draw(t.person_id, 'both') < 0.5 THEN 'both'
             ELSE 'mentee' END)::alumni.mentoring_role,
       CASE WHEN draw(t.person_id, 'topics') < 0.5
            THEN ARRAY[w.topics[zipf(10, draw(t.person_id, 'topic a'))], w.topics[10 + zipf(10, draw(t.person_id, 'topic b'))]]
            ELSE ARRAY[w.topics[zipf(20, draw(t.person_id, 'topic a'))]] END,
       CASE WHEN draw(t.person_id, 'industry known') < 0.8
            THEN (ARRAY['Software', 'Banking', 'Health care', 'Education', 'Government', 'Law', 'Media', 'Arts'])
                     [zipf(8, draw(t.person_id, 'mentor industry'))] END,
       pick(4, draw(t.person_id, 'mentor capacity')),
       draw(t.person_id, 'mentor open') < 0.7,
       CASE WHEN draw(t.person_id, 'about') < 0.6
            THEN 'Happy to talk about ' || w.topics[pick(20, draw(t.person_id, 'about topic'))] || ' over coffee.' END
FROM alumni_build.traits t
CROSS JOIN (
    SELECT '{interviewing,career change,startups,graduate school,networking,leadership,relocation,work-life balance,negotiation,public speaking,law school,medical school,product management,consulting,teaching,research careers,non-profit work,remote work,retirement,writing}'::text[] AS topics
) w
WHERE t.status = 'active' AND draw(t.person_id, 'mentoring') < 0.02 + 0.2 * t.engagement
ORDER BY t.person_id;
ANALYZE alumni.mentoring_profiles;

-- A young member finds a mentor among the older ones; some mentors are asked by many
INSERT INTO alumni.mentorships
SELECT row_number() OVER (ORDER BY started_on, mentee_id, n), mentor_id, mentee_id, status::alumni.mentorship_status, topic,
       started_on,
       CASE WHEN status = 'completed' THEN started_on + 90 + floor(draw(pair, 'lasted') * 300)::integer END,
       CASE WHEN status = 'completed' AND draw(pair, 'rated') < 0.6
            THEN 6 - pick(5, draw(pair, 'rating') ^ 2) END
FROM (
    SELECT e.person_id AS mentee_id, m.person_id AS mentor_id, n, e.person_id * 4 + n AS pair, e.topics[1] AS topic,
           DATE '2018-01-01' + floor(draw(e.person_id * 4 + n, 'mentored since') * 2700)::integer AS started_on,
           CASE WHEN draw(e.person_id * 4 + n, 'mentorship') < 0.15 THEN 'declined'
                WHEN draw(e.person_id * 4 + n, 'mentorship') < 0.6 THEN 'completed'
                WHEN draw(e.person_id * 4 + n, 'mentorship') < 0.9 THEN 'active' ELSE 'proposed' END AS status
    FROM alumni.mentoring_profiles e
    CROSS JOIN LATERAL generate_series(1, pick(3, draw(e.person_id, 'mentorships'))) n
    CROSS JOIN (SELECT count(*)::integer AS mentors FROM alumni.mentoring_profiles WHERE role <> 'mentee') v
    JOIN (SELECT person_id, row_number() OVER (ORDER BY person_id) AS place
          FROM alumni.mentoring_profiles WHERE role <> 'mentee') m
        ON m.place = 1 + floor(v.mentors * draw(e.person_id * 4 + n, 'mentor') ^ 2)::integer
    WHERE e.role <> 'mentor' AND m.person_id <> e.person_id
) drawn
ORDER BY started_on, mentee_id, n;

INSERT INTO alumni.consents
SELECT row_number() OVER (ORDER BY recorded_at, person_id, purpose), person_id, purpose, channel, is_granted, source,
       recorded_at, withdrawn_at, evidence
FROM (
    SELECT t.person_id, c.purpose::alumni.consent_purpose AS purpose,
           (ARRAY['email', 'email', 'email', 'post', 'phone']::alumni.channel[])[pick(5, draw(d.id, 'consent channel'))] AS channel,
           draw(d.id, 'granted') < 0.85 AS is_granted, s.source,
           -- Half of all consents came in the weeks before the law changed
           CASE WHEN draw(d.id, 'in the rush') < 0.5
                THEN TIMESTAMPTZ '2018-05-01 00:00+00' + draw(d.id, 'consent day') * INTERVAL '25 days'
                ELSE TIMESTAMPTZ '2018-05-26 00:00+00' + draw(d.id, 'consent day') * INTERVAL '2900 days' END AS recorded_at,
           CASE WHEN draw(d.id, 'withdrawn') < 0.06
                THEN TIMESTAMPTZ '2026-05-20 00:00+00' + draw(d.id, 'withdrawn day') * INTERVAL '40 days' END AS withdrawn_at,
           CASE WHEN s.source = 'web form'
                THEN jsonb_build_object('form', 'privacy-' || pick(3, draw(d.id, 'form')),
                                        'ip', '192.0.2.' || floor(draw(d.id, 'ip') * 256)) END AS evidence
    FROM alumni_build.traits t
    CROSS JOIN (VALUES (1, 'newsletter', 0.85), (2, 'events', 0.6), (3, 'fundraising', 0.45), (4, 'directory', 0.35))
        c (n, purpose, share)
    CROSS JOIN LATERAL (SELECT t.person_id * 8 + c.n AS id) d
    CROSS JOIN LATERAL (
        SELECT (ARRAY['web form', 'web form', 'web form', 'import', 'import', 'paper', 'phone'])
            [pick(7, draw(d.id, 'consent source'))] AS source
    ) s
    WHERE draw(d.id, 'asked') < c.share
) drawn
ORDER BY recorded_at, person_id, purpose;
