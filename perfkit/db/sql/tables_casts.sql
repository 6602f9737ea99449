-- Casts and how volatile they are: those by a function, those that change nothing, and those through text.
SELECT source.typname, target.typname, coalesce(function.provolatile, 'i')::text
FROM pg_catalog.pg_cast AS cast_entry
JOIN pg_catalog.pg_type AS source ON source.oid = cast_entry.castsource
JOIN pg_catalog.pg_type AS target ON target.oid = cast_entry.casttarget
LEFT JOIN pg_catalog.pg_proc AS function ON function.oid = cast_entry.castfunc
WHERE cast_entry.castmethod <> 'i'
UNION ALL
SELECT type.typname, text_type.name, function.provolatile::text
FROM pg_catalog.pg_type AS type
JOIN pg_catalog.pg_proc AS function ON function.oid = type.typoutput
CROSS JOIN (VALUES ('text'), ('varchar'), ('bpchar')) AS text_type (name)
WHERE type.typtype IN ('b', 'e', 'r') AND type.typcategory <> 'S' AND type.typisdefined
UNION ALL
SELECT text_type.name, type.typname, function.provolatile::text
FROM pg_catalog.pg_type AS type
JOIN pg_catalog.pg_proc AS function ON function.oid = type.typinput
CROSS JOIN (VALUES ('text'), ('varchar'), ('bpchar')) AS text_type (name)
WHERE type.typtype IN ('b', 'e', 'r') AND type.typcategory <> 'S' AND type.typisdefined
