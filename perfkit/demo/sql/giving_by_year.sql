-- The materialised view, with the key that a concurrent refresh needs.
REFRESH MATERIALIZED VIEW alumni.giving_by_year;
CREATE UNIQUE INDEX giving_by_year_key ON alumni.giving_by_year (person_id, fiscal_year);
