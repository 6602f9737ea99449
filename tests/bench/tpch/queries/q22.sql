-- name: q22
-- summary: Global sales opportunity
-- param: codes text[]
-- case: validation  codes={13,31,23,29,30,18,17}
-- case: other  codes={20,40,22,30,39,42,21}
SELECT cntrycode, count(*) AS numcust, sum(c_acctbal) AS totacctbal
FROM (
    SELECT substring(c_phone FROM 1 FOR 2) AS cntrycode, c_acctbal
    FROM customer
    WHERE
        substring(c_phone FROM 1 FOR 2) = ANY(:codes)
        AND c_acctbal > (
            SELECT avg(c_acctbal)
            FROM customer
            WHERE c_acctbal > 0.00 AND substring(c_phone FROM 1 FOR 2) = ANY(:codes)
        )
        AND NOT EXISTS (SELECT FROM orders WHERE o_custkey = c_custkey)
) AS custsale
GROUP BY cntrycode
ORDER BY cntrycode;
