-- What a person would write: an expression, a partitioned table, an index that is there, one to drop.
CREATE INDEX people_lower_idx ON alumni.people (lower(family_name));
CREATE INDEX ON alumni.communications (person_id, sent_at DESC);
CREATE INDEX IF NOT EXISTS another_name ON alumni.phones (person_id);
DROP INDEX alumni.gifts_donor_idx;
