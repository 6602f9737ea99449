-- name: class_list
-- summary: One graduating class, by an index
-- param: year int
-- case: typical  year=1990
SELECT count(*), max(name) FROM members WHERE grad_year = :year;

-- name: card_holder
-- summary: Whose card it is, by an index on the column as the card's reader sends it
-- param: card numeric
-- case: typical  card=700000
SELECT member_id, name FROM members WHERE card = :card;

-- name: scores
-- summary: A function, for 500 members
SELECT sum(score(member_id)) FROM members WHERE member_id <= 500;

-- name: first_honorary
-- summary: The first of 20 honorary members, who stand last; the planner must know how rare they are
SELECT member_id, name FROM members WHERE kind = 'honorary' ORDER BY member_id LIMIT 5;

-- name: gifts_of_a_day
-- summary: What was given on a day, for which there is no index
-- param: day date
-- case: typical  day=2005-05-05
SELECT count(*), sum(amount) FROM gifts WHERE given_on = :day;

-- name: gifts_of_two
-- summary: What two members gave, near the first and the last, a nested loop
SELECT count(*), sum(amount) FROM members JOIN gifts USING (member_id) WHERE member_id IN (2, 199995);
