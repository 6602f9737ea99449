"""TPC-H, a schema that perfkit was not made for: its queries are offered what a person would make."""

import pytest

from perfkit.plan.tables import Tables
from tests.unit.indexes.candidate_tables import advised, column, database, table


def _tables() -> Tables:
    """Return the eight tables at scale factor 1, with their primary keys."""
    date = {"type_name": "date"}
    lineitem = table(
        "lineitem",
        6_000_000,
        column("l_orderkey", "int8", -0.25, correlation=1.0),
        column("l_partkey", "int8", 200_000),
        column("l_suppkey", "int8", 10_000),
        column("l_linenumber", "int4", 7),
        column("l_quantity", "numeric", 50),
        column("l_extendedprice", "numeric", 900_000),
        column("l_discount", "numeric", 11),
        column("l_tax", "numeric", 9),
        column(
            "l_returnflag", "bpchar", 3, common_values=("N", "R", "A"), common_frequencies=(0.5, 0.25, 0.25)
        ),
        column("l_linestatus", "bpchar", 2),
        column("l_shipdate", distinct=2_500, **date),
        column("l_commitdate", distinct=2_460, **date),
        column("l_receiptdate", distinct=2_550, **date),
        column("l_shipinstruct", "bpchar", 4),
        column("l_shipmode", "bpchar", 7),
        indexes=("UNIQUE INDEX ON public.lineitem USING btree (l_orderkey, l_linenumber)",),
    )
    orders = table(
        "orders",
        1_500_000,
        column("o_orderkey", "int8"),
        column("o_custkey", "int8", 100_000),
        column(
            "o_orderstatus", "bpchar", 3, common_values=("O", "F", "P"), common_frequencies=(0.49, 0.48, 0.03)
        ),
        column("o_totalprice", "numeric", -1),
        column("o_orderdate", distinct=2_400, **date),
        column("o_orderpriority", "bpchar", 5),
        column("o_shippriority", "int4", 1),
        column("o_comment", "text", -1, width_bytes=49),
        indexes=("UNIQUE INDEX ON public.orders USING btree (o_orderkey)",),
    )
    customer = table(
        "customer",
        150_000,
        column("c_custkey", "int8"),
        column("c_name", "varchar", -1, width_bytes=19),
        column("c_nationkey", "int4", 25),
        column("c_phone", "bpchar", -1, width_bytes=16),
        column("c_acctbal", "numeric", -0.9),
        column("c_mktsegment", "bpchar", 5),
        indexes=("UNIQUE INDEX ON public.customer USING btree (c_custkey)",),
    )
    part = table(
        "part",
        200_000,
        column("p_partkey", "int8"),
        column("p_name", "varchar", -1, width_bytes=33),
        column("p_brand", "bpchar", 25),
        column("p_type", "varchar", 150),
        column("p_size", "int4", 50),
        column("p_container", "bpchar", 40),
        indexes=("UNIQUE INDEX ON public.part USING btree (p_partkey)",),
    )
    partsupp = table(
        "partsupp",
        800_000,
        column("ps_partkey", "int8", 200_000),
        column("ps_suppkey", "int8", 10_000),
        column("ps_availqty", "int4", 10_000),
        column("ps_supplycost", "numeric", 100_000),
        indexes=("UNIQUE INDEX ON public.partsupp USING btree (ps_partkey, ps_suppkey)",),
    )
    supplier = table(
        "supplier",
        10_000,
        column("s_suppkey", "int8"),
        column("s_name", "bpchar", -1),
        column("s_nationkey", "int4", 25),
        column("s_comment", "text", -1, width_bytes=63),
        indexes=("UNIQUE INDEX ON public.supplier USING btree (s_suppkey)",),
    )
    nation = table(
        "nation", 25, column("n_nationkey", "int4"), column("n_name", "bpchar"), column("n_regionkey")
    )
    region = table("region", 5, column("r_regionkey", "int4"), column("r_name", "bpchar"))
    return database(lineitem, orders, customer, part, partsupp, supplier, nation, region)


TPCH = _tables()
Q1 = """
select l_returnflag, l_linestatus, sum(l_quantity), avg(l_discount), count(*) from lineitem
where l_shipdate <= date '1998-12-01' - interval '90' day
group by l_returnflag, l_linestatus order by l_returnflag, l_linestatus"""
Q3 = """
select l_orderkey, sum(l_extendedprice * (1 - l_discount)) as revenue, o_orderdate, o_shippriority
from customer, orders, lineitem
where c_mktsegment = $1 and c_custkey = o_custkey and l_orderkey = o_orderkey and o_orderdate < $2 and l_shipdate > $2
group by l_orderkey, o_orderdate, o_shippriority order by revenue desc, o_orderdate limit 10"""
Q4 = """
select o_orderpriority, count(*) from orders
where o_orderdate >= $1 and o_orderdate < $1 + interval '3 month'
  and exists (select * from lineitem where l_orderkey = o_orderkey and l_commitdate < l_receiptdate)
group by o_orderpriority order by o_orderpriority"""
Q6 = """
select sum(l_extendedprice * l_discount) from lineitem
where l_shipdate >= $1 and l_shipdate < $2 and l_discount between 0.05 and 0.07 and l_quantity < 24"""
Q12 = """
select l_shipmode, sum(case when o_orderpriority = '1-URGENT' then 1 else 0 end) from orders, lineitem
where o_orderkey = l_orderkey and l_shipmode in ('MAIL', 'SHIP') and l_commitdate < l_receiptdate
  and l_receiptdate >= $1 and l_receiptdate < $2 group by l_shipmode order by l_shipmode"""
Q13 = """
select c_count, count(*) from (
    select c_custkey, count(o_orderkey) from customer left outer join orders
    on c_custkey = o_custkey and o_comment not like '%special%requests%' group by c_custkey
) as c_orders (c_custkey, c_count) group by c_count order by count(*) desc, c_count desc"""
Q15 = """
with revenue (supplier_no, total_revenue) as (
    select l_suppkey, sum(l_extendedprice * (1 - l_discount)) from lineitem
    where l_shipdate >= $1 and l_shipdate < $1 + interval '3 months' group by l_suppkey)
select s_suppkey, s_name, total_revenue from supplier, revenue
where s_suppkey = supplier_no and total_revenue = (select max(total_revenue) from revenue)"""
Q17 = """
select sum(l_extendedprice) / 7.0 from lineitem, part
where p_partkey = l_partkey and p_brand = 'Brand#23' and p_container = 'MED BOX'
  and l_quantity < (select 0.2 * avg(l_quantity) from lineitem where l_partkey = p_partkey)"""
Q19 = """
select sum(l_extendedprice) from lineitem, part
where (p_partkey = l_partkey and p_brand = 'Brand#12' and p_container in ('SM CASE', 'SM BOX') and l_quantity < 11
    and l_shipinstruct = 'COLLECT COD')
   or (p_partkey = l_partkey and p_brand = 'Brand#23' and p_container in ('MED BAG', 'MED BOX') and l_quantity < 20
    and l_shipinstruct = 'COLLECT COD')"""
Q20 = """
select s_name from supplier, nation where s_suppkey in (
    select ps_suppkey from partsupp where ps_partkey in (select p_partkey from part where p_name like 'forest%')
    and ps_availqty > (select 0.5 * sum(l_quantity) from lineitem where l_partkey = ps_partkey
        and l_suppkey = ps_suppkey and l_shipdate >= $1 and l_shipdate < $2))
and s_nationkey = n_nationkey and n_name = 'CANADA' order by s_name"""
Q21 = """
select s_name, count(*) from supplier, lineitem l1, orders, nation
where s_suppkey = l1.l_suppkey and o_orderkey = l1.l_orderkey and o_orderstatus = 'F'
  and l1.l_receiptdate > l1.l_commitdate
  and exists (select * from lineitem l2 where l2.l_orderkey = l1.l_orderkey and l2.l_suppkey <> l1.l_suppkey)
  and s_nationkey = n_nationkey and n_name = 'SAUDI ARABIA'
group by s_name order by count(*) desc, s_name limit 100"""
Q22 = """
select cntrycode, count(*), sum(c_acctbal) from (
    select substring(c_phone from 1 for 2) as cntrycode, c_acctbal from customer
    where substring(c_phone from 1 for 2) in ('13', '31')
      and c_acctbal > (select avg(c_acctbal) from customer where c_acctbal > 0.00)
      and not exists (select * from orders where o_custkey = c_custkey)) as custsale
group by cntrycode order by cntrycode"""


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (Q3, "orders (o_custkey)"),
        (Q3, "orders (o_custkey, o_orderdate)"),
        (Q4, "orders (o_orderdate)"),
        (Q4, "orders (o_orderdate) INCLUDE (o_orderkey, o_orderpriority)"),
        (Q4, "lineitem (l_orderkey) WHERE l_commitdate < l_receiptdate"),
        (Q6, "lineitem (l_shipdate)"),
        (Q6, "lineitem (l_shipdate) INCLUDE (l_quantity, l_extendedprice, l_discount)"),
        (Q12, "lineitem (l_receiptdate)"),
        (Q12, "lineitem (l_shipmode, l_receiptdate)"),
        (Q13, "orders (o_custkey)"),
        (Q15, "lineitem (l_shipdate)"),
        (Q17, "lineitem (l_partkey)"),
        (Q17, "lineitem (l_partkey) INCLUDE (l_quantity)"),
        (Q17, "part (p_container, p_brand)"),
        (Q19, "lineitem (l_partkey) WHERE l_shipinstruct = 'COLLECT COD'"),
        (Q20, "lineitem (l_partkey, l_suppkey)"),
        (Q20, "part (p_name text_pattern_ops)"),
        (Q21, "lineitem (l_suppkey)"),
        (Q22, "orders (o_custkey)"),
        (Q22, "customer (c_acctbal)"),
    ],
)
def test_a_query_is_offered_what_a_person_would_make(query: str, index: str) -> None:
    assert index in advised(query, TPCH)


def test_both_arms_of_an_or_over_two_tables_look_parts_up() -> None:
    assert "lineitem (l_partkey)" in advised(Q19, TPCH)


def test_a_report_over_nearly_all_rows_is_offered_little() -> None:
    assert len(advised(Q1, TPCH)) <= 3


@pytest.mark.parametrize("query", [Q1, Q3, Q4, Q6, Q12, Q13, Q15, Q17, Q19, Q20, Q21, Q22])
def test_no_query_is_offered_more_than_can_be_planned_at_once(query: str) -> None:
    offered = advised(query, TPCH)
    assert len(offered) <= 25
    assert not [each for each in offered if each.startswith(("nation", "region"))]
