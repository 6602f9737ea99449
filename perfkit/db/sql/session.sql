-- Settings that hold until the transaction ends, and what the guard must know of role and server.
-- Its snapshot is what makes the server refuse a later change of the transaction to read-write.
SELECT
    set_config('statement_timeout', $1, true) IS NOT NULL
        AND set_config('lock_timeout', $2, true) IS NOT NULL
        AND set_config('idle_in_transaction_session_timeout', $3, true) IS NOT NULL
        AND set_config('plan_cache_mode', $4, true) IS NOT NULL
        -- A scan that joins another one's position reads other blocks at every run.
        AND set_config('synchronize_seqscans', 'off', true) IS NOT NULL AS guarded,
    current_user::text AS role,
    (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) AS is_superuser,
    pg_catalog.pg_is_in_recovery() AS in_recovery,
    coalesce(
        inet_client_addr() <<= inet '127.0.0.0/8'
        OR inet_client_addr() = inet '::1'
        OR inet_client_addr() = inet_server_addr(),
        true
    ) AS is_local
