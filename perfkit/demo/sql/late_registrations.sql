-- The table grows by 18 % after its ANALYZE, and only for the coming reunion, of which its statistics know nothing.
-- No autovacuum there, so that they stay wrong, as on a server whose thresholds are too high.
ALTER TABLE alumni.event_registrations SET (autovacuum_enabled = false);

INSERT INTO alumni.event_registrations
SELECT b.registrations + row_number() OVER (ORDER BY registered_at, person_id), event_id, person_id, 'registered',
       guests, registered_at, NULL, 120 * (1 + guests), NULL
FROM (
    SELECT t.person_id, e.event_id, floor(draw(t.person_id, 'guests at reunion') * 3)::integer AS guests,
           TIMESTAMPTZ '2026-05-15 00:00+00' + draw(t.person_id, 'registers') * INTERVAL '46 days' AS registered_at
    FROM alumni_build.traits t
    CROSS JOIN (SELECT event_id FROM alumni.events WHERE kind = 'reunion' ORDER BY starts_at DESC LIMIT 1) e
    WHERE t.status IN ('active', 'inactive')
    ORDER BY draw(t.person_id, 'comes to reunion') - t.engagement, t.person_id
    LIMIT (SELECT count(*) * 18 / 100 FROM alumni.event_registrations)
) late
CROSS JOIN (SELECT count(*) AS registrations FROM alumni.event_registrations) b
ORDER BY registered_at, person_id;
