"""Query files for a database whose statements perfkit has never seen, from what pg_stat_statements counted. Pure."""
