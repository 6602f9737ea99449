-- Scratch schemas that this role may drop, with the number in their names.
SELECT nspname, substring(nspname FROM '^perfkit_cache_([0-9]+)$')::int
FROM pg_catalog.pg_namespace
WHERE nspname ~ '^perfkit_cache_[0-9]{1,9}$' AND pg_catalog.pg_has_role(nspowner, 'USAGE')
