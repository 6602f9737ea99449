-- The connected database, and whether this role may give a copy to its owner.
SELECT
    database.datname::text AS name,
    pg_catalog.pg_get_userbyid(database.datdba)::text AS owner,
    -- From 16 on a member of a role may be denied to act as it.
    pg_catalog.pg_has_role(
        database.datdba,
        CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END
    ) AS may_give_to_owner,
    pg_catalog.pg_encoding_to_char(database.encoding)::text AS encoding,
    -- A column from 15 on; before, there was only libc.
    coalesce(to_jsonb(database) ->> 'datlocprovider', 'c') AS locale_provider,
    database.datcollate::text AS collate,
    database.datctype::text AS character_type
FROM pg_catalog.pg_database AS database
WHERE database.datname = current_database()
