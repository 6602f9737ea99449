-- name: mentoring_matches
-- summary: Open mentors for some topics, those of one industry first, with room for one more
-- weight: 40
-- budget: 100ms
-- param: topics text[]
-- param: industry text
-- case: typical  topics='{interviewing,startups}' industry='Software'
-- case: rare_topic  topics='{relocation}' industry='Health care'
-- case: none  topics='{alchemy}' industry='Software'
SELECT p.person_id, p.given_name, p.family_name, p.headline, m.topics, m.industry, coalesce(t.pairs, 0) AS pairs
FROM alumni.mentoring_profiles m
JOIN alumni.people p ON p.person_id = m.person_id
LEFT JOIN LATERAL (
    SELECT count(*) AS pairs FROM alumni.mentorships WHERE mentor_id = m.person_id AND status = 'active'
) t ON true
WHERE m.is_open AND m.role IN ('mentor', 'both') AND m.topics && :topics
  AND p.status = 'active' AND coalesce(t.pairs, 0) < m.capacity
ORDER BY (m.industry = :industry) DESC NULLS LAST, pairs, p.person_id
LIMIT 20;

-- name: mentoring_of_person
-- summary: Mentors and mentees of a person
-- weight: 70
-- budget: 20ms
-- param: person_id bigint
-- case: typical  person_id=526
-- cases: draw 2 SELECT DISTINCT mentor_id AS person_id FROM alumni.mentorships
-- OR over two columns needs an index on each
SELECT t.mentorship_id, t.status, t.topic, t.started_on, p.person_id, p.given_name, p.family_name
FROM alumni.mentorships t
JOIN alumni.people p ON p.person_id = CASE WHEN t.mentor_id = :person_id THEN t.mentee_id ELSE t.mentor_id END
WHERE t.mentor_id = :person_id OR t.mentee_id = :person_id
ORDER BY t.started_on DESC, t.mentorship_id;

-- name: mentoring_chain
-- summary: Mentees of a mentor, and theirs in turn, four generations deep
-- weight: 1
-- budget: 200ms
-- param: person_id bigint
-- cases: draw 2 SELECT DISTINCT mentor_id AS person_id FROM alumni.mentorships WHERE status = 'completed'
WITH RECURSIVE tree AS (
    SELECT t.mentor_id, t.mentee_id, 1 AS generation, ARRAY[t.mentor_id, t.mentee_id] AS path
    FROM alumni.mentorships t
    WHERE t.mentor_id = :person_id AND t.status IN ('active', 'completed')
    UNION ALL
    SELECT t.mentor_id, t.mentee_id, b.generation + 1, b.path || t.mentee_id
    FROM tree b
    JOIN alumni.mentorships t ON t.mentor_id = b.mentee_id
    WHERE b.generation < 4 AND t.status IN ('active', 'completed') AND t.mentee_id <> ALL (b.path)
)
SELECT b.generation, count(*) AS pairs, count(DISTINCT b.mentee_id) AS people
FROM tree b
GROUP BY b.generation
ORDER BY b.generation;

-- name: mentoring_top_by_industry
-- summary: The three best rated mentors of every industry
-- weight: 0.5
-- budget: 500ms
SELECT i.industry, b.person_id, b.given_name, b.family_name, b.rating, b.pairs
FROM (SELECT DISTINCT industry FROM alumni.mentoring_profiles WHERE industry IS NOT NULL) i
CROSS JOIN LATERAL (
    SELECT p.person_id, p.given_name, p.family_name, round(avg(t.rating), 2) AS rating, count(*) AS pairs
    FROM alumni.mentoring_profiles m
    JOIN alumni.mentorships t ON t.mentor_id = m.person_id AND t.rating IS NOT NULL
    JOIN alumni.people p ON p.person_id = m.person_id
    WHERE m.industry = i.industry
    GROUP BY p.person_id, p.given_name, p.family_name
    ORDER BY rating DESC, pairs DESC, p.person_id
    LIMIT 3
) b
ORDER BY i.industry, b.rating DESC, b.person_id;
