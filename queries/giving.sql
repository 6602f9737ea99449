-- name: giving_history
-- summary: Gifts of one person, latest first
-- weight: 300
-- budget: 20ms
-- param: person_id bigint
-- case: typical  person_id=519
-- case: none  person_id=999999999
-- cases: draw 2 SELECT DISTINCT person_id FROM alumni.gifts WHERE gift_id % 67 = 0
SELECT g.gift_id, g.received_on, g.amount, g.currency, g.method, f.name AS fund, c.name AS campaign, g.receipt_number
FROM alumni.gifts g
JOIN alumni.funds f ON f.fund_id = g.fund_id
LEFT JOIN alumni.campaigns c ON c.campaign_id = g.campaign_id
WHERE g.person_id = :person_id
ORDER BY g.received_on DESC, g.gift_id DESC;

-- name: giving_total_of_person
-- summary: What a person gave in all, asked by the payment form
-- weight: 60
-- budget: 10ms
-- param: person_id numeric
-- case: typical  person_id=519
-- case: none  person_id=999999999
-- The driver sends a decimal, so that the column is cast for every row and its index is of no use
SELECT count(*) AS gifts, coalesce(sum(g.amount), 0) AS total
FROM alumni.gifts g
WHERE g.person_id = :person_id;

-- name: giving_receipt
-- summary: A gift by the number on its receipt
-- weight: 15
-- budget: 10ms
-- param: receipt_number text
-- case: none  receipt_number='R1900-0000000'
-- cases: draw 2 SELECT receipt_number FROM alumni.gifts WHERE receipt_number IS NOT NULL AND gift_id % 71 = 0
-- No index on the receipt's number
SELECT g.gift_id, g.person_id, p.given_name, p.family_name, g.amount, g.received_on, f.name AS fund
FROM alumni.gifts g
JOIN alumni.people p ON p.person_id = g.person_id
JOIN alumni.funds f ON f.fund_id = g.fund_id
WHERE g.receipt_number = :receipt_number;

-- name: giving_lybunt
-- summary: Gave last year but unfortunately not this year, by last year's total
-- weight: 0.5
-- budget: 1s
-- param: this_year smallint
-- case: typical  this_year=2026
-- case: earlier  this_year=2010
SELECT p.person_id, p.given_name, p.family_name, p.grad_year, sum(g.amount) AS last_year
FROM alumni.gifts g
JOIN alumni.people p ON p.person_id = g.person_id
WHERE g.fiscal_year = :this_year - 1
  AND p.status = 'active'
  AND NOT EXISTS (SELECT 1 FROM alumni.gifts n WHERE n.person_id = g.person_id AND n.fiscal_year = :this_year)
GROUP BY p.person_id, p.given_name, p.family_name, p.grad_year
ORDER BY last_year DESC, p.person_id
LIMIT 500;

-- name: giving_sybunt
-- summary: Gave some year but unfortunately not this year
-- weight: 0.3
-- budget: 1s
-- param: this_year smallint
-- case: typical  this_year=2026
-- case: earlier  this_year=2010
-- NOT IN over a subquery cannot become an anti-join, it is hashed or run again for each row
SELECT p.person_id, p.given_name, p.family_name, max(y.fiscal_year) AS last_year, sum(y.total) AS lifetime
FROM alumni.giving_by_year y
JOIN alumni.people p ON p.person_id = y.person_id
WHERE p.status = 'active' AND y.fiscal_year < :this_year
  AND y.person_id NOT IN (SELECT t.person_id FROM alumni.giving_by_year t WHERE t.fiscal_year = :this_year)
GROUP BY p.person_id, p.given_name, p.family_name
ORDER BY lifetime DESC, p.person_id
LIMIT 500;

-- name: giving_top_donors
-- summary: Top donors of a fiscal year, with what share of the year is theirs
-- weight: 1
-- budget: 500ms
-- param: fiscal_year smallint
-- case: typical  fiscal_year=2026
-- case: oldest  fiscal_year=1992
SELECT p.person_id, p.given_name, p.family_name, t.total, t.rank, round(100 * t.total / t.everyone, 2) AS percent
FROM (
    SELECT g.person_id, sum(g.amount) AS total, rank() OVER (ORDER BY sum(g.amount) DESC) AS rank,
           sum(sum(g.amount)) OVER () AS everyone
    FROM alumni.gifts g
    WHERE g.fiscal_year = :fiscal_year AND NOT g.is_anonymous
    GROUP BY g.person_id
) t
JOIN alumni.people p ON p.person_id = t.person_id
WHERE t.rank <= 50
ORDER BY t.rank, p.person_id;

-- name: giving_campaign_progress
-- summary: Goal, gifts and open pledges of the campaigns of some years
-- weight: 10
-- budget: 500ms
-- param: since date
-- case: typical  since=2025-07-01
-- case: all_time  since=1990-01-01
SELECT c.code, c.name, c.goal, c.raised, g.gifts, g.donors, d.pledged,
       round(100 * c.raised / c.goal, 1) AS percent
FROM alumni.campaigns c
LEFT JOIN (SELECT campaign_id, count(*) AS gifts, count(DISTINCT person_id) AS donors
           FROM alumni.gifts GROUP BY campaign_id) g ON g.campaign_id = c.campaign_id
LEFT JOIN (SELECT campaign_id, sum(amount) AS pledged
           FROM alumni.pledges WHERE status = 'open' GROUP BY campaign_id) d ON d.campaign_id = c.campaign_id
WHERE c.starts_on >= :since
ORDER BY c.starts_on DESC, c.campaign_id;

-- name: giving_retention_by_class
-- summary: Donors of one year who gave again in the next, class by class
-- weight: 0.2
-- budget: 1s
-- param: fiscal_year smallint
-- case: typical  fiscal_year=2025
-- case: earlier  fiscal_year=2005
SELECT p.grad_year, count(*) AS donors, count(n.person_id) AS retained,
       round(100.0 * count(n.person_id) / count(*), 1) AS percent
FROM alumni.giving_by_year y
JOIN alumni.people p ON p.person_id = y.person_id
LEFT JOIN alumni.giving_by_year n ON n.person_id = y.person_id AND n.fiscal_year = y.fiscal_year + 1
WHERE y.fiscal_year = :fiscal_year
GROUP BY p.grad_year
ORDER BY p.grad_year;

-- name: giving_percentiles
-- summary: Median and high gifts by school and decade of class
-- weight: 0.1
-- budget: 2s
-- param: since date
-- case: typical  since=2021-07-01
-- case: all_time  since=1990-01-01
SELECT s.code AS school, p.grad_year / 10 * 10 AS decade, count(*) AS gifts, sum(g.amount) AS total,
       percentile_cont(ARRAY[0.5, 0.9, 0.99]) WITHIN GROUP (ORDER BY g.amount) AS percentiles
FROM alumni.gifts g
JOIN alumni.people p ON p.person_id = g.person_id
JOIN alumni.schools s ON s.school_id = p.school_id
WHERE g.received_on >= :since
GROUP BY s.code, p.grad_year / 10 * 10
ORDER BY s.code, decade;

-- name: giving_overdue_pledges
-- summary: The oldest open pledges with what is still owed and when something was last paid
-- weight: 1
-- budget: 200ms
-- param: pledges bigint
-- case: typical  pledges=10
-- case: many  pledges=40
-- Two subqueries a pledge, each reading all gifts
SELECT d.pledge_id, d.person_id, d.pledged_on, d.amount,
       d.amount - (SELECT coalesce(sum(g.amount), 0) FROM alumni.gifts g WHERE g.pledge_id = d.pledge_id) AS owed,
       (SELECT max(g.received_on) FROM alumni.gifts g WHERE g.pledge_id = d.pledge_id) AS last_paid_on
FROM alumni.pledges d
WHERE d.status = 'open'
ORDER BY d.pledged_on, d.pledge_id
LIMIT :pledges;
