-- The server's own spelling of type names, NULL where it knows no such type.
SELECT pg_catalog.to_regtype(wanted.name)::text
FROM unnest($1::text[]) WITH ORDINALITY AS wanted (name, place)
ORDER BY wanted.place
