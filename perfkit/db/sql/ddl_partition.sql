-- A row when the table $1 is a partition of the table $2, and is not being detached.
SELECT FROM pg_catalog.pg_inherits WHERE inhrelid = $1::oid AND inhparent = $2::oid AND NOT inhdetachpending
