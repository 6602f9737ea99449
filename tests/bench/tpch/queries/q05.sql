-- name: q05
-- summary: Local supplier volume
-- param: region bpchar
-- param: since date
-- case: validation  region=ASIA since=1994-01-01
-- case: other  region=EUROPE since=1997-01-01
SELECT n_name, sum(l_extendedprice * (1 - l_discount)) AS revenue
FROM customer, orders, lineitem, supplier, nation, region
WHERE
    c_custkey = o_custkey
    AND l_orderkey = o_orderkey
    AND l_suppkey = s_suppkey
    AND c_nationkey = s_nationkey
    AND s_nationkey = n_nationkey
    AND n_regionkey = r_regionkey
    AND r_name = :region
    AND o_orderdate >= :since
    AND o_orderdate < :since + interval '1 year'
GROUP BY n_name
ORDER BY revenue DESC;
