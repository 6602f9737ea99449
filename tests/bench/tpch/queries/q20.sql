-- name: q20
-- summary: Potential part promotion
-- param: name text
-- param: since date
-- param: nation bpchar
-- case: validation  name=forest% since=1994-01-01 nation=CANADA
-- case: other  name=lime% since=1996-01-01 nation=EGYPT
SELECT s_name, s_address
FROM supplier, nation
WHERE
    s_suppkey IN (
        SELECT ps_suppkey
        FROM partsupp
        WHERE
            ps_partkey IN (SELECT p_partkey FROM part WHERE p_name LIKE :name)
            AND ps_availqty > (
                SELECT 0.5 * sum(l_quantity)
                FROM lineitem
                WHERE
                    l_partkey = ps_partkey
                    AND l_suppkey = ps_suppkey
                    AND l_shipdate >= :since
                    AND l_shipdate < :since + interval '1 year'
            )
    )
    AND s_nationkey = n_nationkey
    AND n_name = :nation
ORDER BY s_name;
