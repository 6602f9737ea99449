-- What an import must know of a table ($1, as regclass takes it): its columns and all that a new row has to pass.
WITH target AS (
    SELECT relation.oid, relation.relname, namespace.nspname, relation.relkind, relation.relpersistence
    FROM pg_catalog.pg_class AS relation
    JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
    WHERE relation.oid = pg_catalog.to_regclass($1)
),
keys AS (
    SELECT key.*
    FROM pg_catalog.pg_constraint AS key
    JOIN target ON target.oid = key.conrelid
    WHERE
        key.contype = 'f'
        -- A key to a partitioned table has a row for each partition too, below its own.
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_constraint AS parent
            WHERE parent.oid = key.conparentid AND parent.conrelid = key.conrelid
        )
),
counted AS (
    -- Rows and pages of the table and of those that it refers to; a partitioned one has those of its partitions.
    SELECT
        root.oid,
        coalesce(sum(greatest(leaf.reltuples, 0)), 0)::float8 AS rows,
        coalesce(sum(leaf.relpages), 0) AS pages
    FROM (SELECT target.oid FROM target UNION SELECT keys.confrelid FROM keys) AS root
    CROSS JOIN LATERAL (
        SELECT root.oid AS relid UNION SELECT part.relid FROM pg_catalog.pg_partition_tree(root.oid) AS part
    ) AS part
    LEFT JOIN pg_catalog.pg_class AS leaf ON leaf.oid = part.relid AND leaf.relkind <> 'p'
    GROUP BY root.oid
)
SELECT
    target.nspname::text AS schema,
    target.relname::text AS name,
    format('%I.%I', target.nspname, target.relname) AS qualified_name,
    target.relkind::text AS kind,
    (SELECT counted.rows FROM counted WHERE counted.oid = target.oid) AS rows,
    (SELECT counted.pages FROM counted WHERE counted.oid = target.oid) AS pages,
    (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'name', attribute.attname,
            'type', pg_catalog.format_type(attribute.atttypid, attribute.atttypmod),
            'base', CASE WHEN base.typtype = 'e' THEN 'enum' ELSE base.typname END,
            'is_text', attribute.atttypid IN ('text'::regtype, 'varchar'::regtype) AND attribute.atttypmod < 0,
            'not_null', attribute.attnotnull,
            'generated', attribute.attgenerated <> '',
            'identity', attribute.attidentity <> '',
            'default', CASE WHEN attribute.attgenerated = '' THEN
                pg_catalog.pg_get_expr(stored.adbin, stored.adrelid) END
        ) ORDER BY attribute.attnum), '[]')
        FROM pg_catalog.pg_attribute AS attribute
        JOIN pg_catalog.pg_type AS type ON type.oid = attribute.atttypid
        JOIN pg_catalog.pg_type AS base ON base.oid = CASE WHEN type.typbasetype <> 0 THEN type.typbasetype ELSE type.oid END
        LEFT JOIN pg_catalog.pg_attrdef AS stored
            ON stored.adrelid = attribute.attrelid AND stored.adnum = attribute.attnum
        WHERE attribute.attrelid = target.oid AND attribute.attnum > 0 AND NOT attribute.attisdropped
    ) AS columns,
    (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'name', index_relation.relname,
            'unique', index.indisunique,
            -- Columns, when uniqueness is of plain columns of all rows
            'columns', CASE WHEN index.indisunique AND index.indpred IS NULL AND index.indexprs IS NULL THEN (
                SELECT jsonb_agg(attribute.attname ORDER BY key.place)
                FROM unnest(index.indkey::smallint[]) WITH ORDINALITY AS key (number, place)
                JOIN pg_catalog.pg_attribute AS attribute
                    ON attribute.attrelid = target.oid AND attribute.attnum = key.number
                WHERE key.place <= index.indnkeyatts
            ) END,
            'exclusion', exclusion.conname,
            'definition', CASE
                WHEN exclusion.oid IS NOT NULL THEN pg_catalog.pg_get_constraintdef(exclusion.oid)
                ELSE pg_catalog.pg_get_indexdef(index.indexrelid)
            END
        ) ORDER BY index.indisprimary DESC, index_relation.relname), '[]')
        FROM pg_catalog.pg_index AS index
        JOIN pg_catalog.pg_class AS index_relation ON index_relation.oid = index.indexrelid
        LEFT JOIN pg_catalog.pg_constraint AS exclusion
            ON exclusion.conindid = index.indexrelid AND exclusion.contype = 'x'
        WHERE index.indrelid = target.oid AND index.indisready
    ) AS indexes,
    (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'name', trigger.tgname,
            -- TRIGGER_TYPE_INSERT of PostgreSQL's catalog/pg_trigger.h
            'on_insert', trigger.tgtype::integer & 4 <> 0,
            'definition', pg_catalog.pg_get_triggerdef(trigger.oid)
        ) ORDER BY trigger.tgname), '[]')
        FROM pg_catalog.pg_trigger AS trigger
        WHERE trigger.tgrelid = target.oid AND NOT trigger.tgisinternal AND trigger.tgenabled IN ('O', 'A')
    ) AS triggers,
    (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'name', key.conname,
            'columns', (
                SELECT jsonb_agg(attribute.attname ORDER BY part.place)
                FROM unnest(key.conkey) WITH ORDINALITY AS part (number, place)
                JOIN pg_catalog.pg_attribute AS attribute
                    ON attribute.attrelid = key.conrelid AND attribute.attnum = part.number
            ),
            'referenced_schema', referenced_namespace.nspname,
            'referenced_name', referenced.relname,
            'referenced_rows', (SELECT counted.rows FROM counted WHERE counted.oid = referenced.oid),
            'referenced_columns', (
                SELECT jsonb_agg(attribute.attname ORDER BY part.place)
                FROM unnest(key.confkey) WITH ORDINALITY AS part (number, place)
                JOIN pg_catalog.pg_attribute AS attribute
                    ON attribute.attrelid = key.confrelid AND attribute.attnum = part.number
            )
        ) ORDER BY key.conname), '[]')
        FROM keys AS key
        JOIN pg_catalog.pg_class AS referenced ON referenced.oid = key.confrelid
        JOIN pg_catalog.pg_namespace AS referenced_namespace ON referenced_namespace.oid = referenced.relnamespace
    ) AS foreign_keys,
    (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'name', rule.conname,
            'expression', pg_catalog.pg_get_expr(rule.conbin, rule.conrelid),
            'columns', (
                SELECT jsonb_agg(attribute.attname)
                FROM pg_catalog.pg_attribute AS attribute
                WHERE attribute.attrelid = rule.conrelid AND attribute.attnum = ANY (rule.conkey)
            )
        ) ORDER BY rule.conname), '[]')
        FROM pg_catalog.pg_constraint AS rule
        WHERE rule.conrelid = target.oid AND rule.contype = 'c'
    ) AS checks
FROM target
