-- Pledges and gifts. A third ever gave; of these some every year, some now and then, and some stopped long ago.
CREATE UNLOGGED TABLE alumni_build.donors AS
SELECT person_id, identity, grad_year, status, habit, first_year,
       CASE WHEN habit = 'lapsed' THEN least(first_year + 1 + floor(draw(identity, 'lapse') * 10)::integer, 2023)
            ELSE 2026 END AS last_year,
       CASE habit WHEN 'loyal' THEN 0.9 WHEN 'lapsed' THEN 0.7 ELSE 0.3 END AS yearly,
       -- Pareto: one donor in a hundred gives half of the money
       least(20 * (1 - draw(identity, 'means')) ^ -1.05 * (0.5 + engagement), 250000) AS usual
FROM (
    SELECT t.*,
           greatest(1990, t.grad_year + 1 + floor(draw(t.identity, 'first gift') ^ 2 * 15)::integer) AS first_year,
           CASE WHEN draw(t.identity, 'habit') < 0.12 + t.engagement * 0.25 THEN 'loyal'
                WHEN draw(t.identity, 'habit') < 0.65 THEN 'occasional' ELSE 'lapsed' END AS habit
    FROM alumni_build.traits t
    WHERE draw(t.identity, 'gives') < 0.2 + t.engagement * 0.5 AND t.person_id = t.identity
) d
WHERE first_year <= 2026;
ANALYZE alumni_build.donors;

INSERT INTO alumni.pledges
SELECT row_number() OVER (ORDER BY pledged_on, person_id),
       person_id,
       zipf(170, draw(person_id, 'pledge fund')),
       81 + (extract(year FROM pledged_on)::integer - 1992) / 10,
       amount,
       instalments,
       pledged_on,
       (CASE WHEN pledged_on + instalments * 30 > today() THEN 'open'
             WHEN draw(person_id, 'pledge kept') < 0.8 THEN 'fulfilled'
             WHEN draw(person_id, 'pledge kept') < 0.95 THEN 'lapsed' ELSE 'written_off' END)::alumni.pledge_status
FROM (
    SELECT person_id,
           make_date(greatest(first_year, 1993), 1, 1) + floor(draw(person_id, 'pledged')
               * (today() - make_date(greatest(first_year, 1993), 1, 1)))::integer AS pledged_on,
           (ARRAY[1, 4, 12, 12, 36, 60])[pick(6, draw(person_id, 'instalments'))] AS instalments,
           round((usual * 10)::numeric, -1) AS amount
    FROM alumni_build.donors
    WHERE draw(person_id, 'pledges') < 0.1
) drawn
WHERE amount > 0
ORDER BY pledged_on, person_id;
ANALYZE alumni.pledges;

INSERT INTO alumni.gifts (gift_id, person_id, fund_id, campaign_id, pledge_id, amount, received_on, method,
                          is_anonymous, matching_employer_id, receipt_number, note)
SELECT g.gift_id, g.person_id, g.fund_id, g.campaign_id, g.pledge_id, g.amount, g.received_on,
       (CASE WHEN g.amount >= 25000 AND draw(g.gift_id, 'method') < 0.6 THEN 'stock'
             WHEN g.amount >= 5000 AND draw(g.gift_id, 'method') < 0.7 THEN 'wire'
             WHEN draw(g.gift_id, 'method') < (extract(year FROM g.received_on) - 1990) * 0.022 THEN 'card'
             WHEN draw(g.gift_id, 'method') < 0.94 THEN 'check'
             WHEN draw(g.gift_id, 'method') < 0.99 THEN 'payroll' ELSE 'in_kind' END)::alumni.gift_method,
       draw(g.gift_id, 'anonymous') < 0.02,
       CASE WHEN draw(g.gift_id, 'matched') < 0.04 THEN zipf(20, draw(g.gift_id, 'matching employer')) END,
       CASE WHEN g.received_on >= DATE '2000-01-01'
            THEN 'R' || extract(year FROM g.received_on) || '-' || lpad(g.gift_id::text, 7, '0') END,
       CASE WHEN draw(g.gift_id, 'noted') < 0.05
            THEN (ARRAY['In memory of a classmate', 'In honour of Professor Lindqvist', 'For the rowing team',
                        'Reunion gift', 'Matching form to follow', 'Please do not call'])
                     [pick(6, draw(g.gift_id, 'note'))] END
FROM (
    SELECT row_number() OVER (ORDER BY received_on, person_id, pledge_id NULLS FIRST, amount) AS gift_id, drawn.*
    FROM (
        SELECT d.person_id,
               zipf(170, draw(x.gift, 'fund')) AS fund_id,
               CASE WHEN w.in_season < 0.12 AND y.fiscal_year >= 2012 THEN y.fiscal_year - 1949
                    WHEN draw(x.gift, 'campaign') < 0.7 THEN y.fiscal_year - 1989 END AS campaign_id,
               NULL::bigint AS pledge_id,
               greatest(5, round((d.usual * (0.6 + 0.8 * draw(x.gift, 'amount')))::numeric,
                                 CASE WHEN d.usual < 100 THEN 0 WHEN d.usual < 1000 THEN -1 ELSE -2 END)) AS amount,
               -- A tenth on giving day, many in December and June, the others through the fiscal year
               CASE WHEN w.in_season < 0.12 THEN make_date(y.fiscal_year, 2, 14)
                    WHEN w.in_season < 0.42 THEN make_date(y.fiscal_year - 1, 12, pick(31, draw(x.gift, 'day')))
                    WHEN w.in_season < 0.57 THEN make_date(y.fiscal_year, 6, pick(30, draw(x.gift, 'day')))
                    ELSE make_date(y.fiscal_year - 1, 7, 1) + floor(draw(x.gift, 'day') * 365)::integer END AS received_on
        FROM alumni_build.donors d
        CROSS JOIN LATERAL generate_series(d.first_year, d.last_year) AS y (fiscal_year)
        CROSS JOIN LATERAL (SELECT d.person_id * 100 + y.fiscal_year - 1990 AS gift) x
        CROSS JOIN LATERAL (SELECT draw(x.gift, 'season') AS in_season) w
        WHERE draw(x.gift, 'gives this year') < d.yearly
          AND NOT (d.status = 'deceased' AND y.fiscal_year > 2015)
        UNION ALL
        SELECT p.person_id, p.fund_id, p.campaign_id, p.pledge_id, round(p.amount / p.instalments, 2),
               p.pledged_on + n * 30
        FROM alumni.pledges p
        CROSS JOIN LATERAL generate_series(0, p.instalments - 1) n
        WHERE p.pledged_on + n * 30 <= today()
          AND (p.status IN ('open', 'fulfilled') OR n < p.instalments / 3)
    ) drawn
) g
WHERE g.amount > 0
ORDER BY g.gift_id;

UPDATE alumni.campaigns c
SET raised = g.raised
FROM (SELECT campaign_id, sum(amount) AS raised FROM alumni.gifts GROUP BY campaign_id) g
WHERE g.campaign_id = c.campaign_id;
