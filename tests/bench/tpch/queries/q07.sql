-- name: q07
-- summary: Volume shipping
-- param: nation_1 bpchar
-- param: nation_2 bpchar
-- case: validation  nation_1=FRANCE nation_2=GERMANY
-- case: other  nation_1=BRAZIL nation_2=JAPAN
SELECT supp_nation, cust_nation, l_year, sum(volume) AS revenue
FROM (
    SELECT
        n1.n_name AS supp_nation,
        n2.n_name AS cust_nation,
        extract(YEAR FROM l_shipdate) AS l_year,
        l_extendedprice * (1 - l_discount) AS volume
    FROM supplier, lineitem, orders, customer, nation AS n1, nation AS n2
    WHERE
        s_suppkey = l_suppkey
        AND o_orderkey = l_orderkey
        AND c_custkey = o_custkey
        AND s_nationkey = n1.n_nationkey
        AND c_nationkey = n2.n_nationkey
        AND (
            (n1.n_name = :nation_1 AND n2.n_name = :nation_2)
            OR (n1.n_name = :nation_2 AND n2.n_name = :nation_1)
        )
        AND l_shipdate BETWEEN date '1995-01-01' AND date '1996-12-31'
) AS shipping
GROUP BY supp_nation, cust_nation, l_year
ORDER BY supp_nation, cust_nation, l_year;
