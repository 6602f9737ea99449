-- name: q16
-- summary: Parts/supplier relationship
-- param: brand bpchar
-- param: type text
-- param: sizes int[]
-- case: validation  brand=Brand#45 type='MEDIUM POLISHED%' sizes={49,14,23,45,19,3,36,9}
-- case: other  brand=Brand#21 type='SMALL ANODIZED%' sizes={1,8,12,17,28,33,41,50}
SELECT p_brand, p_type, p_size, count(DISTINCT ps_suppkey) AS supplier_cnt
FROM partsupp, part
WHERE
    p_partkey = ps_partkey
    AND p_brand <> :brand
    AND p_type NOT LIKE :type
    AND p_size = ANY(:sizes)
    AND ps_suppkey NOT IN (SELECT s_suppkey FROM supplier WHERE s_comment LIKE '%Customer%Complaints%')
GROUP BY p_brand, p_type, p_size
ORDER BY supplier_cnt DESC, p_brand, p_type, p_size;
