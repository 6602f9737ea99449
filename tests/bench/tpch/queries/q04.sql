-- name: q04
-- summary: Order priority checking
-- param: since date
-- case: validation  since=1993-07-01
-- case: other  since=1997-10-01
SELECT o_orderpriority, count(*) AS order_count
FROM orders
WHERE
    o_orderdate >= :since
    AND o_orderdate < :since + interval '3 months'
    AND EXISTS (
        SELECT FROM lineitem
        WHERE l_orderkey = o_orderkey AND l_commitdate < l_receiptdate
    )
GROUP BY o_orderpriority
ORDER BY o_orderpriority;
