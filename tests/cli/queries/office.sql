-- name: class_list
-- summary: The members of one graduating class
-- weight: 40
-- param: year int
-- case: typical  year=1998
-- case: none  year=1800
-- cases: draw 2 SELECT DISTINCT grad_year AS year FROM alumni.people
SELECT given_name, family_name FROM alumni.people WHERE grad_year = :year ORDER BY family_name, person_id;

-- name: names_of_many
-- summary: All names that people ever had, an index scan for each
-- weight: 5
-- param: people int
-- case: few  people=30
-- case: many  people=300
SELECT p.person_id,
       (SELECT string_agg(n.family_name, ', ' ORDER BY n.person_name_id)
        FROM alumni.person_names n WHERE n.person_id = p.person_id) AS names
FROM alumni.people p
WHERE p.person_id <= :people
ORDER BY p.person_id;

-- name: overdue_pledges
-- summary: Open pledges with what is owed, each a scan of all gifts
-- budget: 2s
SELECT d.pledge_id, d.amount - (SELECT coalesce(sum(g.amount), 0) FROM alumni.gifts g WHERE g.pledge_id = d.pledge_id) AS owed
FROM alumni.pledges d
ORDER BY d.pledge_id;

-- name: profile_update
-- summary: A member saves the profile page
-- weight: 10
-- allow: write  what the form sends
-- param: person int
-- case: typical  person=7
UPDATE alumni.people SET headline = 'Retired' WHERE person_id = :person RETURNING person_id;
