-- name: classes_roster
-- summary: Class list with degree and town, for the class secretary
-- weight: 12
-- budget: 200ms
-- param: year smallint
-- case: typical  year=1998
-- case: largest  year=2025
-- case: oldest  year=1950
-- case: none  year=1931
-- cases: draw 2 SELECT DISTINCT grad_year AS year FROM alumni.people
SELECT p.person_id, p.family_name, p.given_name, g.name AS programme, d.honours, a.city, a.state, p.status
FROM alumni.people p
LEFT JOIN alumni.degrees d ON d.person_id = p.person_id AND d.grad_year = p.grad_year
LEFT JOIN alumni.programmes g ON g.programme_id = d.programme_id
LEFT JOIN alumni.addresses a ON a.person_id = p.person_id AND a.is_primary
WHERE p.grad_year = :year AND p.status IN ('active', 'inactive', 'lost')
ORDER BY p.family_name, p.given_name, p.person_id, d.degree_id;

-- name: classes_reunion_list
-- summary: Everyone whose reunion it is, classes that end like this year
-- weight: 1
-- budget: 500ms
-- param: reunion_year smallint
-- case: typical  reunion_year=2026
-- case: next  reunion_year=2027
-- Arithmetic on the column, which no index on it can serve
SELECT p.grad_year, :reunion_year - p.grad_year AS years, count(*) AS members, count(e.email_id) AS with_email
FROM alumni.people p
LEFT JOIN alumni.emails e ON e.person_id = p.person_id AND e.is_primary AND e.status <> 'bounced'
WHERE (:reunion_year - p.grad_year) % 5 = 0 AND p.status IN ('active', 'inactive')
GROUP BY p.grad_year
ORDER BY p.grad_year;

-- name: classes_classmates
-- summary: People who took the same programme in the same year
-- weight: 110
-- budget: 100ms
-- param: person_id bigint
-- case: typical  person_id=519
-- cases: draw 3 SELECT person_id FROM alumni.people WHERE status = 'active' AND person_id % 61 = 0
SELECT p.person_id, p.public_id, p.given_name, p.family_name, p.headline
FROM alumni.degrees mine
JOIN alumni.degrees d ON d.programme_id = mine.programme_id AND d.grad_year = mine.grad_year
JOIN alumni.people p ON p.person_id = d.person_id
WHERE mine.person_id = :person_id AND d.person_id <> mine.person_id AND p.status = 'active'
ORDER BY p.family_name, p.given_name, p.person_id
LIMIT 40;

-- name: classes_honours_by_school
-- summary: Degrees and honours by school, programme level and together
-- weight: 0.2
-- budget: 1s
-- param: first_year smallint
-- param: last_year smallint
-- case: typical  first_year=2016 last_year=2025
-- case: all_time  first_year=1930 last_year=2026
SELECT s.code AS school, g.level, count(*) AS degrees, count(d.honours) AS with_honours, round(avg(d.gpa), 2) AS gpa
FROM alumni.degrees d
JOIN alumni.programmes g ON g.programme_id = d.programme_id
JOIN alumni.schools s ON s.school_id = g.school_id
WHERE d.grad_year BETWEEN :first_year AND :last_year AND d.conferred_on IS NOT NULL
GROUP BY GROUPING SETS ((s.code, g.level), (s.code), ())
ORDER BY s.code NULLS LAST, g.level NULLS LAST;
