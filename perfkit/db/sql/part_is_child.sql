-- Whether a table inherits from another and is no partition.
(NOT relation.relispartition AND relation.oid IN (SELECT inhrelid FROM pg_catalog.pg_inherits))
