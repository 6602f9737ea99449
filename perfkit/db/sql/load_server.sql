-- How many connections there may be, how many there are, and which process serves this one.
SELECT
    /* part_most_connections */,
    (SELECT count(*)::int FROM pg_catalog.pg_stat_activity WHERE /* part_is_client */),
    pg_catalog.pg_backend_pid(),
    pg_catalog.inet_server_addr() IS NULL OR pg_catalog.inet_server_addr() = pg_catalog.inet_client_addr()
