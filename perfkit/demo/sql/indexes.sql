-- The indexes that grew over the years; each statement stands alone.
-- Good ones
CREATE INDEX people_name_idx ON alumni.people (family_name, given_name);
CREATE INDEX people_class_idx ON alumni.people (grad_year, school_id);
CREATE INDEX people_search_idx ON alumni.people USING gin (search);
CREATE INDEX people_tags_idx ON alumni.people USING gin (tags);
CREATE INDEX person_names_person_idx ON alumni.person_names (person_id);
CREATE INDEX addresses_person_idx ON alumni.addresses (person_id);
CREATE INDEX emails_person_idx ON alumni.emails (person_id);
CREATE INDEX emails_email_idx ON alumni.emails (email);
CREATE INDEX phones_person_idx ON alumni.phones (person_id);
CREATE INDEX employment_person_idx ON alumni.employment (person_id);
CREATE INDEX gifts_received_idx ON alumni.gifts (received_on);
CREATE INDEX pledges_person_idx ON alumni.pledges (person_id);
CREATE INDEX memberships_person_idx ON alumni.memberships (person_id);
CREATE INDEX consents_person_idx ON alumni.consents (person_id);
CREATE INDEX communications_mailing_idx ON alumni.communications (mailing_id);
CREATE INDEX import_staging_batch_idx ON alumni.import_staging (import_batch_id, line_number);
CREATE INDEX audit_log_row_idx ON alumni.audit_log (table_name, row_id);
CREATE INDEX events_search_idx ON alumni.events USING gin (search);
CREATE INDEX events_starts_idx ON alumni.events (starts_at);
-- The same index twice
CREATE INDEX gifts_person_idx ON alumni.gifts (person_id);
CREATE INDEX gifts_donor_idx ON alumni.gifts (person_id);
-- The first one is a prefix of the second
CREATE INDEX degrees_person_idx ON alumni.degrees (person_id);
CREATE INDEX degrees_person_year_idx ON alumni.degrees (person_id, grad_year);
-- Made for a map that was never built: nothing asks for it
CREATE INDEX addresses_map_idx ON alumni.addresses (latitude, longitude);
-- Missing on purpose: communications (person_id), event_registrations (person_id), employment (employer_id),
-- gifts (fund_id) and (campaign_id), degrees (programme_id), lower(email), addresses (state, city),
-- people (status, updated_at), trigrams for employer and title, mentoring topics, profile documents.
