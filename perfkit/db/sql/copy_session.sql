-- What the database and the role set for this session. Libraries and roles of this server, and a lock against writing,
-- are nothing that a copy on another server could use.
SELECT name, current_setting(name)
FROM pg_catalog.pg_settings
WHERE
    source IN ('database', 'user', 'database user', 'global')
    AND name NOT IN (
        'default_transaction_read_only', 'local_preload_libraries', 'role', 'session_authorization',
        'session_preload_libraries'
    )
ORDER BY name
