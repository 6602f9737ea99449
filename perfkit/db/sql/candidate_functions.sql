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
