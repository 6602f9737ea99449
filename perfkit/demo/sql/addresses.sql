-- Where people live: most in their own area, the biggest city first; earlier homes near the campus.
INSERT INTO alumni.addresses (address_id, person_id, kind, line1, line2, city, state, postal_code, country,
                              latitude, longitude, is_primary, valid_from, valid_to)
SELECT row_number() OVER (ORDER BY t.person_id, k.n),
       t.person_id,
       (CASE k.n WHEN 0 THEN 'home' WHEN 1 THEN 'work' ELSE 'school' END)::alumni.contact_kind,
       CASE WHEN t.person_id = t.identity THEN s.line1 ELSE replace(s.line1, ' Street', ' St.') END,
       CASE WHEN draw(i.home, 'apartment') < 0.25 THEN 'Apt ' || pick(60, draw(i.home, 'apartment number')) END,
       a.cities[s.city],
       a.state,
       CASE WHEN draw(t.person_id, 'postal code') < 0.96
            THEN a.postal_prefix || lpad((s.city * 37 + pick(40, draw(i.home, 'postal area')))::text, 3, '0') END,
       a.country,
       a.latitude + s.city * 0.07 + draw(i.home, 'latitude') * 0.05,
       a.longitude + s.city * 0.07 + draw(i.home, 'longitude') * 0.05,
       k.n = 0,
       CASE k.n WHEN 2 THEN make_date(t.grad_year - 4, 9, 1)
                ELSE make_date(least(t.grad_year + floor((2027 - t.grad_year) * draw(i.home, 'moved'))::integer, 2026),
                               pick(6, draw(i.home, 'moved in')), 1) END,
       CASE k.n WHEN 2 THEN make_date(t.grad_year, 6, 30) END
FROM alumni_build.traits t
-- 0 is home, which 7 % do not tell; 1 is work; 2 is the time at school
CROSS JOIN LATERAL generate_series(0, 2) AS k (n)
CROSS JOIN LATERAL (SELECT t.identity * 4 + k.n AS home) i
JOIN alumni_build.areas a ON a.area = CASE k.n WHEN 2 THEN 1 ELSE t.area END
CROSS JOIN LATERAL (
    SELECT pick(1999, draw(i.home, 'house') ^ 2) || ' '
           || (ARRAY['Main', 'Oak', 'Maple', 'Park', 'Elm', 'Washington', 'Lake', 'Hill', 'Cedar', 'River', 'Church',
                     'Chestnut', 'Summit', 'Highland', 'Prospect', 'Beacon'])[zipf(16, draw(i.home, 'street'))]
           || (ARRAY[' Street', ' Street', ' Street', ' Avenue', ' Road', ' Lane'])[pick(6, draw(i.home, 'way'))] AS line1,
           zipf(cardinality(a.cities), draw(i.home, 'city')) AS city
) s
WHERE draw(t.identity * 4 + k.n, 'has address') < CASE k.n WHEN 0 THEN 0.93 WHEN 1 THEN 0.22 ELSE 0.35 END
ORDER BY t.person_id, k.n;
