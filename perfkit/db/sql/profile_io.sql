-- Reads and writes by kind of process. Until 17 the view has no bytes, but the size of each operation.
SELECT
    io.backend_type AS kind,
    io.object,
    io.context,
    coalesce(io.reads, 0)::float8 AS reads,
    coalesce((whole.row ->> 'read_bytes')::float8, io.reads * (whole.row ->> 'op_bytes')::float8, 0) AS read_bytes,
    coalesce(io.read_time, 0)::float8 AS read_ms,
    coalesce(io.writes, 0)::float8 AS writes,
    coalesce((whole.row ->> 'write_bytes')::float8, io.writes * (whole.row ->> 'op_bytes')::float8, 0) AS write_bytes,
    coalesce(io.write_time, 0)::float8 AS write_ms,
    coalesce(io.extends, 0)::float8 AS extends,
    coalesce((whole.row ->> 'extend_bytes')::float8, io.extends * (whole.row ->> 'op_bytes')::float8, 0)
        AS extend_bytes,
    coalesce(io.hits, 0)::float8 AS hits,
    coalesce(io.evictions, 0)::float8 AS evictions,
    coalesce(io.fsyncs, 0)::float8 AS fsyncs,
    io.stats_reset
FROM pg_catalog.pg_stat_io AS io
CROSS JOIN LATERAL (SELECT to_jsonb(io.*) AS row) AS whole
/* perfkit */
