-- Degrees: the first in the class year, a second one for a fifth, often at another school.
INSERT INTO alumni.degrees
SELECT row_number() OVER (ORDER BY t.person_id, k.n),
       t.person_id,
       g.programme_id,
       g.grad_year,
       CASE WHEN draw(r.degree, 'finished') < 0.96 THEN make_date(g.grad_year, 5, 15 + pick(14, draw(g.grad_year, 'day'))) END,
       CASE WHEN t.grad_year >= 1965 AND draw(r.degree, 'gpa known') < 0.85 THEN q.gpa END,
       (CASE WHEN q.gpa >= 3.9 THEN 'summa cum laude' WHEN q.gpa >= 3.75 THEN 'magna cum laude'
             WHEN q.gpa >= 3.6 THEN 'cum laude' END)::alumni.honours,
       CASE WHEN g.place > 6 AND g.place < 12 AND draw(r.degree, 'thesis known') < 0.7
            THEN (ARRAY['On the Theory of ', 'Essays in ', 'New Methods for ', 'A History of ', 'Field Studies in '])
                     [pick(5, draw(r.degree, 'thesis'))] || s.subjects[pick(6, draw(r.degree, 'thesis subject'))] END
FROM alumni_build.traits t
CROSS JOIN LATERAL generate_series(1, CASE WHEN draw(t.identity, 'degrees') < 0.78 THEN 1
                                           WHEN draw(t.identity, 'degrees') < 0.97 THEN 2 ELSE 3 END) AS k (n)
CROSS JOIN LATERAL (SELECT t.identity * 4 + k.n AS degree) r
JOIN alumni_build.schools s ON s.school_id = CASE
    WHEN k.n > 1 AND draw(r.degree, 'other school') < 0.4 THEN pick(8, draw(r.degree, 'school'))
    ELSE t.school_id END
CROSS JOIN LATERAL (
    SELECT p.place,
           ((s.school_id - 1) * 12 + p.place)::smallint AS programme_id,
           (t.grad_year + CASE WHEN k.n = 1 THEN 0 ELSE k.n * 2 + pick(4, draw(r.degree, 'years later')) - 1 END)::smallint
               AS grad_year
    FROM (
        SELECT CASE WHEN k.n = 1 AND draw(r.degree, 'level') < 0.82 THEN zipf(6, draw(r.degree, 'programme'))
                    ELSE 6 + zipf(6, draw(r.degree, 'programme')) END AS place
    ) p
) g
-- Grades rose over the decades
CROSS JOIN LATERAL (
    SELECT round((least(2.0 + (g.grad_year - 1950) * 0.006 + 2.1 * sqrt(draw(r.degree, 'gpa a') * draw(r.degree, 'gpa b')),
                        4.0))::numeric, 2) AS gpa
) q
WHERE g.grad_year <= 2026
ORDER BY t.person_id, k.n;
