-- name: gift_by_id
-- param: gift bigint
-- case: typical gift=123456
SELECT amount FROM alumni.gifts WHERE gift_id::text = :gift::text;

-- name: gifts_of_person
-- param: person bigint
-- case: typical person=4711
SELECT gift_id, amount, received_on FROM alumni.gifts WHERE person_id = :person OR matching_employer_id = -1 ORDER BY received_on;

-- name: by_name
-- param: family text
-- param: given text
-- case: typical family=Smith given=John
SELECT person_id FROM alumni.people WHERE lower(family_name) = lower(:family) AND given_name = :given;

-- name: newest_gifts
-- param: last bigint
-- case: typical last=300000
SELECT gift_id, amount FROM alumni.gifts WHERE gift_id > :last - 300000 ORDER BY gift_id OFFSET 290000 LIMIT 50;

-- name: gifts_of_week
-- param: day date
-- case: typical day=2019-03-04
SELECT count(*), sum(amount) FROM alumni.gifts WHERE received_on::timestamp BETWEEN :day AND :day + 7;

-- name: totals_of_few
-- param: low bigint
-- case: typical low=50000
SELECT DISTINCT p.person_id, (SELECT coalesce(sum(g.amount), 0) FROM alumni.gifts g WHERE g.person_id = p.person_id
AND g.amount + 0 >= (SELECT min(amount) FROM alumni.gifts h WHERE h.person_id = p.person_id))
FROM alumni.people p WHERE p.person_id BETWEEN :low AND :low + 3000;

-- name: class_size
-- param: year smallint
-- case: typical year=1998
SELECT count(*), min(family_name) FROM alumni.people WHERE grad_year + 0 = :year;
