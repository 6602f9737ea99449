-- name: q06
-- summary: Forecasting revenue change
-- param: since date
-- param: discount numeric
-- param: quantity numeric
-- case: validation  since=1994-01-01 discount=0.06 quantity=24
-- case: other  since=1996-01-01 discount=0.09 quantity=25
SELECT sum(l_extendedprice * l_discount) AS revenue
FROM lineitem
WHERE
    l_shipdate >= :since
    AND l_shipdate < :since + interval '1 year'
    AND l_discount BETWEEN :discount - 0.01 AND :discount + 0.01
    AND l_quantity < :quantity;
