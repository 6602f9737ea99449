-- name: q19
-- summary: Discounted revenue
-- param: brand_1 bpchar
-- param: brand_2 bpchar
-- param: brand_3 bpchar
-- param: quantity_1 numeric
-- param: quantity_2 numeric
-- param: quantity_3 numeric
-- case: validation  brand_1=Brand#12 brand_2=Brand#23 brand_3=Brand#34 quantity_1=1 quantity_2=10 quantity_3=20
-- case: other  brand_1=Brand#31 brand_2=Brand#44 brand_3=Brand#51 quantity_1=8 quantity_2=15 quantity_3=26
SELECT sum(l_extendedprice * (1 - l_discount)) AS revenue
FROM lineitem, part
WHERE
    (
        p_partkey = l_partkey
        AND p_brand = :brand_1
        AND p_container IN ('SM CASE', 'SM BOX', 'SM PACK', 'SM PKG')
        AND l_quantity >= :quantity_1 AND l_quantity <= :quantity_1 + 10
        AND p_size BETWEEN 1 AND 5
        AND l_shipmode IN ('AIR', 'AIR REG')
        AND l_shipinstruct = 'DELIVER IN PERSON'
    )
    OR (
        p_partkey = l_partkey
        AND p_brand = :brand_2
        AND p_container IN ('MED BAG', 'MED BOX', 'MED PKG', 'MED PACK')
        AND l_quantity >= :quantity_2 AND l_quantity <= :quantity_2 + 10
        AND p_size BETWEEN 1 AND 10
        AND l_shipmode IN ('AIR', 'AIR REG')
        AND l_shipinstruct = 'DELIVER IN PERSON'
    )
    OR (
        p_partkey = l_partkey
        AND p_brand = :brand_3
        AND p_container IN ('LG CASE', 'LG BOX', 'LG PACK', 'LG PKG')
        AND l_quantity >= :quantity_3 AND l_quantity <= :quantity_3 + 10
        AND p_size BETWEEN 1 AND 15
        AND l_shipmode IN ('AIR', 'AIR REG')
        AND l_shipinstruct = 'DELIVER IN PERSON'
    );
