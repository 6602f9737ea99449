-- Gives the keys of candidates that are computed from one column that column's distinct values, NULLs and width, as far as
-- ANALYZE has not been there: without statistics the planner takes any expression to leave one row in 200. A computed
-- value has no more distinct values than the column, and lower(email) about as many. Documents and arrays are left out,
-- for what is in them has far fewer.
INSERT INTO pg_statistic
SELECT
    computed.index, computed.position, false, known.stanullfrac, known.stawidth, known.stadistinct,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM (
    SELECT
        index.indexrelid AS index, key.position::smallint, index.indrelid AS relation,
        min(attribute.attnum) AS attnum, count(*) AS columns, min(type.typcategory::text) AS category
    FROM pg_index AS index
    CROSS JOIN unnest(index.indkey::smallint[]) WITH ORDINALITY AS key (attnum, position)
    JOIN
        pg_attribute AS attribute
        ON
            attribute.attrelid = index.indrelid
            AND attribute.attnum > 0
            AND NOT attribute.attisdropped
            AND pg_get_indexdef(index.indexrelid, key.position::integer, true)
            ~ ('\m' || regexp_replace(attribute.attname, '(\W)', '\\\1', 'g') || '\M')
    JOIN pg_type AS type ON type.oid = attribute.atttypid
    WHERE index.indexrelid = any($1::oid[]) AND key.attnum = 0
    GROUP BY index.indexrelid, key.position, index.indrelid
) AS computed
JOIN pg_statistic AS known ON known.starelid = computed.relation AND known.staattnum = computed.attnum
WHERE computed.columns = 1 AND computed.category IN ('S', 'N', 'D') AND NOT known.stainherit
    AND NOT EXISTS (
        SELECT FROM pg_statistic AS own WHERE own.starelid = computed.index AND own.staattnum = computed.position
    )
