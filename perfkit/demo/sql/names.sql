-- Every name of a person: at birth, after marriage, preferred, in the own script.
INSERT INTO alumni.person_names
SELECT row_number() OVER (ORDER BY person_id, kind), person_id, kind, given_name, middle_name, family_name, script,
       valid_from
FROM (
    SELECT n.person_id, 'birth'::alumni.name_kind AS kind, n.given_name,
           CASE WHEN draw(t.identity, 'middle') < 0.55
                THEN CASE WHEN draw(t.identity, 'middle initial') < 0.5
                          THEN chr(64 + pick(26, draw(t.identity, 'initial'))) || '.'
                          ELSE CASE WHEN t.is_woman THEN c.women[pick(cardinality(c.women), draw(t.identity, 'middle name'))]
                                    ELSE c.men[pick(cardinality(c.men), draw(t.identity, 'middle name'))] END END
           END AS middle_name,
           CASE WHEN m.married THEN c.families[pick(cardinality(c.families), draw(t.identity, 'maiden name'))]
                ELSE n.family_name END AS family_name,
           'Latn' AS script, NULL::date AS valid_from
    FROM alumni_build.names n
    JOIN alumni_build.traits t USING (person_id)
    JOIN alumni_build.cultures c USING (culture)
    CROSS JOIN LATERAL (
        SELECT t.is_woman AND t.grad_year < 2018 AND draw(t.identity, 'married') < 0.35 AS married
    ) m
    UNION ALL
    SELECT n.person_id, 'married', n.given_name, NULL, n.family_name, 'Latn',
           make_date(t.grad_year + pick(8, draw(t.identity, 'wedding')), 6, 15)
    FROM alumni_build.names n
    JOIN alumni_build.traits t USING (person_id)
    WHERE t.is_woman AND t.grad_year < 2018 AND draw(t.identity, 'married') < 0.35
    UNION ALL
    SELECT n.person_id, 'preferred', left(n.given_name, 1 + pick(3, draw(t.identity, 'short name'))), NULL,
           n.family_name, 'Latn', NULL
    FROM alumni_build.names n
    JOIN alumni_build.traits t USING (person_id)
    WHERE draw(t.identity, 'preferred') < 0.12
    UNION ALL
    SELECT n.person_id, 'native', n.native_given_name, NULL, n.native_family_name, n.script, NULL
    FROM alumni_build.names n
    JOIN alumni_build.traits t USING (person_id)
    WHERE n.native_given_name IS NOT NULL AND draw(t.identity, 'native known') < 0.7
) every_name
ORDER BY person_id, kind;
