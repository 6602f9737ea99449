-- What decides a person's data, and the names.

-- identity is the row's own number, or that of the person whom it repeats: same name, class and home.
CREATE UNLOGGED TABLE alumni_build.traits (
    person_id bigint NOT NULL,
    identity bigint NOT NULL,
    culture text NOT NULL,
    area integer NOT NULL,
    school_id smallint NOT NULL,
    grad_year smallint NOT NULL,
    is_woman boolean NOT NULL,
    engagement double precision NOT NULL,  -- 0 to 1, few near 1: decides opens, events, gifts, memberships
    status alumni.person_status NOT NULL,
    created_at timestamptz NOT NULL
);

INSERT INTO alumni_build.traits
SELECT d.id, d.identity, c.culture, a.area, d.school_id, y.grad_year,
       draw(d.identity, 'woman') < CASE WHEN y.grad_year < 1970 THEN 0.25 ELSE 0.52 END,
       draw(d.identity, 'engagement') ^ 2,
       (CASE WHEN d.identity <> d.id AND draw(d.id, 'merged') < 0.3 THEN 'merged'
             WHEN draw(d.identity, 'death') < CASE WHEN y.grad_year < 1958 THEN 0.85 WHEN y.grad_year < 1968 THEN 0.5
                                                   WHEN y.grad_year < 1978 THEN 0.2 ELSE 0.02 END THEN 'deceased'
             WHEN draw(d.id, 'status') < 0.06 THEN 'lost'
             WHEN draw(d.id, 'status') < 0.10 THEN 'inactive'
             ELSE 'active' END)::alumni.person_status,
       -- Older records came from the paper files in August 2004; the second one of a person, later in its year
       greatest(TIMESTAMPTZ '2004-08-01 00:00+00', make_timestamptz(y.grad_year, 6, 1, 0, 0, 0, 'UTC'))
           + draw(d.id, 'created') * CASE WHEN d.id <> d.identity AND y.grad_year < 2026
                                          THEN INTERVAL '200 days' ELSE INTERVAL '28 days' END
FROM (
    SELECT id,
           CASE WHEN id > 10 AND draw(id, 'repeats') < 0.02 AND draw(earlier, 'repeats') >= 0.02
                THEN earlier ELSE id END AS identity,
           (ARRAY[1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 5, 5, 6, 7, 8])
               [pick(20, draw(CASE WHEN id > 10 AND draw(id, 'repeats') < 0.02 AND draw(earlier, 'repeats') >= 0.02
                                   THEN earlier ELSE id END, 'school'))] AS school_id
    FROM (
        SELECT id, id - 1 - floor(draw(id, 'earlier') * least(id - 2, 3000))::bigint AS earlier
        FROM generate_series(1, size()) id
    ) numbered
) d
-- Classes grow: half of all people left after 2000. Records came in by class, with some disorder.
CROSS JOIN LATERAL (
    SELECT 1950 + floor(77 * least(greatest((d.identity - 0.5) / size() + 0.04 * (draw(d.identity, 'disorder') - 0.5),
                                            0.0), 0.99999) ^ 0.62)::smallint AS class_year
) due
CROSS JOIN LATERAL (
    -- Some classes are small: part of them finished a year later
    SELECT (CASE WHEN due.class_year < 2026 AND draw(due.class_year, 'small class') < 0.15
                      AND draw(d.identity, 'small class') < 0.4
                 THEN due.class_year + 1 ELSE due.class_year END)::smallint AS grad_year
) y
JOIN alumni_build.culture_slots c ON c.slot = pick(1000, draw(d.identity, 'culture'))
JOIN alumni_build.area_slots a ON a.slot = pick(1000, draw(d.identity, 'area'))
ORDER BY d.id;

ALTER TABLE alumni_build.traits ADD PRIMARY KEY (person_id);
ANALYZE alumni_build.traits;

-- Names in Latin letters and in the own script, one row a person
CREATE UNLOGGED TABLE alumni_build.names AS
SELECT t.person_id,
       CASE WHEN t.is_woman THEN c.women[g.woman] ELSE c.men[g.man] END AS given_name,
       CASE WHEN c.culture IN ('english', 'hispanic') AND draw(t.identity, 'double name') < 0.04
            THEN c.families[g.family] || '-' || c.families[pick(cardinality(c.families), draw(t.identity, 'second family'))]
            ELSE c.families[g.family] END AS family_name,
       CASE WHEN t.is_woman THEN c.native_women[g.woman] ELSE c.native_men[g.man] END AS native_given_name,
       c.native_families[g.family] AS native_family_name,
       c.language,
       c.script
FROM alumni_build.traits t
JOIN alumni_build.cultures c USING (culture)
CROSS JOIN LATERAL (
    SELECT pick(cardinality(c.women), draw(t.identity, 'given') ^ 1.3) AS woman,
           pick(cardinality(c.men), draw(t.identity, 'given') ^ 1.3) AS man,
           pick(cardinality(c.families), draw(t.identity, 'family') ^ 1.3) AS family
) g
ORDER BY t.person_id;

ALTER TABLE alumni_build.names ADD PRIMARY KEY (person_id);
ANALYZE alumni_build.names;

