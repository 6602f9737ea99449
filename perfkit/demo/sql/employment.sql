-- Employers, and jobs spread over them by Zipf's law; titles follow the school, seniority follows age.
INSERT INTO alumni.employers
SELECT n,
       CASE WHEN n > 20 AND draw(n, 'spelled again') < 0.02
            THEN upper(w.front[1 + n % 8]) || ' ' || w.rear[zipf(12, draw(n, 'rear'))]
            ELSE c.families[pick(cardinality(c.families), draw(n, 'founder'))] || ' '
                 || w.front[pick(8, draw(n, 'front'))] || ' ' || w.rear[zipf(12, draw(n, 'rear'))] END,
       w.industries[zipf(14, draw(n, 'industry'))],
       CASE WHEN draw(n, 'has domain') < 0.8 THEN 'company-' || n || '.example' END,
       a.cities[zipf(cardinality(a.cities), draw(n, 'city of employer'))],
       a.state,
       a.country,
       CASE WHEN n > 100 AND draw(n, 'owned') < 0.08 THEN zipf(100, draw(n, 'owner')) END,
       CASE WHEN draw(n, 'size known') < 0.85 THEN greatest(1, (200000 / n ^ 0.8 * (0.5 + draw(n, 'employees')))::integer) END,
       draw(n, 'matches') < CASE WHEN n <= 100 THEN 0.6 ELSE 0.05 END
FROM generate_series(1, greatest(size() / 8, 20)) n
JOIN alumni_build.culture_slots l ON l.slot = pick(1000, draw(n, 'culture of founder'))
JOIN alumni_build.cultures c ON c.culture = l.culture
JOIN alumni_build.area_slots b ON b.slot = pick(1000, draw(n, 'area of employer'))
JOIN alumni_build.areas a ON a.area = b.area
CROSS JOIN (
    SELECT '{Health,Data,Energy,Capital,Research,Learning,Design,Logistics}'::text[] AS front,
           '{Group,Inc.,LLC,Partners,Systems,Associates,Labs,& Sons,Corporation,Institute,GmbH,Limited}'::text[] AS rear,
           '{Software,Banking,Health care,Education,Government,Law,Manufacturing,Media,Retail,Energy,Non-profit,Consulting,Arts,Agriculture}'::text[] AS industries
) w
ORDER BY n;

ANALYZE alumni.employers;

INSERT INTO alumni.employment (employment_id, person_id, employer_id, title, seniority, started_on, ended_on, source)
SELECT row_number() OVER (ORDER BY t.person_id, k.n),
       t.person_id,
       zipf(greatest(size() / 8, 20), draw(j.job, 'employer')),
       s.titles[l.rung],
       (ARRAY['entry', 'entry', 'associate', 'associate', 'associate', 'manager', 'director', 'executive', 'owner']
           ::alumni.seniority[])[l.rung],
       d.started_on,
       CASE WHEN d.is_last AND t.grad_year > 1981 AND draw(j.job, 'still there') < 0.9 THEN NULL
            ELSE least(d.started_on + d.days, today()) END,
       (ARRAY['self', 'self', 'linkedin', 'linkedin', 'linkedin', 'import', 'survey'])[pick(7, draw(j.job, 'source'))]
FROM alumni_build.traits t
JOIN alumni_build.schools s USING (school_id)
CROSS JOIN LATERAL (
    SELECT CASE WHEN draw(t.identity, 'jobs') < 0.2 THEN 0
                ELSE least(1 + floor((2026 - t.grad_year) / 7.0 * draw(t.identity, 'jobs'))::integer, 5) END AS jobs
) c
CROSS JOIN LATERAL generate_series(1, c.jobs) AS k (n)
CROSS JOIN LATERAL (SELECT t.identity * 8 + k.n AS job) j
CROSS JOIN LATERAL (
    SELECT least(9, greatest(1, k.n * 2 - 2 + pick(3, draw(j.job, 'rung')))) AS rung
) l
CROSS JOIN LATERAL (
    SELECT least(make_date(t.grad_year, 6, 1)
                 + ((k.n - 1) * (2026 - t.grad_year) * 365.0 / c.jobs + draw(j.job, 'start') * 300)::integer, today() - 1)
               AS started_on,
           (200 + (2026 - t.grad_year) * 330.0 / c.jobs)::integer AS days,
           k.n = c.jobs AS is_last
) d
ORDER BY t.person_id, k.n;
