-- What ALTER DATABASE … SET and ALTER ROLE … IN DATABASE … SET hold for the connected database.
SELECT
    role.rolname::text AS role,
    left(item, strpos(item, '=') - 1) AS name,
    substr(item, strpos(item, '=') + 1) AS value
FROM pg_catalog.pg_db_role_setting AS stored
JOIN pg_catalog.pg_database AS database ON database.oid = stored.setdatabase
CROSS JOIN unnest(stored.setconfig) AS item
LEFT JOIN pg_catalog.pg_roles AS role ON role.oid = stored.setrole
WHERE database.datname = current_database()
ORDER BY role.rolname NULLS FIRST, name
