-- E-mail addresses: none for 12 %, more of them and better ones for recent classes.
INSERT INTO alumni.emails
SELECT row_number() OVER (ORDER BY t.person_id, k.n),
       t.person_id,
       CASE WHEN draw(t.person_id * 4 + k.n, 'capitals') < 0.06 THEN initcap(m.email) ELSE m.email END,
       (CASE WHEN k.n = 1 THEN 'home' WHEN k.n = 2 THEN 'work' ELSE 'school' END)::alumni.contact_kind,
       (CASE WHEN draw(t.person_id * 4 + k.n, 'email status') < 0.62 THEN 'verified'
             WHEN draw(t.person_id * 4 + k.n, 'email status') < 0.88 THEN 'unverified'
             WHEN draw(t.person_id * 4 + k.n, 'email status') < 0.95 THEN 'bounced'
             ELSE 'unsubscribed' END)::alumni.email_status,
       k.n = 1,
       CASE WHEN draw(t.person_id * 4 + k.n, 'email status') < 0.62
            THEN t.created_at + draw(t.person_id * 4 + k.n, 'verified') * (TIMESTAMPTZ '2026-06-30 12:00+00' - t.created_at) END,
       t.created_at
FROM alumni_build.traits t
JOIN alumni_build.names n USING (person_id)
CROSS JOIN LATERAL generate_series(1, CASE
    WHEN draw(t.person_id, 'emails') < 0.12 THEN 0
    WHEN draw(t.person_id, 'emails') < 0.66 - (t.grad_year - 1950) * 0.003 THEN 1
    WHEN draw(t.person_id, 'emails') < 0.93 THEN 2
    ELSE 3 END) AS k (n)
CROSS JOIN LATERAL (
    SELECT lower(regexp_replace(alumni.fold(n.given_name || '.' || n.family_name), '[^A-Za-z.-]', '', 'g'))
           || CASE WHEN draw(t.identity, 'number in email') < 0.7 THEN (t.identity % 9973)::text ELSE '' END
           || '@'
           || CASE WHEN k.n = 3 OR draw(t.identity * 4 + k.n, 'alumni address') < 0.2 THEN 'alumni.northfield.example'
                   ELSE (ARRAY['postbox', 'mailhub', 'inbox', 'webmail', 'fastpost', 'letterbox', 'netmail', 'openpost'])
                       [zipf(8, draw(t.person_id * 4 + k.n, 'domain'))] || '.example' END AS email
) m
ORDER BY t.person_id, k.n;

INSERT INTO alumni.phones
SELECT row_number() OVER (ORDER BY person_id, n),
       person_id,
       CASE pick(3, draw(person_id, 'phone style'))
           WHEN 1 THEN '+1 ' || area_code || ' 555 ' || line
           WHEN 2 THEN '(' || area_code || ') 555-' || line
           ELSE area_code || '555' || line END,
       (CASE n WHEN 1 THEN 'mobile' WHEN 2 THEN 'home' ELSE 'work' END)::alumni.contact_kind,
       n = 1
FROM (
    SELECT t.person_id, n, 200 + t.area * 17 AS area_code,
           lpad(floor(draw(t.identity * 4 + n, 'phone') * 10000)::text, 4, '0') AS line
    FROM alumni_build.traits t
    CROSS JOIN LATERAL generate_series(1, CASE WHEN draw(t.person_id, 'phones') < 0.4 THEN 0
                                               WHEN draw(t.person_id, 'phones') < 0.88 THEN 1 ELSE 2 END) n
) drawn
ORDER BY person_id, n;
