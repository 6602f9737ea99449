-- When the counters of statements were reset, and how often statements were thrown out for want of room.
SELECT stats_reset, dealloc::int FROM {schema}.pg_stat_statements_info
/* perfkit */
