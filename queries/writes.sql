-- name: writes_profile_update
-- summary: A member saves the profile page; the trigger writes the audit log
-- weight: 60
-- budget: 50ms
-- allow: write  what the self-service form sends
-- param: public_id uuid
-- param: headline text
-- param: interests jsonb
-- cases: draw 2 SELECT public_id, 'Retired, sailing' AS headline, '["sailing", "chess"]' AS interests FROM alumni.people WHERE status = 'active' AND person_id % 83 = 0
UPDATE alumni.people
SET headline = :headline,
    profile = jsonb_set(profile, '{interests}', :interests)
WHERE public_id = :public_id
RETURNING person_id, updated_at;

-- name: writes_address_move
-- summary: A person moves; the old address is closed and the new one becomes primary
-- weight: 15
-- budget: 50ms
-- allow: write  one statement, so that there is never a person with no or two primary addresses
-- param: person_id bigint
-- param: line1 text
-- param: city text
-- param: state text
-- param: postal_code text
-- param: moved_on date
-- cases: draw 2 SELECT person_id, '7 Harbor Street' AS line1, 'Boston' AS city, 'MA' AS state, '02110' AS postal_code, DATE '2026-06-30' AS moved_on FROM alumni.addresses WHERE is_primary AND address_id % 89 = 0
WITH closed AS (
    UPDATE alumni.addresses
    SET is_primary = false, valid_to = greatest(valid_from, :moved_on)
    WHERE person_id = :person_id AND is_primary
    RETURNING person_id
)
INSERT INTO alumni.addresses (person_id, kind, line1, city, state, postal_code, country, is_primary, valid_from)
SELECT person_id, 'home', :line1, :city, :state, :postal_code, 'US', true, :moved_on
FROM closed
RETURNING address_id;

-- name: writes_event_registration
-- summary: A member registers for a coming event, unless it is full
-- weight: 40
-- budget: 50ms
-- allow: write  what the event page sends
-- param: event_id integer
-- param: person_id bigint
-- param: guests smallint
-- param: registered_at timestamptz
-- cases: draw 2 SELECT e.event_id, p.person_id, 1 AS guests, '2026-06-30 12:00+00' AS registered_at FROM alumni.events e JOIN alumni.people p ON p.status = 'active' AND p.person_id % 97 = 0 WHERE e.starts_at > '2026-06-30' AND NOT EXISTS (SELECT 1 FROM alumni.event_registrations r WHERE r.event_id = e.event_id AND r.person_id = p.person_id)
INSERT INTO alumni.event_registrations (event_id, person_id, status, guests, registered_at, paid)
SELECT v.event_id, :person_id,
       (CASE WHEN v.capacity <= (SELECT sum(1 + r.guests) FROM alumni.event_registrations r
                                 WHERE r.event_id = v.event_id AND r.status = 'registered')
             THEN 'waitlisted' ELSE 'registered' END)::alumni.registration_status,
       :guests, :registered_at, v.price * (1 + :guests)
FROM alumni.events v
WHERE v.event_id = :event_id
RETURNING registration_id, status;

-- name: writes_gift_entry
-- summary: A gift is entered; triggers add it to its campaign and to the audit log
-- weight: 12
-- budget: 50ms
-- allow: write  what the payment form sends
-- param: person_id bigint
-- param: fund_id integer
-- param: campaign_id integer
-- param: amount numeric
-- param: method alumni.gift_method
-- param: received_on date
-- case: typical  person_id=519 fund_id=1 campaign_id=37 amount=100.00 method=card received_on=2026-06-30
-- case: unsolicited  person_id=519 fund_id=12 campaign_id=NULL amount=25000.00 method=wire received_on=2026-06-30
INSERT INTO alumni.gifts (person_id, fund_id, campaign_id, amount, method, received_on)
VALUES (:person_id, :fund_id, :campaign_id, :amount, :method, :received_on)
RETURNING gift_id, fiscal_year;

-- name: writes_lost_status
-- summary: Active people of some classes whom nothing reaches any more become lost
-- weight: 0.05
-- budget: 2s
-- allow: write  nightly, one statement
-- param: last_year smallint
-- case: typical  last_year=2000
-- case: all_classes  last_year=2026
-- Each row that changes fires the audit trigger
UPDATE alumni.people p
SET status = 'lost'
WHERE p.status = 'active' AND p.grad_year <= :last_year
  AND NOT EXISTS (SELECT 1 FROM alumni.emails e WHERE e.person_id = p.person_id AND e.status <> 'bounced')
  AND NOT EXISTS (SELECT 1 FROM alumni.addresses a WHERE a.person_id = p.person_id AND a.valid_to IS NULL)
  AND NOT EXISTS (SELECT 1 FROM alumni.phones t WHERE t.person_id = p.person_id);

-- name: writes_bounce
-- summary: The mail server reports a bounce; message and address are marked
-- weight: 20
-- budget: 50ms
-- allow: write  what the bounce hook sends
-- param: mailing_id integer
-- param: person_id bigint
-- param: bounce_code text
-- cases: draw 2 SELECT mailing_id, person_id, '5.1.1' AS bounce_code FROM alumni.communications WHERE sent_at >= '2026-06-01' AND channel = 'email' AND person_id % 103 = 0
-- No date, so that every partition is searched for the one message
WITH message AS (
    UPDATE alumni.communications
    SET status = 'bounced', bounce_code = :bounce_code
    WHERE mailing_id = :mailing_id AND person_id = :person_id
    RETURNING person_id
)
UPDATE alumni.emails e
SET status = 'bounced'
FROM message m
WHERE e.person_id = m.person_id AND e.is_primary
RETURNING e.email_id;

-- name: writes_import_merge
-- summary: The next hundred checked rows of an import that match nobody become people
-- weight: 0.1
-- budget: 1s
-- allow: write  what the import does at its end
-- param: import_batch_id integer
-- case: none  import_batch_id=0
-- cases: draw 1 SELECT DISTINCT import_batch_id FROM alumni.import_staging WHERE state_of_row = 'new'
WITH ready AS (
    SELECT r.staging_id, r.given_name, r.family_name, r.grad_year::smallint AS grad_year, g.school_id
    FROM alumni.import_staging r
    JOIN alumni.programmes g ON g.code = r.degree_code
    WHERE r.import_batch_id = :import_batch_id AND r.state_of_row = 'new' AND r.errors = '{}'
      AND r.matched_person_id IS NULL AND r.family_name <> '' AND r.grad_year ~ '^(19[5-9]|20[0-2])\d$'
    ORDER BY r.line_number
    LIMIT 100
), added AS (
    INSERT INTO alumni.people (public_id, given_name, family_name, grad_year, school_id, created_at, updated_at)
    SELECT md5('import/' || staging_id)::uuid, given_name, family_name, grad_year, school_id,
           '2026-06-30 12:00+00', '2026-06-30 12:00+00'
    FROM ready
    RETURNING person_id, public_id
)
UPDATE alumni.import_staging r
SET state_of_row = 'merged', matched_person_id = a.person_id
FROM ready y
JOIN added a ON a.public_id = md5('import/' || y.staging_id)::uuid
WHERE r.staging_id = y.staging_id;

-- name: writes_expired_consents
-- summary: Consents that were withdrawn long ago are deleted
-- weight: 0.05
-- budget: 1s
-- allow: write  monthly, the retention rule
-- param: before timestamptz
-- case: typical  before='2026-06-15 00:00+00'
-- case: none  before='1990-01-01 00:00+00'
DELETE FROM alumni.consents
WHERE withdrawn_at < :before;
