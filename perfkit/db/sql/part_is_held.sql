-- Whether something else rests on an index: replication, the order of CLUSTER, a foreign key.
(
    index.indisreplident
    OR index.indisclustered
    OR index.indexrelid IN (SELECT conindid FROM pg_catalog.pg_constraint WHERE contype = 'f')
)
