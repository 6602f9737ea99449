-- The people themselves.
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
       t.created_at,
       t.created_at + (TIMESTAMPTZ '2026-06-30 12:00+00' - t.created_at) * draw(t.person_id, 'updated') ^ 0.5
FROM alumni_build.traits t
JOIN alumni_build.names n USING (person_id)
JOIN alumni_build.schools s USING (school_id)
JOIN alumni_build.areas a USING (area)
CROSS JOIN (
    SELECT '{volunteer,athlete,parent,scholar,legacy,first-gen,veteran,donor-circle,board,staff-alum}'::text[] AS tags,
           '{running,travel,cooking,music,reading,hiking,photography,gardening,sailing,chess,theatre,rowing,skiing,painting,cycling,astronomy}'::text[] AS interests
) k
CROSS JOIN LATERAL (SELECT pick(5, draw(t.person_id, 'way to repeat')) AS way) r
ORDER BY t.person_id;
