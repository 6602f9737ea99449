-- A session that builds indexes: no limit of time cuts a build short (what it leaves then is invalid), it may write
-- whatever the role does by default, and the server ends it soon after its client has died.
SELECT
    (
        SELECT count(set_config(name, '0', false))
        FROM pg_catalog.pg_settings
        WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_session_timeout', 'transaction_timeout')
    ) > 0
        AND set_config('default_transaction_read_only', 'off', false) IS NOT NULL AS is_set,
    pg_catalog.current_database()::text AS database,
    (SELECT system_identifier::text FROM pg_catalog.pg_control_system()) AS identifier,
    current_user::text AS role,
    pg_catalog.pg_is_in_recovery() AS in_recovery
