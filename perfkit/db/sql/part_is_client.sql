-- Whether a session of pg_stat_activity is a client's. Of one that is hidden from this role its kind is not known: one of
-- a role in a database is a client's.
(backend_type = 'client backend' OR (backend_type IS NULL AND datid IS NOT NULL AND usesysid IS NOT NULL))
