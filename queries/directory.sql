-- name: directory_search_prefix
-- summary: Search box of the directory, as one types a family name
-- weight: 900
-- budget: 10ms
-- param: prefix text
-- case: typical  prefix='Smi%'
-- case: one_letter  prefix='M%'
-- case: none  prefix='Zzyzx%'
-- cases: draw 3 SELECT DISTINCT left(family_name, 4) || '%' AS prefix FROM alumni.people WHERE family_name ~ '^[A-Z][a-z]{3}'
-- An index on family_name is there, but none on lower(family_name)
SELECT p.person_id, p.public_id, p.given_name, p.family_name, p.grad_year, s.code AS school
FROM alumni.people p
JOIN alumni.schools s ON s.school_id = p.school_id
WHERE lower(p.family_name) LIKE lower(:prefix) AND p.status = 'active'
ORDER BY lower(p.family_name), p.given_name, p.person_id
LIMIT 20;

-- name: directory_search_contains
-- summary: Search box that looks anywhere in the name
-- weight: 60
-- budget: 20ms
-- param: pattern text
-- case: typical  pattern='%son%'
-- case: accented  pattern='%cía%'
-- case: none  pattern='%qqxz%'
-- A pattern that begins with % can use no b-tree, so that every row is read
SELECT p.person_id, p.public_id, p.given_name, p.family_name, p.grad_year
FROM alumni.people p
WHERE (p.given_name ILIKE :pattern OR p.family_name ILIKE :pattern) AND p.status = 'active'
ORDER BY p.family_name, p.given_name, p.person_id
LIMIT 20;

-- name: directory_search_similar
-- summary: Did you mean, names like the one that was typed
-- weight: 25
-- budget: 200ms
-- param: family_name text
-- case: typical  family_name='Jonson'
-- case: misspelt  family_name='Hernandes'
-- case: none  family_name='Xqzvw'
SELECT p.person_id, p.given_name, p.family_name, p.grad_year, similarity(p.family_name, :family_name) AS likeness
FROM alumni.people p
WHERE p.family_name % :family_name AND p.status = 'active'
ORDER BY likeness DESC, p.person_id
LIMIT 10;

-- name: directory_search_fulltext
-- summary: Words in name, headline or tags, best matches first
-- weight: 180
-- budget: 150ms
-- param: words text
-- case: typical  words='civil engineer'
-- case: one_common_word  words='engineer'
-- case: phrase_and_not  words='"civil engineer" -rowing'
-- case: none  words='antidisestablishmentarian'
SELECT p.person_id, p.public_id, p.given_name, p.family_name, p.headline,
       ts_rank_cd(p.search, q.query) AS rank
FROM alumni.people p, websearch_to_tsquery('english', :words) AS q (query)
WHERE p.search @@ q.query AND p.status = 'active'
ORDER BY rank DESC, p.person_id
LIMIT 20;

-- name: directory_search_unaccented
-- summary: Find a family name whatever its accents and case
-- weight: 120
-- budget: 20ms
-- param: family_name text
-- case: typical  family_name='garcia'
-- case: accented  family_name='Müller'
-- case: none  family_name='Nobodyson'
-- A function that no index knows, called for every row
SELECT p.person_id, p.public_id, p.given_name, p.family_name, p.grad_year
FROM alumni.people p
WHERE alumni.fold(p.family_name) = alumni.fold(:family_name) AND p.status <> 'merged'
ORDER BY p.given_name, p.person_id
LIMIT 50;

-- name: directory_search_any_name
-- summary: Find people by any name they ever had, in any script
-- weight: 30
-- budget: 100ms
-- param: family_name text
-- case: typical  family_name='Johnson'
-- cases: draw 2 SELECT DISTINCT family_name FROM alumni.person_names WHERE script <> 'Latn'
-- DISTINCT hides that the join gives a row for every name of the same person
SELECT DISTINCT p.person_id, p.given_name, p.family_name, p.grad_year, p.headline
FROM alumni.people p
JOIN alumni.person_names n ON n.person_id = p.person_id
WHERE lower(n.family_name) = lower(:family_name)
ORDER BY p.person_id
LIMIT 50;

-- name: directory_by_class
-- summary: Directory page of one graduating class, newest members first
-- weight: 240
-- budget: 50ms
-- param: year smallint
-- case: typical  year=1998
-- case: largest  year=2025
-- case: oldest  year=1950
-- cases: draw 3 SELECT DISTINCT grad_year AS year FROM alumni.people
SELECT p.person_id, p.public_id, p.given_name, p.family_name, p.headline, p.created_at
FROM alumni.people p
WHERE p.grad_year = :year AND p.status = 'active'
ORDER BY p.created_at DESC, p.person_id DESC
LIMIT 50;

-- name: directory_page_offset
-- summary: Whole directory by name, page after page by number
-- weight: 20
-- budget: 20ms
-- param: skip bigint
-- case: first_page  skip=0
-- case: typical  skip=200
-- case: deep  skip=10000
-- case: last_pages  skip=80000
-- The server sorts and skips all earlier pages to show one
SELECT p.person_id, p.public_id, p.given_name, p.family_name, p.grad_year
FROM alumni.people p
WHERE p.status = 'active'
ORDER BY p.family_name, p.given_name, p.person_id
LIMIT 20 OFFSET :skip;

-- name: directory_page_keyset
-- summary: Whole directory by name, page after page by the last row seen
-- weight: 60
-- budget: 50ms
-- param: family_name text
-- param: person_id bigint
-- case: first_page  family_name='' person_id=0
-- case: typical  family_name='Johnson' person_id=519
-- case: last_page  family_name='Zimmermann' person_id=0
SELECT p.person_id, p.public_id, p.given_name, p.family_name, p.grad_year
FROM alumni.people p
WHERE (p.family_name, p.person_id) > (:family_name, :person_id)
ORDER BY p.family_name, p.person_id
LIMIT 20;

-- name: directory_count
-- summary: How many pages the directory has, asked with every page
-- weight: 80
-- budget: 20ms
-- param: state text
-- case: typical  state='IL'
-- case: largest  state='MA'
-- case: rare  state='HI'
-- Counted for every page, by a state and city that no index has
SELECT count(*)
FROM alumni.people p
JOIN alumni.addresses a ON a.person_id = p.person_id AND a.is_primary
WHERE p.status = 'active' AND a.state = :state;

-- name: directory_by_city
-- summary: Members of one city, from the directory view
-- weight: 90
-- budget: 150ms
-- param: city text
-- param: state text
-- case: typical  city='Chicago' state='IL'
-- case: largest  city='Boston' state='MA'
-- case: none  city='Gotham' state='NJ'
-- cases: draw 2 SELECT DISTINCT city, state FROM alumni.addresses WHERE state IS NOT NULL AND is_primary
SELECT d.person_id, d.given_name, d.family_name, d.grad_year, d.school, d.title, d.employer
FROM alumni.directory d
WHERE d.city = :city AND d.state = :state
ORDER BY d.family_name, d.given_name, d.person_id
LIMIT 100;

-- name: directory_by_tags
-- summary: Volunteers and other groups by their tags
-- weight: 35
-- budget: 100ms
-- param: tags text[]
-- case: typical  tags='{volunteer}'
-- case: two_tags  tags='{volunteer,board}'
-- case: none  tags='{astronaut}'
SELECT p.person_id, p.given_name, p.family_name, p.grad_year, p.tags
FROM alumni.people p
WHERE p.tags @> :tags AND p.status = 'active'
ORDER BY p.grad_year DESC, p.person_id
LIMIT 50;

-- name: directory_joined_on
-- summary: Records that were made on one day
-- weight: 4
-- budget: 10ms
-- param: day date
-- case: typical  day=2004-08-20
-- case: none  day=2003-12-24
-- cases: draw 1 SELECT DISTINCT created_at::date AS day FROM alumni.people WHERE created_at >= '2015-01-01'
-- A cast on the column keeps an index on it from being used
SELECT p.person_id, p.given_name, p.family_name, p.status, p.created_at
FROM alumni.people p
WHERE p.created_at::date = :day
ORDER BY p.created_at, p.person_id;
