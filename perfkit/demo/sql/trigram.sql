-- What needs the extension pg_trgm; each statement stands alone.
CREATE INDEX people_family_trigram_idx ON alumni.people USING gin (family_name gin_trgm_ops);
