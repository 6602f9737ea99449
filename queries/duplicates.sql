-- name: duplicates_same_name_and_birth
-- summary: Pairs with the same name, without accents and case, and the same date of birth
-- weight: 0.1
-- budget: 2s
-- Functions on both sides of the join
SELECT a.person_id AS first_id, b.person_id AS second_id, a.family_name, a.given_name, a.birth_date
FROM alumni.people a
JOIN alumni.people b ON a.birth_date = b.birth_date
                    AND lower(a.family_name) = lower(b.family_name)
                    AND left(lower(a.given_name), 1) = left(lower(b.given_name), 1)
                    AND a.person_id < b.person_id
WHERE a.status NOT IN ('merged', 'deceased') AND b.status NOT IN ('merged', 'deceased')
ORDER BY a.person_id, b.person_id
LIMIT 500;

-- name: duplicates_similar_in_class
-- summary: Pairs of one class whose names are alike
-- weight: 0.5
-- budget: 1s
-- param: year smallint
-- case: typical  year=1995
-- case: largest  year=2025
-- case: small  year=1959
SELECT a.person_id AS first_id, b.person_id AS second_id, a.given_name, a.family_name, b.given_name, b.family_name,
       similarity(a.given_name || ' ' || a.family_name, b.given_name || ' ' || b.family_name) AS likeness
FROM alumni.people a
JOIN alumni.people b ON b.grad_year = a.grad_year AND b.person_id > a.person_id
                    AND left(b.family_name, 1) = left(a.family_name, 1)
WHERE a.grad_year = :year AND a.status <> 'merged' AND b.status <> 'merged'
  AND similarity(a.given_name || ' ' || a.family_name, b.given_name || ' ' || b.family_name) > 0.5
ORDER BY likeness DESC, a.person_id, b.person_id
LIMIT 100;

-- name: duplicates_before_insert
-- summary: Is this person here already, asked by the entry form
-- weight: 30
-- budget: 100ms
-- param: family_name text
-- param: year smallint
-- param: email text
-- case: typical  family_name='Smith' year=2015 email='smith@nowhere.example'
-- case: none  family_name='Nobodyson' year=1998 email='nobody@nowhere.example'
-- OR over two tables, so that neither can be searched first
SELECT DISTINCT p.person_id, p.given_name, p.family_name, p.grad_year
FROM alumni.people p
LEFT JOIN alumni.emails e ON e.person_id = p.person_id
WHERE (p.family_name = :family_name AND p.grad_year = :year) OR lower(e.email) = lower(:email)
ORDER BY p.person_id
LIMIT 20;

-- name: duplicates_merge_chain
-- summary: The record that a merged record ended in, through every merge
-- weight: 40
-- budget: 20ms
-- param: person_id bigint
-- case: not_merged  person_id=519
-- cases: draw 2 SELECT person_id FROM alumni.people WHERE status = 'merged'
WITH RECURSIVE chain AS (
    SELECT p.person_id, p.merged_into, p.status, 0 AS step
    FROM alumni.people p
    WHERE p.person_id = :person_id
    UNION ALL
    SELECT p.person_id, p.merged_into, p.status, c.step + 1
    FROM chain c
    JOIN alumni.people p ON p.person_id = c.merged_into
    WHERE c.step < 20
)
SELECT person_id, status, step
FROM chain
ORDER BY step DESC
LIMIT 1;
