-- What decides a person's data, and the people themselves.

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
    status alumni.person_status NOT NULL
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
             ELSE 'active' END)::alumni.person_status
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

INSERT INTO alumni.people (person_id, public_id, status, prefix, given_name, family_name, birth_date, grad_year,
                           school_id, language, headline, tags, profile, staff_id, merged_into, created_at, updated_at)
SELECT t.person_id,
       md5(draw(t.person_id, 'public id')::text)::uuid,
       t.status,
       CASE WHEN draw(t.identity, 'prefix') < 0.08 THEN 'Dr.'
            WHEN draw(t.identity, 'prefix') < 0.5 THEN CASE WHEN t.is_woman THEN 'Ms.' ELSE 'Mr.' END END,
       -- The second record of a person: an initial, a typing error, capitals, a blank; a few are in the own script
       CASE WHEN t.person_id = t.identity
                THEN CASE WHEN draw(t.person_id, 'given known') < 0.005 THEN NULL
                          WHEN n.native_given_name IS NOT NULL AND draw(t.person_id, 'in own script') < 0.1
                              THEN n.native_given_name
                          ELSE n.given_name END
            WHEN r.way = 1 THEN left(n.given_name, 1) || '.'
            WHEN r.way = 2 THEN upper(n.given_name)
            WHEN r.way = 3 THEN alumni.fold(n.given_name)
            WHEN r.way = 4 THEN n.given_name || ' '
            ELSE n.given_name END,
       CASE WHEN t.person_id = t.identity
                THEN CASE WHEN n.native_given_name IS NOT NULL AND draw(t.person_id, 'in own script') < 0.1
                          THEN n.native_family_name ELSE n.family_name END
            WHEN r.way = 2 THEN upper(n.family_name)
            WHEN r.way = 3 THEN alumni.fold(n.family_name)
            WHEN r.way = 5 AND length(n.family_name) > 4  -- two letters change places
                THEN left(n.family_name, 2) || substr(n.family_name, 4, 1) || substr(n.family_name, 3, 1)
                     || substr(n.family_name, 5)
            ELSE n.family_name END,
       CASE WHEN draw(t.person_id, 'birth known') < CASE WHEN t.grad_year < 1975 THEN 0.7 ELSE 0.93 END
            THEN make_date(t.grad_year - 22 - floor(18 * draw(t.identity, 'age at degree') ^ 5)::integer, 1, 1)
                 + floor(365 * draw(t.identity, 'birthday'))::integer END,
       t.grad_year,
       t.school_id,
       CASE WHEN draw(t.identity, 'language') < 0.3 THEN n.language ELSE 'en' END,
       CASE WHEN draw(t.person_id, 'headline') < 0.45
            THEN s.titles[pick(9, draw(t.person_id, 'headline title') ^ 1.2)] || ', '
                 || k.interests[pick(16, draw(t.person_id, 'headline interest'))]
                 || CASE WHEN draw(t.person_id, 'headline place') < 0.5 THEN ' in ' || a.cities[1] ELSE '' END END,
       CASE WHEN draw(t.identity, 'tags') < 0.4
            THEN CASE WHEN draw(t.identity, 'second tag') < 0.3
                      THEN ARRAY[k.tags[zipf(5, draw(t.identity, 'tag a'))], k.tags[5 + zipf(5, draw(t.identity, 'tag b'))]]
                      ELSE ARRAY[k.tags[zipf(10, draw(t.identity, 'tag'))]] END
            ELSE '{}' END,
       CASE WHEN draw(t.identity, 'profile') < 0.35 THEN '{}'
            ELSE jsonb_strip_nulls(jsonb_build_object(
                'privacy', (ARRAY['members', 'members', 'members', 'public', 'private'])[pick(5, draw(t.identity, 'privacy'))],
                'interests', CASE WHEN draw(t.identity, 'has interests') < 0.6
                                  THEN jsonb_build_array(k.interests[zipf(8, draw(t.identity, 'interest a'))],
                                                         k.interests[8 + zipf(8, draw(t.identity, 'interest b'))]) END,
                'linkedin', CASE WHEN draw(t.identity, 'linkedin') < 0.4
                                 THEN 'in/' || lower(alumni.fold(n.given_name)) || '-' || t.identity END,
                'years_as_volunteer', CASE WHEN t.engagement > 0.6
                                           THEN floor(t.engagement * 15)::integer END)) END,
       CASE WHEN t.engagement > 0.9 AND draw(t.person_id, 'has staff') < 0.4
            THEN zipf(32, draw(t.person_id, 'staff')) END,
       CASE WHEN t.status = 'merged' THEN t.identity END,
       c.created_at,
       c.created_at + (TIMESTAMPTZ '2026-06-30 12:00+00' - c.created_at) * draw(t.person_id, 'updated') ^ 0.5
FROM alumni_build.traits t
JOIN alumni_build.names n USING (person_id)
JOIN alumni_build.schools s USING (school_id)
JOIN alumni_build.areas a USING (area)
CROSS JOIN (
    SELECT '{volunteer,athlete,parent,scholar,legacy,first-gen,veteran,donor-circle,board,staff-alum}'::text[] AS tags,
           '{running,travel,cooking,music,reading,hiking,photography,gardening,sailing,chess,theatre,rowing,skiing,painting,cycling,astronomy}'::text[] AS interests
) k
CROSS JOIN LATERAL (SELECT pick(5, draw(t.person_id, 'way to repeat')) AS way) r
CROSS JOIN LATERAL (
    -- Older records came from the paper files in August 2004; a repeated one came years later
    SELECT greatest(TIMESTAMPTZ '2004-08-01 00:00+00', make_timestamptz(t.grad_year, 6, 1, 0, 0, 0, 'UTC'))
           + draw(t.person_id, 'created') * CASE WHEN t.person_id = t.identity AND t.grad_year < 2026
                                                 THEN INTERVAL '60 days' ELSE INTERVAL '28 days' END AS created_at
) c
ORDER BY t.person_id;
