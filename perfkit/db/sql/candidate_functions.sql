-- What makes a candidate on the twin, as its superuser.
CREATE SCHEMA perfkit_candidates;
CREATE TABLE perfkit_candidates.hollow ();

-- Makes an index while the table and its partitions stand on an empty file, and returns it and those of the partitions,
-- all not valid, each under a name of its own.
CREATE FUNCTION perfkit_candidates.make(schema text, table_name text, name text, statement text)
RETURNS TABLE (oid oid, index_name text) LANGUAGE plpgsql AS $$
DECLARE
    root oid := format('%I.%I', schema, table_name)::regclass;
    made oid;
    member record;
BEGIN
    CREATE TEMPORARY TABLE heaps ON COMMIT DROP AS
    SELECT relation.oid, relation.relfilenode, relation.relpages, relation.reltuples, relation.relallvisible
    FROM pg_class AS relation
    WHERE
        relation.relkind IN ('r', 'm')
        AND (
            relation.oid = root
            OR relation.oid IN (SELECT relid FROM pg_partition_tree(root))
        );
    UPDATE pg_class SET relfilenode = hollow.relfilenode
    FROM heaps, pg_class AS hollow
    WHERE pg_class.oid = heaps.oid AND hollow.oid = 'perfkit_candidates.hollow'::regclass;
    EXECUTE statement;
    UPDATE pg_class
    SET
        relfilenode = heaps.relfilenode, relpages = heaps.relpages, reltuples = heaps.reltuples,
        relallvisible = heaps.relallvisible
    FROM heaps
    WHERE pg_class.oid = heaps.oid;
    DROP TABLE heaps;
    made := format('%I.%I', schema, name)::regclass;
    FOR member IN
        SELECT made AS index, name AS called
        UNION ALL
        SELECT relid, name || '_' || row_number() OVER (ORDER BY relid)
        FROM pg_partition_tree(made) WHERE relid <> made
    LOOP
        UPDATE pg_class SET relname = member.called WHERE pg_class.oid = member.index;
        UPDATE pg_index SET indisvalid = false WHERE indexrelid = member.index;
        oid := member.index;
        index_name := member.called;
        RETURN NEXT;
    END LOOP;
END
$$;

-- Gives a key of a candidate the statistics that ANALYZE finds in these values, each as often as told: what documents,
-- arrays and ranges have in them.
CREATE FUNCTION perfkit_candidates.look_inside(index oid, key int, type text, texts text[], times int[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'CREATE TABLE perfkit_candidates.sample AS
        SELECT given.text::%s AS value
        FROM unnest($1, $2) AS given (text, times), generate_series(1, given.times)', type
    ) USING texts, times;
    ANALYZE perfkit_candidates.sample;
    INSERT INTO pg_statistic
    SELECT
        index, key, false, stanullfrac, stawidth, stadistinct, stakind1, stakind2, stakind3, stakind4, stakind5,
        staop1, staop2, staop3, staop4, staop5, stacoll1, stacoll2, stacoll3, stacoll4, stacoll5,
        stanumbers1, stanumbers2, stanumbers3, stanumbers4, stanumbers5,
        stavalues1, stavalues2, stavalues3, stavalues4, stavalues5
    FROM pg_statistic WHERE starelid = 'perfkit_candidates.sample'::regclass;
    DROP TABLE perfkit_candidates.sample;
END
$$;
