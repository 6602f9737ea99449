-- name: q08
-- summary: National market share
-- param: nation bpchar
-- param: region bpchar
-- param: type text
-- case: validation  nation=BRAZIL region=AMERICA type='ECONOMY ANODIZED STEEL'
-- case: other  nation=JAPAN region=ASIA type='PROMO BRUSHED COPPER'
SELECT o_year, sum(CASE WHEN nation = :nation THEN volume ELSE 0 END) / sum(volume) AS mkt_share
FROM (
    SELECT
        extract(YEAR FROM o_orderdate) AS o_year,
        l_extendedprice * (1 - l_discount) AS volume,
        n2.n_name AS nation
    FROM part, supplier, lineitem, orders, customer, nation AS n1, nation AS n2, region
    WHERE
        p_partkey = l_partkey
        AND s_suppkey = l_suppkey
        AND l_orderkey = o_orderkey
        AND o_custkey = c_custkey
        AND c_nationkey = n1.n_nationkey
        AND n1.n_regionkey = r_regionkey
        AND r_name = :region
        AND s_nationkey = n2.n_nationkey
        AND o_orderdate BETWEEN date '1995-01-01' AND date '1996-12-31'
        AND p_type = :type
) AS all_nations
GROUP BY o_year
ORDER BY o_year;
