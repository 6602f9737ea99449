-- name: q14
-- summary: Promotion effect
-- param: since date
-- case: validation  since=1995-09-01
-- case: other  since=1997-02-01
SELECT
    100.00 * sum(CASE WHEN p_type LIKE 'PROMO%' THEN l_extendedprice * (1 - l_discount) ELSE 0 END)
    / sum(l_extendedprice * (1 - l_discount)) AS promo_revenue
FROM lineitem, part
WHERE l_partkey = p_partkey AND l_shipdate >= :since AND l_shipdate < :since + interval '1 month';
