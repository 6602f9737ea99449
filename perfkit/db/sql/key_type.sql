-- A type by its OID, and whether its ANALYZE is of its own: of documents, arrays and ranges.
SELECT
    pg_catalog.format_type(type.oid, NULL) AS name,
    type.typanalyze <> 0 AS looks_inside
FROM pg_catalog.pg_type AS type
WHERE type.oid = %s
