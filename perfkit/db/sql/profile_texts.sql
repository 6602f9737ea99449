-- The texts of some statements, without their constants.
SELECT counted.queryid, min(counted.query)
FROM {schema}.pg_stat_statements AS counted
WHERE counted.queryid = ANY($1) AND counted.query IS NOT NULL
GROUP BY counted.queryid
/* perfkit */
