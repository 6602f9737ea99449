-- name: q12
-- summary: Shipping modes and order priority
-- param: mode_1 bpchar
-- param: mode_2 bpchar
-- param: since date
-- case: validation  mode_1=MAIL mode_2=SHIP since=1994-01-01
-- case: other  mode_1=TRUCK mode_2='REG AIR' since=1996-01-01
SELECT
    l_shipmode,
    sum(CASE WHEN o_orderpriority IN ('1-URGENT', '2-HIGH') THEN 1 ELSE 0 END) AS high_line_count,
    sum(CASE WHEN o_orderpriority NOT IN ('1-URGENT', '2-HIGH') THEN 1 ELSE 0 END) AS low_line_count
FROM orders, lineitem
WHERE
    o_orderkey = l_orderkey
    AND l_shipmode IN (:mode_1, :mode_2)
    AND l_commitdate < l_receiptdate
    AND l_shipdate < l_commitdate
    AND l_receiptdate >= :since
    AND l_receiptdate < :since + interval '1 year'
GROUP BY l_shipmode
ORDER BY l_shipmode;
